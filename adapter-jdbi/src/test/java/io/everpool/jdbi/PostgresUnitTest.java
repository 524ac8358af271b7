package io.everpool.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.RetryConfig;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.FaultProxy.Cut;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.jdbi.v3.core.statement.UnableToCreateStatementException;
import org.jdbi.v3.core.transaction.TransactionException;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;
import org.jdbi.v3.postgres.PgLobApi;
import org.jdbi.v3.postgres.PostgresTypes;
import org.jdbi.v3.sqlobject.SqlObject;
import org.jdbi.v3.sqlobject.SqlObjectPlugin;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;
import org.jdbi.v3.sqlobject.transaction.Transaction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Units of work of Jdbi whose backend is ended in the middle, on a real server and pool. */
@Tag("contract")
class PostgresUnitTest {
  private static PostgresServer server;
  private static Pool pool;
  private static Jdbi jdbi;

  /** How many more times {@link #kill} ends the backend it is called on. */
  private final AtomicInteger kills = new AtomicInteger(1);

  /** What a SqlObject can be. */
  public interface Entries extends SqlObject {
    @SqlUpdate("insert into entry values (:id)")
    void insert(int id);

    @ReadOnly
    @SqlQuery("select id from entry order by id")
    List<Integer> all();

    @Transaction(TransactionIsolationLevel.SERIALIZABLE)
    default void insertTwo(Runnable between) {
      insert(1);
      between.run();
      insert(2);
    }

    @Transaction(readOnly = true)
    default List<Integer> allTwice(Runnable between) {
      List<Integer> all = new ArrayList<>(all());
      between.run();
      all.addAll(all());
      return all;
    }
  }

  @BeforeAll
  static void open() throws SQLException {
    server = PostgresServer.start(ServerSettings.defaults().with("log_statement", "all"));
    pool = Everpool.open(PoolConfig.builder(server.libpqUrl()).maxSize(4).build());
    jdbi = EverpoolJdbi.create(pool).installPlugin(new SqlObjectPlugin());
    jdbi.useHandle(handle -> handle.execute("create table entry (id int)"));
  }

  @AfterAll
  static void close() {
    pool.close();
    server.close();
  }

  @BeforeEach
  void empty() {
    jdbi.useTransaction(handle -> handle.execute("truncate entry"));
  }

  @AfterEach
  void nothingIsOut() {
    Await.until( // what was lost is told of once its place is free, which is after the unit perhaps
        Duration.ofSeconds(60), () -> pool.snapshot().leased() == 0, "no lease to be out");
  }

  @Test
  void aTransactionIsThereOnce() {
    int answer =
        jdbi.inTransaction(
            handle -> {
              handle.execute("insert into entry values (1)");
              kill(handle);
              handle.execute("insert into entry values (2)");
              return 42;
            });

    assertThat(answer).isEqualTo(42);
    assertThat(entries()).containsExactly(1, 2);
    assertThat(kills).hasValue(0);
  }

  /**
   * The pool gives up after many races, and says so around the last; the callback has thrown it. On
   * a busy machine the time may be over after the first.
   */
  @Test
  void whatACallbackThrowsComesOutThoughItWasRunAgain() throws SQLException {
    List<SQLException> thrown = List.of();
    for (int seconds = 1; thrown.size() < 2 && seconds < 60; seconds *= 2) {
      thrown = thrownWithin(Duration.ofSeconds(seconds));
    }
    assertThat(thrown).hasSizeGreaterThan(1);
  }

  private static List<SQLException> thrownWithin(Duration time) throws SQLException {
    RetryConfig brief = RetryConfig.DEFAULT.withMaxDuration(time);
    List<SQLException> thrown = new ArrayList<>();
    try (Pool impatient =
        Everpool.open(PoolConfig.builder(server.libpqUrl()).maxSize(1).retry(brief).build())) {
      Jdbi racing = EverpoolJdbi.create(impatient);
      assertThatThrownBy(
              () ->
                  racing.<Void, SQLException>inTransaction(
                      handle -> {
                        SQLException lost = new SQLException("lost a race", "40001");
                        thrown.add(lost);
                        throw lost;
                      }))
          .isSameAs(thrown.get(thrown.size() - 1));
    }
    return thrown;
  }

