package io.everpool.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.ResetMode;
import io.everpool.api.WorkOptions;
import io.everpool.core.Everpool;
import io.everpool.servers.Sampled;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyOut;
import org.postgresql.copy.PGCopyInputStream;
import org.postgresql.jdbc.PgConnection;

/**
 * A copy that was left under way, at each end that a transaction may have: nothing waits for it,
 * and no COMMIT is believed by another's answer. No deadline of the pool's helps here.
 */
@Sampled
@Timeout(240)
@Tag("one-jdk")
class LeftUnderWayIT {
  private static final int ROWS = 10;

  /** What is left. */
  enum Left {
    COPY_IN {
      @Override
      void leave(Connection c) throws SQLException {
        BorrowersIT.copies(c).copyIn("copy left_copy from stdin");
      }
    },
    COPY_IN_HALF_WRITTEN {
      @Override
      void leave(Connection c) throws SQLException {
        CopyIn copy = BorrowersIT.copies(c).copyIn("copy left_copy from stdin");
        byte[] row = "1\n2".getBytes(UTF_8);
        copy.writeToCopy(row, 0, row.length);
        copy.flushCopy();
      }
    },
    COPY_OUT {
      @Override
      void leave(Connection c) throws SQLException {
        BorrowersIT.copies(c).copyOut("copy (select generate_series(1, 100000)) to stdout");
      }
    },
    /** All of it is in the driver's buffer. */
    STREAM_CLOSED_EARLY {
      @Override
      void leave(Connection c) throws SQLException {
        closeEarly(c, ROWS);
      }
    },
    LONG_STREAM_CLOSED_EARLY {
      @Override
      void leave(Connection c) throws SQLException {
        closeEarly(c, 1_000_000);
      }
    };

    abstract void leave(Connection connection) throws SQLException;

    boolean writes() {
      return this == COPY_IN || this == COPY_IN_HALF_WRITTEN;
    }

    private static void closeEarly(Connection c, int rows) throws SQLException {
      try (InputStream in =
          new PGCopyInputStream(
              c.unwrap(PGConnection.class),
              "copy (select g from generate_series(1, " + rows + ") g) to stdout")) {
        assertThat(in.read(new byte[4])).isPositive();
      } catch (java.io.IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** How a unit of work ends that has left something. */
  enum End {
    RETURNS {
      @Override
      void end() {}
    },
    THROWS {
      @Override
      void end() {
        throw new IllegalStateException("the work's own");
      }
    };

    abstract void end();
  }

  private static final List<WorkOptions> OPTIONS =
      List.of(
          WorkOptions.DEFAULT,
          WorkOptions.READ_ONLY,
          WorkOptions.IDEMPOTENT,
          WorkOptions.DEFAULT.withDeadline(Duration.ofMinutes(3)));

  @BeforeEach
  void tables() throws SQLException {
    Db.server()
        .execute(
            "drop table if exists left_child, left_parent, left_copy;"
                + " create table left_copy (i int); grant all on left_copy to public; create table left_parent (i int primary key);"
                + " create table left_child (i int references left_parent"
                + " deferrable initially deferred); grant all on left_child, left_parent to public");
  }

  private static PoolConfig.Builder config() throws SQLException {
    return Db.config("left")
        .minSize(1)
        .maxSize(1)
        .resetTimeout(Duration.ofHours(1))
        .closeTimeout(Duration.ofHours(1))
        .acquireTimeout(Duration.ofSeconds(60))
        .commandTimeout(Duration.ofHours(1))
        .drainTimeout(Duration.ZERO);
  }

  /** Whoever comes next finds what he asks for, and nothing of the one before. */
  private static void isAnswered(Pool pool) throws SQLException {
    for (String who : List.of("alice", "bob")) {
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.ask(connection, "select '" + who + "'")).isEqualTo(who);
        assertThat(Db.ask(connection, "select count(*) from left_copy")).isEqualTo("0");
      }
    }
  }

  static Stream<Arguments> units() {
    return Stream.of(Left.values())
        .flatMap(
            left ->
                Stream.of(End.values())
                    .flatMap(
                        end ->
                            OPTIONS.stream()
                                .filter(options -> !options.readOnly() || !left.writes())
                                .map(options -> Arguments.of(left, end, options))));
  }

