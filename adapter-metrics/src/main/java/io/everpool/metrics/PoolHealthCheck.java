package io.everpool.metrics;

import com.codahale.metrics.health.HealthCheck;
import io.everpool.api.Pool;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.PoolState;

/**
 * Tells whether a pool is fit for work, from its figures: it sends no query, so asking often
 * neither costs a connection nor keeps a serverless database awake.
 *
 * <p>A pool is unhealthy
 *
 * <ul>
 *   <li>if it isn't open;
 *   <li>if it is suspended, whatever it last knew: it lends nothing until it is resumed;
 *   <li>if its server is known to be unreachable;
 *   <li>if it has no connection at all, and its last attempt to open one has failed, as when the
 *       server refuses the login or is full.
 * </ul>
 *
 * <p>The last two don't count if the pool doesn't try to connect. That is so while it sleeps, and
 * while a pool that keeps no connection ({@code min-size = 0}) has none and is asked for none. Only
 * work makes such a pool connect, and an unhealthy application may be sent no work. If a pool has
 * readers, the check tells how the writer is. The message contains the counts and, if the server is
 * the reason, the last connect error; the details contain them by name.
 *
 * <p>It may be asked from any thread, by several at once; it waits for nothing.
 */
public final class PoolHealthCheck extends HealthCheck {
  private final Pool pool;

  /** Makes the check of {@code pool}, which the caller still has to close. */
  public PoolHealthCheck(Pool pool) {
    this.pool = pool;
  }

  @Override
  protected Result check() {
    PoolSnapshot now = pool.snapshot();
    if (now.state() != PoolState.OPEN) {
      return result(now).unhealthy().withMessage("Pool %s is %s", now.name(), now.state()).build();
    }
    if (now.suspended()) { // this is a reason by itself: what failed before isn't
      return result(now).unhealthy().withMessage("%s", now).build();
    }
    String error = now.lastConnectError();
    // The server can be reached, and refuses connections or is full.
    boolean refused = now.total() == 0 && error != null;
    // A pool that keeps no connection, has none and is asked for none doesn't try to connect: the
    // server may be back. If the pool were unhealthy it would be sent no work, and only work shows
    // that the server is back.
    boolean tries = now.total() > 0 || now.minSize() > 0 || now.waiting() > 0;
    if (tries && !now.asleep() && (now.down() || refused)) {
      return result(now)
          .unhealthy()
          // These are arguments, because the driver's text may contain percent signs.
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
