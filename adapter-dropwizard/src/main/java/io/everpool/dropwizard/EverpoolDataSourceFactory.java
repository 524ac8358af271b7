package io.everpool.dropwizard;

import com.codahale.metrics.MetricRegistry;
import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import io.dropwizard.db.PooledDataSourceFactory;
import io.dropwizard.util.Duration;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A pool as the database of a Dropwizard application, in Dropwizard 4 and 5. Use this class in
 * place of {@code DataSourceFactory} as the type of a property of the application's configuration.
 * Whatever takes a {@code PooledDataSourceFactory} (Jdbi 3's factory, the bundles of Hibernate and
 * of the migrations) then uses this pool.
 *
 * <pre>{@code
 * database:
 *   url: postgresql://db.example.com/shop
 *   user: app
 *   password: ${DB_PASSWORD}
 *   maxSize: 20
 *   idle-timeout: 5m
 * }</pre>
 *
 * <p>Every setting of a pool is a key, in camel case or in kebab case, and so are the settings of
 * Dropwizard's own factory. A setting of Dropwizard's that has a counterpart counts as that
 * counterpart, unless the counterpart is set itself. For each of the others, a line is logged when
 * a pool is built. All that is unknown or can't work is refused when the configuration is read.
 *
 * <p>Not thread-safe, like Dropwizard's own factory; what it builds is thread-safe.
 */
public final class EverpoolDataSourceFactory implements PooledDataSourceFactory {
  private static final Logger log = LoggerFactory.getLogger(EverpoolDataSourceFactory.class);

  private final DropwizardSettings settings;
  private final PoolNames names;
  private final List<Consumer<? super Everpool.Builder>> customizers = new ArrayList<>();
  private boolean single;

  private EverpoolDataSourceFactory(DropwizardSettings settings) {
    this.settings = settings;
    this.names = new PoolNames(settings.name());
  }

  /**
   * Makes a factory of what the configuration contains.
   *
   * @param entries the values by key, as YAML gives them: texts, numbers, truth values, and maps
   *     and lists of them
   * @throws InvalidPoolConfigException with every problem at once, and without a password
   */
  public static EverpoolDataSourceFactory of(Map<String, ? extends @Nullable Object> entries) {
    return new EverpoolDataSourceFactory(DropwizardSettings.read(entries));
  }

  /**
   * Does the same for Jackson. If a text stands in place of the block, Jackson would quote the text
   * in its message. It may be a URL with its password, written by somebody who doesn't know that a
   * key is needed.
   */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  private static EverpoolDataSourceFactory read(Object written) {
    if (!(written instanceof Map<?, ?> block)) {
      throw new InvalidPoolConfigException(
          List.of(
              "a block is wanted here: write url: and the rest below, each in a line of its own"));
    }
    Map<String, @Nullable Object> entries = new LinkedHashMap<>();
    block.forEach((key, value) -> entries.put(String.valueOf(key), value));
    return of(entries);
  }

  /**
   * Adds what can't be written in a configuration to the pools that are built from now on:
   * listeners, interceptors, a provider of credentials. The recorder of the metrics is set already.
   *
   * @return this
   */
  public EverpoolDataSourceFactory customize(Consumer<? super Everpool.Builder> customizer) {
    customizers.add(Objects.requireNonNull(customizer, "customizer"));
    return this;
  }

  /** The settings of the pools that {@link #build} makes, except their name. */
  public PoolConfig config() {
    PoolConfig config = settings.config();
    if (!single) {
      return config;
    }
    return config.toBuilder()
        .minSize(1)
        .maxSize(1)
        .readers(List.of())
        .commandTimeout(java.time.Duration.ZERO)
        .leakThreshold(java.time.Duration.ZERO)
        .build();
  }

  /**
   * Builds a data source whose pool isn't open yet. The start of the application opens it if {@code
   * environment.lifecycle()} manages it; otherwise the first connection that is asked for does.
   * While the pool is open, {@code metricRegistry} has its metrics.
   *
   * @param name the pool's name. Letters that a pool's name can't have become dashes, and the name
   *     is cut at 54 characters. If the configuration sets {@code name}, the first pool is called
   *     by that, and a pool that is built by another name has both in its name
   */
  @Override
  public EverpoolDataSource build(MetricRegistry metricRegistry, String name) {
    Objects.requireNonNull(metricRegistry, "metricRegistry");
    PoolConfig config = config().toBuilder().name(names.of(name)).build();
    for (String note : settings.notes()) {
      log.info("Pool {}: {}", config.name(), note);
    }
    return new EverpoolDataSource(config, metricRegistry, settings.session(), customizers);
  }

  /**
   * The pools that are built from now on have one connection and no readers. A tool that changes
   * the schema wants them so; {@code command-timeout} and {@code leak-threshold} don't apply to
   * such a tool.
   */
  @Override
  public void asSingleConnectionPool() {
    single = true;
  }

  /** Whether SQL gets comments that say where it comes from; true if nothing is set. */
  @Override
  public boolean isAutoCommentsEnabled() {
    return settings.bundles().autoComments();
  }

  /**
   * The driver's properties, and those of Hibernate ({@code hibernate.*}, {@code
   * jakarta.persistence.*}), which the driver doesn't get.
   */
  @Override
  public Map<String, String> getProperties() {
    return settings.bundles().properties();
  }

  /** How long Dropwizard's health check waits for its answer: {@code validation-timeout}. */
  @Override
  public Optional<Duration> getValidationQueryTimeout() {
    return Optional.of(Duration.milliseconds(settings.config().validationTimeout().toMillis()));
  }

  /**
   * The query of Dropwizard's health check; empty if none is set, and then the check asks the
   * driver ({@code isValid}). The pool itself never sends this query.
   */
  @Override
  public Optional<String> getValidationQuery() {
    return Optional.ofNullable(settings.bundles().validationQuery());
  }

  /** The driver's class as the configuration names it; the pool finds its driver by the URL. */
  @Override
  public @Nullable String getDriverClass() {
    return settings.bundles().driverClass();
  }

  /** The database's URL, as {@link PoolConfig#url()}; it may contain a password. */
  @Override
  public String getUrl() {
    return settings.config().url();
  }

  /** The settings, as a {@link Pool} would show them: without a secret. */
  @Override
  @JsonValue
  public String toString() {
    return "EverpoolDataSourceFactory of " + config();
  }
}
