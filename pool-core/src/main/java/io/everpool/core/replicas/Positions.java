package io.everpool.core.replicas;

import io.everpool.core.engine.Pause;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.jdbc.PooledConnection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLTransientConnectionException;

/** Waits for a reader to show what its writer had committed at a position. Thread-safe. */
final class Positions {

  /** The pause between two questions doubles from this to {@link #LAST_PAUSE}; nanoseconds. */
  private static final long FIRST_PAUSE = 500_000L;

  private static final long LAST_PAUSE = 32_000_000L;

  private final AnswerTime answerTime;
  private final TimeSource time;
  private final Pause pause;

  Positions(AnswerTime answerTime, TimeSource time, Pause pause) {
    this.answerTime = answerTime;
    this.time = time;
    this.pause = pause;
  }

  /**
   * Returns whether the server of {@code face} shows the position now or in time; false if it can't
   * tell.
   *
   * @param until when to stop asking, by the pool's clock; the server is asked at least once
   * @param end when the caller's time is over
   */
  boolean isReached(PooledConnection face, String position, long until, long end)
      throws SQLException {
    try {
      for (long next = FIRST_PAUSE; ; next = Math.min(2 * next, LAST_PAUSE)) {
        if (face.hasReached(position, answerTime.before(end))) {
          return true;
        }
        long left = until - time.nanoTime();
        if (left <= 0) {
          return false;
        }
        pause.pause(Math.min(left, next));
      }
    } catch (SQLFeatureNotSupportedException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SQLTransientConnectionException(
          "Interrupted while waiting for a reader to come as far as " + position, "08001", e);
    }
  }
}
