package io.everpool.core.upkeep;

import io.everpool.api.Verdict;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.TimeSource;
import java.sql.SQLException;

/**
 * Everybody reports here when something has failed. One failure is news about the other
 * connections: the idle ones are looked at before they are lent, and if failures corroborate each
 * other the fence falls. {@link #suspect} and {@link #failed} may be called from any thread; what
 * follows from them is done on the upkeep thread.
 */
public final class FailureReports {
  private final Engine engine;
  private final Inbox inbox;
  private final TimeSource time;
  private final SlotActivity activity;
  private final Fence fence;
  private final boolean otherHosts;
  private final OutageDetector outages;

  /** Whether all idle connections are to be looked at. */
  private boolean sweep;

  /**
   * The reports of a pool that has just begun.
   *
   * @param otherHosts whether a connect may try several servers
   */
  FailureReports(
      Engine engine,
      Inbox inbox,
      TimeSource time,
      SlotActivity activity,
      Fence fence,
      boolean otherHosts) {
    this.engine = engine;
    this.inbox = inbox;
    this.time = time;
    this.activity = activity;
    this.fence = fence;
    this.otherHosts = otherHosts;
    this.outages = new OutageDetector(time.nanoTime());
  }

  /**
   * A connection has failed: the others are looked at now, not at the next health check, and before
   * they are lent.
   */
  public void suspect() {
    engine.mistrustIdle();
    inbox.post(() -> sweep = true);
  }

  /**
   * A connection failed while somebody used it, or asked whether it lives; {@code message} carries
   * no secret.
   */
  public void failed(PooledEntry entry, Verdict verdict, String message) {
    engine.mistrustIdle();
    inbox.post(
        () -> {
          sweep = true;
          weigh(entry, verdict, message);
        });
  }

  private void weigh(PooledEntry entry, Verdict verdict, String message) {
    // All that an outage breaks fails at about the same time, and the first few failures bring the
    // fence down: what the others then say of the old generation is no evidence against the new.
    if (!fence.covers(entry)
        && outages().connectionFailed(verdict, activity.live(), time.nanoTime())) {
      fence.fall("connection " + entry.number() + " failed: " + message);
    }
  }

  /** A connect failed. Upkeep thread only. */
  void connectFailed(Verdict verdict, SQLException failure) {
    // Of several hosts a driver tells only what became of the last: another may have been asked.
    boolean asked = otherHosts || !ConnectFailures.neverSent(failure);
    if (asked && outages().connectFailed(verdict, time.nanoTime())) {
      fence.fall("the server is away: " + failure.getMessage());
    }
  }

  /**
   * The detector; it forgets all that it was told before the last fence, whatever made that fall.
   */
  private OutageDetector outages() {
    outages.generation(fence.generation(), time.nanoTime());
    return outages;
  }

  /** The process was paused, so that any idle connection may be dead. Upkeep thread only. */
  void mistrustAll() {
    engine.mistrustIdle();
    sweep = true;
  }

  /** Whether all idle connections are to be looked at. Upkeep thread only. */
  boolean wantSweep() {
    return sweep;
  }

  /** All idle connections were looked at. Upkeep thread only. */
  void swept() {
    sweep = false;
  }
}
