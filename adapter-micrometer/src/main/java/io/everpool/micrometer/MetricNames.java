package io.everpool.micrometer;

import io.everpool.api.PoolSnapshot;
import io.micrometer.core.instrument.Tags;
import java.util.List;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;

/**
 * The names of those metrics that every pool has. Those that only Everpool has are called {@code
 * everpool.…} with either set of names. Pools that share a registry should use the same names,
 * because some registries (Prometheus) want the same tags on all metrics of one name.
 */
public enum MetricNames {

  /** OpenTelemetry's semantic conventions for connection pools: {@code db.client.connection.*}. */
  OPEN_TELEMETRY(
      "db.client.connection.pool.name",
      "db.client.connection.wait_time",
      "db.client.connection.use_time",
      "db.client.connection.create_time",
      "db.client.connection.timeouts",
      List.of(
          // A connection that is being examined counts as idle, because nobody uses it; so the two
          // add up to all connections.
          state("idle", now -> now.idle() + now.probing()),
          state("used", PoolSnapshot::leased),
          new Figure(
              "db.client.connection.idle.max",
              "The maximum number of idle open connections allowed",
              PoolSnapshot::maxSize),
          new Figure(
              "db.client.connection.idle.min",
              "The minimum number of idle open connections allowed",
              PoolSnapshot::minSize),
          new Figure(
              "db.client.connection.max",
              "The maximum number of open connections allowed",
              PoolSnapshot::maxSize),
          new Figure(
              "db.client.connection.pending_requests",
              "Callers in line for a connection",
              PoolSnapshot::waiting))),

  /**
   * HikariCP's names, so that its dashboards and alerts still work: {@code hikaricp.connections.*}.
   */
  HIKARI_CP(
      "pool",
      "hikaricp.connections.acquire",
      "hikaricp.connections.usage",
      "hikaricp.connections.creation",
      "hikaricp.connections.timeout",
      List.of(
          new Figure("hikaricp.connections", "Total connections", PoolSnapshot::total),
          new Figure(
              "hikaricp.connections.idle", "Idle connections", now -> now.idle() + now.probing()),
          new Figure("hikaricp.connections.active", "Active connections", PoolSnapshot::leased),
          new Figure("hikaricp.connections.pending", "Pending threads", PoolSnapshot::waiting),
          new Figure("hikaricp.connections.max", "Max connections", PoolSnapshot::maxSize),
          new Figure("hikaricp.connections.min", "Min connections", PoolSnapshot::minSize)));

  /** The tag whose value is the pool's name. */
  final String poolTag;

  final String wait;
  final String use;
  final String connect;
  final String timeouts;

  @SuppressWarnings("ImmutableEnumChecker") // List.of has made it
  final List<Figure> figures;

  MetricNames(
      String poolTag,
      String wait,
      String use,
      String connect,
      String timeouts,
      List<Figure> figures) {
    this.poolTag = poolTag;
    this.wait = wait;
    this.use = use;
    this.connect = connect;
    this.timeouts = timeouts;
    this.figures = figures;
  }

  /** The names that must be free for a pool. */
  List<String> all() {
    return Stream.concat(
            Stream.of(wait, use, connect, timeouts), figures.stream().map(Figure::name))
        .distinct()
        .toList();
  }

  private static Figure state(String state, ToIntFunction<PoolSnapshot> connections) {
    return new Figure(
        "db.client.connection.count",
        Tags.of("db.client.connection.state", state),
        "The number of connections that are currently in state described by the state attribute",
        connections);
  }
}
