package io.everpool.core.work;

import io.everpool.api.RetryConfig;
import io.everpool.api.Work;
import io.everpool.api.WorkOptions;
import io.everpool.api.WriteOutcomeUnknownException;
import io.everpool.api.driver.TransactionState;
import io.everpool.api.driver.Verdict;
import io.everpool.api.observe.PoolEvent.Retried;
import io.everpool.api.observe.PoolEvent.RetryRefused;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.jdbc.Lessor;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.jdbc.Session;
import io.everpool.core.jdbc.SessionState;
import io.everpool.core.policy.Backoff;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs units of work, and runs them again where that can double nothing.
 *
 * <p>The rungs: a connect that fails is the pool's affair, and so is a connection found dead before
 * it was lent. A unit that met a connection error is rerun whole if everything it sent was
 * read-only or in a transaction whose COMMIT was not sent, or if it was said to be idempotent; on a
 * renewed connection under the same face. A COMMIT whose answer was lost is looked up ({@link
 * Unit}). A write in autocommit that was cut off is never repeated.
 */
public final class Ladder {
  private static final Logger log = LoggerFactory.getLogger("io.everpool.Pool");

  private final Lessor lessor;
  private final TimeSource time;
  private final DoubleSupplier random;
  private final Pause pause;
  private final RetryConfig retry;
  private final String pool;

  public Ladder(Lessor lessor, TimeSource time, DoubleSupplier random, Pause pause) {
    this.lessor = lessor;
    this.time = time;
    this.random = random;
    this.pause = pause;
    this.retry = lessor.config().retry();
    this.pool = lessor.config().name();
  }

  /** As {@link io.everpool.api.Pool#run(WorkOptions, Work)}, on a lease of its own. */
  public <T extends @Nullable Object, X extends Exception> T run(
      PooledConnection face, WorkOptions options, Work<T, X> work) throws X, SQLException {
    return start(face, options, work, false);
  }

  private <T extends @Nullable Object, X extends Exception> T start(
      PooledConnection face, WorkOptions options, Work<T, X> work, boolean transaction)
      throws X, SQLException {
    if (options.isolation() != 0) {
      face.setTransactionIsolation(options.isolation());
    }
    if (options.readOnly()) {
      face.setReadOnly(true);
    }
    return climb(face, options, work, transaction);
  }

  /** As {@link io.everpool.api.Pool#inTransaction(WorkOptions, Work)}, on a lease of its own. */
  public <T extends @Nullable Object, X extends Exception> T inTransaction(
      PooledConnection face, WorkOptions options, Work<T, X> work) throws X, SQLException {
    face.setAutoCommit(false);
    return start(face, options, work, true);
  }

  /** As {@link io.everpool.api.Pool#rerun}. */
  public <T extends @Nullable Object, X extends Exception> T rerun(
      Connection connection, WorkOptions options, Work<T, X> work) throws X, SQLException {
    if (!(connection instanceof PooledConnection face)
        || face.witness() != null
        || face.session() == null
        || inTransaction(face)) {
      return work.run(connection);
    }
    boolean wasReadOnly = face.isReadOnly();
    if (options.readOnly() && !wasReadOnly) {
      face.setReadOnly(true);
    }
    try {
      return climb(face, options, work, false);
    } finally {
      if (options.readOnly() && !wasReadOnly) {
        undoReadOnly(face);
      }
    }
  }

  private static void undoReadOnly(PooledConnection face) {
    try {
      if (!face.isClosed() && !inTransaction(face)) {
        face.setReadOnly(false);
      }
    } catch (SQLException e) {
      // The connection is as it was when it comes back, or it is closed.
      log.debug("read-only could not be taken back", e);
    }
  }

  private static boolean inTransaction(PooledConnection face) throws SQLException {
    Session session = face.session();
    TransactionState state =
        session == null ? TransactionState.NONE : session.physical().transactionState();
    // Where the driver doesn't know, an open transaction is what autocommit off may mean; the
    // ladder
    // itself turns it off before anything is sent.
    return state != TransactionState.NONE && state != TransactionState.UNKNOWN;
  }

