package io.everpool.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.Pool;
import io.everpool.api.ResetMode;
import io.everpool.core.Everpool;
import io.everpool.servers.Sampled;
import java.io.InputStream;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyManager;
import org.postgresql.copy.CopyOut;
import org.postgresql.copy.PGCopyInputStream;
import org.postgresql.copy.PGCopyOutputStream;
import org.postgresql.fastpath.FastpathArg;
import org.postgresql.largeobject.LargeObjectManager;
import org.postgresql.replication.LogSequenceNumber;
import org.postgresql.replication.PGReplicationStream;

/**
 * Whatever a borrower leaves behind, by whatever object of the driver's, the next ones get a
 * connection that answers what they ask. No deadline of the pool's helps here: each would end the
 * test.
 */
@Sampled
@Timeout(120)
class BorrowersIT {

  /** What a borrower does before it gives its connection back. */
  private interface Borrower {
    void use(Connection connection) throws Exception;
  }

  static CopyManager copies(Connection connection) throws SQLException {
    return connection.unwrap(PGConnection.class).getCopyAPI();
  }

  static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static CopyIn copyIn(Connection connection, String data) throws SQLException {
    CopyIn copy = copies(connection).copyIn("copy left_behind from stdin");
    byte[] bytes = data.getBytes(UTF_8);
    copy.writeToCopy(bytes, 0, bytes.length);
    return copy;
  }

  private static Arguments way(String name, Borrower borrower) {
    return Arguments.of(name, borrower);
  }

