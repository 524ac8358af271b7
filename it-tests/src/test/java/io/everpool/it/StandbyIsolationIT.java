package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolerMode;
import io.everpool.api.ReaderFallback;
import io.everpool.api.WorkOptions;
import io.everpool.api.framework.UnitRerunner;
import io.everpool.core.Everpool;
import io.everpool.jdbi.EverpoolJdbi;
import io.everpool.servers.Await;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.Replica;
import io.everpool.servers.Sampled;
import io.everpool.servers.ServerSettings;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;
import org.jdbi.v3.sqlobject.SqlObjectPlugin;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.transaction.Transaction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/**
 * What only reads and asks for SERIALIZABLE, of a pool whose reader is a hot standby: PostgreSQL
 * runs nothing there at that level (0A000).
 */
@Sampled
@Timeout(600)
@Tag("one-jdk")
class StandbyIsolationIT {
  private static final int SERIALIZABLE = Connection.TRANSACTION_SERIALIZABLE;
  private static final int REPEATABLE_READ = Connection.TRANSACTION_REPEATABLE_READ;

  /** Where it runs, and at which level. */
  private static final String WHERE =
      "select pg_is_in_recovery() || ' ' || current_setting('transaction_isolation')";

  private static final String PRIMARY = "false serializable";

  private static PostgresServer primary;
  private static Replica replica;

  @BeforeAll
  static void start() {
    primary = PostgresServer.startEmbedded(ServerSettings.defaults());
    replica = Replica.of(primary);
    replica.awaitReplayOf(primary);
  }

  @AfterAll
  static void stop() {
    replica.close();
    primary.close();
  }

  private static PoolConfig.Builder config(String name) {
    return PoolConfig.builder(primary.jdbcUrl())
        .name(name)
        .user(primary.user())
        .password(primary.password())
        .properties(Map.of("ApplicationName", name))
        .maxReplicaLag(Duration.ofMinutes(10))
        .readers(List.of(replica.server().jdbcUrl()));
  }

  private static Pool open(PoolConfig.Builder config) {
    return open(config, connection -> {});
  }

  /** Something that is done with each connection as it is lent. */
  private interface Setting {
    void on(Connection connection) throws SQLException;
  }