  private <T extends @Nullable Object, X extends Exception> T climb(
      PooledConnection face, WorkOptions options, Work<T, X> work, boolean transaction)
      throws X, SQLException {
    long begun = time.nanoTime();
    SessionState before = face.state();
    Exception earlier = null;
    for (int attempt = 1; ; attempt++) {
      Unit unit = new Unit(face, options, lessor, before, this::waitFor, time);
      face.witness(unit);
      try {
        T result = work.run(face);
        if (transaction) {
          face.commit();
        }
        return result;
      } catch (Exception e) {
        face.witness(null);
        if (earlier != null && earlier != e) {
          e.addSuppressed(earlier);
        }
        earlier = e;
        String refusal = whyNot(unit, e, attempt, begun);
        if (refusal != null || !prepare(face, options, unit, before, e, attempt)) {
          rollBack(face, e);
          if (refusal != null && !refusal.isEmpty()) {
            refuse(options, unit, e, attempt, refusal);
          }
          throw e;
        }
      } finally {
        face.witness(null);
      }
    }
  }

  /** Why the unit must not run again: empty if that needs no words, null if it may. */
  private @Nullable String whyNot(Unit unit, Exception failure, int attempt, long begun) {
    Verdict verdict = unit.verdict(failure);
    if (verdict != Verdict.TRANSACTION_CONFLICT && !verdict.reconnectable()) {
      return "";
    }
    String refusal = unit.refusal();
    if (refusal != null) {
      return refusal;
    }
    if (attempt >= retry.maxAttempts()) {
      return "it ran " + attempt + " times (retry.max-attempts)";
    }
    return time.nanoTime() - begun >= retry.maxDuration().toNanos()
        ? "retry.max-duration is over"
        : null;
  }

  /** Makes the connection fit for another run; false if it can't be. */
  private boolean prepare(
      PooledConnection face,
      WorkOptions options,
      Unit unit,
      SessionState before,
      Exception failure,
      int attempt) {
    boolean conflict = unit.verdict(failure) == Verdict.TRANSACTION_CONFLICT;
    tell(options, unit.verdict(failure), failure, attempt, conflict);
    try {
      waitFor(attempt);
      if (conflict && !face.isClosed()) {
        face.rollback();
        face.become(before);
      } else {
        face.letGo();
        lessor.renew(face);
        face.become(before);
      }
      return true;
    } catch (SQLException e) {
      if (e != failure) {
        failure.addSuppressed(e);
      }
      log.warn("Pool {}: {} can't be run again: {}", pool, options.label(), e.getMessage());
      return false;
    }
  }

  private void refuse(
      WorkOptions options, Unit unit, Exception failure, int attempt, String refusal)
      throws SQLException {
    log.warn(
        "Pool {}: {} failed ({}) and is not run again: {}",
        pool,
        options.label(),
        unit.verdict(failure),
        refusal);
    lessor.emit(new RetryRefused(pool, options.label(), attempt, refusal));
    if (unit.writeCutOff()) {
      throw new WriteOutcomeUnknownException(
          "The connection broke under "
              + options.label()
              + " while a statement in autocommit was under way: it may have written or not. Look for"
              + " its effect before repeating it; run it in a transaction, or mark it read-only or"
              + " idempotent, and the pool can rerun it. "
              + failure.getMessage(),
          failure);
    }
  }

  private void tell(
      WorkOptions options, Verdict verdict, Exception failure, int attempt, boolean conflict) {
    String message = String.valueOf(failure.getMessage());
    if (conflict) {
      log.warn(
          "Pool {}: {} lost a race, run {} of {} follows: {}",
          pool,
          options.label(),
          attempt + 1,
          retry.maxAttempts(),
          message);
    } else {
      log.warn("Attempting to reconnect to database...");
      log.warn(
          "Pool {}: {} met a connection error ({}), run {} of {} follows: {}",
          pool,
          options.label(),
          verdict,
          attempt + 1,
          retry.maxAttempts(),
          message);
    }
    lessor.emit(new Retried(pool, options.label(), attempt + 1, verdict, message));
  }

  /** After this many failures. An interrupt ends the retrying. */
  private void waitFor(int failures) throws SQLException {
    // The first retry goes at once: most errors are of one connection, and the pool has others.
    long delay =
        failures <= 1
            ? 0
            : Backoff.delay(
                failures - 1,
                retry.initialBackoff().toNanos(),
                retry.maxBackoff().toNanos(),
                random.getAsDouble());
    try {
      pause.pause(delay);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SQLException("Interrupted before a retry", "08006", e);
    }
  }

  private static void rollBack(PooledConnection face, Exception failure) {
    try {
      Session session = face.session();
      if (session != null && !face.getAutoCommit()) {
        face.rollback();
      }
    } catch (SQLException e) {
      if (e != failure) {
        failure.addSuppressed(e);
      }
    }
  }
}
