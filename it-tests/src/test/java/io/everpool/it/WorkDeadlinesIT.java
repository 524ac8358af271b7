package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.AcquireTimeoutException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkDeadlineException;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.Causes;
import io.everpool.core.Everpool;
import io.everpool.jdbi.EverpoolJdbi;
import io.everpool.jdbi.UnitOptions;
import io.everpool.servers.Await;
import java.io.IOException;
import java.io.OutputStream;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.PGConnection;

/** Calls with a limit of their own: they end, on the server too, and what comes says why. */
@Timeout(120)
class WorkDeadlinesIT {
  private static final Duration SHORT = Duration.ofMillis(300);
  private static final WorkOptions LIMITED =
      WorkOptions.DEFAULT.withLabel("the report").withDeadline(SHORT);

  private Pool pool;

  private static PoolConfig.Builder config() {
    return Db.config("work-deadlines").minSize(1).maxSize(2);
  }

  /**
   * With all connections open: a limit of 300 ms is for the work, and connecting may take longer.
   */
  @BeforeEach
  void open() throws SQLException {
    pool = Everpool.builder(config().build()).open();
    try (Connection one = pool.getConnection();
        Connection other = pool.getConnection()) {
      execute(one, "drop table if exists work_deadlines");
      execute(other, "create table work_deadlines (id int primary key)");
    }
  }

