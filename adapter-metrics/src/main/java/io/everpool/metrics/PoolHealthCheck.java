package io.everpool.metrics;

import com.codahale.metrics.health.HealthCheck;
import io.everpool.api.Pool;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.PoolState;

/**
 * Whether a pool is fit for work, told from its metrics: it sends no query, so asking often neither
 * costs a connection nor keeps a serverless database awake.
 *
 * <p>Unhealthy is a pool
 *
 * <ul>
 *   <li>that isn't open;
 *   <li>that is suspended, whatever it last knew: it lends nothing until it is resumed;
 *   <li>whose server is known to be unreachable;
 *   <li>that has no connection at all, and whose last attempt to open one has failed, as where the
 *       server refuses the login or is full.
 * </ul>
 *
 * <p>The last two don't count of a pool that doesn't try to connect, for only work has it do so,
 * and an unhealthy application may be sent none: one that sleeps, and one that keeps no connection
 * ({@code min-size = 0}), has none and is asked for none. Of a pool with readers it tells how the
 * writer is. The message has the counts and, if the server is the reason, the last connect error;
 * the details have them by name.
 *
 * <p>May be asked from any thread, by several at once; waits for nothing.
 */
public final class PoolHealthCheck extends HealthCheck {
  private final Pool pool;

  /** Of {@code pool}, which stays the caller's to close. */
  public PoolHealthCheck(Pool pool) {
    this.pool = pool;
  }

  @Override
  protected Result check() {
    PoolSnapshot now = pool.snapshot();
    if (now.state() != PoolState.OPEN) {
      return result(now).unhealthy().withMessage("Pool %s is %s", now.name(), now.state()).build();
    }
    if (now.suspended()) { // by itself: what failed before that is not the reason
      return result(now).unhealthy().withMessage("%s", now).build();
    }
    String error = now.lastConnectError();
    // The server is there, and refuses connections or is full.
    boolean refused = now.total() == 0 && error != null;
    // A pool that keeps no connection, has none and is asked for none doesn't try: the server may
    // be back. Unhealthy, it would be sent no work, and only work shows that the server is back.
    boolean tries = now.total() > 0 || now.minSize() > 0 || now.waiting() > 0;
    if (tries && !now.asleep() && (now.down() || refused)) {
      return result(now)
          .unhealthy()
          // As arguments: the driver's text may hold percent signs.
          .withMessage("%s%s", now, error == null ? "" : "; last connect error: " + error)
          .build();
    }
    return result(now).healthy().withMessage("%s", now).build();
  }

  private static ResultBuilder result(PoolSnapshot now) {
    return Result.builder()
        .withDetail("state", now.state().name())
        .withDetail("asleep", now.asleep())
        .withDetail("down", now.down())
        .withDetail("suspended", now.suspended())
        .withDetail("total", now.total())
        .withDetail("idle", now.idle())
        .withDetail("leased", now.leased())
        .withDetail("connecting", now.connecting())
        .withDetail("waiting", now.waiting())
        .withDetail("max", now.maxSize());
  }
}
