package io.everpool.postgresql.driver;

import static io.everpool.postgresql.Sessions.ask;
import static io.everpool.postgresql.Sessions.execute;
import static io.everpool.postgresql.Sessions.open;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.ResetMode;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.geometric.PGpoint;
import org.postgresql.jdbc.AutoSave;
import org.postgresql.jdbc.PgConnection;
import org.postgresql.jdbc.PreferQueryMode;

/** Whatever a program does with the driver's own object, the next has a connection as at first. */
class DriverSettingsTest {
  private PhysicalConnection session;

  interface Read {
    Object of(PgConnection connection) throws SQLException;
  }

  interface Write {
    void to(PgConnection connection) throws SQLException;
  }

  /** One thing that can be set on the driver's object. */
  record Case(String name, Write write, Read read) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Case> settings() {
    return Stream.of(
        new Case("autosave", c -> c.setAutosave(AutoSave.ALWAYS), PgConnection::getAutosave),
        new Case("threshold", c -> c.setPrepareThreshold(1), PgConnection::getPrepareThreshold),
        new Case("fetch size", c -> c.setDefaultFetchSize(7), PgConnection::getDefaultFetchSize),
        new Case("adaptive", c -> c.setAdaptiveFetch(true), PgConnection::getAdaptiveFetch),
        new Case(
            "query mode",
            c -> c.getQueryExecutor().setPreferQueryMode(PreferQueryMode.SIMPLE),
            PgConnection::getPreferQueryMode),
        new Case("autocommit", c -> c.setAutoCommit(false), PgConnection::getAutoCommit),
        new Case("read-only", c -> c.setReadOnly(true), PgConnection::isReadOnly),
        new Case(
            "holdability",
            c -> c.setHoldability(ResultSet.HOLD_CURSORS_OVER_COMMIT),
            PgConnection::getHoldability),
        new Case(
            "isolation",
            c -> c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE),
            PgConnection::getTransactionIsolation),
        new Case("schema", c -> c.setSchema("pg_catalog"), c -> ask(c, "show search_path") + ""),
        new Case(
            "network timeout",
            c -> c.setNetworkTimeout(Runnable::run, 54_321),
            PgConnection::getNetworkTimeout),
        new Case(
            "type map",
            c -> c.setTypeMap(Map.of("x", String.class)),
            c -> Map.copyOf(c.getTypeMap())),
        new Case(
            "binary",
            c -> c.getQueryExecutor().setBinaryReceiveOids(Set.of(25)),
            c -> c.getQueryExecutor().useBinaryForReceive(25)));
  }

  @BeforeEach
  void connect() throws SQLException {
    session = open();
  }

  @AfterEach
  void disconnect() throws SQLException {
    session.close();
  }

  @ParameterizedTest
  @MethodSource("settings")
  void isAsAtFirst(Case setting) throws SQLException {
    PgConnection driver = session.jdbc().unwrap(PgConnection.class);
    Object before = setting.read.of(driver);
    setting.write.to(driver);
    assertThat(setting.read.of(driver)).isNotEqualTo(before);
    if (!driver.getAutoCommit()) {
      driver.rollback();
    }
    session.reset(ResetMode.SMART, SideEffects.EXPOSED);
    assertThat(setting.read.of(driver)).isEqualTo(before);
  }

  /** A type that was added stays with the driver; a connection with one isn't lent again. */
  @ParameterizedTest
  @EnumSource(
      value = ResetMode.class,
      names = {"SMART", "DISCARD_ALL"})
  void anAddedTypeIsRefused(ResetMode mode) throws SQLException {
    session.reset(mode, SideEffects.EXPOSED);
    session.jdbc().unwrap(PgConnection.class).addDataType("mine", PGpoint.class);
    assertThatThrownBy(() -> session.reset(mode, SideEffects.EXPOSED))
        .hasMessageContaining("Data types");
    session.reset(mode, SideEffects.NONE); // the faces can't add one
  }

  /** What SQL did by the driver's object, nobody has seen. */
  @Test
  void whatSqlHasSetIsGoneToo() throws SQLException {
    execute(session, "create temp sequence s; select nextval('s')");
    execute(session, "set app.x = 'left'; select pg_advisory_lock(4)");
    execute(session, "select set_config('search_path', 'pg_temp', false); create table t (x int)");
    session.reset(ResetMode.SMART, SideEffects.EXPOSED);
    assertThat(ask(session, "select coalesce(current_setting('app.x', true), '')")).isEmpty();
    assertThat(
            ask(
                session,
                "select count(*) from pg_locks where locktype = 'advisory'"
                    + " and pid = pg_backend_pid()"))
        .isEqualTo("0");
    assertThat(ask(session, "select to_regclass('pg_temp.t') is null")).isEqualTo("t");
    assertThatThrownBy(() -> ask(session, "select lastval()")).hasMessageContaining("lastval");
  }
}