  private static Pool open(PoolConfig.Builder config, Setting setting) {
    try {
      return Everpool.builder(config.build())
          .interceptor(
              new LeaseInterceptor() {
                @Override
                public void acquired(Connection connection) throws SQLException {
                  setting.on(connection);
                }
              })
          .open();
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  private static WorkOptions reading(int level) {
    return WorkOptions.READ_ONLY.withIsolation(level);
  }

  private static String ask(Handle handle) {
    return handle.createQuery(WHERE).mapTo(String.class).one();
  }

  // ---- said as it begins

  /** A SqlObject. */
  interface Queries {
    @Transaction(value = TransactionIsolationLevel.SERIALIZABLE, readOnly = true)
    @SqlQuery(WHERE)
    String where();
  }

  private enum Way {
    RUN {
      @Override
      String where(Pool pool) throws SQLException {
        return pool.<String, SQLException>run(reading(SERIALIZABLE), c -> Db.ask(c, WHERE));
      }
    },
    IN_TRANSACTION {
      @Override
      String where(Pool pool) throws SQLException {
        return pool.<String, SQLException>inTransaction(
            reading(SERIALIZABLE), c -> Db.ask(c, WHERE));
      }
    },
    SEES_ITS_OWN_WRITES {
      @Override
      String where(Pool pool) throws SQLException {
        return pool.<String, SQLException>run(
            reading(SERIALIZABLE).after(pool.position()), c -> Db.ask(c, WHERE));
      }
    },
    JDBI {
      @Override
      String where(Pool pool) {
        return EverpoolJdbi.reader(pool)
            .inTransaction(TransactionIsolationLevel.SERIALIZABLE, StandbyIsolationIT::ask);
      }
    },
    JDBI_UNITS {
      @Override
      String where(Pool pool) {
        return EverpoolJdbi.readOnly(EverpoolJdbi.reader(pool))
            .inTransaction(TransactionIsolationLevel.SERIALIZABLE, StandbyIsolationIT::ask);
      }
    },
    JDBI_SQL_OBJECT {
      @Override
      String where(Pool pool) {
        return EverpoolJdbi.reader(pool)
            .installPlugin(new SqlObjectPlugin())
            .onDemand(Queries.class)
            .where();
      }
    },
    JDBI_ON_A_HANDLE {
      @Override
      String where(Pool pool) throws SQLException {
        try (Handle handle = EverpoolJdbi.reader(pool).open()) {
          assertThat(ask(handle)).isEqualTo("true read committed");
          String where =
              handle.inTransaction(
                  TransactionIsolationLevel.SERIALIZABLE,
                  h -> {
                    // what Jdbi keeps of the driver's goes with it
                    PGConnection driver = h.getConnection().unwrap(PGConnection.class);
                    assertThat(driver.getParameterStatus("in_hot_standby")).isEqualTo("off");
                    return ask(h);
                  });
          assertThat(handle.getConnection().isReadOnly()).isTrue();
          return where;
        }
      }
    },
    A_FRAMEWORKS_CONNECTION {
      @Override
      String where(Pool pool) throws SQLException {
        try (Connection connection = pool.reader().getConnection()) {
          return UnitRerunner.of(pool)
              .<String, SQLException>rerun(
                  connection, reading(SERIALIZABLE), c -> Db.ask(c, WHERE));
        }
      }
    };

    abstract String where(Pool pool) throws SQLException;
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  void goesToThePrimary(Way way) throws SQLException {
    try (Pool pool = open(config("serializable-" + way.ordinal()))) {
      awaitReader(pool);
      for (int i = 0; i < 3; i++) {
        assertThat(way.where(pool)).isEqualTo(PRIMARY);
      }
      assertThat(pool.snapshot().leased()).isZero();
      Await.until( // it is looked at on a worker
          Db.LIMIT, () -> pool.readerSnapshots().get(0).leased() == 0, "nothing to be held");
      assertThat(pool.readerSnapshots().get(0).closedTotal()).isZero();
      // what asks for less is read on the standby
      assertThat(pool.<String, SQLException>run(reading(REPEATABLE_READ), c -> Db.ask(c, WHERE)))
          .isEqualTo("true repeatable read");
    }
  }

  private static void awaitReader(Pool pool) {
    Await.until(
        Db.LIMIT, () -> pool.readerSnapshots().get(0).idle() > 0, "the reader's connection");
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  void isRefusedWithWhatToDoWhereThePrimaryMayNot(Way way) throws SQLException {
    PoolConfig.Builder config =
        config("serializable-fail-" + way.ordinal()).readerFallback(ReaderFallback.FAIL);
    try (Pool pool = open(config)) {
      awaitReader(pool);
      Throwable thrown = catchThrowable(() -> way.where(pool));
      while (thrown != null && !(thrown instanceof SQLException)) {
        thrown = thrown.getCause(); // Jdbi's
      }
      assertThat(thrown)
          .isInstanceOf(SQLFeatureNotSupportedException.class)
          .hasMessageContaining(
              "-reader-1: its server runs nothing at SERIALIZABLE, at REPEATABLE READ it would")
          .hasMessageContaining("reader-fallback = writer");
      assertThat(pool.snapshot().leased()).isZero();
    }
  }

  /** As frameworks' settings have it, of all connections: HikariCP's transaction-isolation, say. */
  @ParameterizedTest
  @ValueSource(ints = {0, 600})
  void whatIsLentAtThatLevelGoesToThePrimaryAsWell(int lag) throws SQLException {
    PoolConfig.Builder config =
        config("serializable-lent-" + lag).maxReplicaLag(Duration.ofSeconds(lag));
    try (Pool pool = open(config, c -> c.setTransactionIsolation(SERIALIZABLE))) {
      awaitReader(pool);
      assertThat(pool.<String, SQLException>run(WorkOptions.READ_ONLY, c -> Db.ask(c, WHERE)))
          .isEqualTo(PRIMARY);
      try (Connection connection = pool.reader().getConnection()) {
        assertThat(connection.isReadOnly()).isTrue();
        assertThat(Db.ask(connection, WHERE)).isEqualTo(PRIMARY);
      }
    }
  }

  /** As a role, or a database, may have it: then a standby lets no session begin. */
  @Test
  void whatIsSoByDefaultIsSetOtherwiseByTheReadersUrl() throws SQLException {
    primary.execute("create role careful login password 'secret'");
    primary.execute("alter role careful set default_transaction_isolation to serializable");
    replica.awaitReplayOf(primary);
    PoolConfig.Builder config = config("serializable-role").user("careful").password("secret");
    String url =
        replica.server().jdbcUrl()
            + "?options=-c%20default_transaction_isolation=repeatable%5C%20read";
    try (Pool pool = open(config);
        Pool set = open(config.name("serializable-url").readers(List.of(url)))) {
      assertThat(pool.<String, SQLException>run(WorkOptions.READ_ONLY, c -> Db.ask(c, WHERE)))
          .isEqualTo(PRIMARY);
      awaitReader(set);
      assertThat(set.<String, SQLException>run(WorkOptions.READ_ONLY, c -> Db.ask(c, WHERE)))
          .isEqualTo("true repeatable read");
      assertThat(Way.RUN.where(set)).isEqualTo(PRIMARY);
    }
  }

  // ---- said too late

  /** How a reader's connection comes to a level at which its server runs nothing. */
  private enum TooLate {
    IN_AUTOCOMMIT {
      @Override
      void run(Connection connection) throws SQLException {
        connection.setTransactionIsolation(SERIALIZABLE);
        Db.ask(connection, WHERE);
      }
    },
    IN_A_TRANSACTION {
      @Override
      void run(Connection connection) throws SQLException {
        connection.setTransactionIsolation(SERIALIZABLE);
        connection.setAutoCommit(false);
        Db.ask(connection, WHERE);
      }
    },
    IN_A_BATCH {
      @Override
      void run(Connection connection) throws SQLException {
        connection.setTransactionIsolation(SERIALIZABLE);
        try (PreparedStatement statement = connection.prepareStatement("select 1 where ? = 1")) {
          statement.setInt(1, 1);
          statement.addBatch();
          statement.addBatch();
          statement.executeBatch();
        }
      }
    },
    BY_SET_TRANSACTION {
      @Override
      void run(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        execute(connection, "set transaction isolation level serializable");
      }
    },
    BY_BEGIN {
      @Override
      void run(Connection connection) throws SQLException {
        execute(connection, "begin isolation level serializable");
      }
    },
    BY_A_SETTING {
      @Override
      void run(Connection connection) throws SQLException {
        execute(connection, "set default_transaction_isolation to serializable");
        Db.ask(connection, WHERE);
      }
    };

    abstract void run(Connection connection) throws SQLException;

    static void execute(Connection connection, String sql) throws SQLException {
      try (Statement statement = connection.createStatement()) {
        statement.execute(sql);
      }
    }
  }

  private static void tellsWhatToDo(Throwable thrown) {
    assertThat(thrown)
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("0A000"))
        .hasMessageContaining("cannot use serializable mode in a hot standby")
        .hasMessageContaining("ask for REPEATABLE READ, or for the primary")
        .hasMessageContaining("WorkOptions.withIsolation");
  }

  @ParameterizedTest
  @EnumSource(TooLate.class)
  void tellsWhatToDo(TooLate way) throws SQLException {
    try (Pool pool = open(config("serializable-late-" + way.ordinal()))) {
      awaitReader(pool);
      try (Connection connection = pool.reader().getConnection()) {
        Throwable thrown = catchThrowable(() -> way.run(connection));
        tellsWhatToDo(thrown);
        assertThat(thrown instanceof BatchUpdateException).isEqualTo(way == TooLate.IN_A_BATCH);
      }
      assertThat(pool.<String, SQLException>run(WorkOptions.READ_ONLY, c -> Db.ask(c, WHERE)))
          .as("the next lease")
          .isEqualTo("true read committed");
      assertThat(pool.readerSnapshots().get(0).closedTotal()).isZero();
    }
  }

  /** Where the level goes with each transaction: its BEGIN is what fails. */
  @Test
  void alsoAsBehindAPooler() throws SQLException {
    try (Pool pool = open(config("serializable-pooler").pooler(PoolerMode.TRANSACTION))) {
      awaitReader(pool);
      try (Connection connection = pool.reader().getConnection()) {
        connection.setTransactionIsolation(SERIALIZABLE);
        connection.setAutoCommit(false);
        tellsWhatToDo(catchThrowable(() -> Db.ask(connection, WHERE)));
      }
      assertThat(Way.RUN.where(pool)).startsWith("false ");
      assertThat(Way.IN_TRANSACTION.where(pool)).isEqualTo(PRIMARY);
    }
  }

  /** A pool without readers that was led to a standby. */
  @Test
  void alsoInAPoolOfThatStandbyAlone() throws SQLException {
    PoolConfig config =
        config("serializable-alone").url(replica.server().jdbcUrl()).readers(List.of()).build();
    try (Pool pool = Everpool.open(config)) {
      tellsWhatToDo(catchThrowable(() -> Way.RUN.where(pool)));
      assertThatThrownBy(
              () ->
                  EverpoolJdbi.create(pool)
                      .inTransaction(
                          TransactionIsolationLevel.SERIALIZABLE, StandbyIsolationIT::ask))
          .satisfies(e -> tellsWhatToDo(e instanceof SQLException ? e : e.getCause()));
    }
  }

  // ---- promoted

  @Test
  void aReaderThatIsPromotedRunsIt() throws SQLException {
    try (PostgresServer alone = PostgresServer.startEmbedded(ServerSettings.defaults());
        Replica follower = Replica.of(alone)) {
      PoolConfig.Builder config =
          config("serializable-promoted")
              .url(alone.jdbcUrl())
              .user(alone.user())
              .password(alone.password())
              .readers(List.of(follower.server().jdbcUrl()));
      try (Pool pool = open(config)) {
        awaitReader(pool);
        assertThat(Way.RUN.where(pool)).isEqualTo(PRIMARY);
        follower.promote();
        String ofThem = "select inet_server_port()";
        String port = follower.server().ask(ofThem);
        Await.until(
            Db.LIMIT,
            () -> {
              try {
                return port.equals(
                    pool.<String, SQLException>run(reading(SERIALIZABLE), c -> Db.ask(c, ofThem)));
              } catch (SQLException e) {
                throw new AssertionError(e);
              }
            },
            "it to be run on what was the standby");
      }
    }
  }
}
