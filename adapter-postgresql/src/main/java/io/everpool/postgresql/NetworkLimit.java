package io.everpool.postgresql;

import java.sql.Connection;
import java.sql.SQLException;

/**
 * Limits how long the server may take to answer what the pool itself asks, by the connection's
 * network timeout.
 */
record NetworkLimit(Connection jdbc) {
  private static final long NANOS_PER_MILLI = 1_000_000;

  /** A question that the server answers with a result. */
  @FunctionalInterface
  interface Exchange<T> {
    T run() throws SQLException;
  }

  /** A request that the server only acknowledges. */
  @FunctionalInterface
  interface Step {
    void run() throws SQLException;
  }

  /** Does what {@link #within} does, for a request that has no result. */
  void during(long timeoutNanos, Step step) throws SQLException {
    within(
        timeoutNanos,
        () -> {
          step.run();
          return this;
        });
  }

  /**
   * Runs an exchange within a time. If the connection has a shorter limit of its own, the shorter
   * one counts; otherwise the connection's own limit is put back afterwards.
   */
  <T> T within(long timeoutNanos, Exchange<T> exchange) throws SQLException {
    int before = jdbc.getNetworkTimeout();
    int millis = millis(timeoutNanos);
    boolean shorter = before == 0 || millis < before;
    if (shorter) {
      jdbc.setNetworkTimeout(Runnable::run, millis);
    }
    try {
      return exchange.run();
    } finally {
      if (shorter && !jdbc.isClosed()) {
        jdbc.setNetworkTimeout(Runnable::run, before);
      }
    }
  }

  /** The time in milliseconds, rounded up: at least one, and at most what JDBC takes. */
  static int millis(long nanos) {
    return (int) Math.min(Integer.MAX_VALUE, 1 + (nanos - 1) / NANOS_PER_MILLI);
  }
}
