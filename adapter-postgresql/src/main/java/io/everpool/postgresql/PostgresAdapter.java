package io.everpool.postgresql;

import io.everpool.api.Contradiction;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolerMode;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.DriverAdapter;
import io.everpool.postgresql.advice.DriverContradictions;
import io.everpool.postgresql.session.SessionCatalog;
import io.everpool.postgresql.url.Destination;
import io.everpool.postgresql.url.Destinations;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * PostgreSQL and what speaks its protocol (Neon, PgBouncer), by libpq URLs ({@code
 * postgresql://...}, {@code postgres://...}) and JDBC URLs ({@code jdbc:postgresql:...}), which may
 * also name drivers around pgjdbc that look on ({@code jdbc:p6spy:postgresql:...}, {@code
 * jdbc:otel:postgresql:...}).
 *
 * <p>It works with servers from PostgreSQL 12 on. On older servers a reset of settings also undoes
 * the {@code extra_float_digits} that pgjdbc sets after the login there.
 */
public final class PostgresAdapter implements DriverAdapter {

  private final Destinations destinations;

  /** {@link java.util.ServiceLoader} makes the adapter. */
  public PostgresAdapter() {
    this(System::getenv);
  }

  PostgresAdapter(UnaryOperator<@Nullable String> environment) {
    destinations = new Destinations(environment);
  }

  @Override
  public boolean accepts(String url) {
    return Destinations.accepts(url);
  }

  @Override
  public Connector connector(PoolConfig config) {
    return connector(config, false);
  }

  /**
   * The connector of a reader accepts any server: a reader that is promoted, and later becomes a
   * standby again, stays good.
   */
  @Override
  public Connector readerConnector(PoolConfig config) {
    return connector(config, true);
  }

  private Connector connector(PoolConfig config, boolean standbyWillDo) {
    PoolerMode pooler = pooler(config);
    PoolerMode shown = pooler == PoolerMode.AUTO ? PoolerMode.TRANSACTION : pooler;
    Destination destination = destinations.of(config, pooler);
    Pooler between = new Pooler(pooler, destination.properties());
    return new PostgresConnector(
        new DriverCall(Destinations.around(config.url())),
        destination,
        shown == pooler ? destination : destinations.of(config, shown),
        between,
        new SessionCatalog(config.healthCheckInterval().toNanos()),
        new RoomCheck(between, config.minSize(), config.maxSize()),
        contradictions(config, pooler),
        contradictions(config, shown),
        config.commandTimeout(),
        standbyWillDo);
  }

  /** The contradictions within the configuration that this adapter knows of. */
  private List<Contradiction> contradictions(PoolConfig config, PoolerMode pooler) {
    return DriverContradictions.of(
        config, destinations.of(config, pooler), destinations.inUrl(config), pooler);
  }

  /**
   * Where to connect to, and how, as far as it is known before anything was opened; with secrets.
   */
  Destination destination(PoolConfig config) {
    return destinations.of(config, pooler(config));
  }

  private PoolerMode pooler(PoolConfig config) {
    return config.pooler() == PoolerMode.AUTO
        ? destinations.of(config, PoolerMode.AUTO).knownPooler()
        : config.pooler();
  }
}
