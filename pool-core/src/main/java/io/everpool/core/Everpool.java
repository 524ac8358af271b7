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

/**
 * Opens pools: {@code try (Pool pool = Everpool.open(config)) { ... }}. Thread-safe.
 *
 * <p>A pool is opened on the thread of its caller, who waits for it. With {@link
 * PoolConfig#failFast()} he waits until the first connection is there, or for {@link
 * PoolConfig#acquireTimeout()}, but for five minutes at the most. Without it no connection is
 * waited for. The threads that work for pools are daemons, so they keep no process alive.
 *
 * <p>The pool belongs to whoever has opened it, and lives until he {@linkplain Pool#close() closes}
 * it. It closes what is its own: its connections, the pools of its readers, and each {@link
 * Connector}, also those that it was given. It never closes what else it was given: a {@link
 * DataSource}, listeners, recorders, interceptors and the like. If a pool can't be opened, nothing
 * of it stays, and the connectors that were given are closed: the caller has nothing to close.
 */
public final class Everpool {

  private Everpool() {}

  /**
   * Opens a pool with the driver adapter that accepts the URL.
   *
   * @param config the settings
   * @return an open pool, which the caller has to close
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

  /**
   * Begins a pool with listeners, a recorder, rules of its own or a connector given by hand. Opens
   * nothing yet.
   *
   * @param config the settings
   */
  public static Builder builder(PoolConfig config) {
    return new Builder(config);
  }

  /**
   * Collects the parts of a pool. Not thread-safe.
   *
   * <p>{@link #open()} may be called again, and then opens another pool with the same parts. The
   * pools have all listeners, recorders and the like in common. Don't do that with a {@link
   * #connector} or a {@link #reader}: the first pool that is closed closes these for the others,
   * too.
   */
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
     * Adds a recorder, which measures leases: with it the pool reads the clock at each acquire and
     * release. All are told, in the order they were added.
     *
     * @param recorder null adds none; one that was added before isn't added again, so that it
     *     counts no lease twice
     */
    public Builder recorder(@Nullable LeaseRecorder recorder) {
      if (recorder != null && recorders.stream().noneMatch(each -> each == recorder)) {
        recorders.add(recorder);
      }
      return this;
    }

    /**
     * Adds rules that are asked before the driver's, in the order they were added, whenever
     * anything fails: connecting, examining, using, resetting or closing a connection. It is called
     * on whichever thread that is, so it must be thread-safe and quick. What it throws is logged,
     * and the next one is asked.
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
     * Has this provider asked what to log in with, at each opening of a connection. It can't be set
     * beside a password in the configuration; a user there counts if the answer has none.
     */
    public Builder credentials(@Nullable CredentialsProvider value) {
      credentials = value;
      return this;
    }

    /**
     * Adds an interceptor, which works on each connection when it is lent and before it goes back:
     * the one that was added first sees the connection first when it is lent, and last when it goes
     * back. Without any this costs nothing.
     */
    public Builder interceptor(LeaseInterceptor interceptor) {
      interceptors.add(Objects.requireNonNull(interceptor, "interceptor"));
      return this;
    }

    /**
     * Opens connections with this connector instead of looking for an adapter. The pool closes it
     * when it is closed itself, or if {@link #open()} throws anything.
     */
    public Builder connector(Connector value) {
      connector = Objects.requireNonNull(value, "connector");
      dataSource = null;
      return this;
    }

    /**
     * Adds a reader whose connections this connector opens, after those of {@link
     * PoolConfig#readers()}. The pool closes it as it does a {@link #connector}.
     */
    public Builder reader(Connector value) {
      readers.add(Objects.requireNonNull(value, "reader"));
      return this;
    }

    /**
     * Pools the connections that {@code value} opens, one at each of its getConnection(). If the
     * configuration has a password, or says where to read one, or if there is a {@link #credentials
     * provider}, the pool calls its getConnection(user, password) with that user and password; a
     * DataSource that refuses this must be used without either. Its URL and its properties are its
     * own: {@link PoolConfig#url()} and {@link PoolConfig#properties()} are not used. The pool
     * never closes it.
     */
    public Builder dataSource(DataSource value) {
      dataSource = Objects.requireNonNull(value, "dataSource");
      connector = null;
      return this;
    }

    /**
     * Opens the pool: as {@link Everpool#open(PoolConfig)}, with the parts that were added. Don't
     * call it within the static initialization of a class that a provider of credentials, an
     * initializer or a classifier is a lambda of, or uses: that is called by another thread, which
     * waits for the class to be initialized, and this one waits for that thread until {@link
     * PoolConfig#acquireTimeout()} is over.
     *
     * <p>A listener may close the pool when it hears that the pool has opened. Then a closed pool
     * is returned; or, if the pool has readers, none.
     *
     * @return an open pool, which the caller has to close
     * @throws SQLException as {@link Everpool#open(PoolConfig)}; also a {@link
     *     io.everpool.api.PoolClosedException}, if a pool that has readers was closed by a listener
     * @throws io.everpool.api.InvalidPoolConfigException as {@link Everpool#open(PoolConfig)}; also
     *     if there is a provider of credentials and a password in the configuration
     */
    public Pool open() throws SQLException {
      CredentialsProvider provider;
      List<PoolConfig> configs;
      Connector opener;
      LeaseRecorder recorder;
      boolean begun = false;
      try {
        provider = provider();
        configs = ReaderPools.configs(config, readers.size());
        recorder = Recorders.of(config.name(), recorders, SystemRuntime::nanoTime);
        opener = opener(provider != null); // last: nothing that is found here stays open
        begun = true;
      } finally {
        if (!begun) { // from here on whoever is given a connector closes it
          closeGiven();
        }
      }
      if (configs.isEmpty()) {
        return open(config, opener, provider, recorder);
      }
      return new ReaderPools(config, configs, readers, this::open).open(opener, provider, recorder);
    }

    private void closeGiven() {
      if (connector != null) {
        ReaderPools.close(config, connector);
      }
      readers.forEach(each -> ReaderPools.close(config, each));
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
      SystemRuntime runtime = null;
      boolean assembled = false;
      try {
        runtime = new SystemRuntime(one.name());
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
          ReaderPools.close(one, opener); // this comes first: it throws nothing
          if (runtime != null) {
            runtime.close();
          }
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
