package io.everpool.core.stress;

import io.everpool.api.AcquireTimeoutException;
import io.everpool.api.Pool;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;

/** Many threads that use a pool as badly as a caller may, and one that makes it worse. */
final class Crowd {
  private final Pool pool;
  private final Mortals mortals;
  private final int rounds;
  private final List<Thread> threads = new ArrayList<>();
  private final CountDownLatch running;

  /** What happened how often, by name. */
  final Map<String, LongAdder> tally = new ConcurrentHashMap<>();

  /** What must not happen. */
  final Queue<String> violations = new ConcurrentLinkedQueue<>();

  Crowd(Pool pool, Mortals mortals, ThreadFactory factory, int size, int rounds) {
    this.pool = pool;
    this.mortals = mortals;
    this.rounds = rounds;
    this.running = new CountDownLatch(size);
    for (int i = 0; i < size; i++) {
      threads.add(factory.newThread(this::live));
    }
  }

  /** Runs them all to their end, under fire. */
  void run() {
    threads.forEach(Thread::start);
    RandomGenerator random = ThreadLocalRandom.current();
    while (running.getCount() > 0) {
      switch (random.nextInt(4)) {
        case 0 -> {
          Mortal victim = mortals.anyAlive();
          if (victim != null) {
            victim.kill();
            count("killed");
          }
        }
        default -> {
          threads.get(random.nextInt(threads.size())).interrupt();
          count("interrupts sent");
        }
      }
      LockSupport.parkNanos(200_000);
    }
  }

  private void live() {
    try {
      RandomGenerator random = ThreadLocalRandom.current();
      for (int round = 0; round < rounds; round++) {
        useOnce(random);
        Thread.interrupted(); // an interrupt ends a wait, not a life
      }
    } catch (RuntimeException | Error e) {
      violations.add("a thread died of " + e);
    } finally {
      running.countDown();
    }
  }

  private void useOnce(RandomGenerator random) {
    try {
      Connection connection = pool.getConnection();
      Mortal mortal = null;
      try {
        mortal = owner(connection);
        use(connection, random);
        count("used");
      } finally {
        if (mortal != null && !mortal.left()) {
          violations.add("somebody else took a lent connection");
        }
        connection.close();
        if (random.nextInt(8) == 0) {
          connection.close();
        }
      }
    } catch (AcquireTimeoutException e) {
      count("timed out");
    } catch (SQLException e) {
      String state = String.valueOf(e.getSQLState());
      count(state.startsWith("08") ? "failed with " + state : "UNEXPECTED " + e);
    }
  }

  private Mortal owner(Connection connection) throws SQLException {
    Mortal mortal = mortals.below(connection);
    if (!mortal.taken()) {
      violations.add("lent to two at once");
    }
    return mortal;
  }

  private void use(Connection connection, RandomGenerator random) throws SQLException {
    for (int query = random.nextInt(3); query > 0; query--) {
      PreparedStatement statement = connection.prepareStatement("select 1");
      statement.execute();
      if (random.nextBoolean()) {
        statement.close();
      }
    }
    switch (random.nextInt(40)) {
      case 0 -> connection.setReadOnly(true);
      case 1 -> connection.setAutoCommit(false);
      case 2 -> LockSupport.parkNanos(20_000_000);
      case 3, 4, 5, 6, 7, 8, 9, 10 -> LockSupport.parkNanos(random.nextInt(200_000));
      default -> {}
    }
  }

  private void count(String what) {
    tally.computeIfAbsent(what, w -> new LongAdder()).increment();
  }
}
