package io.everpool.postgresql.advice;

import io.everpool.api.PoolConfig;
import java.time.Duration;

/** How long a connection may be idle in a pool, to compare with what the server allows. */
public final class Idleness {
  private static final Duration FOR_EVER = Duration.ofDays(1000);

  private Idleness() {}

  /**
   * The longest time that a connection may be idle in the pool. As many connections as {@code
   * min-size} says may be idle for as long as they live.
   */
  public static Duration longest(PoolConfig config) {
    Duration life = config.maxLifetime().isZero() ? FOR_EVER : config.maxLifetime();
    Duration idle = config.idleTimeout().isZero() ? FOR_EVER : config.idleTimeout();
    return config.minSize() > 0 || idle.compareTo(life) > 0 ? life : idle;
  }
}
