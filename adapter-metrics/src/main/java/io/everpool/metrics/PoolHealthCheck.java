package io.everpool.metrics;

import com.codahale.metrics.health.HealthCheck;
import io.everpool.api.Pool;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.PoolState;

/**
 * Whether a pool is fit for work, told from its books: it sends no query, so asking often neither
 * costs a connection nor keeps a serverless database awake. A sleeping pool is healthy.
 */
public final class PoolHealthCheck extends HealthCheck {
  private final Pool pool;

  public PoolHealthCheck(Pool pool) {
    this.pool = pool;
  }

  @Override
  protected Result check() {
    PoolSnapshot now = pool.snapshot();
    if (now.state() != PoolState.OPEN) {
      return Result.unhealthy("Pool %s is %s", now.name(), now.state());
    }
    if (now.down()) {
      // One argument: the driver's text may hold percent signs.
      return Result.unhealthy("%s; last connect error: %s", now, now.lastConnectError());
    }
    return Result.healthy("%s", now);
  }
}
