package io.everpool.core.work;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.Verdict;
import io.everpool.api.Work;
import io.everpool.api.WorkDeadlineException;
import io.everpool.api.WriteOutcomeUnknownException;
import io.everpool.api.driver.Causes;
import io.everpool.api.framework.NotRepeatableException;
import io.everpool.core.observe.FailureText;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTransactionRollbackException;
import java.sql.SQLTransientConnectionException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** How the runs of a unit failed, and why there was no further one. */
final class Failures {

  /** How many are kept; the rest is only counted, for a unit may lose hundreds of races. */
  private static final int KEPT = 10;

  private final List<Exception> kept = new ArrayList<>(0);
  private int runs;
  private int conflicts;
  private @Nullable RerunRule rule;
  private @Nullable String because;

  /** Why the framework above can't run its work again. */
  private @Nullable String refusal;

  void add(Exception failure, Verdict verdict) {
    runs++;
    if (FailureKind.of(verdict) == FailureKind.CONFLICT) {
      conflicts++;
    }
    if (kept.size() == KEPT) {
      kept.remove(KEPT - 1);
    }
    kept.add(failure);
  }

  /**
   * Why a run has failed that ended with {@code thrown}. By that exception the framework above may
   * say that it can't have another run.
   */
  Exception ofWork(Exception thrown) {
    if (thrown instanceof NotRepeatableException refused) {
      refusal = refused.because();
      return refused.failure();
    }
    refusal = null;
    return thrown;
  }

  /** Runs work that is no unit, and throws what {@link #ofWork} would make of its failure. */
  static <T extends @Nullable Object, X extends Exception> T once(
      Connection connection, Work<T, X> work) throws X, SQLException {
    try {
      return work.run(connection);
    } catch (NotRepeatableException refused) {
      throw UnitRunner.<X>asThrown(refused.failure());
    }
  }

  boolean isRefusedAbove() {
    return refusal != null;
  }

  /** Why there is no further run if this row decides. */
  String because(RerunRule row) {
    return row == RerunRule.REFUSED_ABOVE && refusal != null ? refusal : row.because();
  }

  /** How many runs failed. */
  int runs() {
    return runs;
  }

  /** How many of them lost a race. */
  int conflicts() {
    return conflicts;
  }

  /** How many of them failed otherwise. */
  int ofConnections() {
    return runs - conflicts;
  }

  /** Notes that there is no further run, and why. */
  void decided(RerunRule by, String why) {
    rule = by;
    because = why;
  }

  /** Why the run failed that failed last. */
  Exception latest() {
    return kept.get(kept.size() - 1);
  }

  /** How often and for how long it was tried, for messages; empty if it ran once. */
  String history(long nanos) {
    if (runs < 2) {
      return "";
    }
    return "; it has run "
        + runs
        + " times in "
        + nanos / 1_000_000
        + " ms"
        + (conflicts == 0 ? "" : " and lost " + conflicts + " races with other transactions");
  }

  /**
   * What to throw for a failure that is final for this unit; the failures before are added to it.
   *
   * @param nanos the time since the unit began
   */
  Exception explain(Unit unit, Verdict verdict, Exception failure, long nanos) {
    if (because == null || rule == RerunRule.OWN_FAILURE) {
      return last(failure);
    }
    String label = unit.options.label();
    CommitOutcomeUnknownException unknown = unit.failure.commitUnknown();
    if (unknown != null) {
      return last(again(unknown, failure));
    }
    boolean unanswered = verdict.fatal() && verdict != Verdict.READ_ONLY_SERVER;
    if (unanswered && !unit.isPromised() && unit.lastInDoubt()) {
      return last(writeUnknown(label, because, failure));
    }
    UnitDeadline passed = unit.passed();
    if (passed != null && rule == RerunRule.CANCELLED) {
      return last(
          new WorkDeadlineException(
              label
                  + " ran over its deadline of "
                  + passed.allowed()
                  + " and was cancelled"
                  + history(nanos),
              failure));
    }
    String note = label + " was not run again: " + because + history(nanos);
    if (conflicts() > 1 && failure instanceof SQLException last) {
      return last(
          new SQLTransactionRollbackException(
              last.getMessage() + " (" + note + ")",
              last.getSQLState(),
              last.getErrorCode(),
              last));
    }
    Exception last = last(failure);
    suppress(last, new NotRerunException(note));
    return last;
  }

  /** Returns {@code last}, which is thrown in the end, with the failures before added to it. */
  private Exception last(Exception last) {
    for (Exception failure : kept) {
      if (last.getCause() != failure) {
        suppress(last, failure);
      }
    }
    return last;
  }

  /**
   * What to throw for a COMMIT whose outcome is unknown, even if the work has hidden that and
   * thrown something else.
   */
  static Exception again(CommitOutcomeUnknownException unknown, Exception thrown) {
    if (Causes.first(thrown, CommitOutcomeUnknownException.class) != null) {
      return thrown;
    }
    SQLException again =
        new CommitOutcomeUnknownException(
            String.valueOf(unknown.getMessage()), unknown.transactionId(), thrown);
    suppress(again, unknown);
    return again;
  }

  /** What to throw for a write in autocommit that has no answer. */
  static SQLException writeUnknown(String label, String because, Exception failure) {
    return new WriteOutcomeUnknownException(
        "The connection was lost while "
            + label
            + " wrote in autocommit: what it sent last may be there or not, and it was not"
            + " run again ("
            + because
            + "). Look for its effect before you repeat it. Work that runs in a transaction,"
            + " or is marked read-only or idempotent, is run again by the pool",
        failure);
  }

  /**
   * Why there was no session for a further run: none was to be had, or what sets it up (an
   * interceptor) has failed. It is one line, with nothing of what the interceptor has sent, because
   * logs and events show it.
   */
  static String whyNotRenewed(Exception failure, Function<Throwable, Verdict> classifier) {
    boolean none =
        failure instanceof SQLTransientConnectionException
            || failure instanceof SQLNonTransientConnectionException
            || (failure instanceof SQLException && classifier.apply(failure).fatal());
    return (none
            ? "there was no other connection: "
            : "another connection was there and could not be set up: ")
        + FailureText.of(failure);
  }

  static void suppress(Throwable thrown, Throwable other) {
    if (thrown != other) {
      thrown.addSuppressed(other);
    }
  }
}
