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
   * The pool is open for business. If it has readers, there is an event for each of their pools.
   *
   * @param self the pool; if it has readers, the writer's pool alone
   */
  record PoolOpened(String pool, Pool self) implements PoolEvent {}

  /**
   * The pool is closed: every connection of it was closed, or given up if closing it didn't end in
   * time. There is this event also for a pool that could not be opened. If a listener closes a pool
   * as it opens, this event comes after all were told of its opening, on the thread that opens it;
   * {@code close()} may have returned before.
   */
  record PoolClosed(String pool) implements PoolEvent {}

  /**
   * A connection was opened.
   *
   * @param connection the connection's number, counted from 1 within the pool
   * @param tookNanos how long it took, with its set-up
   */
  record ConnectionOpened(String pool, long connection, long tookNanos) implements PoolEvent {}

  /**
   * A connection was closed.
   *
   * @param connection the connection's number
   * @param reason why it was closed
   * @param ageNanos how long ago it was opened
   * @param queries how many statements it has executed
   */
  record ConnectionClosed(
      String pool, long connection, CloseReason reason, long ageNanos, long queries)
      implements PoolEvent {}

  /**
   * A connection could not be opened.
   *
   * @param verdict what the failure means
   * @param message the failure in words; carries no secret
   * @param failures how many attempts in a row have failed so far
   */
  record ConnectFailed(String pool, Verdict verdict, String message, int failures)
      implements PoolEvent {}

  /**
   * A caller waited in vain, until his time was over or it was known that nothing would come.
   *
   * @param waitedNanos how long he has waited
   */
  record AcquireTimedOut(String pool, long waitedNanos) implements PoolEvent {}

  /**
   * A caller was turned away at once: the line of waiters was full, the server is known to refuse
   * connections, or no reader may serve him and the writer is not to.
   */
  record AcquireRejected(String pool) implements PoolEvent {}

  /**
   * The health pass found an idle connection dead.
   *
   * @param connection the connection's number
   * @param message how that was found, in words; carries no secret
   */
  record HealthCheckFailed(String pool, long connection, String message) implements PoolEvent {}

  /**
   * A connection in use failed for good.
   *
   * @param connection the connection's number
   * @param verdict what the failure means
   * @param message the failure in words; carries no secret
   */
  record ConnectionFailed(String pool, long connection, Verdict verdict, String message)
      implements PoolEvent {}

  /**
   * Every connection opened so far was given up.
   *
   * @param connections how many there were
   * @param why the reason, in words
   */
  record Fenced(String pool, int connections, String why) implements PoolEvent {}

  /**
   * The server answers again after an outage. (A server that has refused connections wasn't away.)
   *
   * @param downNanos how long it was away, as far as the pool has tried: while nobody needs a
   *     connection the pool doesn't try, and then nobody knows when the server came back
   */
  record Recovered(String pool, long downNanos) implements PoolEvent {}

  /** The pool leaves the database alone for want of work. */
  record FellAsleep(String pool) implements PoolEvent {}

  /** Work came and the pool is awake again. */
  record WokeUp(String pool) implements PoolEvent {}

  /**
   * A unit of work is run again.
   *
   * @param label what the unit is called
   * @param attempt the number of the run that begins; 2 or more
   * @param verdict what the failure of the last run means
   * @param message that failure in words
   */
  record Retried(String pool, String label, int attempt, Verdict verdict, String message)
      implements PoolEvent {}

  /**
   * A unit of work failed for another reason than its own SQL, data or code, and must not or can't
   * be run again. Such is a unit, too, whose COMMIT stays without a known outcome ({@link
   * CommitResolved}).
   *
   * @param label what the unit is called
   * @param attempts how often it has run
   * @param why why it isn't run again, in words
   */
  record RetryRefused(String pool, String label, int attempts, String why) implements PoolEvent {}

  /**
   * What became of a COMMIT without an answer.
   *
   * @param transactionId the transaction that the server was asked about; empty if it could not be
   *     asked, and then the status is unknown. That is so if a COMMIT isn't to be looked up, or
   *     can't be, if no unit of work has sent it, or if one has sent it by other means than {@code
   *     commit()}
   * @param status what the server has said last; in progress if it was so until the pool stopped
   *     asking
   */
  record CommitResolved(String pool, String transactionId, CommitStatus status)
      implements PoolEvent {}

  /**
   * A connection was lost outside of units of work before the answer to a statement had come that
   * may write and was committed by itself: nobody knows whether it was done.
   *
   * @param connection the connection's number
   */
  record WriteUnknown(String pool, long connection) implements PoolEvent {}

  /**
   * A connection came back with an open transaction, which was rolled back.
   *
   * @param connection the connection's number
   */
  record TransactionLeftOpen(String pool, long connection) implements PoolEvent {}

  /**
   * A connection has been out for longer than the leak threshold.
   *
   * @param connection the connection's number
   * @param thread the name of the thread that acquired it, and its id
   * @param heldNanos for how long it has been out
   * @param acquiredAt where it was acquired, innermost frame first; empty if that was not recorded
   */
  record LeakSuspected(
      String pool,
      long connection,
      String thread,
      long heldNanos,
      List<StackTraceElement> acquiredAt)
      implements PoolEvent {

    /** Keeps a copy of the list. */
    public LeakSuspected {
      acquiredAt = List.copyOf(acquiredAt);
    }

    /** Makes the event for a connection of which it was not recorded where it was acquired. */
    public LeakSuspected(String pool, long connection, String thread, long heldNanos) {
      this(pool, connection, thread, heldNanos, List.of());
    }
  }

  /**
   * A connection for which there was a {@link LeakSuspected} is out no longer: it has come back
   * after all, or was taken from its holder and closed.
   *
   * @param connection the connection's number
   * @param thread the name of the thread that acquired it, and its id
   * @param heldNanos for how long it was out
   */
  record LeakEnded(String pool, long connection, String thread, long heldNanos)
      implements PoolEvent {}

  /**
   * A connection was dropped without being closed, and is taken back; nobody can use it any more.
   * That is found only if leaks are looked for, by {@code leak-threshold} or {@code
   * leak-stack-traces = always}.
   *
   * @param connection the connection's number
   * @param thread the name of the thread that acquired it, and its id
   * @param heldNanos for how long it was out
   * @param acquiredAt as for {@link LeakSuspected}
   */
  record LeaseAbandoned(
      String pool,
      long connection,
      String thread,
      long heldNanos,
      List<StackTraceElement> acquiredAt)
      implements PoolEvent {

    /** Keeps a copy of the list. */
    public LeaseAbandoned {
      acquiredAt = List.copyOf(acquiredAt);
    }
  }

  /**
   * A thread that has a connection waits for a second one.
   *
   * @param thread the name of the thread, and its id
   * @param connection the number of the connection that it has
   * @param everyHolderWaits whether all connections are held by threads that do so, and none of
   *     them can go on
   */
  record NestedAcquire(String pool, String thread, long connection, boolean everyHolderWaits)
      implements PoolEvent {}
}
