package io.everpool.core.jdbc;

import io.everpool.core.engine.Slot;
import org.jspecify.annotations.Nullable;

/**
 * One acquire of a caller, over all the connections that are tried for it: some are lost in an
 * interceptor, and some belong to a reader that doesn't suit. It counts as one wait, which is
 * recorded when the caller has the connection that he keeps; the others count as nobody's use. For
 * one thread.
 */
public final class Asking {

  /** When he began to ask, on the pool's clock. */
  public final long begun;

  /** When he turned to the pool that he is asking now, or has asked last. */
  long turned;

  /** Whether he has stood in line, in this pool or in another. */
  boolean stood;

  /** When he was given the connection that he tried last. */
  long since;

  private @Nullable Slot slot;
  private long lease;

  /**
   * @param begun when he began to ask, on the pool's clock
   */
  public Asking(long begun) {
    this.begun = begun;
    this.turned = begun;
  }

  /** Notes that he has a connection to try; whether he keeps it isn't known yet. */
  void tries(Slot next, long nextLease, long now, boolean inLine) {
    slot = next;
    lease = nextLease;
    since = now;
    stood |= inLine;
  }

  /** Whether this is the lease that he was given last to try. */
  boolean lastTried(Slot given, long givenLease) {
    return slot == given && lease == givenLease;
  }
}
