package io.everpool.jdbi;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.PostgresServer.Shutdown;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntPredicate;
import java.util.stream.Stream;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.transaction.TransactionException;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;
import org.jdbi.v3.sqlobject.SqlObjectPlugin;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;
import org.jdbi.v3.sqlobject.transaction.Transaction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Many threads in every kind of unit while all backends are ended and the server is restarted. */
class OutageTest {
  private static final int THREADS = 8;
  private static final int BLOWS = 4;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final AtomicInteger ids = new AtomicInteger();
  private final AtomicInteger done = new AtomicInteger();
  private final Queue<Integer> acknowledged = new ConcurrentLinkedQueue<>();
  private final Queue<Throwable> errors = new ConcurrentLinkedQueue<>();

  private volatile boolean over;
  private PostgresServer server;
  private Pool pool;
  private Jdbi jdbi;

  /** Writes and reads by SqlObject. */
  public interface Entries {
    @SqlUpdate("insert into entry values (:id)")
    void insert(int id);

    @Transaction
    default void insertOne(int id) {
      insert(id);
    }

    @ReadOnly
    @SqlQuery("select count(*) from entry")
    int count();

    @Transaction(readOnly = true)
    default int countInTransaction() {
      return count();
    }

    @SqlQuery("select id from entry")
    List<Integer> all();
  }

  @BeforeEach
  void open() throws SQLException {
    server = PostgresServer.start();
    pool = Everpool.open(PoolConfig.builder(server.libpqUrl()).build());
    jdbi = EverpoolJdbi.create(pool).installPlugin(new SqlObjectPlugin());
    jdbi.useHandle(handle -> handle.execute("create table entry (id int)"));
  }

  @AfterEach
  void close() {
    pool.close();
    server.close();
  }

  @Test
  void whenAllBackendsAreEndedNobodySeesItAndEachTransactionIsThereOnce() throws Exception {
    during(
        id -> id % 2 == 0 ? write(id) : read(id),
        () -> {
          for (int blow = 1; blow <= BLOWS; blow++) {
            server.terminateAll();
            awaitProgress();
          }
        });

    assertThat(errors).isEmpty();
    assertThat(jdbi.onDemand(Entries.class).all())
        .containsExactlyInAnyOrderElementsOf(acknowledged);
    assertThat(pool.snapshot().retries()).isPositive();
    Await.until(Duration.ofSeconds(60), () -> pool.snapshot().leased() == 0, "no lease to be out");
  }

  @Test
  void whenTheServerIsRestartedNobodyWhoReadsSeesIt() throws Exception {
    during(
        this::read,
        () -> {
          for (int blow = 1; blow <= BLOWS; blow++) {
            server.restart(Shutdown.FAST);
            awaitProgress();
          }
        });

    assertThat(errors).isEmpty();
  }

  /** A server that was restarted may not know any more what became of a COMMIT in its last hour. */
  @Test
  void whenTheServerIsRestartedNothingIsDoubledAndWhatIsNotKnownIsSaid() throws Exception {
    during(
        this::write,
        () -> {
          server.restart(Shutdown.FAST);
          awaitProgress();
        });

    assertThat(errors).allMatch(OutageTest::saysThatItIsNotKnown);
    List<Integer> found = jdbi.onDemand(Entries.class).all();
    assertThat(found).doesNotHaveDuplicates().containsAll(acknowledged);
    assertThat(found.size() - acknowledged.size()).isBetween(0, errors.size());
  }

  private static boolean saysThatItIsNotKnown(Throwable error) {
    return error instanceof TransactionException
        && Stream.iterate(error, Objects::nonNull, Throwable::getCause)
            .anyMatch(CommitOutcomeUnknownException.class::isInstance);
  }

  /** Has threads run units until {@code blows} have struck. */
  private void during(IntPredicate unit, Runnable blows) throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      Thread thread = new Thread(() -> work(unit));
      threads.add(thread);
      thread.start();
    }
    try {
      awaitProgress();
      blows.run();
    } finally {
      over = true;
    }
    for (Thread thread : threads) {
      thread.join(PATIENCE.toMillis());
      assertThat(thread.isAlive()).isFalse();
    }
  }

  private void work(IntPredicate unit) {
    while (!over) {
      int id = ids.incrementAndGet();
      try {
        if (unit.test(id)) {
          acknowledged.add(id);
        }
        done.incrementAndGet();
      } catch (RuntimeException e) {
        errors.add(e);
      }
    }
  }

  /** A transaction of one of the three kinds; true, for something was written. */
  private boolean write(int id) {
    switch (id / 2 % 3) {
      case 0 -> jdbi.onDemand(Entries.class).insertOne(id);
      case 1 -> jdbi.useTransaction(handle -> handle.attach(Entries.class).insert(id));
      default ->
          jdbi.useTransaction(
              TransactionIsolationLevel.REPEATABLE_READ,
              handle -> handle.attach(Entries.class).insert(id));
    }
    return true;
  }

  /** A read of one of the three kinds; false, for nothing was written. */
  private boolean read(int id) {
    switch (id / 2 % 3) {
      case 0 -> jdbi.onDemand(Entries.class).count();
      case 1 -> jdbi.onDemand(Entries.class).countInTransaction();
      default ->
          EverpoolJdbi.readOnly(jdbi)
              .useHandle(handle -> handle.execute("select count(*) from entry"));
    }
    return false;
  }

  /** Each thread gets something done, whatever was done to it just now. */
  private void awaitProgress() {
    int goal = done.get() + 10 * THREADS;
    Await.until(PATIENCE, () -> done.get() >= goal, "progress after an outage");
  }
}
