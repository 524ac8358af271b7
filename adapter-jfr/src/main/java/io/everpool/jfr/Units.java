package io.everpool.jfr;

import io.everpool.api.observe.PoolEvent.CommitResolved;
import io.everpool.api.observe.PoolEvent.Retried;
import io.everpool.api.observe.PoolEvent.RetryRefused;
import io.everpool.api.observe.PoolEvent.WriteUnknown;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/**
 * The events of units of work that meet a failure. They are written on the threads that run the
 * units.
 */
final class Units {
  static final String CATEGORY = "Units of Work";

  private Units() {}

  @Name("everpool.Retry")
  @Label("Retry")
  @Description("A unit of work is run again")
  @Category({JfrPools.CATEGORY, CATEGORY})
  @StackTrace
  static final class Retry extends Told<Retried> {
    @Label("Unit")
    String unit = "";

    @Label("Attempt")
    int attempt;

    @Label("Verdict")
    String verdict = "";

    @Label("Message")
    String message = "";

    @Override
    void take(Retried event) {
      unit = event.label();
      attempt = event.attempt();
      verdict = event.verdict().name();
      message = event.message();
    }
  }

  @Name("everpool.RetryRefusal")
  @Label("Retry Refusal")
  @Description("A unit of work failed, not of its own, and must not or can't be run again")
  @Category({JfrPools.CATEGORY, CATEGORY})
  @StackTrace
  static final class RetryRefusal extends Told<RetryRefused> {
    @Label("Unit")
    String unit = "";

    @Label("Attempts")
    int attempts;

    @Label("Reason")
    String reason = "";

    @Override
    void take(RetryRefused event) {
      unit = event.label();
      attempts = event.attempts();
      reason = event.why();
    }
  }

  @Name("everpool.CommitOutcome")
  @Label("Commit Outcome")
  @Description("What became of a COMMIT without an answer; no transaction if nobody could be asked")
  @Category({JfrPools.CATEGORY, CATEGORY})
  @StackTrace
  static final class CommitOutcome extends Told<CommitResolved> {
    @Label("Transaction")
    String transaction = "";

    @Label("Outcome")
    String outcome = "";

    @Override
    void take(CommitResolved event) {
      transaction = event.transactionId();
      outcome = event.status().name();
    }
  }

  @Name("everpool.UnknownWrite")
  @Label("Unknown Write")
  @Description("A write in autocommit, outside of units of work, without an answer")
  @Category({JfrPools.CATEGORY, CATEGORY})
  @StackTrace
  static final class UnknownWrite extends Told<WriteUnknown> {
    @Label("Connection")
    long connection;

    @Override
    void take(WriteUnknown event) {
      connection = event.connection();
    }
  }
}
