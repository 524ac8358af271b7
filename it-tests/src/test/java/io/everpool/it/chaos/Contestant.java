package io.everpool.it.chaos;

import io.everpool.it.chaos.Score.Figure;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** One application, its threads, and how it fares. Not thread-safe. */
final class Contestant implements AutoCloseable {
  private static final int WRITERS = 8;

  /** Longer than any unit may take once the faults are over. */
  private static final Duration STUCK = Duration.ofSeconds(120);

  private final Application application;
  private final Crashes crashes;
  private final Score score;
  private final AtomicLong ids = new AtomicLong();
  private final List<Thread> threads = new ArrayList<>();
  private volatile Books books = new Books();
  private volatile boolean open;

  Contestant(Application application, Crashes crashes) {
    this.application = application;
    this.crashes = crashes;
    this.score = new Score(application.name());
  }

  Score score() {
    return score;
  }

  /** Transfers acknowledged so far, those of the present round included. */
  long acknowledged() {
    return score.get(Figure.ACKNOWLEDGED) + books.acknowledged.size();
  }

  /** Those whose outcome nobody knows. */
  long unknown() {
    return score.get(Figure.UNKNOWN) + books.unknown.size();
  }

  /** Begins a round. */
  void start(long seed) {
    books = new Books();
    open = true;
    for (int i = 0; i < WRITERS; i++) {
      Writer writer = new Writer(application, books, crashes, ids, seed + i, () -> open);
      Thread thread = new Thread(writer, application.schema() + "-writer-" + i);
      thread.setDaemon(true);
      threads.add(thread);
      thread.start();
    }
  }

  /** The threads finish what they are at. */
  void stop() {
    open = false;
  }

  /** Waits for them; one that doesn't end is a flaw. */
  void join() throws InterruptedException {
    long deadline = System.nanoTime() + STUCK.toNanos();
    for (Thread thread : threads) {
      thread.join(Math.max(1, (deadline - System.nanoTime()) / 1_000_000));
      if (thread.isAlive()) {
        score.flaw(
            Figure.WRONG,
            thread.getName()
                + " is stuck ("
                + application.remarks()
                + ") at "
                + List.of(thread.getStackTrace()));
      }
    }
    threads.clear();
  }

  /** Makes the round's account and empties the tables for the next. */
  void settle(Connection connection) throws SQLException {
    books.lookedUp.addAll(application.takeLookedUp());
    new Audit(connection, application.schema(), books, score).run();
    books = new Books();
    new Ledger(application.schema()).clear(connection);
  }

  @Override
  public void close() {
    application.close();
  }
}
