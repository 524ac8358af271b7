package io.everpool.spring;

import io.everpool.api.Pool;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.PoolState;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import javax.sql.DataSource;

/**
 * Whether a pool is fit for work, judged by what it has seen. No query is sent and no connection
 * taken, so that asking often costs nothing and doesn't keep a serverless database awake. A pool
 * that sleeps is fit, because only work wakes it. A pool that is suspended is not, whatever it has
 * seen before, because it lends nothing until somebody resumes it.
 *
 * @param up whether the pool is fit
 * @param details the facts from which that is concluded, in order
 */
record PoolHealth(boolean up, Map<String, Object> details) {

  /**
   * The health of each data source, by the name of its bean. All of them are pools, unless somebody
   * has made another data source after it was checked that there is none.
   *
   * @param asks whether a pool asks its database
   */
  static Map<String, Supplier<PoolHealth>> ofAll(PoolBeans pools, Evidence evidence, boolean asks) {
    Map<String, Supplier<PoolHealth>> all = new LinkedHashMap<>();
    pools
        .all()
        .forEach(
            (name, pool) -> all.put(name, () -> asks ? asked(pool, evidence) : of(pool, evidence)));
    pools.others().forEach((name, other) -> all.put(name, () -> asked(other)));
    return all;
  }

  /**
   * The health of a data source that is no pool. Nothing else tells of it, so the database is
   * asked.
   */
  private static PoolHealth asked(DataSource other) {
    Map<String, Object> details = new LinkedHashMap<>();
    try (Connection connection = other.getConnection()) {
      details.put("database", connection.getMetaData().getDatabaseProductName());
      boolean answered = connection.isValid(0);
      details.put("answer", answered ? "valid" : "none");
      return new PoolHealth(answered, details);
    } catch (SQLException | RuntimeException e) {
      details.put("answer", String.valueOf(e.getMessage()));
      return new PoolHealth(false, details);
    }
  }

  /** The health of a pool, judged by what the pool knows. */
  static PoolHealth of(Pool pool, Evidence evidence) {
    PoolSnapshot now = pool.snapshot();
    String error = now.lastConnectError();
    // The server can be reached, and refuses connections or is full.
    boolean refused = now.total() == 0 && error != null;
    // A pool that keeps no connection, has none and is asked for none doesn't try to connect: the
    // server may be back. If the pool were reported as down it would be sent no work, and only work
    // shows that the server is back.
    boolean tries = now.total() > 0 || now.minSize() > 0 || now.waiting() > 0;
    boolean unfit = tries && !now.asleep() && (now.down() || refused);
    boolean up = now.state() == PoolState.OPEN && !now.suspended() && !unfit;
    return new PoolHealth(up, details(now, evidence));
  }

  /**
   * The health of a pool whose database is asked, on one of the pool's connections. A suspended
   * pool isn't asked, because the wait for a connection would be in vain.
   */
  static PoolHealth asked(Pool pool, Evidence evidence) {
    if (pool.snapshot().suspended()) {
      PoolHealth health = of(pool, evidence);
      health.details().put("answer", "none: the pool is suspended");
      return health;
    }
    int seconds = (int) Math.max(1, pool.config().validationTimeout().toSeconds());
    boolean answered;
    String answer = "none";
    try (Connection connection = pool.getConnection(pool.config().validationTimeout())) {
      answered = connection.isValid(seconds);
      answer = answered ? "valid" : "none";
    } catch (SQLException | RuntimeException e) { // an interceptor may throw either
      answered = false;
      answer = String.valueOf(e.getMessage());
    }
    Map<String, Object> details = details(pool.snapshot(), evidence);
    details.put("answer", answer);
    return new PoolHealth(answered, details);
  }

  private static Map<String, Object> details(PoolSnapshot now, Evidence evidence) {
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("pool", now.name());
    details.put("state", now.state().name().toLowerCase(Locale.ROOT));
    Evidence.Seen seen = evidence.of(now.name());
    if (seen != null) {
      details.put("evidence", seen.what());
      details.put("evidenceAge", evidence.age(seen).toSeconds() + "s");
    }
    details.put("idle", now.idle());
    details.put("leased", now.leased());
    details.put("max", now.maxSize());
    details.put("waiting", now.waiting());
    details.put("asleep", now.asleep());
    details.put("suspended", now.suspended());
    if (now.lastConnectError() != null) {
      details.put("lastConnectError", now.lastConnectError());
    }
    return details;
  }
}
