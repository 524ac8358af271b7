package io.everpool.benchmarks.restarts;

import io.everpool.servers.PostgresServer;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import java.util.concurrent.locks.LockSupport;

/**
 * Finds out when a server accepts sessions again, by raw logins, one after the other, without a
 * pool.
 */
final class Prober {
  private static final long PAUSE_NANOS = 2_000_000;

  private final String url;
  private final Properties login = new Properties();
  private final Runnable beforeEach;
  private volatile long accepts;
  private final Thread thread = new Thread(this::probe, "prober");

  /**
   * @param beforeEach runs before each login that is tried, also before the one that succeeds
   */
  Prober(PostgresServer server, Runnable beforeEach) {
    url = server.jdbcUrl();
    this.beforeEach = beforeEach;
    login.setProperty("user", server.user());
    login.setProperty("password", server.password());
    login.setProperty("ApplicationName", "prober");
  }

  /** Begins to try logins, at a server that is down. */
  void start() {
    thread.setDaemon(true);
    thread.start();
  }

  private void probe() {
    for (; ; ) {
      beforeEach.run();
      long begun = System.nanoTime();
      try {
        DriverManager.getConnection(url, login).close();
        accepts = begun;
        return;
      } catch (SQLException notYet) {
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }

  /**
   * The moment at which the first login that succeeded was begun, by {@link System#nanoTime()}. The
   * server may have been ready a few milliseconds before, but never after it.
   */
  long await() throws InterruptedException {
    thread.join();
    return accepts;
  }
}
