package io.everpool.postgresql;

import io.everpool.api.driver.SideEffects;
import io.everpool.postgresql.driver.PgjdbcInternals;
import io.everpool.postgresql.driver.PropertyNames;
import io.everpool.postgresql.failure.Timelines;
import io.everpool.postgresql.session.SideEffect;
import io.everpool.postgresql.url.Destination;
import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * Knows whether a session takes writes, from what the server tells of itself and from what we have
 * told the server. Only the one thread that has the session uses this.
 *
 * <p>From version 14 on the server tells what {@code in_hot_standby} and {@code
 * default_transaction_read_only} are, when the session begins and, with its next answer, when one
 * of them changes. An older server tells neither: it is asked once, when the session begins. Behind
 * a pooler it isn't the server that tells: PgBouncer, and others like it, repeat to each client
 * what they were told at their own first login, and don't hear of a promotion or a switchover since
 * then. So a server behind a pooler is treated like an older one.
 */
final class SessionWrites {
  private static final String READ_ONLY = "default_transaction_read_only";
  private static final String STANDBY = "in_hot_standby";
  private static final String REFUSE = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";

  private final Connection jdbc;
  private final Purpose purpose;
  private final boolean pooled;
  private final boolean readOnlyAtFirst;

  /** Whether the session's transactions could write by default when it began. */
  private final boolean wroteAtFirst;

  /**
   * Whether the driver's {@code setReadOnly}, which it also calls at the login, sets the session's
   * default ({@code readOnlyMode=always}).
   */
  private final boolean driverTellsSession;

  /** Whether we have told the session to refuse writes. */
  private boolean refused;

  /**
   * Is made for a session that has just begun.
   *
   * @param lent pgjdbc's connection, or what another driver has put around it
   * @param judgement what the server has told or has answered
   * @param pooler by which it is known whether a pooler, of whatever kind, lies before the server
   */
  SessionWrites(
      Connection lent,
      Timelines.Judgement judgement,
      Purpose purpose,
      Pooler pooler,
      Destination destination)
      throws SQLException {
    this.jdbc = PgjdbcInternals.within(lent);
    this.purpose = purpose;
    this.pooled = pooler.isThere();
    this.readOnlyAtFirst = judgement.readOnly();
    this.driverTellsSession =
        "always".equalsIgnoreCase(destination.properties().get(PropertyNames.READ_ONLY_MODE));
    this.wroteAtFirst = !"on".equals(told(READ_ONLY));
  }

  /** What the server itself tells of a parameter; null if it doesn't tell. */
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
        send(REFUSE);
      }
    } else if (refuses() == wroteAtFirst && !isHeldByDriver()) {
      send("RESET " + READ_ONLY);
    }
    refused = value;
  }

  /**
   * Whether the session refuses writes by default, whoever has set that. If the server doesn't
   * tell, what we have told it counts.
   */
  private boolean refuses() {
    String told = told(READ_ONLY);
    return told == null ? refused : told.equals("on");
  }

  private void send(String sql) throws SQLException {
    PgjdbcInternals.PRESENT.update(jdbc, sql);
  }

  /** Whether the driver has set the session's default to read-only, and counts on it. */
  private boolean isHeldByDriver() throws SQLException {
    return driverTellsSession && jdbc.isReadOnly();
  }

  /**
   * Is called when the session's settings are again what it was started with. What the driver has
   * set after the start is gone with the rest, and the driver doesn't notice: it sends it again
   * only where autocommit or read-only is changed. So that is done here.
   */
  void settingsReset() throws SQLException {
    refused = false;
    if (isHeldByDriver()) {
      send(REFUSE);
    }
  }

  /**
   * Whether the server takes no writes though this session is meant for them. There are two cases:
   *
   * <ul>
   *   <li>It is a standby, and a primary is expected: {@code targetServerType} says so, or there
   *       was one at the same URL before. A pool that has only ever seen standbys is meant for
   *       them.
   *   <li>It was told to write no more ({@code default_transaction_read_only}), as operators do
   *       with an old primary, and some clouds with a full disk. If all of the connector's sessions
   *       began like that, they are meant to be so. And if the program has set something by SQL,
   *       the program may have done this itself.
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
          && !jdbc.isReadOnly(); // with readOnlyMode=always the driver sets the parameter, too
    } catch (SQLException e) {
      // isReadOnly() throws only if the connection is closed, which its user finds anyway
      return false;
    }
  }

  /**
   * Is called when a write was refused. Tells whether the server is the reason, in the sense of
   * {@link #haveEnded}. If a program writes on a standby, and has not asked for read-only
   * transactions itself, it wants a primary. So from now on one is expected, if there are other
   * hosts to choose from, even if there never was one.
   *
   * <p>Behind a pooler the server may have become a standby beneath the session, or the session may
   * have got another server, and the refusal is all that shows it.
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
      return true; // the connection is closed, and nothing is known of it
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
   * Judges a new session. Where the server tells by itself that it takes no writes, it isn't asked.
   * Behind a pooler the server is asked, and what the pooler tells counts only where the server
   * can't say. So is a server that tells of a standby where a primary is expected, if nobody has
   * said that there is no pooler.
   *
   * @param host the host of the session's server
   * @throws Pooler.Found if there is a pooler, and the connection was not opened for one
   */
  static Timelines.Judgement judge(
      Connection jdbc, Timelines timelines, String host, Pooler pooler, Purpose purpose)
      throws SQLException {
    boolean refused = isToldStandby(jdbc) || isOn(jdbc, READ_ONLY);
    boolean believed = !pooler.isThere() && !(pooler.mayBeMistaken() && purpose.isPrimary());
    if (refused && believed) {
      return Timelines.Judgement.READS;
    }
    Timelines.Judgement judgement = timelines.judge(jdbc, host);
    if (judgement.says() && !judgement.readOnly()) {
      pooler.meetContradiction(jdbc);
    }
    return refused && !judgement.says() ? Timelines.Judgement.READS : judgement;
  }

  /** Whether the session was told that its server is a standby; a pooler may have told that. */
  static boolean isToldStandby(Connection jdbc) {
    return isOn(jdbc, STANDBY);
  }

  private static boolean isOn(Connection jdbc, String parameter) {
    return "on".equals(((PGConnection) jdbc).getParameterStatus(parameter));
  }
}
