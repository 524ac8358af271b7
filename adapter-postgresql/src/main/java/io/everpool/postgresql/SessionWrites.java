package io.everpool.postgresql;

import io.everpool.api.driver.SideEffects;
import io.everpool.postgresql.driver.PgjdbcInternals;
import io.everpool.postgresql.session.SideEffect;
import java.sql.Connection;
import java.sql.SQLException;
import org.postgresql.PGConnection;

/**
 * Whether a session takes writes: as the server tells of itself, and as we have told it. For
 * whoever has the session.
 */
final class SessionWrites {
  private static final String READ_ONLY = "default_transaction_read_only";

  private final Connection jdbc;
  private final Purpose purpose;
  private final boolean readOnlyAtFirst;
  private final boolean wroteAtFirst;

  /** Whether the session was told by us to refuse writes. */
  private boolean refused;

  /**
   * Of a session that has just begun.
   *
   * @param readOnly whether it takes no writes, as its server has told or was asked
   */
  SessionWrites(Connection jdbc, boolean readOnly, Purpose purpose) {
    this.jdbc = jdbc;
    this.purpose = purpose;
    this.readOnlyAtFirst = readOnly;
    this.wroteAtFirst = !isOn(jdbc, READ_ONLY);
  }

  /**
   * By the session's default, which holds in autocommit too and for whatever begins a transaction
   * ({@code SET SESSION CHARACTERISTICS}). pgjdbc's own read-only mode reaches only transactions
   * that it begins itself. From version 14 on the server tells what the default is, whoever has set
   * it, and no round trip is made where it is right already.
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

  private boolean refuses() {
    String told = ((PGConnection) jdbc).getParameterStatus(READ_ONLY);
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
   * Whether the server is a standby, as it tells from version 14 on and is asked at the beginning
   * otherwise, where a primary is expected: because {@code targetServerType} says so, or because
   * there was one at the same URL before. A pool that has only ever seen standbys is meant for
   * them.
   *
   * <p>Or whether it has been told to write no more ({@code default_transaction_read_only}, as
   * operators do with an old primary and some clouds with a full disk), which it tells from version
   * 14 on with its next answer. Where all sessions began so they are meant to be so; and of one
   * whose program has set something by SQL nobody can tell who it was.
   */
  boolean haveEnded(SideEffects sideEffects) {
    return onStandby() ? purpose.isPrimary() : toldToWriteNoMore(sideEffects);
  }

  private boolean toldToWriteNoMore(SideEffects sideEffects) {
    try {
      return (wroteAtFirst || purpose.isWriting())
          && !refused
          && isOn(jdbc, READ_ONLY)
          && !sideEffects.has(SideEffect.SETTINGS)
          && !jdbc.isReadOnly(); // with readOnlyMode=always the driver sets it, too
    } catch (SQLException e) {
      return false; // closed: there are other signs of that
    }
  }

  /**
   * Whether a write was refused because of the server. A program that writes is meant to, as far as
   * it has not asked for a read-only transaction itself; so where there are other hosts to choose
   * from, a standby is not what it wants, though there never was anything else.
   */
  boolean haveRefused(SideEffects sideEffects) {
    if (onStandby() && !refused && !sideEffects.has(SideEffect.SETTINGS) && !isDeclared()) {
      purpose.wrote();
    }
    return haveEnded(sideEffects);
  }

  private boolean isDeclared() {
    try {
      return jdbc.isReadOnly();
    } catch (SQLException e) {
      return true; // closed
    }
  }

  boolean onStandby() {
    String told = ((PGConnection) jdbc).getParameterStatus("in_hot_standby");
    return told == null ? readOnlyAtFirst && wroteAtFirst : told.equals("on");
  }

  /** Whether they were refused from the beginning. */
  boolean wereRefusedAtFirst() {
    return readOnlyAtFirst;
  }

  /** Whether the session of a connection can't write, as its server tells from version 14 on. */
  static boolean areRefused(Connection jdbc) {
    return isOn(jdbc, "in_hot_standby") || isOn(jdbc, READ_ONLY);
  }

  private static boolean isOn(Connection jdbc, String parameter) {
    return "on".equals(((PGConnection) jdbc).getParameterStatus(parameter));
  }
}
