package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.core.Everpool;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Databases without an adapter, by drivers each of which lacks or twists something of JDBC. */
@Timeout(60)
class StrangersIT {

  /** Databases that run in this process. */
  enum Stranger {
    HSQLDB("jdbc:hsqldb:mem:%s/db", "jdbc:hsqldb:mem:%s/none;ifexists=true;password=%s"),
    DERBY("jdbc:derby:memory:%s/db;create=true", "jdbc:derby:memory:%s/none;user=app;password=%s"),
    SQLITE("jdbc:sqlite:%s/db", null);

    private final String url;
    private final String missing;

    /**
     * @param missing the URL of a database that isn't there; null if each that is opened is made
     */
    Stranger(String url, String missing) {
      this.url = url;
      this.missing = missing;
    }
  }

  /** What the driver can't use is told at once, and not when acquire-timeout is over. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:hsqldb:hsql://127.0.0.1:1x/db",
        "jdbc:derby:memory:mistaken;foo",
        "jdbc:derby:memory:mistaken;create=maybe",
        "jdbc:sqlite:%s/no/such/db",
        "jdbc:sqlite:%s/db?busy_timeout=x"
      })
  void aMistakeInTheUrlIsToldAtOnce(String url, @TempDir Path folder) {
    PoolConfig config =
        PoolConfig.builder(String.format(Locale.ROOT, url, folder))
            .acquireTimeout(Duration.ofHours(1))
            .build();
    assertThatThrownBy(() -> Everpool.open(config))
        .isInstanceOf(SQLException.class)
        .hasStackTraceContaining("The driver can't connect with this configuration");
  }

  /** Changes one thing of a connection. */
  private interface Change {
    void of(Connection connection) throws SQLException;
  }

  /** Reads one thing of a connection. */
  private interface Reading {
    Object of(Connection connection) throws SQLException;
  }

  private static final List<Change> CHANGES =
      List.of(
          c -> c.setAutoCommit(false),
          c -> c.setReadOnly(true),
          c -> c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE),
          c -> c.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED),
          c -> c.setTransactionIsolation(Connection.TRANSACTION_READ_UNCOMMITTED),
          c -> c.setSchema("INFORMATION_SCHEMA"),
          c -> c.setSchema("SYS"),
          c -> c.setCatalog("other"),
          c -> c.setHoldability(ResultSet.CLOSE_CURSORS_AT_COMMIT),
          c -> c.setHoldability(ResultSet.HOLD_CURSORS_OVER_COMMIT),
          c -> c.setNetworkTimeout(Runnable::run, 5_000),
          c -> c.setClientInfo("ApplicationName", "a stranger"),
          c -> c.setClientInfo(new Properties()),
          c -> c.setTypeMap(Map.of("x", String.class)));

  private static final List<Reading> READINGS =
      List.of(
          Connection::getAutoCommit,
          Connection::isReadOnly,
          Connection::getTransactionIsolation,
          Connection::getCatalog,
          Connection::getSchema,
          Connection::getHoldability,
          Connection::getNetworkTimeout,
          Connection::getClientInfo,
          Connection::getTypeMap);

  @TempDir Path folder;

  private Pool open(Stranger stranger) throws SQLException {
    System.setProperty("derby.locks.deadlockTimeout", "1");
    return Everpool.open(
        PoolConfig.builder(String.format(stranger.url, folder))
            .name(stranger.name())
            .user(stranger == Stranger.HSQLDB ? "SA" : null)
            .minSize(1)
            .maxSize(2)
            .build());
  }

  private static List<Object> state(Connection connection) {
    List<Object> state = new ArrayList<>();
    for (Reading reading : READINGS) {
      try {
        state.add(reading.of(connection));
      } catch (SQLException e) {
        state.add(e.getClass());
      }
    }
    return state;
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static int value(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select v from entry")) {
      rows.next();
      return rows.getInt(1);
    }
  }

  private static void create(Pool pool) throws SQLException {
    try (Connection connection = pool.getConnection()) {
      execute(connection, "create table entry (v int)");
      execute(connection, "insert into entry values (0)");
    }
  }

  private static int value(Pool pool) throws SQLException {
    try (Connection connection = pool.getConnection()) {
      return value(connection);
    }
  }

  /** Whatever a driver takes or refuses, and whether it writes in between. */
  @ParameterizedTest
  @EnumSource
  void a_connection_comes_back_as_a_new_one(Stranger stranger) throws SQLException {
    try (Pool pool = open(stranger)) {
      create(pool);
      List<Object> first;
      try (Connection connection = pool.getConnection()) {
        first = state(connection);
      }
      for (int i = 0; i < CHANGES.size(); i++) {
        try (Connection connection = pool.getConnection()) {
          CHANGES.get(i).of(connection);
        } catch (SQLException e) {
          // it hasn't that; what counts is what the next borrower gets
        }
        try (Connection connection = pool.getConnection()) {
          assertThat(state(connection)).as("after change %s", i).isEqualTo(first);
          assertThat(value(connection)).isZero();
        }
      }
      assertThat(pool.snapshot().opened()).as("none was replaced").isOne();
    }
  }

  @ParameterizedTest
  @EnumSource
  void an_open_transaction_is_rolled_back(Stranger stranger) throws SQLException {
    try (Pool pool = open(stranger)) {
      create(pool);
      try (Connection connection = pool.getConnection()) {
        connection.setAutoCommit(false);
        execute(connection, "update entry set v = 7");
      }
      assertThat(value(pool)).isZero();
      Connection late = pool.getConnection();
      late.setAutoCommit(false);
      execute(late, "update entry set v = 8");
      late.abort(Runnable::run);
      assertThat(value(pool)).isZero();
    }
  }

  /**
   * Two read the same value before either writes: one loses, runs again, and adds to the other's.
   */
  @ParameterizedTest
  @EnumSource
  void who_loses_a_race_runs_again(Stranger stranger) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try (Pool pool = open(stranger)) {
      create(pool);
      CyclicBarrier bothHaveRead = new CyclicBarrier(2);
      AtomicInteger runs = new AtomicInteger();
      List<Future<?>> units = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        units.add(
            threads.submit(
                () -> {
                  AtomicInteger own = new AtomicInteger();
                  return pool.inTransaction(
                      WorkOptions.DEFAULT.withIsolation(Connection.TRANSACTION_SERIALIZABLE),
                      connection -> {
                        runs.incrementAndGet();
                        int read = value(connection);
                        if (own.incrementAndGet() == 1) {
                          bothHaveRead.await(20, TimeUnit.SECONDS);
                        }
                        execute(connection, "update entry set v = " + (read + 1));
                        return read;
                      });
                }));
      }
      for (Future<?> unit : units) {
        unit.get(40, TimeUnit.SECONDS);
      }
      assertThat(runs).hasValueGreaterThan(2);
      assertThat(value(pool)).isEqualTo(2);
    } finally {
      threads.shutdownNow();
    }
  }

  @ParameterizedTest
  @EnumSource(names = "SQLITE", mode = EnumSource.Mode.EXCLUDE)
  void a_database_that_is_not_there_is_said_at_once(Stranger stranger) {
    String secret = "Tr0ub4dor";
    String url = String.format(stranger.missing, folder, secret);
    assertThatThrownBy(() -> Everpool.open(PoolConfig.builder(url).name("missing").build()))
        .isInstanceOf(SQLNonTransientConnectionException.class)
        .hasMessageContaining("the database's name")
        .hasMessageNotContaining(secret);
  }
}