  @Test
  void aTransactionBegunByHandIsThereOnce() {
    jdbi.useHandle(
        handle -> {
          handle.begin();
          handle.execute("insert into entry values (1)");
          kill(handle);
          handle.execute("insert into entry values (2)");
          handle.commit();
        });

    assertThat(entries()).containsExactly(1, 2);
  }

  /** The handle as a whole can't be rerun any more, for its first transaction is committed. */
  @Test
  void transactionsOneAfterTheOtherAreThereOnceEach() {
    jdbi.useHandle(
        handle -> {
          handle.useTransaction(first -> first.execute("insert into entry values (1)"));
          handle.useTransaction(
              second -> {
                second.execute("insert into entry values (2)");
                kill(second);
                second.execute("insert into entry values (3)");
              });
        });

    assertThat(entries()).containsExactly(1, 2, 3);
    assertThat(kills).hasValue(0);
  }

  /**
   * Handle sets the level back after the COMMIT, by a round trip, and asks for the connection's
   * state when it is closed: a failure of either would be reported as the transaction's.
   */
  @Test
  void aConnectionThatIsLostAfterTheCommitIsNoFailureOfTheTransaction() {
    int answer =
        jdbi.inTransaction(
            TransactionIsolationLevel.REPEATABLE_READ,
            handle -> {
              handle.execute("insert into entry values (1)");
              int session = pid(handle);
              handle.afterCommit(() -> server.terminate(session));
              return 42;
            });
    Entries entries = jdbi.onDemand(Entries.class);
    entries.insertTwo(
        () -> {
          Handle handle = entries.getHandle();
          int session = pid(handle);
          handle.afterCommit(() -> server.terminate(session));
        });

    assertThat(answer).isEqualTo(42);
    assertThat(entries()).containsExactly(1, 1, 2);
  }

  /** What is done next with the handle tells. */
  @Test
  void aHandleWhoseConnectionWasLostAfterACommitSaysSo() {
    try (Handle handle = jdbi.open()) {
      handle.useTransaction(
          TransactionIsolationLevel.SERIALIZABLE,
          inside -> {
            inside.execute("insert into entry values (1)");
            int session = pid(inside);
            inside.afterCommit(() -> server.terminate(session));
          });
      assertThatThrownBy(() -> handle.execute("select 1"))
          .isInstanceOf(UnableToCreateStatementException.class)
          .hasRootCauseInstanceOf(SQLException.class);
    }
    assertThat(entries()).containsExactly(1);
  }

  /** Setting the level back fails, too, on a connection that is closed, and must not hide it. */
  @Test
  void aCommitOfUnknownOutcomeIsSaidToBeOneAtEveryLevel() throws SQLException {
    try (FaultProxy proxy = FaultProxy.before(server);
        Pool single =
            Everpool.open(
                PoolConfig.builder(server.libpqUrl(proxy.host(), proxy.port()))
                    .minSize(1)
                    .maxSize(1)
                    .acquireTimeout(Duration.ofSeconds(10))
                    .retry(RetryConfig.DEFAULT.withMaxDuration(Duration.ofSeconds(3)))
                    .build())) {
      assertThatThrownBy(
              () ->
                  EverpoolJdbi.create(single)
                      .useTransaction(
                          TransactionIsolationLevel.SERIALIZABLE,
                          handle -> {
                            handle.execute("insert into entry values (1)");
                            proxy.cutReplyTo("COMMIT", Cut.RST);
                            proxy.refuse();
                          }))
          .isInstanceOf(TransactionException.class)
          .hasStackTraceContaining(CommitOutcomeUnknownException.class.getName());
    }
  }

