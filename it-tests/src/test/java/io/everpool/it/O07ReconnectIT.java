package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.RetryConfig;
import io.everpool.api.Work;
import io.everpool.api.WorkOptions;
import io.everpool.api.WriteOutcomeUnknownException;
import io.everpool.core.Everpool;
import io.everpool.jdbi.EverpoolJdbi;
import io.everpool.servers.FaultProxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;

/**
 * O7: a query that meets a connection error is detected, warned of, and retried on a new
 * connection; its result is returned, or the failure of the retry is thrown.
 */
class O07ReconnectIT {
  private static final String RECONNECT = "Attempting to reconnect to database...";

  /** Work whose session is ended under it in its first {@code kills} runs. */
  private static final class Struck implements Work<String, SQLException> {
    private final List<Integer> sessions = new ArrayList<>();
    private final int kills;
    private final String sql;

    Struck(int kills, String sql) {
      this.kills = kills;
      this.sql = sql;
    }

    @Override
    public String run(Connection connection) throws SQLException {
      int session = Db.pid(connection);
      sessions.add(session);
      if (sessions.size() <= kills) {
        Db.server().terminate(session);
      }
      return Db.ask(connection, sql);
    }
  }

  private static int count(String table) {
    return Integer.parseInt(Db.server().ask("select count(*) from " + table));
  }

  private static void table(String name) {
    Db.server().execute("drop table if exists " + name);
    Db.server().execute("create table " + name + " (x int); grant all on " + name + " to public");
  }

