package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.LeaseInterceptor;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.Effects;
import io.everpool.core.jdbc.FakeDriver;
import io.everpool.core.jdbc.FakeLeaseManager;
import io.everpool.core.jdbc.FakePhysical;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.observe.UnitWatch;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a run has set by JDBC, the next one on the same session doesn't find: it begins as the first
 * did, whatever brings that back. Each setting, wherever it was set, on a session of its own and on
 * one that is another's by the next transaction.
 */
class RerunSettingsTest extends RunnerFixture {
  private static final int SERIALIZABLE = Connection.TRANSACTION_SERIALIZABLE;

  private final SQLException conflict = new SQLException("somebody was faster", "40001");

  /** Something that JDBC sets, one way or the other. */
  private enum Set {
    AUTO_COMMIT(c -> c.setAutoCommit(false), c -> c.setAutoCommit(true)),
    READ_ONLY(c -> c.setReadOnly(true), c -> c.setReadOnly(false)),
    ISOLATION(c -> c.setTransactionIsolation(SERIALIZABLE), c -> c.setTransactionIsolation(2)),
    CATALOG(c -> c.setCatalog("a"), c -> c.setCatalog("b")),
    SCHEMA(c -> c.setSchema("a"), c -> c.setSchema("b")),
    HOLDABILITY(
        c -> c.setHoldability(ResultSet.HOLD_CURSORS_OVER_COMMIT),
        c -> c.setHoldability(ResultSet.CLOSE_CURSORS_AT_COMMIT)),
    NETWORK_TIMEOUT(
        c -> c.setNetworkTimeout(Runnable::run, 7), c -> c.setNetworkTimeout(Runnable::run, 8)),
    CLIENT_INFO(c -> c.setClientInfo("x", "a"), c -> c.setClientInfo("x", "b")),
    TYPE_MAP(
        c -> c.setTypeMap(Map.of("a", String.class)), c -> c.setTypeMap(Map.of("b", String.class)));

    private final Setter before;
    private final Setter run;

    Set(Setter before, Setter run) {
      this.before = before;
      this.run = run;
    }
  }

  /** A call of a setter. */
  private interface Setter {
    void on(Connection connection) throws SQLException;
  }

  /** What the session has been through when it is set. */
  private enum Past {
    NOTHING,
    SET_BY_AN_INTERCEPTOR,
    UNWRAPPED_BY_AN_INTERCEPTOR
  }

  private enum Where {
    AUTOCOMMIT,
    TRANSACTION,
    BEHIND_A_COMMIT,
    BEFORE_THE_UNIT_AS_WELL
  }

  private record Cell(Set set, Past past, Where where, boolean shared) {

    /** In autocommit, what comes by the driver's own object would be in no schema. */
    boolean isRefused() {
      return shared
          && set == Set.SCHEMA
          && past == Past.UNWRAPPED_BY_AN_INTERCEPTOR
          && (where == Where.AUTOCOMMIT || where == Where.BEFORE_THE_UNIT_AS_WELL);
    }
  }