  static Stream<Arguments> borrowers() {
    return Stream.of(
        way("a copy in, begun", c -> copies(c).copyIn("copy left_behind from stdin")),
        way("a copy in, half written", c -> copyIn(c, "1\n2")),
        way("a copy in, flushed", c -> copyIn(c, "1\n").flushCopy()),
        way("a copy in that the server refuses", c -> copyIn(c, "no number\n").flushCopy()),
        way(
            "a copy in by a stream that is never closed",
            c -> {
              PGCopyOutputStream out =
                  new PGCopyOutputStream(
                      c.unwrap(PGConnection.class), "copy left_behind from stdin");
              out.write("1\n".getBytes(UTF_8));
              out.flush();
            }),
        way("a copy out, begun", c -> copies(c).copyOut("copy (select 1) to stdout")),
        way(
            "a copy out, half read",
            c -> {
              CopyOut out = copies(c).copyOut("copy (select generate_series(1, 100000)) to stdout");
              out.readFromCopy();
            }),
        way(
            "a copy out by a stream that is closed early",
            c -> {
              try (InputStream in =
                  new PGCopyInputStream(
                      c.unwrap(PGConnection.class),
                      "copy (select g from generate_series(1, 10) g) to stdout")) {
                assertThat(in.read(new byte[4])).isPositive();
              }
            }),
        way(
            "the same of many rows",
            c -> {
              try (InputStream in =
                  new PGCopyInputStream(
                      c.unwrap(PGConnection.class),
                      "copy (select g from generate_series(1, 1000000) g) to stdout")) {
                assertThat(in.read(new byte[4])).isPositive();
              }
            }),
        way(
            "a copy out that fails on the server",
            c -> {
              CopyOut out =
                  copies(c)
                      .copyOut("copy (select 1 / (3 - g) from generate_series(1, 5) g) to stdout");
              out.readFromCopy();
            }),
        way(
            "a fastpath call that the server refuses",
            c -> {
              @SuppressWarnings("deprecation")
              org.postgresql.fastpath.Fastpath calls =
                  c.unwrap(PGConnection.class).getFastpathAPI();
              calls.fastpath("lo_close", new FastpathArg[] {new FastpathArg(77)});
            }),
        way(
            "a fastpath call in an open transaction",
            c -> {
              c.setAutoCommit(false);
              @SuppressWarnings("deprecation")
              org.postgresql.fastpath.Fastpath calls =
                  c.unwrap(PGConnection.class).getFastpathAPI();
              calls.fastpath("lo_creat", new FastpathArg[] {new FastpathArg(-1)});
            }),
        way(
            "a large object, open",
            c -> {
              c.setAutoCommit(false);
              LargeObjectManager objects = c.unwrap(PGConnection.class).getLargeObjectAPI();
              objects.open(objects.createLO(), LargeObjectManager.READWRITE).write(new byte[9]);
            }),
        way(
            "a cursor with hold",
            c -> execute(c, "declare held cursor with hold for select generate_series(1, 10)")),
        way(
            "a result set, half read",
            c -> {
              c.setAutoCommit(false);
              Statement statement = c.createStatement();
              statement.setFetchSize(2);
              ResultSet rows = statement.executeQuery("select generate_series(1, 100)");
              rows.next();
            }),
        way(
            "a failed transaction by the driver's own object",
            c -> {
              Connection own = c.unwrap(org.postgresql.jdbc.PgConnection.class);
              own.setAutoCommit(false);
              try {
                execute(own, "select 1 / 0");
              } catch (SQLException expected) {
                // it stays open, and failed
              }
            }),
        way(
            "settings by the driver's own object",
            c -> {
              PGConnection own = c.unwrap(PGConnection.class);
              own.setPrepareThreshold(1);
              own.setDefaultFetchSize(3);
              execute(
                  c.unwrap(org.postgresql.jdbc.PgConnection.class),
                  "set search_path to pg_catalog; listen x; select pg_advisory_lock(7)");
            }),
        way(
            "a statement that still runs in another thread",
            c -> {
              String query = sleep();
              inAnotherThread(() -> execute(c, query), query);
            }),
        way(
            "the same by the driver's own object",
            c -> {
              Connection own = c.unwrap(org.postgresql.jdbc.PgConnection.class);
              String query = sleep();
              inAnotherThread(() -> execute(own, query), query);
            }),
        way(
            "another thread that waits for notifications",
            c -> {
              PGConnection own = c.unwrap(PGConnection.class);
              execute(c, "listen x");
              CountDownLatch begun = new CountDownLatch(1);
              Thread thread =
                  new Thread(
                      () -> {
                        begun.countDown();
                        try {
                          own.getNotifications(0);
                        } catch (SQLException e) {
                          // it is cut
                        }
                      });
              thread.setDaemon(true);
              thread.start();
              begun.await();
              io.everpool.servers.Await.until(
                  Db.LIMIT,
                  () ->
                      thread.getState() == Thread.State.RUNNABLE
                          && java.util.Arrays.stream(thread.getStackTrace())
                              .anyMatch(
                                  f ->
                                      f.getMethodName().contains("select")
                                          || f.getMethodName().contains("epoll")
                                          || f.getMethodName().contains("poll")),
                  "the other thread to wait in the driver");
            }),
        way(
            "a cancel from another thread",
            c -> {
              Statement statement = c.createStatement();
              Thread thread =
                  new Thread(
                      () -> {
                        try {
                          statement.cancel();
                        } catch (SQLException e) {
                          // too late
                        }
                      });
              thread.setDaemon(true);
              thread.start();
              statement.execute("select 1");
            }),
        way(
            "a query timer that fires about now",
            c -> {
              Statement statement = c.createStatement();
              statement.setQueryTimeout(1);
              try {
                statement.execute("select pg_sleep(1)");
              } catch (SQLException e) {
                // it was quicker
              }
            }));
  }

  /** Much hand-written JDBC does, and a connection that was lost is closed. */
  @Test
  void whoClosesOnlyWhatIsNotClosedKeepsNoPlace() throws SQLException {
    try (Pool pool = Everpool.open(Db.config("borrowers").minSize(1).maxSize(2).build())) {
      for (int i = 0; i < 5; i++) {
        Connection connection = pool.getConnection();
        try {
          assertThat(
                  catchThrowable(
                      () -> execute(connection, "select pg_terminate_backend(pg_backend_pid())")))
              .isInstanceOf(SQLException.class);
        } finally {
          if (!connection.isClosed()) {
            connection.close();
          }
        }
      }
      io.everpool.servers.Await.until(Db.LIMIT, () -> pool.snapshot().leased() == 0, "none out");
    }
  }

