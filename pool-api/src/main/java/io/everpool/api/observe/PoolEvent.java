package io.everpool.api.observe;

import io.everpool.api.CloseReason;
import io.everpool.api.Pool;
import io.everpool.api.Verdict;
import io.everpool.api.driver.CommitStatus;
import java.util.List;

/**
 * Something that happened in a pool, rarely enough to make an object of. Immutable; carries no
 * secret.
 *
 * <p>A later version may tell of other kinds of events, and more about those that are here: a new
 * component comes with an accessor and changes the record's constructor and pattern. So whoever
 * tells the kinds apart ignores the ones that he doesn't know ({@code instanceof}, or a {@code
 * switch} with a {@code default}), reads components by their accessors and not by record patterns,
 * and leaves the making of events to the pool. Durations are in nanoseconds.
 */
public interface PoolEvent {

  /** The pool's name. */
  String pool();

  /**
   * The pool is open for business. Where it has readers each of their pools is told of by itself.
   *
   * @param self with readers the writer's pool alone
   */
  record PoolOpened(String pool, Pool self) implements PoolEvent {}

  /**
   * The pool is closed: every connection of it was closed, or given up where that didn't end in
   * time. Also told of a pool that could not be opened. Of one that a listener closes as it opens
   * this is told when all were told of its opening, by whoever opens it; {@code close()} may have
   * returned before.
   */
  record PoolClosed(String pool) implements PoolEvent {}

  /** A connection was opened; {@code tookNanos} with its set-up. */
  record ConnectionOpened(String pool, long connection, long tookNanos) implements PoolEvent {}

  /** A connection was closed. */
  record ConnectionClosed(
      String pool, long connection, CloseReason reason, long ageNanos, long queries)
      implements PoolEvent {}

  /** A connection could not be opened; {@code failures} in a row so far. */
  record ConnectFailed(String pool, Verdict verdict, String message, int failures)
      implements PoolEvent {}

  /** A caller waited in vain, until his time was over or it was known that nothing would come. */
  record AcquireTimedOut(String pool, long waitedNanos) implements PoolEvent {}

  /**
   * A caller was turned away at once: the line of waiters was full, the server is known to refuse
   * connections, or no reader may serve him and the writer is not to.
   */
  record AcquireRejected(String pool) implements PoolEvent {}

  /** The health pass found an idle connection dead. */
  record HealthCheckFailed(String pool, long connection, String message) implements PoolEvent {}

  /** A connection in use failed for good. */
  record ConnectionFailed(String pool, long connection, Verdict verdict, String message)
      implements PoolEvent {}

  /** Every connection opened so far was given up. */
  record Fenced(String pool, int connections, String why) implements PoolEvent {}

  /**
   * The server answers again after an outage; one that has refused connections was there.
   *
   * @param downNanos how long it was away, as far as the pool has tried: where nobody needs a
   *     connection it doesn't, and when the server came back is not known then
   */
  record Recovered(String pool, long downNanos) implements PoolEvent {}

  /** The pool leaves the database alone for want of work. */
  record FellAsleep(String pool) implements PoolEvent {}

  /** Work came and the pool is awake again. */
  record WokeUp(String pool) implements PoolEvent {}

  /**
   * A unit of work is run again.
   *
   * @param attempt the number of the run that begins; 2 or more
   */
  record Retried(String pool, String label, int attempt, Verdict verdict, String message)
      implements PoolEvent {}

  /**
   * A unit of work failed of something else than its own SQL, data or code, and must not or can't
   * be run again. One whose COMMIT stays without a known outcome ({@link CommitResolved}) is such.
   *
   * @param attempts how often it has run
   */
  record RetryRefused(String pool, String label, int attempts, String why) implements PoolEvent {}

  /**
   * What became of a COMMIT without an answer.
   *
   * @param transactionId what the server was asked about; empty where it could not be asked, and
   *     the status is then unknown: it isn't to be looked up, or can't be, or no unit of work has
   *     sent it, or one has by other means than {@code commit()}
   * @param status the last that the server has said: in progress if it was at it to the end
   */
  record CommitResolved(String pool, String transactionId, CommitStatus status)
      implements PoolEvent {}

  /**
   * A connection was lost outside of units of work before the answer to a statement had come that
   * may write and was committed by itself: nobody knows whether it was done.
   */
  record WriteUnknown(String pool, long connection) implements PoolEvent {}

  /** A connection came back with an open transaction, which was rolled back. */
  record TransactionLeftOpen(String pool, long connection) implements PoolEvent {}

  /**
   * A connection has been out for longer than the leak threshold.
   *
   * @param acquiredAt where it was acquired, innermost frame first; empty if that was not recorded
   */
  record LeakSuspected(
      String pool,
      long connection,
      String thread,
      long heldNanos,
      List<StackTraceElement> acquiredAt)
      implements PoolEvent {

    /** With a copy of the list. */
    public LeakSuspected {
      acquiredAt = List.copyOf(acquiredAt);
    }

    /** Of one of which it was not recorded where it was acquired. */
    public LeakSuspected(String pool, long connection, String thread, long heldNanos) {
      this(pool, connection, thread, heldNanos, List.of());
    }
  }

  /**
   * A connection of which {@link LeakSuspected} was told is out no longer: it has come back after
   * all, or was taken from its holder and closed.
   */
  record LeakEnded(String pool, long connection, String thread, long heldNanos)
      implements PoolEvent {}

  /**
   * A connection was dropped without being closed, and is taken back; nobody can use it any more.
   * It is found where leaks are looked for, by {@code leak-threshold} or {@code leak-stack-traces =
   * always}.
   *
   * @param acquiredAt as for {@link LeakSuspected}
   */
  record LeaseAbandoned(
      String pool,
      long connection,
      String thread,
      long heldNanos,
      List<StackTraceElement> acquiredAt)
      implements PoolEvent {

    /** With a copy of the list. */
    public LeaseAbandoned {
      acquiredAt = List.copyOf(acquiredAt);
    }
  }

  /**
   * A thread that has a connection waits for a second one.
   *
   * @param connection the one that it has
   * @param everyHolderWaits whether all connections are held by threads that do so, and none of
   *     them can go on
   */
  record NestedAcquire(String pool, String thread, long connection, boolean everyHolderWaits)
      implements PoolEvent {}
}
