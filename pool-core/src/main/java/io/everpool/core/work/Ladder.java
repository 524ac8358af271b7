package io.everpool.core.work;

import io.everpool.api.RetryConfig;
import io.everpool.api.Work;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.Verdict;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.jdbc.Lessor;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.observe.Journal;
import io.everpool.core.policy.Backoff;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Runs units of work, and again where that can double nothing. Thread-safe.
 *
 * <p>The rungs above the opening of connections and the finding of dead ones, which happen before a
 * unit begins. A unit that met a connection error is rerun whole on another connection if it only
 * reads, may be repeated, or held all it wrote in transactions that were not committed. A COMMIT
 * without an answer is {@link Commit looked up}. A write in autocommit without an answer is never
 * replayed. What a unit has sent, its {@link Unit} has seen.
 */
public final class Ladder {
  static final Logger log = Journal.log();

  final Lessor lessor;
  final TimeSource time;
  final Pause pause;
  final RetryConfig retry;
  private final DoubleSupplier random;

  /**
   * @param random numbers from 0 (inclusive) to 1 (exclusive)
   */
  public Ladder(Lessor lessor, TimeSource time, DoubleSupplier random, Pause pause) {
    this.lessor = lessor;
    this.time = time;
    this.pause = pause;
    this.random = random;
    this.retry = lessor.config().retry();
  }

  /** As {@code Pool.rerun}; {@code connection} may be anybody's. */
  public <T extends @Nullable Object, X extends Exception> T rerun(
      Connection connection, WorkOptions options, Work<T, X> work) throws X, SQLException {
    PooledConnection face = face(connection);
    if (face == null) {
      return work.run(connection);
    }
    try (Unit unit = new Unit(this, face, options)) {
      try {
        return climb(unit, () -> work.run(connection));
      } finally {
        unit.unsetOptions();
      }
    }
  }

  /** As {@code Pool.run}, on a connection that is closed afterwards. */
  public <T extends @Nullable Object, X extends Exception> T run(
      PooledConnection face, WorkOptions options, Work<T, X> work) throws X, SQLException {
    try (Unit unit = new Unit(this, face, options)) {
      return climb(
          unit,
          () -> {
            try {
              return work.run(face);
            } catch (Throwable failure) {
              unit.rollBackAfter(failure);
              throw failure;
            }
          });
    }
  }

  /** As {@code Pool.inTransaction}, on a connection that is closed afterwards. */
  public <T extends @Nullable Object, X extends Exception> T inTransaction(
      PooledConnection face, WorkOptions options, Work<T, X> work) throws X, SQLException {
    try (Unit unit = new Unit(this, face, options)) {
      return climb(
          unit,
          () -> {
            face.setAutoCommit(false);
            try {
              T result = work.run(face);
              face.commit();
              return result;
            } catch (Throwable failure) {
              unit.rollBackAfter(failure);
              throw failure;
            }
          });
    }
  }

  /** The face behind a connection, if it is one of this pool's and open. */
  private @Nullable PooledConnection face(Connection connection) {
    try {
      PooledConnection face =
          connection instanceof PooledConnection own
              ? own
              : connection.isWrapperFor(PooledConnection.class)
                  ? connection.unwrap(PooledConnection.class)
                  : null;
      return face != null && face.isOf(lessor) ? face : null;
    } catch (SQLException e) {
      return null;
    }
  }

  /** One run of a unit, from the beginning. */
  private interface Run<T extends @Nullable Object> {
    T once() throws Exception;
  }

  /** Runs until it goes well or must not go on. */
  @SuppressWarnings("CatchingUnchecked") // frameworks wrap what the driver throws
  private <T extends @Nullable Object, X extends Exception> T climb(Unit unit, Run<T> run)
      throws X, SQLException {
    Failures failures = new Failures();
    for (int runs = 1; ; runs++) {
      unit.begin();
      try {
        if (runs > 1) {
          unit.startOver();
        }
        unit.setOptions();
        return run.once();
      } catch (Exception failure) {
        Verdict verdict = unit.judge(failure);
        if (!prepare(unit, verdict, failure, runs)) {
          throw Ladder.<X>asThrown(failures.last(unit.explain(verdict, failure)));
        }
        failures.add(failure);
      }
    }
  }

  /**
   * Work throws its X or what is unchecked, all else throws SQLException: as the callers declare.
   */
  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <X extends Exception> X asThrown(Exception failure) {
    return (X) failure;
  }

  /** Whether the unit is to be run again; everything is then ready for it. */
  private boolean prepare(Unit unit, Verdict verdict, Exception failure, int runs) {
    if (verdict == Verdict.CALLER || unit.leavesItToAnOuterOne(verdict)) {
      return false;
    }
    long pauseNanos = pauseAfter(runs);
    String refusal = unit.refusal(verdict);
    if (refusal == null) {
      refusal = exhausted(unit, runs, pauseNanos);
    }
    if (refusal == null) {
      announce(unit, verdict, failure, runs + 1);
      refusal = recover(unit, failure, pauseNanos);
    }
    if (refusal != null) {
      unit.giveUp(verdict, failure, runs, refusal);
      return false;
    }
    lessor.emit(
        new PoolEvent.Retried(
            lessor.config().name(),
            unit.options.label(),
            runs + 1,
            verdict,
            String.valueOf(failure.getMessage())));
    return true;
  }

  long pauseAfter(int failures) {
    return Backoff.delay(
        failures,
        retry.initialBackoff().toNanos(),
        retry.maxBackoff().toNanos(),
        random.getAsDouble());
  }

  private @Nullable String exhausted(Unit unit, int runs, long pauseNanos) {
    if (runs >= retry.maxAttempts()) {
      return "it has run " + runs + " times, the most that retry.max-attempts allows";
    }
    if (time.nanoTime() - unit.begunAt + pauseNanos > retry.maxDuration().toNanos()) {
      return "retry.max-duration is over";
    }
    return Thread.currentThread().isInterrupted() ? "its thread was interrupted" : null;
  }

  private void announce(Unit unit, Verdict verdict, Exception failure, int run) {
    String pool = lessor.config().name();
    String message = String.valueOf(failure.getMessage());
    if (verdict == Verdict.TRANSACTION_CONFLICT) {
      log.warn(
          "Pool {}: {} lost a race with another transaction and is run again ({} of {}): {}",
          pool,
          unit.options.label(),
          run,
          retry.maxAttempts(),
          message);
    } else {
      log.warn("Attempting to reconnect to database...");
      log.warn(
          "Pool {}: {} met a connection error ({}) and is run again ({} of {}): {}",
          pool,
          unit.options.label(),
          verdict,
          run,
          retry.maxAttempts(),
          message);
    }
  }

  /**
   * Returns why it did not work, or null. What was thrown on the way is told to {@code failure}.
   */
  private @Nullable String recover(Unit unit, Exception failure, long pauseNanos) {
    try {
      unit.letGoOfDeadSession();
      pause.pause(pauseNanos);
      unit.renewIfLetGo();
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "its thread was interrupted";
    } catch (SQLException e) {
      Failures.suppress(failure, e);
      return "there was no other connection: " + e.getMessage();
    }
  }
}