  @ParameterizedTest
  @MethodSource("units")
  void aUnitThatLeavesItFailsAndSaysSo(Left left, End end, WorkOptions options) throws Exception {
    try (Pool pool = Everpool.open(config().build())) {
      for (boolean transaction : new boolean[] {true, false}) {
        AtomicInteger runs = new AtomicInteger();
        Throwable thrown =
            catchThrowable(
                () -> {
                  if (transaction) {
                    pool.inTransaction(
                        options,
                        c -> {
                          runs.incrementAndGet();
                          Db.ask(c, "select 1");
                          left.leave(c);
                          end.end();
                          return null;
                        });
                  } else {
                    pool.run(
                        options,
                        c -> {
                          runs.incrementAndGet();
                          left.leave(c);
                          end.end();
                          return null;
                        });
                  }
                });
        if (end == End.THROWS) {
          assertThat(thrown).isExactlyInstanceOf(IllegalStateException.class);
        } else if (transaction && !options.readOnly()) {
          assertThat(thrown)
              .isInstanceOfSatisfying(
                  SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("HY010"))
              .hasMessageContaining("still under way");
        }
        assertThat(runs).hasValue(1);
        isAnswered(pool);
      }
    }
  }

  /** The server refuses the COMMIT, and the answer to the copy would have told of success. */
  @ParameterizedTest
  @EnumSource
  void noCommitIsBelievedThatTheServerRefuses(Left left) throws Exception {
    for (boolean asks : new boolean[] {true, false}) {
      try (Pool pool =
          Everpool.open(config().retry(config().build().retry().withCommitOutcome(asks)).build())) {
        for (int time = 0; time < 3; time++) {
          assertThatThrownBy(
                  () ->
                      pool.inTransaction(
                          c -> {
                            BorrowersIT.execute(c, "insert into left_child values (1)");
                            left.leave(c);
                            return null;
                          }))
              .isInstanceOf(SQLException.class)
              .hasMessageContaining("still under way");
        }
        isAnswered(pool);
      }
    }
  }

  /** Without a unit of work nobody asks before; nothing is told as done that isn't. */
  @ParameterizedTest
  @EnumSource
  void noCommitOfOnesOwnIsBelievedThatTheServerRefuses(Left left) throws Exception {
    try (Pool pool = Everpool.open(config().build())) {
      for (int way = 0; way < 3; way++) {
        boolean byAutoCommit = way == 1;
        try (Connection connection = pool.getConnection()) {
          if (way == 2) {
            connection.unwrap(PgConnection.class).setAutoCommit(false);
          } else {
            connection.setAutoCommit(false);
          }
          BorrowersIT.execute(connection, "insert into left_child values (1)");
          left.leave(connection);
          assertThatThrownBy(
                  () -> {
                    if (byAutoCommit) {
                      connection.setAutoCommit(true);
                    } else {
                      connection.commit();
                    }
                  })
              .isInstanceOf(SQLException.class);
        }
        isAnswered(pool);
      }
    }
  }

  /** A call of JDBC's. */
  private interface Call {
    void on(Connection connection) throws Exception;
  }

  /** As frameworks end a transaction whose work has failed; that it has is what is to be told. */
  @ParameterizedTest
  @EnumSource
  void aRollbackIsDoneByTheCut(Left left) throws Exception {
    try (Pool pool = Everpool.open(config().build())) {
      try (Connection connection = pool.getConnection()) {
        connection.setReadOnly(!left.writes());
        connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        connection.setAutoCommit(false);
        Db.ask(connection, "select 1");
        left.leave(connection);
        connection.rollback();
        connection.setAutoCommit(true);
        connection.setReadOnly(false);
        connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
        assertThatThrownBy(() -> Db.ask(connection, "select 1"))
            .isInstanceOf(SQLException.class)
            .hasMessageContaining("closed")
            .hasStackTraceContaining("still under way");
      }
      isAnswered(pool);
    }
  }

