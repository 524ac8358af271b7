package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.CloseReason;
import io.everpool.api.Pool;
import io.everpool.api.ResetMode;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;
import org.postgresql.largeobject.LargeObjectManager;
import org.postgresql.replication.LogSequenceNumber;

/**
 * The driver's own objects outlive the lease that gave them out, and whoever keeps one may use it
 * when the connection has gone back. While it idles the pool can see that; what he does while
 * somebody else has it already nobody can help. Nor may who gives it back wait for another thread
 * that is in the driver still.
 */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class KeptObjectsIT {

  /** For connections that are the server's senders of its log, and speak SQL as well. */
  static final Map<String, String> SENDER =
      Map.of(
          "ApplicationName", "borrowers",
          "replication", "database",
          "preferQueryMode", "simple",
          "assumeMinServerVersion", "9.4");

  /** What is done with what was kept. */
  private interface Use {
    void run() throws Exception;
  }

  /** What a borrower keeps, and uses when the connection has gone back and idles. */
  private interface Keeper {
    Use keep(Connection connection) throws Exception;
  }

  private static Arguments kept(String name, Keeper keeper) {
    return Arguments.of(name, keeper);
  }

  static Stream<Arguments> keepers() {
    return Stream.of(
        kept(
            "a copy in",
            c -> {
              CopyManager copies = BorrowersIT.copies(c);
              return () -> copies.copyIn("copy left_behind from stdin");
            }),
        kept(
            "a copy out, begun",
            c -> {
              CopyManager copies = BorrowersIT.copies(c);
              return () -> copies.copyOut("copy (select 1) to stdout");
            }),
        kept(
            "a copy out, half read",
            c -> {
              CopyManager copies = BorrowersIT.copies(c);
              return () ->
                  copies
                      .copyOut("copy (select generate_series(1, 100000)) to stdout")
                      .readFromCopy();
            }),
        kept(
            "a copy that is over",
            c -> {
              CopyManager copies = BorrowersIT.copies(c);
              return () -> copies.copyIn("copy left_behind from stdin").endCopy();
            }),
        kept(
            "a statement that runs in another thread",
            c -> {
              Connection own = c.unwrap(org.postgresql.jdbc.PgConnection.class);
              String query = BorrowersIT.sleep();
              return () ->
                  BorrowersIT.inAnotherThread(() -> BorrowersIT.execute(own, query), query);
            }),
        kept(
            "a transaction",
            c -> {
              Connection own = c.unwrap(org.postgresql.jdbc.PgConnection.class);
              return () -> BorrowersIT.execute(own, "begin");
            }),
        kept(
            "a transaction that has failed",
            c -> {
              Connection own = c.unwrap(org.postgresql.jdbc.PgConnection.class);
              return () -> {
                BorrowersIT.execute(own, "begin");
                BorrowersIT.execute(own, "select 1 / 0");
              };
            }),
        kept(
            "a large object",
            c -> {
              c.setAutoCommit(false);
              LargeObjectManager objects = c.unwrap(PGConnection.class).getLargeObjectAPI();
              org.postgresql.largeobject.LargeObject object =
                  objects.open(objects.createLO(), LargeObjectManager.READWRITE);
              c.commit();
              return () -> object.write(new byte[9]);
            }));
  }

  /** One connection, which nobody has when it is used. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("keepers")
  void whatIsKeptAndUsedBetweenTwoLeasesHoldsUpNobody(String name, Keeper keeper) throws Exception {
    for (ResetMode reset : ResetMode.values()) {
      try (Pool pool = BorrowersIT.pool(reset)) {
        Connection lease = pool.getConnection();
        BorrowersIT.execute(lease, "create table if not exists left_behind (i int)");
        Use late = keeper.keep(lease);
        lease.close();
        ask(pool, "select 'he has nothing of it'"); // and it doesn't end with the next lease
        try {
          late.run();
        } catch (SQLException e) {
          // what the server refuses
        }
        for (String who : List.of("alice", "bob")) {
          try (Connection connection = pool.getConnection()) {
            assertThat(Db.ask(connection, "select '" + who + "'"))
                .as("%s, %s", name, reset)
                .isEqualTo(who);
            assertThat(catchThrowable(() -> BorrowersIT.execute(connection, "savepoint mine")))
                .as("%s, %s: he is in nobody's transaction", name, reset)
                .hasMessageContaining("only be used in transaction blocks");
          }
        }
      }
    }
  }

  @Test
  void aReplicationStreamIsBegunBetweenTwoLeases() throws Exception {
    Db.server().execute("alter role app replication");
    try (Pool pool = BorrowersIT.pool(ResetMode.SMART, SENDER)) {
      String position;
      PGConnection own;
      try (Connection connection = pool.getConnection()) {
        position = Db.ask(connection, "select pg_current_wal_lsn()");
        own = connection.unwrap(PGConnection.class);
      }
      own.getReplicationAPI()
          .replicationStream()
          .physical()
          .withStartPosition(LogSequenceNumber.valueOf(position))
          .start();
      assertThat(ask(pool, "select 'alice'")).isEqualTo("alice");
    }
  }

  /** Of statements the pool knows which are open; of metadata it doesn't know who asks for it. */
  @Test
  void metadataThatAnotherThreadAsksForHoldsUpNobody() throws Exception {
    try (Pool pool = BorrowersIT.pool(ResetMode.SMART);
        Connection admin =
            DriverManager.getConnection(
                Db.server().jdbcUrl(), "postgres", Db.server().password())) {
      admin.setAutoCommit(false);
      BorrowersIT.execute(admin, "lock table pg_description in access exclusive mode");
      Connection lease = pool.getConnection();
      DatabaseMetaData metadata = lease.getMetaData();
      BorrowersIT.inAnotherThread(
          () -> metadata.getTables(null, null, "kept", null).close(), "TABLE_SCHEM");
      lease.close();
      assertThat(ask(pool, "select 'alice'")).isEqualTo("alice");
    }
  }

  /** It sends something, and waits for the answer. */
  private interface Question {
    void ask(Connection connection) throws SQLException;
  }

  static Stream<Arguments> questions() {
    return Stream.of(
        asked("validity", c -> c.isValid(600)),
        asked("schema", Connection::getSchema),
        asked("level", Connection::getTransactionIsolation),
        asked("a type", c -> c.createArrayOf("pg_class", new Object[0])));
  }

  private static Arguments asked(String name, Question question) {
    return Arguments.of(name, question);
  }

  /** Nobody is lent a connection in whose driver another thread waits for an answer. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("questions")
  void whatAnotherThreadAsksForHoldsUpNobody(String name, Question question) throws Exception {
    try (FaultProxy proxy = FaultProxy.before(Db.server());
        Pool pool =
            Everpool.open(
                Db.config(
                        "questions",
                        "jdbc:postgresql://127.0.0.1:"
                            + proxy.port()
                            + "/"
                            + Db.server().database())
                    .minSize(1)
                    .maxSize(1)
                    .resetTimeout(Duration.ofHours(1))
                    .commandTimeout(Duration.ofHours(1))
                    .drainTimeout(Duration.ZERO)
                    .build())) {
      Connection lease = pool.getConnection();
      proxy.freeze(FaultProxy.Direction.TO_CLIENT);
      long before = proxy.bytes(FaultProxy.Direction.TO_SERVER);
      Thread thread =
          new Thread(
              () -> {
                try {
                  question.ask(lease);
                } catch (SQLException e) {
                  // it is cut
                }
              });
      thread.setDaemon(true);
      thread.start();
      Await.until(
          Db.LIMIT,
          () -> proxy.bytes(FaultProxy.Direction.TO_SERVER) > before,
          "the question to be sent");
      lease.close();
      Await.until(
          Db.LIMIT,
          () -> pool.snapshot().closed().containsKey(CloseReason.RESET_FAILED),
          "the connection to be closed and not lent");
      proxy.thaw();
      assertThat(ask(pool, "select 'alice'")).isEqualTo("alice");
    }
  }

  private static String ask(Pool pool, String sql) throws SQLException {
    try (Connection connection = pool.getConnection()) {
      return Db.ask(connection, sql);
    }
  }
}
