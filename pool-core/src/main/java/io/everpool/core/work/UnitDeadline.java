package io.everpool.core.work;

import io.everpool.core.jdbc.LeaseManager;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.upkeep.UnitDeadlines;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * When a unit must have ended. If it hasn't by then, upkeep has what it runs cancelled, and cuts
 * the connection if that doesn't help.
 *
 * <p>A COMMIT must not be cancelled: one that waits for a synchronous standby then commits without
 * it. So the deadline is suspended while one is sent, and both sides move by compare-and-set:
 * either the unit has suspended it, and upkeep does nothing; or upkeep has declared it passed, and
 * the unit doesn't send its COMMIT.
 */
final class UnitDeadline {
  private enum State {
    WATCHED,
    SUSPENDED,
    PASSED
  }

  private static final long SOON = 100_000_000L;

  private final LeaseManager leases;
  private final RerunLog told;
  private final PooledConnection face;
  private final String label;
  private final long at;
  private final long allowed;
  private final AtomicReference<State> state = new AtomicReference<>(State.SUSPENDED);
  private @Nullable Runnable watch;

  /** What to do if cancelling was of no use. Only upkeep uses this. */
  private @Nullable Runnable cut;

  /**
   * @param at when the unit must have ended, on the pool's clock
   * @param allowed what the caller has allowed, for messages; nanoseconds
   */
  UnitDeadline(
      LeaseManager leases,
      RerunLog told,
      PooledConnection face,
      String label,
      long at,
      long allowed) {
    this.leases = leases;
    this.told = told;
    this.face = face;
    this.label = label;
    this.at = at;
    this.allowed = allowed;
  }

  /** How long is left at {@code now}; nanoseconds. */
  long left(long now) {
    return at - now;
  }

  /** Whether it has passed and the unit was cancelled. */
  boolean hasPassed() {
    return state.get() == State.PASSED;
  }

  /** What was allowed, in words. */
  String allowed() {
    return allowed / 1_000_000 + " ms";
  }

  /** From now on upkeep looks after it. */
  void watch() {
    if (watch == null) {
      watch = leases.watch(at, this::overrun);
    }
    state.compareAndSet(State.SUSPENDED, State.WATCHED);
  }

  /**
   * Suspends it, for what is done now must not be cancelled; false if it is too late to do that.
   */
  boolean suspend() {
    return state.compareAndSet(State.WATCHED, State.SUSPENDED) || !hasPassed();
  }

  /** The unit is over; true if what it ran may still be cancelled. */
  boolean end() {
    boolean inTime = suspend();
    if (watch != null) {
      watch.run();
      watch = null;
    }
    return !inTime;
  }

  /** Upkeep calls this when it has passed; returns in how many nanoseconds to call again, or 0. */
  private long overrun() {
    Runnable last = cut;
    if (last != null) {
      last.run();
      return 0;
    }
    if (!hasPassed()) {
      if (!state.compareAndSet(State.WATCHED, State.PASSED)) {
        return SOON; // a COMMIT is under way, or the unit is over
      }
      told.overrun(label, allowed());
    }
    cut = face.cancel();
    return cut == null ? SOON : UnitDeadlines.GRACE; // null: it waits for another session
  }
}