  /** Whatever else a framework asks or sets back: nobody waits for ever. */
  @ParameterizedTest
  @EnumSource
  void nobodyWaitsInAnyOtherCall(Left left) throws Exception {
    List<Call> calls =
        List.of(
            c -> c.setReadOnly(left.writes()),
            c -> c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE),
            Connection::getTransactionIsolation,
            c -> c.setSchema("public"),
            Connection::getSchema,
            Connection::getCatalog,
            c -> c.setCatalog("x"),
            c -> c.setHoldability(ResultSet.CLOSE_CURSORS_AT_COMMIT),
            c -> c.setTypeMap(Map.of()),
            Connection::getTypeMap,
            Connection::beginRequest,
            Connection::endRequest,
            Connection::createClob,
            Connection::createBlob,
            Connection::createSQLXML,
            c -> c.nativeSQL("{fn now()}"),
            c -> c.createStruct("x", new Object[] {1}),
            c -> c.prepareCall("{call x()}").close(),
            c -> c.setClientInfo("ApplicationName", "x"),
            Connection::getClientInfo,
            c -> c.isValid(0),
            Connection::setSavepoint,
            c -> c.setSavepoint("s"),
            Connection::getAutoCommit,
            Connection::isReadOnly,
            Connection::clearWarnings,
            Connection::getWarnings,
            Connection::getMetaData,
            Connection::getHoldability,
            Connection::getNetworkTimeout,
            c -> c.setNetworkTimeout(Runnable::run, 60_000),
            c -> c.createArrayOf("int", new Object[] {1}),
            c -> c.createStatement().close(),
            c -> c.prepareStatement("select 1").close());
    try (Pool pool = Everpool.open(config().build())) {
      for (Call call : calls) {
        try (Connection connection = pool.getConnection()) {
          connection.setReadOnly(!left.writes());
          connection.setAutoCommit(false);
          Savepoint before = connection.setSavepoint();
          left.leave(connection);
          for (Call each : List.of(call, (Call) c -> c.releaseSavepoint(before))) {
            Throwable thrown = catchThrowable(() -> each.on(connection));
            assertThat(thrown == null || thrown instanceof SQLException).as("%s", thrown).isTrue();
          }
        }
      }
      isAnswered(pool);
    }
  }

  /** It is cut, and those who would send something before are not asked. */
  @ParameterizedTest
  @EnumSource
  void noInterceptorWaitsForIt(Left left) throws Exception {
    LeaseInterceptor asks =
        new LeaseInterceptor() {
          @Override
          public void returning(Connection connection) throws SQLException {
            Db.ask(connection, "select 1");
          }
        };
    try (Pool pool = Everpool.builder(config().build()).interceptor(asks).open()) {
      for (boolean toGo : new boolean[] {false, true}) {
        try (Connection connection = pool.getConnection()) {
          left.leave(connection);
          if (toGo) {
            pool.replaceAll();
          }
        }
        isAnswered(pool);
      }
    }
  }

  /** What sends nothing needs no answer. */
  @Test
  void whatIsSetAlreadyMayBeSetBesideACopy() throws Exception {
    try (Pool pool = Everpool.open(config().build());
        Connection connection = pool.getConnection()) {
      CopyOut copy =
          BorrowersIT.copies(connection).copyOut("copy (select generate_series(1, 9)) to stdout");
      connection.setAutoCommit(true);
      int rows = 0;
      while (copy.readFromCopy() != null) {
        rows++;
      }
      assertThat(rows).isEqualTo(9);
    }
  }

  /** A copy that is ended keeps nobody from anything. */
  @Test
  void whoEndsItCommits() throws Exception {
    for (ResetMode reset : ResetMode.values()) {
      try (Pool pool = Everpool.open(config().reset(reset).build())) {
        pool.inTransaction(
            c -> {
              CopyIn copy = BorrowersIT.copies(c).copyIn("copy left_copy from stdin");
              byte[] row = "1\n".getBytes(UTF_8);
              copy.writeToCopy(row, 0, row.length);
              copy.endCopy();
              return null;
            });
        pool.inTransaction(
            c -> {
              CopyOut copy = BorrowersIT.copies(c).copyOut("copy left_copy to stdout");
              while (copy.readFromCopy() != null) {
                // to its end
              }
              BorrowersIT.execute(c, "insert into left_copy values (2)");
              return null;
            });
        assertThat(Db.server().ask("select count(*) from left_copy")).isEqualTo("2");
        Db.server().execute("truncate left_copy");
      }
    }
  }
}
