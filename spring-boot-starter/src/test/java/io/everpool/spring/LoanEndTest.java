package io.everpool.spring;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.core.Everpool;
import io.everpool.servers.PostgresServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyManager;
import org.postgresql.copy.PGCopyInputStream;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * What one transaction of a unit leaves on the unit's connection doesn't reach the next one. In a
 * pool of one connection: what is taken beside the unit's never comes.
 */
@Tag("contract")
@Timeout(60)
class LoanEndTest {
  private static SpringPool pool;
  private static JdbcTemplate jdbc;

  /** What is left on the driver's own object. */
  enum Left {
    COPY_IN {
      @Override
      void leave(Connection c) throws SQLException {
        copies(c).copyIn("copy loan from stdin");
      }
    },
    COPY_IN_HALF_WRITTEN {
      @Override
      void leave(Connection c) throws SQLException {
        CopyIn copy = copies(c).copyIn("copy loan from stdin");
        byte[] row = "half\nwrit".getBytes(UTF_8);
        copy.writeToCopy(row, 0, row.length);
        copy.flushCopy();
      }
    },
    COPY_OUT {
      @Override
      void leave(Connection c) throws SQLException {
        copies(c).copyOut("copy (select generate_series(1, 100000)) to stdout");
      }
    },
    /** All of it is in the driver's buffer. */
    STREAM_CLOSED_EARLY {
      @Override
      void leave(Connection c) throws SQLException {
        closeEarly(c, 10);
      }
    },
    LONG_STREAM_CLOSED_EARLY {
      @Override
      void leave(Connection c) throws SQLException {
        closeEarly(c, 1_000_000);
      }
    };

    abstract void leave(Connection connection) throws SQLException;

    private static void closeEarly(Connection c, int rows) throws SQLException {
      String copy = "copy (select g from generate_series(1, " + rows + ") g) to stdout";
      try (InputStream in = new PGCopyInputStream(c.unwrap(PGConnection.class), copy)) {
        assertThat(in.read(new byte[4])).isPositive();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @BeforeAll
  static void open() throws SQLException {
    PostgresServer server = Boot.server();
    pool =
        new SpringPool(
            Everpool.open(
                PoolConfig.builder(server.jdbcUrl())
                    .name("loans")
                    .user(server.user())
                    .password(server.password())
                    .minSize(0)
                    .maxSize(1)
                    .acquireTimeout(Duration.ofSeconds(20))
                    .build()));
    jdbc = new JdbcTemplate(pool);
    jdbc.execute("create table if not exists loan (text varchar)");
  }

  @AfterAll
  static void close() {
    pool.close();
  }

  @BeforeEach
  void empty() {
    jdbc.execute("delete from loan");
  }

  /** What may throw anything. */
  interface Body {
    void run() throws Exception;
  }

  private static void rerun(WorkOptions options, Body body) throws Exception {
    pool.rerun(
        options,
        () -> {
          body.run();
          return true;
        });
  }

  private static void write(String text) {
    jdbc.update("insert into loan values (?)", text);
  }

  private static List<String> entries() {
    return jdbc.queryForList("select text from loan order by text", String.class);
  }

  private static TransactionTemplate transaction() {
    return new TransactionTemplate(new JdbcTransactionManager(pool));
  }

  /** Ends the session of the unit, which finds that out when it next uses it. */
  private static void terminate(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("select pg_backend_pid()")) {
      assertThat(row.next()).isTrue();
      Boot.server().terminate(row.getInt(1));
    }
  }

  private static CopyManager copies(Connection connection) throws SQLException {
    return connection.unwrap(PGConnection.class).getCopyAPI();
  }

  /** Until nobody is there to read it, who may be gone a moment later than told. */
  private static void writeForEver(CopyIn copy) throws SQLException {
    byte[] row = "a\n".getBytes(UTF_8);
    for (; ; ) {
      copy.writeToCopy(row, 0, row.length);
      copy.flushCopy();
    }
  }

  private static void isAnswered() {
    for (String who : List.of("alice", "bob")) {
      assertThat(jdbc.queryForObject("select '" + who + "'", String.class)).isEqualTo(who);
    }
    write("kept");
    assertThat(entries()).containsExactly("kept");
  }

  // ---- what is under way

  @ParameterizedTest
  @EnumSource
  void nobodyWaitsForWhatALoanHasLeftUnderWay(Left left) throws Exception {
    rerun(
        WorkOptions.DEFAULT,
        () -> {
          try (Connection connection = pool.getConnection()) {
            left.leave(connection);
          }
          isAnswered();
        });

    assertThat(entries()).containsExactly("kept");
  }

  @ParameterizedTest
  @EnumSource
  void norForWhatATransactionHas(Left left) throws Exception {
    rerun(
        WorkOptions.DEFAULT,
        () -> {
          try (Connection connection = pool.getConnection()) {
            connection.setReadOnly(left != Left.COPY_IN && left != Left.COPY_IN_HALF_WRITTEN);
            connection.setAutoCommit(false);
            left.leave(connection);
          }
          isAnswered();
        });

    assertThat(entries()).containsExactly("kept");
  }

  /** Spring rolls back, which cuts the connection. */
  @ParameterizedTest
  @EnumSource
  void norAfterASpringTransactionThatHasFailed(Left left) throws Exception {
    IllegalStateException own = new IllegalStateException("own");
    rerun(
        WorkOptions.DEFAULT,
        () -> {
          assertThatThrownBy(
                  () ->
                      transaction()
                          .executeWithoutResult(
                              status -> {
                                jdbc.execute(
                                    (Connection connection) -> {
                                      left.leave(connection);
                                      return true;
                                    });
                                throw own;
                              }))
              .isSameAs(own);
          isAnswered();
        });

    assertThat(entries()).containsExactly("kept");
  }

  /** What was done on the other connection would be done twice. */
  @Test
  void behindItAUnitRunsOnce() throws Exception {
    AtomicInteger runs = new AtomicInteger();

    assertThatThrownBy(
            () ->
                rerun(
                    WorkOptions.DEFAULT,
                    () -> {
                      runs.incrementAndGet();
                      try (Connection connection = pool.getConnection()) {
                        Left.COPY_IN.leave(connection);
                      }
                      write("kept");
                      throw new SQLException("a conflict", "40001");
                    }))
        .hasMessage("a conflict");

    assertThat(runs).hasValue(1);
    assertThat(entries()).containsExactly("kept");
  }

  /** A server that has gone is no fault of the copy's. */
  @Test
  void aLossUnderACopyIsALoss() throws Exception {
    AtomicInteger runs = new AtomicInteger();

    rerun(
        WorkOptions.IDEMPOTENT,
        () -> {
          if (runs.incrementAndGet() == 1) {
            try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select pg_backend_pid()")) {
              assertThat(row.next()).isTrue();
              int pid = row.getInt(1);
              CopyIn copy = copies(connection).copyIn("copy loan from stdin");
              Boot.server().terminate(pid);
              assertThatThrownBy(() -> writeForEver(copy)).isInstanceOf(SQLException.class);
            }
          }
          isAnswered();
        });

    assertThat(runs).hasValue(2);
    assertThat(entries()).containsExactly("kept");
  }

