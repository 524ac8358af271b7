package io.everpool.postgresql;

import io.everpool.api.ResetMode;

/**
 * What a lease may have left in the session, as bits, and the statements that clear it.
 *
 * <p>All the statements go in one text and so in one round trip. {@code RESET ALL} returns to what
 * the session was started with; it undoes neither {@code SET ROLE} nor {@code SET SESSION
 * AUTHORIZATION}, which therefore come first: the settings are then reset by the role that logged
 * in.
 */
final class SessionReset {
  /** SET. */
  static final int SETTINGS = 1;

  /** SET ROLE, SET SESSION AUTHORIZATION. */
  static final int ROLE = 1 << 1;

  /** LISTEN. */
  static final int LISTEN = 1 << 2;

  /** CREATE TEMPORARY ... */
  static final int TEMPORARY = 1 << 3;

  /** pg_advisory_lock(...). */
  static final int ADVISORY_LOCK = 1 << 4;

  /** DECLARE ... CURSOR WITH HOLD. */
  static final int CURSOR = 1 << 5;

  /** PREPARE. */
  static final int PREPARED = 1 << 6;

  /** Code that may do any of it. */
  static final int ANYTHING = (1 << 7) - 1;

  private static final String[] STATEMENTS = {
    "CLOSE ALL",
    "RESET SESSION AUTHORIZATION; RESET ROLE",
    "RESET ALL",
    "UNLISTEN *",
    "SELECT pg_catalog.pg_advisory_unlock_all()",
    "DISCARD TEMP",
    // only those that SQL has prepared: DEALLOCATE ALL would take the driver's own with it
    """
    DO $everpool$ DECLARE left_over name; BEGIN
      FOR left_over IN SELECT p.name FROM pg_catalog.pg_prepared_statements p WHERE p.from_sql LOOP
        EXECUTE pg_catalog.format('DEALLOCATE %I', left_over);
      END LOOP;
    END $everpool$"""
  };
  private static final int[] BITS = {
    CURSOR, ROLE, SETTINGS, LISTEN, ADVISORY_LOCK, TEMPORARY, PREPARED
  };
  private static final String[] TEXTS = texts();

  private SessionReset() {}

  /** What clears it; empty if there is nothing to clear. */
  static String sql(ResetMode mode, int traces) {
    return switch (mode) {
      case NONE -> "";
      // pgjdbc sees this one's answer, and prepares its own statements anew when they are next used
      case DISCARD_ALL -> "DISCARD ALL";
      case SMART -> TEXTS[traces & ANYTHING];
    };
  }

  /** Whether it returns every setting to what the session was started with. */
  static boolean resetsSettings(ResetMode mode, int traces) {
    return mode == ResetMode.DISCARD_ALL || (mode == ResetMode.SMART && (traces & SETTINGS) != 0);
  }

  static boolean forgetsNotifications(ResetMode mode, int traces) {
    return mode == ResetMode.DISCARD_ALL || (mode == ResetMode.SMART && (traces & LISTEN) != 0);
  }

  private static String[] texts() {
    String[] texts = new String[ANYTHING + 1];
    for (int traces = 0; traces <= ANYTHING; traces++) {
      StringBuilder sql = new StringBuilder();
      for (int i = 0; i < BITS.length; i++) {
        if ((traces & BITS[i]) != 0) {
          sql.append(sql.isEmpty() ? "" : "; ").append(STATEMENTS[i]);
        }
      }
      texts[traces] = sql.toString();
    }
    return texts;
  }
}
