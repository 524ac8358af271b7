package io.everpool.core.work;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.RetryConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.driver.CommitTicket;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.TransactionState;
import io.everpool.api.driver.Verdict;
import io.everpool.api.observe.PoolEvent.CommitResolved;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.jdbc.Lessor;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.jdbc.Session;
import io.everpool.core.jdbc.SessionState;
import io.everpool.core.jdbc.Witness;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run of a unit of work: hears what is sent, and so knows whether running it again can double
 * anything. Used by the unit's thread only.
 */
final class Unit implements Witness {
  private static final Logger log = LoggerFactory.getLogger("io.everpool.Pool");

  /** Waits before the n-th further try. */
  @FunctionalInterface
  interface Wait {
    void after(int failures) throws SQLException;
  }

  private final PooledConnection face;
  private final WorkOptions options;
  private final Lessor lessor;
  private final SessionState before;
  private final Wait wait;
  private final TimeSource time;
  private final RetryConfig retry;

  /** What was sent and may have had its effect whatever becomes of the rest; null if nothing. */
  private @Nullable String effect;

  /** The last statement sent may write by itself. */
  private boolean writing;

  private boolean cutOff;
  private @Nullable Verdict verdict;

  Unit(
      PooledConnection face,
      WorkOptions options,
      Lessor lessor,
      SessionState before,
      Wait wait,
      TimeSource time) {
    this.face = face;
    this.options = options;
    this.lessor = lessor;
    this.before = before;
    this.wait = wait;
    this.time = time;
    this.retry = lessor.config().retry();
  }

  // ---- what is heard

  @Override
  public void executing() {
    writing = false;
    if (options.readOnly() || options.idempotent()) {
      return;
    }
    try {
      if (face.getAutoCommit()) {
        if (!face.isReadOnly()) {
          writing = true;
          effect = "it had sent a statement in autocommit, which may have written";
        }
      } else if (face.mayHaveEndedTransaction()) {
        effect = "it may have ended its transaction by a statement of its own";
      }
    } catch (SQLException e) {
      effect = "it can't be told what it had sent";
    }
  }

  @Override
  public void failed(Verdict means, SQLException failure) {
    verdict = means;
    cutOff = writing && means.fatal();
  }

  /** What the run died of. */
  Verdict verdict(Exception failure) {
    Verdict seen = verdict;
    return seen != null ? seen : lessor.classify(failure);
  }

  /** Why running it again might double something; null if it can't. */
  @Nullable String refusal() {
    return effect;
  }

  /** Whether it was cut off in a statement that may have written or not. */
  boolean writeCutOff() {
    return cutOff;
  }

  // ---- commit

  @Override
  public void commit() throws SQLException {
    Session session = face.session();
    if (session == null) {
      face.commitNow(); // closed, and it says so
      return;
    }
    PhysicalConnection physical = session.physical();
    if (physical.transactionState() == TransactionState.FAILED) {
      // The driver would answer the commit in silence, having rolled back.
      throw new SQLException(
          "The transaction has failed and can't be committed; see the earlier error", "25P02");
    }
    boolean asks = retry.commitOutcome();
    CommitTicket ticket = null;
    if (asks) {
      try {
        ticket = physical.commitTicket();
      } catch (SQLFeatureNotSupportedException e) {
        asks = false;
      } catch (SQLException e) {
        throw face.failed(e); // COMMIT was not sent
      }
    }
    boolean wroteNothing = asks && ticket == null;
    try {
      face.commitNow();
    } catch (SQLException e) {
      if (!lessor.classify(e).fatal()) {
        throw e;
      }
      if (!wroteNothing && !options.idempotent()) {
        findOut(ticket, e);
      }
      if (effect == null || wroteNothing) {
        throw e;
      }
    }
    if (!wroteNothing && !options.idempotent()) {
      effect = "it had committed a transaction";
    }
  }

  /** Returns if the transaction is committed; throws the failure if it is aborted. */
  private void findOut(@Nullable CommitTicket ticket, SQLException failure) throws SQLException {
    if (ticket == null) {
      throw unknown(null, "the transaction's id was not captured", failure);
    }
    CommitStatus status = ask(ticket, failure);
    log.warn(
        "Pool {}: the answer to a COMMIT of {} was lost; the server says of transaction {}: {}",
        lessor.config().name(),
        options.label(),
        ticket.transactionId(),
        status);
    lessor.emit(new CommitResolved(lessor.config().name(), ticket.transactionId(), status));
    switch (status) {
      case COMMITTED -> {
        verdict = null;
        effect = "it had committed a transaction";
      }
      case ABORTED -> throw failure;
      default -> throw unknown(ticket, "the server can't tell", failure);
    }
  }

  private CommitStatus ask(CommitTicket ticket, SQLException failure) {
    long begun = time.nanoTime();
    for (int tries = 1; ; tries++) {
      try {
        Session session = renewed(tries);
        CommitStatus status = session.physical().commitStatus(ticket);
        if (status != CommitStatus.IN_PROGRESS) {
          return status;
        }
        session.physical().endBackend(ticket);
      } catch (SQLException e) {
        if (e != failure) {
          failure.addSuppressed(e);
        }
        if (!lessor.classify(e).reconnectable()) {
          return CommitStatus.UNKNOWN;
        }
        face.letGo();
      }
      if (time.nanoTime() - begun >= retry.maxDuration().toNanos()) {
        return CommitStatus.UNKNOWN;
      }
    }
  }

  /** A session on which to ask: a new one at first, and whenever the last one broke. */
  private Session renewed(int tries) throws SQLException {
    if (tries == 1) {
      face.letGo();
    } else {
      wait.after(tries);
    }
    Session session = face.session();
    if (session == null) {
      log.warn("Attempting to reconnect to database...");
      lessor.renew(face);
      face.become(before);
      session = face.session();
    }
    if (session == null) {
      throw new SQLException("The connection was closed meanwhile", "08003");
    }
    return session;
  }

  private CommitOutcomeUnknownException unknown(
      @Nullable CommitTicket ticket, String why, SQLException failure) {
    effect = "the outcome of its COMMIT is not known";
    String id = ticket == null ? null : ticket.transactionId();
    return new CommitOutcomeUnknownException(
        "The connection broke during COMMIT of "
            + options.label()
            + (id == null ? "" : " (transaction " + id + ")")
            + ", and it is not known whether it is committed: "
            + why
            + ". Look for its effect before repeating it. "
            + failure.getMessage(),
        id,
        failure);
  }
}
