package io.everpool.core;

import io.everpool.api.Classifier;
import io.everpool.api.ConnectionInitializer;
import io.everpool.api.CredentialsProvider;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.DriverAdapter;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.api.observe.PoolListener;
import io.everpool.core.jdbc.Initialization;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.observe.Recorders;
import io.everpool.core.plain.PlainConnector;
import io.everpool.core.runtime.SystemRuntime;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Where a pool begins: {@code try (Pool pool = Everpool.open(config)) { ... }}. */
public final class Everpool {

  private Everpool() {}

  /**
   * Opens a pool with the driver adapter that accepts the URL.
   *
   * @throws SQLException if {@link PoolConfig#failFast()} and no connection could be opened: as
   *     {@link Pool#getConnection()}, but after five minutes at the latest, and a {@link
   *     java.sql.SQLTransientConnectionException} with SQLState {@code 08001} after some seconds if
   *     every connect has found nobody there
   * @throws io.everpool.api.InvalidPoolConfigException if no adapter accepts the URL, or the
   *     adapter refuses it
   */
  public static Pool open(PoolConfig config) throws SQLException {
    return builder(config).open();
  }

  /** Builds a pool that may have listeners, recorders, rules or a connector given by hand. */
  public static Builder builder(PoolConfig config) {
    return new Builder(config);
  }

  /** Collects the parts of a pool. Not thread-safe. */
  public static final class Builder {
    private final PoolConfig config;
    private final List<PoolListener> listeners = new ArrayList<>();
    private final List<Classifier> classifiers = new ArrayList<>();
    private final List<ConnectionInitializer> initializers = new ArrayList<>();
    private final List<LeaseInterceptor> interceptors = new ArrayList<>();
    private @Nullable CredentialsProvider credentials;
    private final List<Connector> readers = new ArrayList<>();
    private @Nullable Connector connector;
    private @Nullable DataSource dataSource;
    private final List<LeaseRecorder> recorders = new ArrayList<>();

    private Builder(PoolConfig config) {
      this.config = Objects.requireNonNull(config, "config");
    }

    /** Adds a listener; all are told, in the order they were added. */
    public Builder listener(PoolListener listener) {
      listeners.add(Objects.requireNonNull(listener, "listener"));
      return this;
    }

    /**
     * Adds one who measures leases: with it the pool reads the clock at each acquire and release.
     * All are told, in the order they were added.
     *
     * @param recorder null adds none; one that was added before isn't added again, so that it
     *     counts each lease once
     */
    public Builder recorder(@Nullable LeaseRecorder recorder) {
      if (recorder != null && recorders.stream().noneMatch(each -> each == recorder)) {
        recorders.add(recorder);
      }
      return this;
    }

    /**
     * Adds rules that are asked before the driver's, in the order they were added, whenever
     * anything fails: connecting, examining, using, resetting or closing a connection. They are
     * called on the thread that met the failure, whichever that is, so they must be thread-safe and
     * quick. If one throws, that is logged, and the next is asked.
     */
    public Builder classifier(Classifier classifier) {
      classifiers.add(Objects.requireNonNull(classifier, "classifier"));
      return this;
    }

    /**
     * Adds what sets each new connection up, after {@link PoolConfig#connectionInitSql()} and in
     * the order they were added.
     */
    public Builder initializer(ConnectionInitializer initializer) {
      initializers.add(Objects.requireNonNull(initializer, "initializer"));
      return this;
    }

    /**
     * Asks this provider what to log in with, at each opening of a connection. The configuration
     * must not have a password then. Its user counts if the provider's answer has none.
     */
    public Builder credentials(@Nullable CredentialsProvider value) {
      credentials = value;
      return this;
    }

    /**
     * Adds one who works on each connection when it is lent and before it goes back. The first that
     * was added is the first to see a connection when it is lent, and the last before it goes back.
     * Without interceptors this costs nothing.
     */
    public Builder interceptor(LeaseInterceptor interceptor) {
      interceptors.add(Objects.requireNonNull(interceptor, "interceptor"));
      return this;
    }

    /** Opens connections with this connector, not an adapter's. The pool closes it at its end. */
    public Builder connector(Connector value) {
      connector = Objects.requireNonNull(value, "connector");
      dataSource = null;
      return this;
    }

