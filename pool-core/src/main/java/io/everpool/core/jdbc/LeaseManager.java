package io.everpool.core.jdbc;

import io.everpool.api.CloseReason;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.Connector;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.UnitListener;
import io.everpool.core.observe.UnitWatch;
import io.everpool.core.upkeep.OutageLog;
import io.everpool.core.upkeep.PrimarySearch;
import java.sql.SQLException;
import java.util.function.LongSupplier;

/**
 * Where leases come from and go back to: the faces' only way to the engine. Thread-safe.
 *
 * <p>A lease is named by the slot's word; a call that names a lease which is over does nothing.
 */
public interface LeaseManager {

  /**
   * A clean connection comes back. If it was doomed meanwhile it is closed instead. A late or
   * second call does nothing.
   *
   * @return whether this call has ended the lease
   */
  boolean release(Session session, long lease);

  /** The connection comes back and must not be lent again. A late or second call does nothing. */
  void retire(Session session, long lease, CloseReason reason);

  /**
   * The connection comes back and is cut at once, though somebody may be using it. A late or second
   * call does nothing.
   */
  void cut(Session session, long lease, CloseReason reason);

  /**
   * A fatal failure was met under the lease: the connection is doomed now, and closed when it comes
   * back. Its loss is told once, even if it was going to be closed in any case. A late call does
   * nothing.
   */
  void doom(Session session, long lease, Verdict verdict, SQLException failure);

  /**
   * As {@link #doom}, but the lease ends before anybody is told: a listener may take long, or ask
   * the pool for a connection.
   */
  default void lose(Session session, long lease, Verdict verdict, SQLException failure) {
    doom(session, lease, verdict, failure);
    release(session, lease);
  }

  /**
   * Whether what has just happened to a unit of work is news for the log; as {@link
   * OutageLog#news(OutageLog.Kind, String)}.
   */
  int news(OutageLog.Kind kind, String reason);

  /** As {@link OutageLog#news(OutageLog.Kind)}. */
  default int news(OutageLog.Kind kind) {
    return news(kind, "");
  }

  /**
   * Whether what a program does wrong, and may do wrong in each lease, is news for the log.
   *
   * @param what what it does wrong, in a word, and where in the program
   * @return below 0 if that is no news; otherwise how many of the same were left untold since the
   *     last
   */
  default int news(String what) {
    return 0;
  }

  /** As {@link #news(String)}, of what is told once and then no more. */
  default int newsOnce(String what) {
    return 0;
  }

  /** Whether another connection could take a session's place, as far as the last connect shows. */
  boolean canReplace();

  /**
   * The session has run as many queries as it may, and goes as soon as another can take its place.
   * Called by whoever has it.
   */
  void retireWhenReplaceable(Session session);

  /**
   * The session's server has become one that takes no writes, though the program has not asked for
   * that. Says what is to become of the session; called by whoever has it.
   */
  PrimarySearch.Refusal writeRefused(Session session);

  /**
   * Waits for the end of the search that {@link #writeRefused} has told of.
   *
   * @param nanos how long to wait; 0 or less for no wait
   * @return whether a server that writes was found, so that another connection is to be had
   */
  boolean awaitPrimary(long nanos) throws InterruptedException;

  /**
   * Waits as any caller does for another connection and has the face {@link PooledConnection#rebind
   * rebound} to it; gives it back if the face refuses. The face's old connection must have been
   * {@link PooledConnection#letGo let go} before, so that one face never holds two slots at once.
   */
  default void renew(PooledConnection face) throws SQLException {
    renew(face, config().acquireTimeout().toNanos());
  }

  /**
   * As {@link #renew(PooledConnection)}, with a time of the caller's.
   *
   * @param timeoutNanos how long to wait; 0 or less for no wait
   */
  void renew(PooledConnection face, long timeoutNanos) throws SQLException;

  /**
   * Has {@code overrun} called soon after a time, on a thread that it must not block. It returns in
   * how many nanoseconds it wants to be called again, or 0 for never.
   *
   * @param at on the pool's clock
   * @return what cancels this
   */
  Runnable watch(long at, LongSupplier overrun);

  /**
   * The holder's time is over: what runs under the lease is cancelled on the server, or the
   * connection is cut; it is never lent again. Blocks for nothing. A late call does nothing.
   *
   * @return what to run if the cancelling had no effect: it cuts the connection if the lease isn't
   *     over by then. It may be run on a thread that must not block, so nobody measures such a
   *     lease
   */
  Runnable cancel(Session session, long lease);

  /** What a failure means: the user's rules first, then the driver's. */
  Verdict classify(Throwable failure);

  /**
   * Claims the connection for its clean-up, which may take round trips: from now on nobody else can
   * end this lease but the pool, which cuts the connection at {@link PoolConfig#resetTimeout()}.
   *
   * @return the name of the lease from now on (the move that claims the connection gives the lease
   *     a new name, so that a racing claim or release by the old name fails); 0 if {@code lease} is
   *     over or the connection is doomed, so that there is nothing to clean
   */
  long resetStarted(Session session, long lease);

  /**
   * The clean-up is over, whether it went well or not. {@link #release}, {@link #retire}, {@link
   * #cut} or {@link #lose} follows.
   *
   * @param lease what {@link #resetStarted} has returned, or {@link #lookStarted} was given
   */
  void resetEnded(Session session, long lease);

  /**
   * A connection comes back and is looked at without being claimed: either it is doomed, so that
   * nobody can claim it, or interceptors are called before its clean-up. The look has the time of a
   * clean-up; if it hangs, the pool ends the lease. {@link #resetEnded} follows.
   */
  default void lookStarted(Session session, long lease) {}

  PoolConfig config();

  Connector connector();

  /** What is known of the texts of statements; one for the whole pool, always the same object. */
  SqlTexts texts();

  void emit(PoolEvent event);

  /** A unit of work begins, of which those who listen for units are told. */
  default UnitWatch watchUnit(UnitListener.Kind kind, WorkOptions options) {
    return UnitWatch.NONE;
  }
}
