package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.RetryConfig;
import io.everpool.api.WorkOptions;
import io.everpool.core.Everpool;
import io.everpool.jdbi.EverpoolJdbi;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A conflict is not a loss: each proves that somebody else got through, so all get through in the
 * end, and every increment counts once.
 */
@Tag("one-jdk")
class ConflictsIT {
  private static final int INCREMENTS = 20;
  private static final WorkOptions SERIALIZABLE =
      WorkOptions.DEFAULT.withIsolation(Connection.TRANSACTION_SERIALIZABLE);

  /** On a busy machine the last of many may have to wait for long, and a deadlock costs time. */
  private static final RetryConfig PATIENT =
      RetryConfig.DEFAULT.withMaxDuration(Duration.ofMinutes(3));

  @BeforeEach
  void twoAccounts() throws SQLException {
    try (Connection connection = direct();
        Statement statement = connection.createStatement()) {
      statement.execute("drop table if exists conflict");
      statement.execute("create table conflict (id int primary key, v int not null)");
      statement.execute("insert into conflict select g, 0 from generate_series(1, 16) g");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {8, 32})
  @Timeout(240)
  void everybodyGetsThroughInTheEnd(int threads) throws Exception {
    try (Pool pool =
        Everpool.open(Db.config("conflicts-" + threads).maxSize(threads).retry(PATIENT).build())) {
      int failed =
          atOnce(
              threads,
              thread -> {
                for (int i = 0; i < INCREMENTS; i++) {
                  int row = 1 + (thread + i) % 2;
                  pool.inTransaction(SERIALIZABLE, connection -> increment(connection, row));
                }
              });
      assertThat(failed).isZero();
    }
    assertThat(sum()).isEqualTo(threads * INCREMENTS);
  }

  /** What comes after it is the work's own, and would be so again. */
  @ParameterizedTest
  @ValueSource(strings = {"40001", "40P01", "0A000"})
  void aFailureThatASavepointUndoesIsDealtWith(String state) throws Exception {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = Everpool.open(Db.config("dealt-with").build())) {
      assertThatThrownBy(
              () ->
                  pool.inTransaction(
                      connection -> {
                        runs.incrementAndGet();
                        Savepoint before = connection.setSavepoint();
                        assertThatThrownBy(() -> execute(connection, raise(state)))
                            .isInstanceOf(SQLException.class);
                        connection.rollback(before);
                        return execute(connection, "insert into conflict values (1, 0)");
                      }))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("23505"));
    }
    assertThat(runs).hasValue(1);
  }

  /** Jdbi rolls back before it lets a failure pass, and then no transaction shows what it was. */
  @ParameterizedTest
  @ValueSource(strings = {"40001", "40P01", "0A000"})
  void aLostRaceThatTheWorkHidesFromJdbiIsOneAllTheSame(String state) throws Exception {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = Everpool.open(Db.config("hidden").build())) {
      EverpoolJdbi.create(pool)
          .useTransaction(
              handle -> {
                handle.execute("update conflict set v = v + 1 where id = 1");
                if (runs.incrementAndGet() == 1) {
                  assertThatThrownBy(() -> handle.execute(raise(state)))
                      .hasRootCauseInstanceOf(SQLException.class);
                  throw new IllegalStateException("what the work makes of it");
                }
              });
    }
    assertThat(runs).hasValue(2);
    assertThat(sum()).isEqualTo(1);
  }

  /** Who rolls back himself and goes on has dealt with it; what comes after is his own. */
  @Test
  void unlessTheWorkHasRolledItBackAndGoneOn() throws Exception {
    AtomicInteger runs = new AtomicInteger();
    IllegalStateException own = new IllegalStateException("what came after");
    try (Pool pool = Everpool.open(Db.config("dealt-with-by-hand").build())) {
      assertThatThrownBy(
              () ->
                  EverpoolJdbi.create(pool)
                      .useHandle(
                          handle -> {
                            runs.incrementAndGet();
                            handle.begin();
                            assertThatThrownBy(() -> handle.execute(raise("40001")))
                                .hasRootCauseInstanceOf(SQLException.class);
                            handle.rollback();
                            handle.begin();
                            handle.execute("update conflict set v = v + 1 where id = 1");
                            handle.rollback();
                            throw own;
                          }))
          .isSameAs(own);
    }
    assertThat(runs).hasValue(1);
  }

  /** A layer below works on a connection of its own, and what that has committed stays. */
  @ParameterizedTest
  @ValueSource(strings = {"40001", "40P01", "0A000"})
  void aConflictWithinAnotherConnectionDoublesNothingThere(String state) throws Exception {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = Everpool.open(Db.config("within").build())) {
      assertThatThrownBy(
              () ->
                  pool.<SQLException>useTransaction(
                      outer -> {
                        runs.incrementAndGet();
                        execute(outer, "insert into conflict values (100, 0)");
                        pool.<SQLException>use(
                            inner -> {
                              execute(inner, "update conflict set v = v + 1 where id = 1");
                              execute(inner, raise(state));
                            });
                      }))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo(state));
    }
    assertThat(runs).hasValue(1);
    assertThat(sum()).isEqualTo(1);
  }

  /** What only reads has a transaction as well, and no COMMIT of it leaves anything. */
  @Test
  void readingWithinOnAnotherConnectionIsInNobodysWay() throws Exception {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = Everpool.open(Db.config("read-within").build())) {
      pool.<SQLException>useTransaction(
          outer -> {
            pool.<SQLException>useTransaction(inner -> execute(inner, "select v from conflict"));
            if (runs.incrementAndGet() == 1) {
              execute(outer, raise("40001"));
            }
          });
    }
    assertThat(runs).hasValue(2);
  }

  private static String raise(String state) {
    return "do $$ begin raise exception 'cached plan must not change result type'"
        + " using errcode = '"
        + state
        + "'; end $$";
  }

  private static boolean execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      return statement.execute(sql);
    }
  }

  /** Each takes two rows, half of them the other way round. */
  @Test
  @Timeout(240)
  void aStormOfDeadlocksEnds() throws Exception {
    int units = 16;
    try (Pool pool = Everpool.open(Db.config("deadlocks").maxSize(units).retry(PATIENT).build())) {
      int failed =
          atOnce(
              units,
              unit ->
                  pool.inTransaction(
                      connection -> {
                        int first = unit % 2 == 0 ? 1 : 2;
                        add(connection, first);
                        add(connection, 3 - first);
                        return "";
                      }));
      assertThat(failed).isZero();
    }
    assertThat(sum()).isEqualTo(2 * units);
  }

  /** A conflict of one statement in autocommit wrote nothing, as the server has said. */
  @Test
  @Timeout(240)
  void aLoneStatementThatConflictsIsRunAgain() throws Exception {
    try (Pool pool =
        Everpool.open(
            Db.config("lone")
                .maxSize(8)
                .retry(PATIENT)
                .properties(
                    Map.of(
                        "ApplicationName",
                        "lone",
                        "options",
                        "-c default_transaction_isolation=repeatable\\ read"))
                .build())) {
      int failed =
          atOnce(
              8,
              thread -> {
                for (int i = 0; i < INCREMENTS; i++) {
                  pool.run(
                      connection -> {
                        add(connection, 1);
                        return "";
                      });
                }
              });
      assertThat(failed).isZero();
    }
    assertThat(sum()).isEqualTo(8 * INCREMENTS);
  }

  private interface Part {
    void run(int thread) throws Exception;
  }

  /** Gives how many of them failed. */
  private static int atOnce(int threads, Part part) throws InterruptedException {
    ExecutorService executor = Executors.newFixedThreadPool(threads);
    int failed = 0;
    try {
      List<Callable<Void>> parts = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        int thread = i;
        parts.add(
            () -> {
              part.run(thread);
              return null;
            });
      }
      for (Future<Void> each : executor.invokeAll(parts)) {
        try {
          each.get();
        } catch (ExecutionException e) {
          failed++;
          e.printStackTrace();
        }
      }
    } finally {
      executor.shutdownNow();
    }
    return failed;
  }

  private static int increment(Connection connection, int row) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.executeQuery("select sum(v) from conflict where id < 3").close();
      return statement.executeUpdate("update conflict set v = v + 1 where id = " + row);
    }
  }

  private static void add(Connection connection, int row) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.executeUpdate("update conflict set v = v + 1 where id = " + row);
    }
  }

  private static int sum() throws SQLException {
    try (Connection connection = direct()) {
      return Integer.parseInt(Db.ask(connection, "select sum(v) from conflict"));
    }
  }

  private static Connection direct() throws SQLException {
    return DriverManager.getConnection(
        Db.server().jdbcUrl(), Db.server().user(), Db.server().password());
  }
}