    /**
     * Adds a reader whose connections this connector opens, after those of {@link
     * PoolConfig#readers()}. The pool closes the connector at its end.
     */
    public Builder reader(Connector value) {
      readers.add(Objects.requireNonNull(value, "reader"));
      return this;
    }

    /**
     * Pools the connections that {@code value} opens, one at each of its getConnection(). If the
     * configuration has a password or says where to read one, or there is a {@link #credentials
     * provider}, this calls getConnection(user, password) instead, with that user and password.
     * Some data sources refuse that call: set both on the data source then, and give this pool no
     * password and no provider. Its URL and its properties are its own: {@link PoolConfig#url()}
     * and {@link PoolConfig#properties()} are not used.
     */
    public Builder dataSource(DataSource value) {
      dataSource = Objects.requireNonNull(value, "dataSource");
      connector = null;
      return this;
    }

    /**
     * Opens the pool, as {@link Everpool#open(PoolConfig)} does. Don't call this within the static
     * initialization of a class that contains a provider of credentials, an initializer or a
     * classifier as a lambda, or that one of these uses: another thread calls them and waits for
     * the class to be initialized, while this one waits for that thread until {@link
     * PoolConfig#acquireTimeout()} is over.
     *
     * <p>A listener may close the pool when it hears that the pool has opened. Then a closed pool
     * is returned, or none if the pool has readers.
     *
     * @throws SQLException also if a listener has closed a pool that has readers; then it is a
     *     {@link io.everpool.api.PoolClosedException}
     * @throws io.everpool.api.InvalidPoolConfigException also if there is a password in the
     *     configuration and a provider of credentials beside it
     */
    public Pool open() throws SQLException {
      CredentialsProvider provider = provider();
      List<PoolConfig> configs = ReaderPools.configs(config, readers.size());
      Connector opener = opener(provider != null);
      LeaseRecorder recorder = Recorders.of(config.name(), recorders, SystemRuntime::nanoTime);
      if (configs.isEmpty()) {
        return open(config, opener, provider, recorder);
      }
      return new ReaderPools(config, configs, readers, this::open).open(opener, provider, recorder);
    }

    private EverpoolPool open(
        PoolConfig one,
        Connector opener,
        @Nullable CredentialsProvider provider,
        @Nullable LeaseRecorder measuring)
        throws SQLException {
      EverpoolPool pool = assemble(one, opener, provider, measuring);
      pool.open();
      return pool;
    }

    private EverpoolPool assemble(
        PoolConfig one,
        Connector opener,
        @Nullable CredentialsProvider provider,
        @Nullable LeaseRecorder measuring) {
      SystemRuntime runtime = new SystemRuntime(one.name());
      boolean assembled = false;
      try {
        EverpoolPool pool =
            new EverpoolPool(
                one,
                opener,
                provider,
                new CompositeClassifier(one.name(), classifiers, opener, SystemRuntime::nanoTime),
                new PoolEvents(one.name(), config.name(), listeners),
                measuring,
                interceptors,
                Initialization.of(one.connectionInitSql(), initializers),
                runtime.environment(),
                runtime::close);
        assembled = true;
        return pool;
      } finally {
        if (!assembled) {
          runtime.close();
        }
      }
    }

    private @Nullable CredentialsProvider provider() {
      String file = config.passwordFile();
      String variable = config.passwordEnv();
      if (credentials == null) {
        return file != null
            ? CredentialsProvider.file(Path.of(file))
            : variable != null ? CredentialsProvider.environment(variable) : null;
      }
      List<String> problems = new ArrayList<>();
      refuseBesideProvider("password", config.password(), problems);
      refuseBesideProvider("password-file", file, problems);
      refuseBesideProvider("password-env", variable, problems);
      if (!problems.isEmpty()) {
        throw new InvalidPoolConfigException(problems);
      }
      return credentials;
    }

    private static void refuseBesideProvider(
        String key, @Nullable String value, List<String> problems) {
      if (value != null) {
        problems.add(key + " stands beside a CredentialsProvider; use one of them");
      }
    }

    private Connector opener(boolean provided) {
      DataSource source = dataSource;
      if (source != null) {
        return PlainConnector.of(source, config, provided);
      }
      return connector != null ? connector : find(config);
    }

    static Connector find(PoolConfig config) {
      DriverAdapter adapter = Adapters.accepting(config.url());
      return adapter != null ? adapter.connector(config) : PlainConnector.ofUrl(config);
    }
  }
}
