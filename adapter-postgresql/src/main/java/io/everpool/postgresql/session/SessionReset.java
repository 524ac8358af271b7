package io.everpool.postgresql.session;

import io.everpool.api.ResetMode;
import java.util.ArrayList;
import java.util.List;

/**
 * What a lease may have left in the session, as bits, and the statements that clear it.
 *
 * <p>All the statements go in one text and so in one round trip. {@code RESET ALL} returns to what
 * the session was started with; it undoes neither {@code SET ROLE} nor {@code SET SESSION
 * AUTHORIZATION}, which therefore come first: the settings are then reset by the role that logged
 * in.
 */
public final class SessionReset {
  /** Left by SET. */
  static final int SETTINGS = 1;

  /** Left by SET ROLE and SET SESSION AUTHORIZATION. */
  static final int ROLE = 1 << 1;

  /** Left by LISTEN. */
  static final int LISTEN = 1 << 2;

  /** Left by CREATE TEMPORARY ... */
  static final int TEMPORARY = 1 << 3;

  /** Left by pg_advisory_lock(...). */
  static final int ADVISORY_LOCK = 1 << 4;

  /** Left by DECLARE ... CURSOR WITH HOLD. */
  static final int CURSOR = 1 << 5;

  /** Left by PREPARE. */
  static final int PREPARED = 1 << 6;

  /**
   * What decides which tables names mean has changed: the search path, or the role, which may have
   * a path of its own. A temporary schema may be in the path where it wasn't before.
   */
  static final int PATH = 1 << 7;

  /** The last values of sequences are left in the session. */
  static final int SEQUENCES = 1 << 8;

  /** Code was run that may have done any of this. */
  public static final int ANYTHING = (1 << 9) - 1;

  /**
   * A replication origin, a base backup or a temporary replication slot is left: no statement
   * clears all of them. This bit is not part of {@link #ANYTHING}, because only few roles may do
   * this, and the mere suspicion would end the session.
   */
  static final int UNTIL_ITS_END = 1 << 9;

  /**
   * A function has said that its transaction is to refuse writes. That ends with the transaction,
   * and nothing has to be cleared. But a write that is refused in it is refused by the program's
   * own wish.
   */
  static final int READ_ONLY = 1 << 10;

  /** Every bit that there is. */
  static final int ALL = ANYTHING | UNTIL_ITS_END | READ_ONLY;

  /**
   * Side effects after which a name may mean another table than before. The driver doesn't see
   * that, and its plans would fail (0A000). It does see the answer to {@link #FORGET_PLANS}, and
   * then prepares anew. Nor does the driver see that a name may mean another type.
   */
  private static final int MOVES_NAMES = TEMPORARY | PATH | ROLE;

  private static final String FORGET_PLANS = "DEALLOCATE ALL";

  // Only the statements that SQL has prepared are deallocated: DEALLOCATE ALL would take the
  // driver's own with it.
  private static final String FORGET_PREPARED =
      """
      DO $everpool$ DECLARE left_over name; BEGIN
        FOR left_over IN SELECT p.name FROM pg_catalog.pg_prepared_statements p WHERE p.from_sql LOOP
          EXECUTE pg_catalog.format('DEALLOCATE %I', left_over);
        END LOOP;
      END $everpool$""";

  private static final String[] TEXTS = texts();

  private SessionReset() {}

  /**
   * The statements that clear these side effects, in one text; empty if there is nothing to clear.
   */
  public static String sql(ResetMode mode, int sideEffects) {
    return switch (mode) {
      case NONE -> "";
      // pgjdbc sees the answer to this statement, and prepares its own statements anew when they
      // are next used
      case DISCARD_ALL -> "DISCARD ALL";
      case SMART -> TEXTS[sideEffects & ANYTHING];
    };
  }

  /** Whether the reset returns every setting to what the session was started with. */
  public static boolean resetsSettings(ResetMode mode, int sideEffects) {
    return mode == ResetMode.DISCARD_ALL
        || (mode == ResetMode.SMART && (sideEffects & SETTINGS) != 0);
  }

  /**
   * Whether a name may have meant another table or type in the session than it does after the
   * reset.
   */
  public static boolean movesNames(ResetMode mode, int sideEffects) {
    return mode == ResetMode.DISCARD_ALL
        || (mode == ResetMode.SMART && (sideEffects & MOVES_NAMES) != 0);
  }

  public static boolean forgetsNotifications(ResetMode mode, int sideEffects) {
    return mode == ResetMode.DISCARD_ALL
        || (mode == ResetMode.SMART && (sideEffects & LISTEN) != 0);
  }

  private static String[] texts() {
    String[] texts = new String[ANYTHING + 1];
    for (int sideEffects = 0; sideEffects <= ANYTHING; sideEffects++) {
      texts[sideEffects] = String.join("; ", statements(sideEffects));
    }
    return texts;
  }

  private static List<String> statements(int sideEffects) {
    List<String> statements = new ArrayList<>();
    add(statements, sideEffects, CURSOR, "CLOSE ALL");
    add(statements, sideEffects, ROLE, "RESET SESSION AUTHORIZATION; RESET ROLE");
    add(statements, sideEffects, SETTINGS, "RESET ALL");
    add(statements, sideEffects, LISTEN, "UNLISTEN *");
    add(statements, sideEffects, ADVISORY_LOCK, "SELECT pg_catalog.pg_advisory_unlock_all()");
    add(statements, sideEffects, TEMPORARY | PATH, "DISCARD TEMP");
    add(statements, sideEffects, SEQUENCES, "DISCARD SEQUENCES");
    boolean moved = (sideEffects & MOVES_NAMES) != 0;
    add(statements, sideEffects, MOVES_NAMES, FORGET_PLANS);
    add(statements, sideEffects, moved ? 0 : PREPARED, FORGET_PREPARED);
    return statements;
  }

  private static void add(List<String> statements, int sideEffects, int bits, String statement) {
    if ((sideEffects & bits) != 0) {
      statements.add(statement);
    }
  }
}
