package io.everpool.core.jdbc;

import io.everpool.core.engine.Slot;
import org.jspecify.annotations.Nullable;

/**
 * What a caller's acquire comes to over all the connections that are tried for it: some are lost in
 * an interceptor, and some are of a reader that doesn't suit. It is one wait, told of when he has
 * the connection that he gets, and the others are nobody's use. For one thread.
 */
public final class Asking {

  /** When he began to ask, on the pool's clock. */
  public final long begun;

  /** When he turned to the pool that he asks now, or has asked last. */
  long turned;

  /** Whether he has stood in line, here or elsewhere. */
  boolean stood;

  /** Since when he has had the one that he was given last to try. */
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

  /** He has a connection, and it is to be seen whether he keeps it. */
  void tries(Slot next, long nextLease, long now, boolean inLine) {
    slot = next;
    lease = nextLease;
    since = now;
    stood |= inLine;
  }

  /** Whether it was this that he was given last to try. */
  boolean lastTried(Slot given, long givenLease) {
    return slot == given && lease == givenLease;
  }
}
