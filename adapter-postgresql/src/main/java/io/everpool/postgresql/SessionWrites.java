package io.everpool.postgresql;

import io.everpool.api.driver.SideEffects;
import io.everpool.postgresql.driver.PgjdbcInternals;
import io.everpool.postgresql.failure.Timelines;
import io.everpool.postgresql.session.SideEffect;
import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * Whether a session takes writes: as the server tells of itself, and as we have told it. For the
 * one thread that has the session.
 *
 * <p>From version 14 on the server tells what {@code in_hot_standby} and {@code
 * default_transaction_read_only} are, when the session begins and, with its next answer, when one
 * of them changes. An older one tells neither: it was asked once, when the session began. Nor is it
 * the server who tells behind a pooler: PgBouncer, and others like it, repeat to each client what
 * they were told at their own first login, and a promotion or a switchover since then passes them
 * by. So there it is as with an older server.
 */
final class SessionWrites {
  private static final String READ_ONLY = "default_transaction_read_only";
  private static final String STANDBY = "in_hot_standby";

  private final Connection jdbc;
  private final Purpose purpose;
  private final boolean pooled;
  private final boolean readOnlyAtFirst;

  /** Whether transactions were to write by default, when the session began. */
  private final boolean wroteAtFirst;

  /** Whether the session was told by us to refuse writes. */
  private boolean refused;

  /**
   * Of a session that has just begun.
   *
   * @param readOnly whether it takes no writes, as its server has told or was asked
   * @param pooled whether a pooler, of whatever kind, lies before the server
   */
  SessionWrites(Connection jdbc, boolean readOnly, Purpose purpose, boolean pooled) {
    this.jdbc = jdbc;
    this.purpose = purpose;
    this.pooled = pooled;
    this.readOnlyAtFirst = readOnly;
    this.wroteAtFirst = !"on".equals(told(READ_ONLY));
  }

  /** What the server itself tells of a parameter; null if it doesn't. */
  private @Nullable String told(String parameter) {
    return pooled ? null : ((PGConnection) jdbc).getParameterStatus(parameter);
  }

  /**
   * Has the server refuse writes, or take them as it did when the session began.
   *
   * <p>This sets the session's default, which also holds in autocommit and for a transaction that
   * SQL begins; pgjdbc's own read-only mode reaches only those that pgjdbc begins. No round trip is
   * made if the default is right already.
   */
  void refuse(boolean value) throws SQLException {
    if (value) {
      if (!refuses()) {
        send("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY");
      }
    } else if (refuses() == wroteAtFirst) {
      send("RESET " + READ_ONLY);
    }
    refused = value;
  }

  /** Whether the default is to refuse writes, whoever has set it; by our own word if need be. */
  private boolean refuses() {
    String told = told(READ_ONLY);
    return told == null ? refused : told.equals("on");
  }

  private void send(String sql) throws SQLException {
    PgjdbcInternals.PRESENT.update(jdbc, sql);
  }

  /** The session's settings are again what it was started with. */
  void settingsReset() {
    refused = false;
  }

  /**
   * Whether the server takes no writes though this session is meant for them. There are two cases:
   *
   * <ul>
   *   <li>It is a standby, and a primary is expected: {@code targetServerType} says so, or there
   *       was one at the same URL before. A pool that has only ever seen standbys is meant for
   *       them.
   *   <li>It was told to write no more ({@code default_transaction_read_only}), as operators do
   *       with an old primary, and some clouds with a full disk. If all sessions began like that,
   *       they are meant to be so. And if the program has set something by SQL, it may have been
   *       itself.
   * </ul>
   *
   * @param sideEffects what the program's SQL may have left in the session
   */
  boolean haveEnded(SideEffects sideEffects) {
    return onStandby() ? purpose.isPrimary() : toldToWriteNoMore(sideEffects);
  }

  private boolean toldToWriteNoMore(SideEffects sideEffects) {
    try {
      return (wroteAtFirst || purpose.isWriting())
          && !refused
          && "on".equals(told(READ_ONLY))
          && !sideEffects.has(SideEffect.SETTINGS)
          && !jdbc.isReadOnly(); // with readOnlyMode=always the driver sets it, too
    } catch (SQLException e) {
      return false; // isReadOnly() only throws if it is closed, which its user finds anyway
    }
  }

  /**
   * A write was refused: whether because of the server, as {@link #haveEnded}. If a program writes
   * on a standby, and has not asked for read-only transactions itself, it wants a primary. So from
   * now on one is expected, if there are other hosts to choose from, even if there never was one.
   *
   * <p>Behind a pooler the server may have become a standby beneath the session, or be another one,
   * and the refusal is all that shows it.
   */
  boolean haveRefused(SideEffects sideEffects) {
    boolean unasked =
        !refused
            && !sideEffects.has(SideEffect.SETTINGS)
            && !sideEffects.has(SideEffect.READ_ONLY)
            && !isDeclared();
    if (onStandby() && unasked) {
      purpose.wrote();
    }
    return haveEnded(sideEffects) || (pooled && unasked && purpose.isWriting());
  }

  /** Whether the program has set the connection read-only by JDBC. */
  private boolean isDeclared() {
    try {
      return jdbc.isReadOnly();
    } catch (SQLException e) {
      return true; // closed
    }
  }

  boolean onStandby() {
    String told = told(STANDBY);
    return told == null ? readOnlyAtFirst && wroteAtFirst : told.equals("on");
  }

  /** Whether writes were refused when the session began. */
  boolean wereRefusedAtFirst() {
    return readOnlyAtFirst;
  }

  /**
   * What a new session is: where the server tells that it takes no writes, it isn't asked. Behind a
   * pooler it is, and what the pooler tells counts only where the server can't say.
   *
   * @param host of the session's server
   * @param pooled whether a pooler, of whatever kind, lies before the server
   */
  static Timelines.Judgement judge(
      Connection jdbc, Timelines timelines, String host, boolean pooled) throws SQLException {
    boolean refused = isOn(jdbc, STANDBY) || isOn(jdbc, READ_ONLY);
    if (refused && !pooled) {
      return Timelines.Judgement.READS;
    }
    Timelines.Judgement judgement = timelines.judge(jdbc, host);
    return refused && judgement.equals(Timelines.Judgement.UNKNOWN)
        ? Timelines.Judgement.READS
        : judgement;
  }

  private static boolean isOn(Connection jdbc, String parameter) {
    return "on".equals(((PGConnection) jdbc).getParameterStatus(parameter));
  }
}