  interface Blocking {
    void run() throws SQLException;
  }

  private static final AtomicInteger SLEEPS = new AtomicInteger();

  /** A query that takes long, and is like no other. */
  static String sleep() {
    return "select pg_sleep(60), " + SLEEPS.incrementAndGet() + " as sleep";
  }

  /** Returns once the server is at it. */
  static void inAnotherThread(Blocking call, String query) {
    Thread thread =
        new Thread(
            () -> {
              try {
                call.run();
              } catch (SQLException e) {
                // it is cut
              }
            });
    thread.setDaemon(true);
    thread.start();
    io.everpool.servers.Await.until(
        Db.LIMIT,
        () ->
            Db.server()
                .ask(
                    "select count(*) from pg_stat_activity where state = 'active' and query like '%"
                        + query
                        + "%' and pid <> pg_backend_pid()")
                .equals("1"),
        query + " to run");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("borrowers")
  void theNextOnesAreAnswered(String name, Borrower borrower) throws Exception {
    for (ResetMode reset : ResetMode.values()) {
      try (Pool pool = pool(reset)) {
        try (Connection connection = pool.getConnection()) {
          execute(connection, "create table if not exists left_behind (i int)");
        }
        Connection lease = pool.getConnection();
        try {
          borrower.use(lease);
        } catch (SQLException e) {
          // what the server refuses
        }
        lease.close();
        List<String> answers = new ArrayList<>();
        for (String who : List.of("alice", "bob", "carol", "dave")) {
          try (Connection connection = pool.getConnection()) {
            answers.add(Db.ask(connection, "select '" + who + "'"));
          }
        }
        assertThat(answers)
            .as("%s, %s", name, reset)
            .containsExactly("alice", "bob", "carol", "dave");
        if (reset != ResetMode.NONE) {
          try (Connection connection = pool.getConnection()) {
            assertThat(Db.ask(connection, "show search_path")).isEqualTo("\"$user\", public");
            assertThat(
                    Db.ask(
                        connection,
                        "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()"))
                .isEqualTo("0");
            assertThat(connection.unwrap(PGConnection.class).getPrepareThreshold()).isEqualTo(5);
          }
        }
      }
    }
  }

  /** The connections of this pool are the server's senders of its log, and speak SQL as well. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aReplicationStreamIsLeftRunning(boolean read) throws Exception {
    Db.server().execute("alter role app replication");
    for (ResetMode reset : ResetMode.values()) {
      try (Pool pool = pool(reset, KeptObjectsIT.SENDER)) {
        try (Connection connection = pool.getConnection()) {
          String position = Db.ask(connection, "select pg_current_wal_lsn()");
          PGReplicationStream stream =
              connection
                  .unwrap(PGConnection.class)
                  .getReplicationAPI()
                  .replicationStream()
                  .physical()
                  .withStartPosition(LogSequenceNumber.valueOf(position))
                  .start();
          if (read) {
            stream.readPending();
          }
        }
        for (String who : List.of("alice", "bob")) {
          try (Connection connection = pool.getConnection()) {
            assertThat(Db.ask(connection, "select '" + who + "'")).as("%s", reset).isEqualTo(who);
          }
        }
      }
    }
  }

  static Pool pool(ResetMode reset) throws SQLException {
    return pool(reset, Map.of("ApplicationName", "borrowers"));
  }

  /** One connection, and deadlines that no test waits for. */
  static Pool pool(ResetMode reset, Map<String, String> properties) throws SQLException {
    return Everpool.open(
        Db.config("borrowers")
            .properties(properties)
            .minSize(1)
            .maxSize(1)
            .reset(reset)
            .resetTimeout(Duration.ofHours(1))
            .closeTimeout(Duration.ofHours(1))
            .acquireTimeout(Duration.ofSeconds(20))
            .commandTimeout(Duration.ofHours(1))
            .drainTimeout(Duration.ZERO)
            .build());
  }
}