  @AfterEach
  void close() {
    pool.close();
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** What work may be at when its time is over; none of it would end by itself. */
  enum Busy {
    QUERY {
      @Override
      void go(Connection connection) throws SQLException {
        execute(connection, "select pg_sleep(600)");
      }
    },
    PREPARED {
      @Override
      void go(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("select pg_sleep(?)")) {
          statement.setDouble(1, 600);
          statement.executeQuery();
        }
      }
    },
    BATCH {
      @Override
      void go(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
          statement.addBatch("insert into work_deadlines values (2)");
          statement.addBatch("do 'begin perform pg_sleep(600); end'");
          statement.executeBatch();
        }
      }
    },
    COPY_OUT {
      @Override
      void go(Connection connection) throws SQLException {
        try {
          connection
              .unwrap(PGConnection.class)
              .getCopyAPI()
              .copyOut(
                  "copy (select pg_sleep(0.01) from generate_series(1, 60000)) to stdout",
                  OutputStream.nullOutputStream());
        } catch (IOException e) {
          throw new SQLException(e);
        }
      }
    },
    FETCHING {
      @Override
      void go(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
          statement.setFetchSize(2);
          try (ResultSet rows =
              statement.executeQuery("select i, pg_sleep(0.01) from generate_series(1, 60000) i")) {
            while (rows.next()) {
              rows.getInt(1);
            }
          }
        }
      }
    },
    /** The server has nothing to do for it: it is cut, and learns of that at its next statement. */
    STATEMENT_AFTER_STATEMENT {
      @Override
      void go(Connection connection) throws SQLException {
        while (true) {
          execute(connection, "select 1");
        }
      }
    },
    /** It will have none of it. */
    STUBBORN {
      @Override
      void go(Connection connection) throws SQLException {
        for (int failures = 0; ; ) {
          try {
            execute(connection, "select pg_sleep(600)");
          } catch (SQLException e) {
            if (++failures > 1) {
              throw e;
            }
          }
        }
      }
    };

    abstract void go(Connection connection) throws SQLException;
  }

  @ParameterizedTest
  @EnumSource
  void whateverItIsAtItEnds(Busy busy) throws SQLException {
    assertThatThrownBy(
            () ->
                pool.useTransaction(
                    LIMITED,
                    connection -> {
                      execute(connection, "insert into work_deadlines values (1)");
                      busy.go(connection);
                    }))
        .isInstanceOf(WorkDeadlineException.class)
        .hasMessageStartingWith("the report ran over its deadline of 300 ms and was cancelled");
    nothingIsLeft();
  }

  private void nothingIsLeft() throws SQLException {
    try (Connection other = pool.getConnection()) {
      Await.until(
          Db.LIMIT,
          () -> {
            try {
              return Db.ask(
                      other,
                      "select count(*) from pg_stat_activity where application_name ="
                          + " 'work-deadlines' and state <> 'idle' and pid <> pg_backend_pid()")
                  .equals("0");
            } catch (SQLException e) {
              throw new AssertionError(e);
            }
          },
          "the server works for nobody");
      assertThat(Db.ask(other, "select count(*) from work_deadlines")).isEqualTo("0");
    }
    Await.until(Db.LIMIT, () -> pool.snapshot().leased() == 0, "no lease is out");
  }

  /** The server's own word: nothing was done, so nothing is in doubt. */
  @Test
  void inAutocommitAWriteThatWasCancelledIsNotInDoubt() throws SQLException {
    String insert = "insert into work_deadlines select i from (select 1 i, pg_sleep(600)) x";
    String said = "canceling statement due to user request";
    assertThat(
            Db.failure(
                time ->
                    pool.use(LIMITED.withDeadline(time), connection -> execute(connection, insert)),
                e ->
                    String.valueOf(Causes.root(e).getMessage())
                        .contains(said))) // not before it was sent
        .isInstanceOf(WorkDeadlineException.class)
        .rootCause()
        .hasMessageContaining(said);
    nothingIsLeft();
  }

  @Test
  void whoWaitsForALockLetsItBe() throws SQLException {
    try (Connection holder = pool.getConnection()) {
      execute(holder, "begin");
      execute(holder, "lock table work_deadlines");
      assertThatThrownBy(
              () ->
                  pool.use(
                      LIMITED, connection -> execute(connection, "select * from work_deadlines")))
          .isInstanceOf(WorkDeadlineException.class);
      execute(holder, "insert into work_deadlines values (7)");
      execute(holder, "rollback");
    }
    nothingIsLeft();
  }

  /** Deadlines that pass just as the work ends: whoever comes next never hears of it. */
  @Test
  void theNextBorrowerIsNeverHit() throws SQLException {
    WorkOptions tight = LIMITED.withDeadline(Duration.ofMillis(40));
    int late = 0;
    for (int round = 0; round < 25; round++) {
      String seconds = String.valueOf(0.02 + 0.006 * round);
      try {
        pool.use(tight, connection -> execute(connection, "select pg_sleep(" + seconds + ")"));
      } catch (WorkDeadlineException e) {
        late++;
      } catch (AcquireTimeoutException e) {
        // on a busy machine what the last round has cost is not replaced within 40 ms
      }
      for (int i = 0; i < 5; i++) {
        assertThat(pool.<String, SQLException>run(c -> Db.ask(c, "select 1"))).isEqualTo("1");
      }
    }
    assertThat(late).isPositive();
  }

  @Test
  void waitingForAConnectionHasTheSameLimit() throws SQLException {
    try (Pool one =
            Everpool.builder(
                    config().name("work-deadlines-one").acquireTimeout(Db.LIMIT).maxSize(1).build())
                .open();
        Connection held = one.getConnection()) {
      assertThatThrownBy(() -> one.use(LIMITED, connection -> {}))
          .isInstanceOf(AcquireTimeoutException.class)
          .hasMessageContaining("the limit of this call")
          .hasMessageContaining("work-deadlines-one");
      assertThatThrownBy(() -> one.getConnection(Duration.ofMillis(50)))
          .isInstanceOf(AcquireTimeoutException.class)
          .hasMessageContaining("the limit of this call");
      assertThatThrownBy(() -> one.getConnection(Duration.ZERO))
          .isInstanceOf(AcquireTimeoutException.class);
      assertThat(held.isValid(60)).isTrue();
    }
  }

  @Test
  void aLongerLimitThanThePoolsMeansIt() throws Exception {
    PoolConfig config =
        config()
            .name("work-deadlines-one")
            .acquireTimeout(Duration.ofMillis(50))
            .failFast(false)
            .maxSize(1)
            .build();
    try (Pool one = Everpool.builder(config).open()) {
      Connection held = one.getConnection(Db.LIMIT);
      Crew holder =
          Crew.of(
              1,
              () -> {
                try (held) {
                  Await.until(Db.LIMIT, () -> one.snapshot().waiting() == 1, "one waits");
                  execute(held, "select pg_sleep(0.2)");
                }
              });
      try (Connection connection = one.getConnection(Duration.ofDays(1_000_000))) {
        assertThat(connection.isValid(60)).isTrue();
      }
      holder.join();
      assertThat(holder.errors()).isEmpty();
    }
  }

  @Test
  void jdbiUnitsHaveThemToo() throws SQLException {
    Jdbi jdbi = EverpoolJdbi.create(pool);
    jdbi.configure(UnitOptions.class, options -> options.setDeadline(SHORT).setLabel("jdbi"));
    assertThatThrownBy(
            () ->
                jdbi.useTransaction(
                    handle -> {
                      handle.execute("insert into work_deadlines values (1)");
                      handle.execute("select pg_sleep(600)");
                    }))
        .satisfies(
            e -> {
              Throwable found = Causes.first(e, WorkDeadlineException.class);
              assertThat(found).hasMessageStartingWith("jdbi ran over its deadline");
            });
    nothingIsLeft();
  }
}