  static Stream<Cell> cells() {
    List<Cell> all = new ArrayList<>();
    for (Set set : Set.values()) {
      for (Past past : Past.values()) {
        for (Where where : Where.values()) {
          all.add(new Cell(set, past, where, false));
          Cell shared = new Cell(set, past, where, true);
          if (!shared.isRefused()) {
            all.add(shared);
          }
        }
      }
    }
    return all.stream();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cells")
  void theNextRunBeginsAsTheFirstDid(Cell cell) throws SQLException {
    List<String> found = new ArrayList<>();
    List<Long> sessions = new ArrayList<>();
    try (PooledConnection face = acquire(cell.past, cell.shared)) {
      if (cell.where == Where.BEFORE_THE_UNIT_AS_WELL) {
        cell.set.before.on(face);
      }
      runner.rerun(
          face,
          WorkOptions.IDEMPOTENT,
          connection -> {
            found.add(settings(face));
            sessions.add(number(connection));
            if (++runs == 1) {
              set(cell, connection);
              throw conflict;
            }
            return "";
          });
    }
    assertThat(found).hasSize(2);
    assertThat(found.get(1)).isEqualTo(found.get(0));
    assertThat(sessions).containsExactly(1L, 1L);
  }

  private static void set(Cell cell, Connection connection) throws SQLException {
    switch (cell.where) {
      case AUTOCOMMIT -> cell.set.run.on(connection);
      case BEFORE_THE_UNIT_AS_WELL -> {
        cell.set.run.on(connection);
        connection.setAutoCommit(false);
        execute(connection, "insert a");
      }
      case TRANSACTION -> {
        connection.setAutoCommit(false);
        cell.set.run.on(connection);
        execute(connection, "insert a");
      }
      case BEHIND_A_COMMIT -> {
        connection.setAutoCommit(false);
        execute(connection, "insert a");
        connection.commit();
        cell.set.run.on(connection);
        execute(connection, "insert b");
      }
    }
  }

  /** One whose driver sees what is sent, and whose reset brings back what SQL can set. */
  private PooledConnection acquire(Past past, boolean shared) throws SQLException {
    driver.shared = shared;
    PooledConnection face =
        switch (past) {
          case NOTHING -> leases.acquire();
          case SET_BY_AN_INTERCEPTOR -> leases.acquire(asked(c -> execute(c, "SET x")));
          case UNWRAPPED_BY_AN_INTERCEPTOR ->
              leases.acquire(asked(c -> c.unwrap(FakeDriver.Vendor.class)));
        };
    FakePhysical physical = FakeLeaseManager.physical(face);
    physical.seeCommit(Effects.NONE);
    physical.onReset = () -> reset(physical.jdbc());
    return face;
  }

  private static void reset(Connection jdbc) {
    try {
      jdbc.setSchema("text");
      jdbc.setTransactionIsolation(0);
      jdbc.setClientInfo(new Properties());
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  private static LeaseInterceptor asked(Setter setUp) {
    return new LeaseInterceptor() {
      @Override
      public void acquired(Connection connection) throws SQLException {
        setUp.on(connection);
      }
    };
  }

  /** As the driver has it; what is only said in each transaction it knows nothing of. */
  private static String settings(PooledConnection face) throws SQLException {
    Connection jdbc = FakeLeaseManager.physical(face).jdbc();
    return String.join(
        ", ",
        "autocommit " + jdbc.getAutoCommit(),
        "read-only " + jdbc.isReadOnly(),
        "level " + jdbc.getTransactionIsolation() + face.getTransactionIsolation(),
        "catalog " + jdbc.getCatalog(),
        "schema " + jdbc.getSchema() + face.getSchema(),
        "holdability " + jdbc.getHoldability(),
        "time-out " + jdbc.getNetworkTimeout(),
        "client info " + jdbc.getClientInfo(),
        "type map " + jdbc.getTypeMap());
  }

  /** It is said to the server when a transaction begins, and so without the schema none was. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whereASchemaGoesWithEachTransactionItGoesWithNoneOfTheNextRun(boolean before)
      throws SQLException {
    driver.commits.ticket = null;
    try (PooledConnection face = acquire(Past.NOTHING, true)) {
      if (before) {
        face.setSchema("a");
      }
      runner.inTransaction(
          face,
          WorkOptions.DEFAULT,
          0,
          UnitWatch.NONE,
          connection -> {
            execute(connection, "select 1");
            connection.commit();
            connection.setSchema("b");
            execute(connection, "insert a");
            if (++runs == 1) {
              throw conflict;
            }
            return "";
          });
    }
    assertThat(runs).isEqualTo(2);
    assertThat(driver.begun)
        .isEqualTo(
            before ? List.of("0 in a", "0 in b", "0 in a", "0 in b") : List.of("0 in b", "0 in b"));
  }

  /** Though the failed run has left its own, and no reset comes between. */
  @ParameterizedTest
  @EnumSource
  void theLevelThatWasBeforeTheOptionsIsSetBack(Past past) throws SQLException {
    try (PooledConnection face = acquire(past, false)) {
      Connection jdbc = FakeLeaseManager.physical(face).jdbc();
      runner.rerun(
          face,
          WorkOptions.DEFAULT.withIsolation(SERIALIZABLE),
          connection -> {
            if (++runs == 1) {
              connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
              throw conflict;
            }
            return "";
          });
      assertThat(jdbc.getTransactionIsolation()).isZero();
    }
  }

  /** What each run is told anew needs no reset after each race that is lost. */
  @ParameterizedTest
  @EnumSource
  void aLevelThatTheOptionsSayIsNotResetBetweenTheRuns(Past past) throws SQLException {
    List<Integer> levels = new ArrayList<>();
    FakePhysical physical;
    try (PooledConnection face = acquire(past, false)) {
      physical = FakeLeaseManager.physical(face);
      runner.rerun(
          face,
          WorkOptions.DEFAULT.withIsolation(SERIALIZABLE),
          connection -> {
            levels.add(physical.jdbc().getTransactionIsolation());
            if (++runs == 1) {
              throw conflict;
            }
            return "";
          });
      assertThat(physical.resets).isEmpty();
    }
    assertThat(levels).containsExactly(SERIALIZABLE, SERIALIZABLE);
    assertThat(physical.jdbc().getTransactionIsolation()).isZero();
  }
}
