package io.everpool.postgresql.protocol;

import static java.nio.charset.StandardCharsets.US_ASCII;

/**
 * What a CommandComplete says of a statement that has succeeded, by its tag. Unlike a statement's
 * text that is certain; and it is the server's own word in plain capitals.
 */
enum CommandTag {
  /** Wrote nothing that outlives the session. */
  HARMLESS,
  /** May have written in the transaction that was there, or in one of its own. */
  WRITE,
  /** Has written: rows are counted, or somebody is notified. */
  WROTE,
  BEGIN,
  COMMIT,
  /** Of a transaction, or to a savepoint: the tag is the same. COMMIT of a failed one, too. */
  ROLLBACK,
  /** There for good whatever comes: two-phase. */
  PREPARED,
  /** May have committed by itself, outside of a transaction block: CALL, VACUUM, and the rest. */
  SELF_COMMITTING;

  /** No tag that matters is longer; see {@link #of}. */
  static final int LONGEST = 32;

  private static final byte[][] HARMLESS_TAGS =
      tags(
          "CLOSE CURSOR",
          "CLOSE CURSOR ALL",
          "DEALLOCATE",
          "DEALLOCATE ALL",
          "DISCARD ALL",
          "DISCARD PLANS",
          "DISCARD SEQUENCES",
          "DISCARD TEMP",
          "LISTEN",
          "LOCK TABLE",
          "PREPARE",
          "RELEASE",
          "RESET",
          "SAVEPOINT",
          "SET",
          "SHOW",
          "UNLISTEN");

  /** With a count of rows behind, which functions in the statement may have written to. */
  private static final byte[][] ROWS_TAGS = tags("COPY", "FETCH", "MOVE", "SELECT");

  /** With a count behind of the rows that were written. */
  private static final byte[][] CHANGES_TAGS = tags("DELETE", "INSERT", "MERGE", "UPDATE");

  private static final byte[][] NOTIFY_TAGS = tags("NOTIFY");

  private static final byte[][] WRITE_TAGS =
      tags(
          "COMMENT",
          "CREATE FUNCTION",
          "CREATE TABLE",
          "CREATE TABLE AS",
          "CREATE VIEW",
          "DECLARE CURSOR",
          "DROP FUNCTION",
          "DROP TABLE",
          "DROP VIEW",
          "EXPLAIN",
          "GRANT",
          "REFRESH MATERIALIZED VIEW",
          "REVOKE",
          "SET CONSTRAINTS",
          "TRUNCATE TABLE");

  private static final byte[][] BEGIN_TAGS = tags("BEGIN", "START TRANSACTION");
  private static final byte[][] COMMIT_TAGS = tags("COMMIT");
  private static final byte[][] ROLLBACK_TAGS = tags("ROLLBACK");
  private static final byte[][] PREPARED_TAGS =
      tags("COMMIT PREPARED", "PREPARE TRANSACTION", "ROLLBACK PREPARED");

  /**
   * Reads a tag.
   *
   * @param to its end, without the zero behind it; or {@link #LONGEST} bytes of it
   */
  static CommandTag of(byte[] text, int from, int to) {
    if (hasCount(text, from, to, ROWS_TAGS)) {
      return WRITE;
    }
    if (hasCount(text, from, to, CHANGES_TAGS)) {
      boolean none = text[to - 1] == '0' && text[to - 2] == ' ';
      return none ? WRITE : WROTE;
    }
    if (is(text, from, to, NOTIFY_TAGS)) {
      return WROTE;
    }
    if (is(text, from, to, BEGIN_TAGS)) {
      return BEGIN;
    }
    if (is(text, from, to, COMMIT_TAGS)) {
      return COMMIT;
    }
    if (is(text, from, to, ROLLBACK_TAGS)) {
      return ROLLBACK;
    }
    if (is(text, from, to, HARMLESS_TAGS)) {
      return HARMLESS;
    }
    if (is(text, from, to, PREPARED_TAGS)) {
      return PREPARED;
    }
    return is(text, from, to, WRITE_TAGS) ? WRITE : SELF_COMMITTING;
  }

  private static boolean hasCount(byte[] text, int from, int to, byte[][] tags) {
    for (byte[] tag : tags) {
      if (begins(text, from, to, tag)
          && (to - from == tag.length || text[from + tag.length] == ' ')) {
        return true;
      }
    }
    return false;
  }

  private static boolean is(byte[] text, int from, int to, byte[][] tags) {
    for (byte[] tag : tags) {
      if (tag.length == to - from && begins(text, from, to, tag)) {
        return true;
      }
    }
    return false;
  }

  private static boolean begins(byte[] text, int from, int to, byte[] tag) {
    if (to - from < tag.length) {
      return false;
    }
    for (int i = 0; i < tag.length; i++) {
      if (text[from + i] != tag[i]) {
        return false;
      }
    }
    return true;
  }

  private static byte[][] tags(String... tags) {
    byte[][] bytes = new byte[tags.length][];
    for (int i = 0; i < tags.length; i++) {
      bytes[i] = tags[i].getBytes(US_ASCII);
    }
    return bytes;
  }
}