  @Test
  void aReadIsRetriedOnANewConnectionAndItsResultReturned() throws SQLException {
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(Db.config("o7-read").build())) {
      Struck work = new Struck(1, "select 'result'");
      assertThat(pool.run(WorkOptions.READ_ONLY, work)).isEqualTo("result");
      assertThat(work.sessions).hasSize(2).doesNotHaveDuplicates();
      assertThat(log.exactly(Level.WARN, RECONNECT)).hasSize(1);
      assertThat(pool.snapshot().retries()).isEqualTo(1);
    }
  }

  @Test
  void withoutAnErrorNothingIsRetriedAndNothingLogged() throws SQLException {
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(Db.config("o7-quiet").build())) {
      Struck work = new Struck(0, "select 'result'");
      assertThat(pool.run(WorkOptions.READ_ONLY, work)).isEqualTo("result");
      assertThat(work.sessions).hasSize(1);
      assertThat(log.alarms()).isEmpty();
      assertThat(pool.snapshot().retries()).isZero();
    }
  }

  @Test
  void theFailureOfTheLastRetryIsThrown() throws SQLException {
    PoolConfig config = Db.config("o7-fails").retry(RetryConfig.DEFAULT.withMaxAttempts(3)).build();
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(config)) {
      Struck work = new Struck(Integer.MAX_VALUE, "select 1");
      assertThatThrownBy(() -> pool.run(WorkOptions.READ_ONLY, work))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(Db.sqlStates(e)).contains("57P01"));
      assertThat(work.sessions).hasSize(3);
      assertThat(log.exactly(Level.WARN, RECONNECT))
          .as("what follows within two seconds is told at DEBUG, as of one outage")
          .hasSizeBetween(1, 2);
      assertThat(log.text().split("work met a connection error", -1)).as("two reruns").hasSize(3);
      // and the pool is as good as before
      assertThat(pool.run(WorkOptions.READ_ONLY, new Struck(0, "select 2"))).isEqualTo("2");
    }
  }

  @Test
  void aTransactionIsRerunWholeBeforeItsCommit() throws SQLException {
    table("o7_transaction");
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(Db.config("o7-transaction").build())) {
      Struck work = new Struck(1, "insert into o7_transaction values (1) returning x");
      assertThat(pool.inTransaction(work)).isEqualTo("1");
      assertThat(work.sessions).hasSize(2);
      assertThat(count("o7_transaction")).isEqualTo(1);
      assertThat(log.exactly(Level.WARN, RECONNECT)).hasSize(1);
    }
  }

  /** Setting a transaction's isolation is a round trip: it too may be what finds out. */
  @Test
  void aConnectionThatDiedJustBeforeItIsLentHarmsNoTransaction() throws SQLException {
    PoolConfig config = Db.config("o7-just").minSize(1).maxSize(1).build();
    WorkOptions options =
        WorkOptions.DEFAULT.withIsolation(Connection.TRANSACTION_SERIALIZABLE).withReadOnly(true);
    try (Pool pool = Everpool.open(config)) {
      for (int i = 0; i < 5; i++) {
        int session;
        try (Connection connection = pool.getConnection()) {
          session = Db.pid(connection);
        }
        Db.server().terminate(session);
        String answer =
            pool.<String, SQLException>inTransaction(
                options, connection -> Db.ask(connection, "show transaction_isolation"));
        assertThat(answer).isEqualTo("serializable");
      }
    }
  }

  /** It may have happened: a pool that replays blindly duplicates payments. */
  @Test
  void aWriteInAutocommitIsNotReplayed() throws SQLException {
    table("o7_write");
    try (FaultProxy proxy = FaultProxy.before(Db.server());
        Pool pool =
            Everpool.open(
                Db.config("o7-write", Db.server().libpqUrl(proxy.host(), proxy.port())).build())) {
      List<Integer> runs = new ArrayList<>();
      assertThatThrownBy(
              () ->
                  pool.<Integer, SQLException>run(
                      connection -> {
                        int session = Db.pid(connection);
                        runs.add(session);
                        try (Statement statement = connection.createStatement()) {
                          statement.execute("insert into o7_write values (1)");
                          proxy.cutReplyTo("insert", FaultProxy.Cut.FIN);
                          statement.execute("insert into o7_write values (2)");
                        }
                        return session;
                      }))
          .isInstanceOf(WriteOutcomeUnknownException.class)
          .hasFieldOrPropertyWithValue("SQLState", "08007")
          .hasMessageContaining("transaction")
          .hasMessageContaining("idempotent");
      assertThat(runs).hasSize(1);
      assertThat(count("o7_write")).as("once each").isEqualTo(2);
    }
  }

  @Test
  void anIdempotentWriteIsRetried() throws SQLException {
    table("o7_idempotent");
    try (Pool pool = Everpool.open(Db.config("o7-idempotent").build())) {
      Struck work = new Struck(1, "insert into o7_idempotent values (1) returning x");
      assertThat(pool.run(WorkOptions.IDEMPOTENT, work)).isEqualTo("1");
      assertThat(work.sessions).hasSize(2);
      assertThat(count("o7_idempotent")).isEqualTo(1);
    }
  }

  /** The caller's own mistakes are none of the pool's business. */
  @Test
  void anErrorInTheSqlIsNotRetried() throws SQLException {
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(Db.config("o7-caller").build())) {
      Struck work = new Struck(0, "select no_such_column");
      assertThatThrownBy(() -> pool.run(WorkOptions.READ_ONLY, work))
          .isInstanceOf(SQLException.class)
          .hasFieldOrPropertyWithValue("SQLState", "42703");
      assertThat(work.sessions).hasSize(1);
      assertThat(log.lines(Level.WARN, RECONNECT)).isEmpty();
      assertThat(pool.snapshot().closedTotal()).isZero();
    }
  }

  @Test
  void aJdbiHandleGoesOnOverANewConnection() throws SQLException {
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(Db.config("o7-jdbi").build())) {
      Jdbi jdbi = EverpoolJdbi.create(pool);
      Struck work = new Struck(1, "select 'result'");
      String result =
          EverpoolJdbi.readOnly(jdbi)
              .<String, SQLException>withHandle(handle -> work.run(handle.getConnection()));
      assertThat(result).isEqualTo("result");
      assertThat(work.sessions).hasSize(2).doesNotHaveDuplicates();
      assertThat(log.exactly(Level.WARN, RECONNECT)).hasSize(1);
    }
  }

  @Test
  void aJdbiTransactionIsRerunWhole() throws SQLException {
    table("o7_jdbi_transaction");
    try (Pool pool = Everpool.open(Db.config("o7-jdbi-transaction").build())) {
      Jdbi jdbi = EverpoolJdbi.create(pool);
      Struck work = new Struck(1, "insert into o7_jdbi_transaction values (1) returning x");
      String result =
          jdbi.<String, SQLException>inTransaction(handle -> work.run(handle.getConnection()));
      assertThat(result).isEqualTo("1");
      assertThat(work.sessions).hasSize(2);
      assertThat(count("o7_jdbi_transaction")).isEqualTo(1);
    }
  }
}
