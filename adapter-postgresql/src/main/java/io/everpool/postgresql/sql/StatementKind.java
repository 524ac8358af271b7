package io.everpool.postgresql.sql;

/** What a statement can do for good, as far as its text tells; see {@link StatementText}. */
public enum StatementKind {
  /** Writes nothing that outlives the session: SET, SHOW, SAVEPOINT, an empty text, ... */
  HARMLESS(0),
  /** May write, and takes effect wholly or not at all; what a SELECT calls may write, too. */
  WRITE(1),
  /** BEGIN, START TRANSACTION. */
  BEGIN(2),
  /** COMMIT, END, PREPARE TRANSACTION. */
  COMMIT(3),
  /** ROLLBACK, ABORT: what follows is no longer in the transaction. */
  ROLLBACK(4),
  /** ROLLBACK TO a savepoint. */
  ROLLBACK_TO(5),
  /**
   * May commit by itself, outside of a transaction block even if it fails in the end: CALL, VACUUM,
   * CREATE INDEX CONCURRENTLY, COMMIT PREPARED, and whatever isn't known.
   */
  SELF_COMMITTING(6),
  /** A text that couldn't be read, or a prepared statement that wasn't seen. */
  ANYTHING(7),
  /** A {@link #WRITE} that writes only by a function that it calls, or INTO a table. */
  QUERY(8);

  private static final StatementKind[] BY_CODE = values();

  private final byte code;

  StatementKind(int code) {
    this.code = (byte) code;
  }

  /** A small number for the kind, in the order above, used where many of them are kept. */
  public byte code() {
    return code;
  }

  public static StatementKind of(int code) {
    return BY_CODE[code];
  }

  /** Whether two statements of this kind in a row can do no more than one. */
  public boolean idempotent() {
    return this == HARMLESS || this == WRITE || this == QUERY;
  }
}
