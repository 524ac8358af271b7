package io.everpool.texts;

import io.everpool.api.Pool;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** A thread of the program that takes connections. */
final class Borrower {

  private interface Errand {
    void run(Borrower self, Pool pool) throws Exception;
  }

  /** However busy the machine is, and whatever acquire-timeout the test is about. */
  private static final Duration LONG = Duration.ofMinutes(2);

  private final CountDownLatch ready = new CountDownLatch(1);
  private final CountDownLatch over = new CountDownLatch(1);
  private final Thread thread;
  private volatile @Nullable Exception failure;

  private Borrower(String name, Pool pool, Errand errand) {
    thread = new Thread(() -> run(pool, errand), name);
    thread.setDaemon(true);
  }

  private void run(Pool pool, Errand errand) {
    try {
      errand.run(this, pool);
    } catch (Exception e) {
      failure = e;
    } finally {
      ready.countDown();
    }
  }

  private static Borrower start(Borrower borrower) throws InterruptedException {
    borrower.thread.start();
    borrower.ready.await();
    return borrower;
  }

  /** One that has a connection, and works with it until it is told to end. */
  static Borrower busy(String name, Pool pool) throws InterruptedException {
    return start(new Borrower(name, pool, Borrower::workWithoutEnd));
  }

  private void workWithoutEnd(Pool pool) throws Exception {
    try (Connection connection = pool.getConnection(LONG)) {
      connection.getAutoCommit();
      ready.countDown();
      over.await();
    }
  }

  /** One that has a connection and then wants a second one, for which it may have to wait. */
  static Borrower greedy(String name, Pool pool) throws InterruptedException {
    return start(new Borrower(name, pool, Borrower::takeTheFirst));
  }

  private void takeTheFirst(Pool pool) throws SQLException {
    try (Connection connection = pool.getConnection(LONG)) {
      connection.getAutoCommit();
      ready.countDown();
      takeOne(pool);
    }
  }

  /** One that wants a connection, for which it may have to wait. */
  static Borrower waiting(String name, Pool pool) throws InterruptedException {
    return start(
        new Borrower(
            name,
            pool,
            (self, from) -> {
              self.ready.countDown();
              self.takeOne(from);
            }));
  }

  private void takeOne(Pool pool) throws SQLException {
    try (Connection connection = pool.getConnection(LONG)) {
      connection.getAutoCommit();
    }
  }

  /** Ends it; what it was told is thrown. */
  void end() throws SQLException {
    over.countDown();
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    if (failure instanceof SQLException told) {
      throw told;
    }
    if (failure != null) {
      throw new IllegalStateException(failure);
    }
  }
}
