package io.everpool.core.jdbc;

import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.Verdict;
import java.time.Duration;

/**
 * Why there is no connection just now.
 *
 * @param pool the pool's state, with what the holders do
 * @param config its settings
 * @param lastConnect what the last failed connect means; counts while connects fail
 * @param connectingFor for how long the oldest connect has been under way; nanoseconds
 * @param waking whether the pool was asleep, and nobody has been lent a connection since
 * @param serverFull whether the server was asked, and has no place for another connection
 * @param entangled whether all holders were seen to wait, and no connection has come back since
 */
record Exhaustion(
    PoolSnapshot pool,
    PoolConfig config,
    Verdict lastConnect,
    long connectingFor,
    boolean waking,
    boolean serverFull,
    boolean entangled) {

  /**
   * The same for another.
   *
   * @param own the pool's state as he knows it
   * @param wait {@link #entangled()}
   */
  Exhaustion as(PoolSnapshot own, boolean wait) {
    return new Exhaustion(own, config, lastConnect, connectingFor, waking, serverFull, wait);
  }

  /** Whether there is no place for another connection. */
  boolean isFull() {
    return pool.total() >= pool.maxSize();
  }

  /** Whether that is so since an operator has resized the pool: max-size is larger. */
  boolean wasMadeSmaller() {
    return isFull() && pool.maxSize() < config.maxSize();
  }

  /** Whether all there may be is held by threads that wait themselves, or did until just now. */
  boolean everyHolderWaits() {
    return entangled
        && isFull()
        && !pool.holders().isEmpty()
        && pool.holders().size() == pool.total();
  }

  /** How many connections have been out for longer than a holder should need. */
  long overdue() {
    Duration patience = patience();
    return pool.holders().stream().filter(it -> it.heldFor().compareTo(patience) >= 0).count();
  }

  /** Whether it was said how long a holder may need. */
  boolean hasThreshold() {
    return config.leakThreshold().toNanos() > 0;
  }

  private Duration patience() {
    return hasThreshold() ? config.leakThreshold() : config.acquireTimeout().multipliedBy(2);
  }
}
