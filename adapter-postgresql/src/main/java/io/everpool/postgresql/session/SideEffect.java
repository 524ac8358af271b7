package io.everpool.postgresql.session;

import io.everpool.api.driver.SideEffects;
import java.util.ArrayList;
import java.util.List;

/**
 * The bits of {@link SessionReset} as the pool knows them: as kinds that it need not understand.
 */
public enum SideEffect implements SideEffects.Kind {
  SETTINGS(
      SessionReset.SETTINGS,
      "SET, or a function that sets something for the session",
      "use SET LOCAL (set_config with true) within the transaction, or ALTER ROLE ... SET"),
  ROLE(SessionReset.ROLE, "SET ROLE", "use SET LOCAL ROLE within the transaction"),
  LISTEN(SessionReset.LISTEN, "LISTEN", "listen on a connection of your own to the server itself"),
  TEMPORARY(
      SessionReset.TEMPORARY,
      "a temporary table",
      "create it ON COMMIT DROP, and use it within that transaction"),
  ADVISORY_LOCK(
      SessionReset.ADVISORY_LOCK,
      "an advisory lock of the session",
      "use pg_advisory_xact_lock within the transaction"),
  CURSOR(SessionReset.CURSOR, "a cursor WITH HOLD", "use one without, within the transaction"),
  PREPARED(SessionReset.PREPARED, "PREPARE", "use JDBC's prepared statements"),
  PATH(
      SessionReset.PATH,
      "a search path of the session",
      "use SET LOCAL search_path within the transaction, or ALTER ROLE ... SET search_path"),
  SEQUENCES(
      SessionReset.SEQUENCES,
      "the last value of a sequence",
      "ask for currval or lastval within the transaction of nextval, or use RETURNING"),
  UNTIL_ITS_END(
      SessionReset.UNTIL_ITS_END,
      "a replication origin, a base backup or a temporary replication slot",
      "use a connection of your own to the server itself"),
  READ_ONLY(SessionReset.READ_ONLY, "", "");

  private static final SideEffect[] ALL = values();

  /**
   * One object for each set of bits, so that the pool's usual case is a comparison of two
   * references.
   */
  private static final SideEffects[] SETS = sets();

  private final int bit;

  private final String what;
  private final String instead;

  SideEffect(int bit, String what, String instead) {
    this.bit = bit;
    this.what = what;
    this.instead = instead;
  }

  @Override
  public boolean outlivesTransaction() {
    return this != READ_ONLY;
  }

  /**
   * What a user should know of this side effect where a pooler lends the session's server
   * connection to others.
   */
  public String throughPooler() {
    return "The pooler lends a server connection for each transaction, and "
        + what
        + " stays behind on one that others use next: "
        + instead;
  }

  private static SideEffects[] sets() {
    SideEffects[] sets = new SideEffects[SessionReset.ALL + 1];
    for (int bits = 0; bits < sets.length; bits++) {
      List<SideEffect> kinds = new ArrayList<>();
      for (SideEffect kind : ALL) {
        if ((bits & kind.bit) != 0) {
          kinds.add(kind);
        }
      }
      sets[bits] = SideEffects.of(kinds);
    }
    return sets;
  }

  /** The bits as a set that the pool understands. */
  public static SideEffects set(int bits) {
    return SETS[bits];
  }

  /**
   * The bits of a set. Kinds that others have added don't concern this adapter, and are left out.
   */
  public static int bits(SideEffects sideEffects) {
    int bits = 0;
    for (SideEffect kind : ALL) {
      bits |= sideEffects.has(kind) ? kind.bit : 0;
    }
    return bits;
  }
}