  /** To have had the driver's own object is no reason to be run once: nothing was sent. */
  @Test
  void whatWasOnlyHandedOutIsRunAgain() throws Exception {
    AtomicInteger runs = new AtomicInteger();

    rerun(
        WorkOptions.DEFAULT,
        () -> {
          runs.incrementAndGet();
          try (Connection connection = pool.getConnection()) {
            assertThat(connection.unwrap(PGConnection.class)).isNotNull();
          }
          transaction()
              .executeWithoutResult(
                  status -> {
                    write("run " + runs);
                    if (runs.get() == 1) {
                      jdbc.execute(
                          (Connection connection) -> {
                            terminate(connection);
                            return true;
                          });
                    }
                    write("end");
                  });
        });

    assertThat(runs).hasValue(2);
    assertThat(entries()).containsExactly("end", "run 2");
  }

  // ---- what is open

  /** JDBC knows of no transaction. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatWasBegunAsSqlIsRolledBack(boolean inTransaction) throws Exception {
    rerun(
        WorkOptions.DEFAULT,
        () -> {
          jdbc.execute("begin; insert into loan values ('left open')");
          if (inTransaction) {
            transaction().executeWithoutResult(status -> write("kept"));
          } else {
            write("kept");
          }
        });

    assertThat(entries()).containsExactly("kept");
  }

  @Test
  void aStatementIsClosedWithItsLoan() throws Exception {
    rerun(
        WorkOptions.DEFAULT,
        () -> {
          Statement statement;
          ResultSet rows;
          try (Connection connection = pool.getConnection()) {
            statement = connection.createStatement();
            rows = statement.executeQuery("select 1");
          }
          assertThat(statement.isClosed()).isTrue();
          assertThat(rows.isClosed()).isTrue();
          isAnswered();
        });
  }

  // ---- what is lost

  /** The one that finds it out has no loan, and holds none. */
  @Test
  void aLossBetweenTwoLoansIsRunAgain() throws Exception {
    AtomicInteger runs = new AtomicInteger();

    rerun(
        WorkOptions.DEFAULT,
        () -> {
          if (runs.incrementAndGet() == 1) {
            try (Connection connection = pool.getConnection()) {
              connection.setAutoCommit(false);
              terminate(connection);
              assertThatThrownBy(() -> connection.createStatement().execute("select 1"))
                  .isInstanceOf(SQLException.class);
            }
          }
          isAnswered();
        });

    assertThat(runs).hasValue(2);
    assertThat(entries()).containsExactly("kept");
    assertThat(pool.snapshot().leased()).isZero();
  }
}
