package io.everpool.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.ConnectionInitializer;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.core.BlindDriver.Kind;
import io.everpool.core.jdbc.FakeDriver;
import io.everpool.core.jdbc.FakeLeaseManager;
import io.everpool.core.jdbc.ForwardingConnection;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.jdbc.ReadOnlyHint;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a driver lacks of that which JDBC doesn't insist on costs neither work nor a connection. */
class RefusedHintsTest {
  private static final String URL = "jdbc:h2:mem:refused-hints";

  private final BlindDriver driver = new BlindDriver(Kind.STRICT, URL);
  private Connection keeper;

  @BeforeEach
  void table() throws SQLException {
    keeper = DriverManager.getConnection(URL);
    execute(keeper, "create table rows_there (id int)");
  }

  @AfterEach
  void nothing() throws SQLException {
    keeper.close(); // with its last connection the database is gone
  }

  private static int execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      return statement.execute(sql) ? 1 : 0;
    }
  }

  private static int count(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select count(*) from rows_there")) {
      rows.next();
      return rows.getInt(1);
    }
  }

  private static PoolConfig config() {
    return PoolConfig.builder(URL).minSize(1).maxSize(1).build();
  }

  private Pool open() throws SQLException {
    return Everpool.builder(config()).dataSource(driver.dataSource()).open();
  }

  // ---- read-only

  /** In SQLite's words. */
  private void refuseReadOnly() {
    refuseReadOnly(
        () -> new SQLException("Cannot change read-only flag after establishing a connection."));
  }

  private void refuseReadOnly(Supplier<Throwable> words) {
    driver.failures.put("setReadOnly", words);
  }

  /** By which a method of a driver's says that there is no more to it. */
  private static RuntimeException stub() {
    RuntimeException thrown = new UnsupportedOperationException("not here");
    thrown.setStackTrace(
        new StackTraceElement[] {
          new StackTraceElement(
              "org.example.ExampleConnection", "set", "ExampleConnection.java", 7),
          new StackTraceElement(
              ForwardingConnection.class.getName(), "set", "ForwardingConnection.java", 70)
        });
    return thrown;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void work_that_only_reads_is_done_over_a_driver_of_stubs(boolean inTransaction)
      throws SQLException {
    refuseReadOnly(RefusedHintsTest::stub);
    isDoneAndRunAgain(inTransaction);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void work_that_only_reads_is_done_and_run_again(boolean inTransaction) throws SQLException {
    refuseReadOnly();
    isDoneAndRunAgain(inTransaction);
  }

  private void isDoneAndRunAgain(boolean inTransaction) throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = open()) {
      for (int i = 0; i < 2; i++) {
        runs.set(0);
        if (inTransaction) {
          pool.<Integer, SQLException>inTransaction(WorkOptions.READ_ONLY, c -> read(c, runs));
        } else {
          pool.<Integer, SQLException>run(WorkOptions.READ_ONLY, c -> read(c, runs));
        }
        assertThat(runs).hasValue(2);
      }
      assertThat(pool.snapshot().opened()).as("connections").isEqualTo(1);
    }
  }

  private static Integer read(Connection connection, AtomicInteger runs) throws SQLException {
    int found = count(connection);
    if (runs.incrementAndGet() == 1) {
      throw new SQLException("a conflict", "40001");
    }
    return found;
  }

  /** The promise counts no more than without the refusal. */
  @Test
  void work_that_writes_all_the_same_is_not_run_again() throws SQLException {
    refuseReadOnly();
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = open()) {
      assertThatThrownBy(
              () ->
                  pool.<SQLException>use(
                      WorkOptions.READ_ONLY,
                      connection -> {
                        execute(connection, "insert into rows_there values (1)");
                        read(connection, runs);
                      }))
          .hasStackTraceContaining("a conflict");
    }
    assertThat(count(keeper)).isOne();
  }

  @Test
  void a_reader_is_lent() throws SQLException {
    refuseReadOnly();
    try (Pool pool = open()) {
      for (int i = 0; i < 2; i++) {
        try (Connection reader = pool.reader().getConnection()) {
          assertThat(count(reader)).isZero();
        }
      }
      assertThat(pool.snapshot().opened()).as("connections").isEqualTo(1);
    }
  }

  /** To a program its driver's refusal is what it would be without a pool. */
  @Test
  void a_program_that_sets_it_is_told() throws SQLException {
    refuseReadOnly();
    try (Pool pool = open();
        Connection connection = pool.getConnection()) {
      assertThatThrownBy(() -> connection.setReadOnly(true)).hasMessageContaining("Cannot change");
    }
  }

  @Test
  void a_connection_that_is_lost_by_it_is_no_refusal() throws SQLException {
    try (Pool pool = open()) {
      driver.failure.set(Map.entry("setReadOnly", new SQLException("gone", "08006")));
      assertThatThrownBy(() -> pool.reader().getConnection()).hasMessageContaining("gone");
    }
  }

  /** Where an adapter has the server refuse writes the driver is to say so as well. */
  @Test
  void with_an_adapter_it_is_no_hint() throws SQLException {
    FakeDriver seen = new FakeDriver();
    PooledConnection connection = FakeLeaseManager.over(seen).acquire();
    seen.failNext("setReadOnly", new SQLException("not now", "25001"));
    assertThatThrownBy(() -> ReadOnlyHint.set(connection, true)).hasMessageContaining("not now");
  }

  // ---- warnings

  @ParameterizedTest
  @ValueSource(strings = {"unsupported", "unchecked", "missing"})
  void a_driver_without_warnings_keeps_its_connection(String how) throws SQLException {
    driver.failures.put("clearWarnings", Objects.requireNonNull(BlindDriver.refusals().get(how)));
    ConnectionInitializer nothing = connection -> {};
    try (Pool pool =
        Everpool.builder(config()).dataSource(driver.dataSource()).initializer(nothing).open()) {
      for (int i = 0; i < 3; i++) {
        try (Connection connection = pool.getConnection()) {
          if (i > 0) {
            assertThat(count(connection)).isZero();
          }
        }
      }
      assertThat(pool.snapshot().opened()).as("connections").isEqualTo(1);
    }
  }
}
