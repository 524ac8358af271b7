package io.everpool.benchmarks.restarts;

import io.everpool.api.AcquireTimeoutException;
import io.everpool.api.Pool;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.WorkOptions;
import io.everpool.benchmarks.contenders.Contender;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import javax.sql.DataSource;

/** Threads of an application that query through one pool, over and over. */
final class Team implements AutoCloseable {
  static final int THREADS = 4;
  private static final long PAUSE_NANOS = 1_000_000;
  private static final long UNSET = Long.MIN_VALUE;

  /** One query, from the acquire to the release. */
  @FunctionalInterface
  private interface Query {
    void run() throws SQLException;
  }

  private final String label;
  private final Contender.Open pool;
  private final Query query;
  private final Duration acquireTimeout;
  private final LongSupplier connects;
  private final List<Thread> threads = new ArrayList<>();
  private final AtomicLong success = new AtomicLong(UNSET);
  private final AtomicLong errors = new AtomicLong();
  private final AtomicLong late = new AtomicLong();
  private volatile boolean over;
  private volatile long connectsBefore;
  private volatile long connectsInOutage;

  private Team(
      String label,
      Contender.Open pool,
      Query query,
      Duration acquireTimeout,
      LongSupplier connects) {
    this.connects = connects;
    this.label = label;
    this.pool = pool;
    this.query = query;
    this.acquireTimeout = acquireTimeout;
  }

  /**
   * A team that takes connections itself, and tries again after an error, as users write it by
   * hand.
   */
  static Team byHand(
      String label, Contender.Open pool, Duration acquireTimeout, LongSupplier connects) {
    return new Team(label, pool, () -> query(pool.source()), acquireTimeout, connects);
  }

  /** How many connects Everpool has begun. */
  static long connects(Contender.Open everpool) {
    PoolSnapshot now = ((Pool) everpool.source()).snapshot();
    return now.opened() + now.connectFailures() + now.connecting();
  }

  /** A team that gives the pool units of work, which the pool runs again itself. */
  static Team inUnits(String label, Contender.Open pool, Duration acquireTimeout) {
    Pool units = (Pool) pool.source();
    return new Team(
        label,
        pool,
        () ->
            units.<Boolean, SQLException>run(
                WorkOptions.READ_ONLY,
                connection -> {
                  select(connection);
                  return true;
                }),
        acquireTimeout,
        () -> connects(pool));
  }

  private static void query(DataSource source) throws SQLException {
    try (Connection connection = source.getConnection()) {
      select(connection);
    }
  }

  private static void select(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select 1")) {
      rows.next();
    }
  }

  void start() {
    for (int i = 0; i < THREADS; i++) {
      Thread thread = new Thread(this::work, label + " " + i);
      thread.setDaemon(true);
      thread.start();
      threads.add(thread);
    }
  }

  private void work() {
    while (!over) {
      long begun = System.nanoTime();
      try {
        query.run();
        success.compareAndSet(UNSET, System.nanoTime());
      } catch (SQLException e) {
        errors.incrementAndGet();
        if (isTimeout(e) || System.nanoTime() - begun > acquireTimeout.toNanos()) {
          late.incrementAndGet();
        }
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  private static boolean isTimeout(SQLException e) {
    // HikariCP has no exception class of its own for this.
    return e instanceof AcquireTimeoutException
        || (e instanceof SQLTransientConnectionException
            && String.valueOf(e.getMessage()).contains("request timed out"));
  }

  /** Notes that an outage begins: connects are counted from now on. */
  void outageBegins() {
    connectsBefore = connects.getAsLong();
  }

  /** Notes that the outage has lasted until now, if it is over. */
  void outageLasts() {
    connectsInOutage = connects.getAsLong() - connectsBefore;
  }

  /** How many connects the pool has begun in the last outage. */
  long connectsInOutage() {
    return connectsInOutage;
  }

  String label() {
    return label;
  }

  /** Makes queries count that succeed from now on; it is called while the server is down. */
  void expectSuccess() {
    success.set(UNSET);
  }

  /**
   * The moment at which the first query since then had its answer, by {@link System#nanoTime()}.
   */
  long awaitSuccess(Duration limit) {
    long deadline = System.nanoTime() + limit.toNanos();
    while (success.get() == UNSET) {
      if (System.nanoTime() - deadline >= 0) {
        throw new IllegalStateException(label + " did not come back within " + limit);
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
    return success.get();
  }

  /** How many queries ended in an exception. */
  long errors() {
    return errors.get();
  }

  /** How many of these have a caller that waited in vain until its deadline. */
  long late() {
    return late.get();
  }

  @Override
  public void close() throws SQLException {
    over = true;
    try {
      for (Thread thread : threads) {
        thread.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    pool.close();
  }
}