  private static int pid(Handle handle) {
    return handle.createQuery("select pg_backend_pid()").mapTo(Integer.class).one();
  }

  /** The pool can't know that the query didn't write. */
  @Test
  void aTransactionAfterAQueryIsThereOnce() {
    jdbi.useHandle(
        handle -> {
          int one = handle.createQuery("select 1").mapTo(Integer.class).one();
          handle.useTransaction(
              inside -> {
                inside.execute("insert into entry values (?)", one);
                kill(inside);
                inside.execute("insert into entry values (2)");
              });
        });

    assertThat(entries()).containsExactly(1, 2);
    assertThat(kills).hasValue(0);
  }

  @Test
  void aTransactionOfAnOpenHandleIsThereOnceAndTheHandleGoesOn() {
    try (Handle handle = jdbi.open()) {
      handle.useTransaction(
          TransactionIsolationLevel.REPEATABLE_READ,
          inside -> {
            inside.execute("insert into entry values (1)");
            kill(inside);
            inside.execute("insert into entry values (2)");
            assertThat(inside.getTransactionIsolationLevel())
                .isEqualTo(TransactionIsolationLevel.REPEATABLE_READ);
          });
      assertThat(handle.isInTransaction()).isFalse();
      assertThat(handle.createQuery("show transaction_isolation").mapTo(String.class).one())
          .isEqualTo("read committed");
    }
    assertThat(entries()).containsExactly(1, 2);
  }

  @Test
  void aTransactionOfASqlObjectIsThereOnce() {
    Entries entries = jdbi.onDemand(Entries.class);

    entries.insertTwo(() -> killNewest());

    assertThat(entries.all()).containsExactly(1, 2);
    assertThat(kills).hasValue(0);
  }

  @Test
  void aReadOnlyTransactionOfASqlObjectSeesTheWhole() {
    Entries entries = jdbi.onDemand(Entries.class);
    jdbi.useTransaction(handle -> handle.execute("insert into entry values (1), (2)"));

    assertThat(entries.allTwice(() -> killNewest())).containsExactly(1, 2, 1, 2);
  }

  @Test
  void aHandleThatOnlyReadsSeesTheWhole() {
    jdbi.useTransaction(handle -> handle.execute("insert into entry values (1), (2)"));

    List<Integer> all =
        EverpoolJdbi.readOnly(jdbi)
            .withHandle(
                handle -> {
                  kill(handle);
                  return handle.createQuery("select id from entry").mapTo(Integer.class).list();
                });

    assertThat(all).containsExactlyInAnyOrder(1, 2);
    assertThat(kills).hasValue(0);
  }

  /** Its rows are gone with the session; it must neither block the rerun nor leak into it. */
  @Test
  void aResultThatWasStillOpenDoesNotPreventTheRerun() {
    jdbi.useTransaction(
        handle -> handle.execute("insert into entry select generate_series(1, 1000)"));

    int last =
        EverpoolJdbi.readOnly(jdbi)
            .inTransaction(
                handle -> {
                  Iterator<Integer> rows =
                      handle
                          .createQuery("select id from entry order by id")
                          .setFetchSize(10)
                          .mapTo(Integer.class)
                          .iterator();
                  int row = 0;
                  while (rows.hasNext()) {
                    row = rows.next();
                    if (row == 500) {
                      kill(handle);
                    }
                  }
                  return row;
                });

    assertThat(last).isEqualTo(1000);
    assertThat(kills).hasValue(0);
  }

  @Test
  void aWriteInAutocommitIsNotRepeated() throws SQLException {
    try (FaultProxy proxy = FaultProxy.before(server);
        Pool single =
            Everpool.open(
                PoolConfig.builder(server.libpqUrl(proxy.host(), proxy.port()))
                    .maxSize(1)
                    .build())) {
      assertThatThrownBy(
              () ->
                  EverpoolJdbi.create(single)
                      .useHandle(
                          handle -> {
                            handle.execute("insert into entry values (1)");
                            proxy.cutReplyTo("insert", Cut.RST);
                            handle.execute("insert into entry values (2)");
                          }))
          .isInstanceOf(UnitFailedException.class);
    }

    assertThat(entries()).containsExactly(1, 2);
  }

