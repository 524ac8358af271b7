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
 * A pool as the database of a Dropwizard application, in Dropwizard 4 and 5: the type of a property
 * of its configuration, in place of {@code DataSourceFactory}. Whatever takes a {@code
 * PooledDataSourceFactory} (Jdbi 3's factory, the bundles of Hibernate and of the migrations) then
 * has this pool.
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
 * Dropwizard's own factory: those that have a counterpart count as that, where it isn't set itself,
 * and each of the others is told in a line of the log when a pool is built. What is unknown or
 * can't work is refused when the configuration is read, all at once.
 *
 * <p>Not thread-safe, as Dropwizard's own; what it builds is.
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
   * Of what stands in the configuration.
   *
   * @param entries by key, as YAML gives them: texts, numbers, truth values, and maps and lists of
   *     them
   * @throws InvalidPoolConfigException with every problem at once, and without a password
   */
  public static EverpoolDataSourceFactory of(Map<String, ? extends @Nullable Object> entries) {
    return new EverpoolDataSourceFactory(DropwizardSettings.read(entries));
  }

  /**
   * The same for Jackson, which would quote a text that stands in the block's place: a URL with its
   * password, as somebody writes it who doesn't know of the key.
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
   * Adds to the pools that are built later on what can't be written in a configuration: listeners,
   * interceptors, a provider of credentials. The metrics' recorder is set already.
   *
   * @return this
   */
  public EverpoolDataSourceFactory customize(Consumer<? super Everpool.Builder> customizer) {
    customizers.add(Objects.requireNonNull(customizer, "customizer"));
    return this;
  }

  /** The settings of the pools that {@link #build} makes, but for their name. */
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
   * A pool to come. It is opened by the start of the application if {@code environment.lifecycle()}
   * manages it, or by the first connection that is asked for, and has its metrics in {@code
   * metricRegistry} while it is open.
   *
   * @param name the pool's; letters that a name can't have become dashes, and it is cut at 54.
   *     Where {@code name} is set, the first pool has that, and one that is built by another name
   *     has both
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
   * The pools built from now on have one connection and no readers, as a tool wants them that
   * changes the schema; {@code command-timeout} and {@code leak-threshold} aren't for such a tool.
   */
  @Override
  public void asSingleConnectionPool() {
    single = true;
  }

  /** Whether SQL gets comments that say where it comes from; true where nobody says. */
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

  /** {@code validation-timeout}: how long Dropwizard's health check waits for its answer. */
  @Override
  public Optional<Duration> getValidationQueryTimeout() {
    return Optional.of(Duration.milliseconds(settings.config().validationTimeout().toMillis()));
  }

  /**
   * What Dropwizard's health check asks; empty where nobody says, for which it asks the driver
   * ({@code isValid}). The pool itself never asks it.
   */
  @Override
  public Optional<String> getValidationQuery() {
    return Optional.ofNullable(settings.bundles().validationQuery());
  }

  /** What stands there; the pool finds its driver by the URL. */
  @Override
  public @Nullable String getDriverClass() {
    return settings.bundles().driverClass();
  }

  /** The database, as {@link PoolConfig#url()}; it may hold a password. */
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
