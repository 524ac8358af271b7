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
 * @param lastConnect what the last failed connect means; it matters only while connects fail
 * @param connectingFor for how long the oldest connect has been under way; nanoseconds
 * @param waking whether the pool was asleep, and nobody has been lent a connection since
 * @param serverFull whether the server was asked and has no room for another connection
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
   * The same reason as another caller sees it.
   *
   * @param own the pool's state as that caller sees it
   * @param wait the value of {@link #entangled()}
   */
  Exhaustion as(PoolSnapshot own, boolean wait) {
    return new Exhaustion(own, config, lastConnect, connectingFor, waking, serverFull, wait);
  }

  /** Whether the pool has as many connections as it may have. */
  boolean isFull() {
    return pool.total() >= pool.maxSize();
  }

  /** Whether the pool is full only because an operator has made it smaller than max-size. */
  boolean wasMadeSmaller() {
    return isFull() && pool.maxSize() < config.maxSize();
  }

  /**
   * Whether each connection that there may be is held by a thread that itself waits for another, or
   * did so until just now.
   */
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

  /** Whether the configuration says how long a holder may keep a connection. */
  boolean hasThreshold() {
    return config.leakThreshold().toNanos() > 0;
  }

  private Duration patience() {
    return hasThreshold() ? config.leakThreshold() : config.acquireTimeout().multipliedBy(2);
  }
}