  /** Though nothing of it was sent, its session being over: what is before it is there. */
  @Test
  void aWriteBehindAnotherIsNotRepeated() {
    assertThatThrownBy(
            () ->
                jdbi.useHandle(
                    handle -> {
                      handle.execute("insert into entry values (1)");
                      kill(handle);
                      handle.execute("insert into entry values (2)");
                    }))
        .isInstanceOf(JdbiException.class);

    assertThat(entries()).containsExactly(1);
  }

  @Test
  void anIdempotentHandleIsRerunThoughItWrote() {
    EverpoolJdbi.idempotent(jdbi)
        .useHandle(
            handle -> {
              handle.execute("delete from entry");
              handle.execute("insert into entry values (3)");
              kill(handle);
              handle.execute("select 1");
            });

    assertThat(entries()).containsExactly(3);
  }

  /** The large objects' functions are looked up on the session that the handle was opened with. */
  @Test
  void largeObjectsAreThoseOfTheRenewedSession() throws Exception {
    Jdbi jdbi = Jdbi.create(pool).installPlugin(new EverpoolPlugin(pool).withDriverTypes());
    byte[] content = {1, 2, 3};
    long oid =
        jdbi.inTransaction(
            handle -> {
              kill(handle);
              PgLobApi objects = handle.getConfig(PostgresTypes.class).getLobApi();
              handle.execute("select 1");
              long created = objects.createLob();
              objects.writeLob(created, new ByteArrayInputStream(content));
              return created;
            });

    byte[] found =
        jdbi.inTransaction(
            handle -> {
              try (InputStream in =
                  handle.getConfig(PostgresTypes.class).getLobApi().readLob(oid)) {
                return in.readAllBytes();
              }
            });
    assertThat(found).isEqualTo(content);
    jdbi.useTransaction(handle -> handle.getConfig(PostgresTypes.class).getLobApi().deleteLob(oid));
  }

  @Test
  void aTransactionThatLostARaceIsRunAgain() {
    jdbi.useTransaction(handle -> handle.execute("insert into entry values (0)"));
    AtomicInteger runs = new AtomicInteger();

    jdbi.useTransaction(
        TransactionIsolationLevel.SERIALIZABLE,
        handle -> {
          int sum = handle.createQuery("select sum(id) from entry").mapTo(Integer.class).one();
          if (runs.incrementAndGet() == 1) {
            server.execute("update entry set id = id + 1");
          }
          handle.execute("update entry set id = ?", sum + 10);
        });

    assertThat(runs).hasValue(2);
    assertThat(entries()).containsExactly(11);
  }

  /**
   * Jdbi asks for the level before and after each transaction of a SqlObject, outside of the unit:
   * a round trip to a server that has just gone away would fail a transaction that is committed.
   */
  @Test
  void theIsolationLevelIsAskedForOncePerConnection() {
    Entries entries = jdbi.onDemand(Entries.class);
    for (int i = 0; i < 20; i++) {
      entries.insertTwo(() -> {});
      entries.allTwice(() -> {});
    }

    assertThat(server.log().lines().filter(line -> line.contains("SHOW TRANSACTION")).count())
        .isBetween(1L, pool.snapshot().opened());
  }

  private static List<Integer> entries() {
    return jdbi.onDemand(Entries.class).all();
  }

  /** Ends the backend under {@code handle} the first time it is called. */
  private void kill(Handle handle) {
    if (kills.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
      server.terminate(pid(handle));
    }
  }

  /** Ends the backend that is in a transaction, the first time it is called. */
  private void killNewest() {
    if (kills.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
      server.terminate(
          Integer.parseInt(
              server.ask(
                  "select pid from pg_stat_activity where state = 'idle in transaction'"
                      + " and usename = 'app'")));
    }
  }
}
