package io.everpool.core.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.LeakStackTraces;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Connector;
import io.everpool.core.Await;
import io.everpool.core.Everpool;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A pool outlives the application that opened it, and does not keep it from being unloaded. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RedeployTest {
  private static final Script SILENT = new Script();

  /** An application's class: loaded anew by each of its loaders. */
  public static final class Application extends InputStream implements Callable<Pool>, Executor {
    static final InheritableThreadLocal<Object> CONTEXT = new InheritableThreadLocal<>();
    static final ThreadLocal<Object> LOCAL = new ThreadLocal<>();

    private final PoolConfig config;
    private final Connector driver;

    public Application(PoolConfig config, Connector driver) {
      this.config = config;
      this.driver = driver;
    }

    @Override
    public Pool call() throws Exception {
      Thread.currentThread().setContextClassLoader(getClass().getClassLoader());
      CONTEXT.set(this);
      LOCAL.set(this);
      Pool pool = Everpool.builder(config).connector(driver).open();
      if (config.name().equals("waits-in-vain")) {
        waitInVain(pool);
        return pool;
      }
      if (config.name().startsWith("gives-")) {
        try (Connection connection = pool.getConnection()) {
          give(connection);
          if (config.name().endsWith("-and-aborts")) {
            connection.abort(Runnable::run);
          }
        } catch (SQLException e) {
          if (!config.name().endsWith("-and-loses")) {
            throw e;
          }
        }
        return pool;
      }
      try (Connection one = pool.getConnection();
          Connection other = pool.getConnection()) {
        try {
          other.createStatement().execute("select 1");
          one.createStatement().execute("select 1");
        } catch (SQLException e) {
          if (config.name().equals("asks") && !other.isClosed()) {
            throw new IllegalStateException("It was lost", e);
          }
          return pool; // which it has lost, and goes away with what it was told
        }
      }
      pool.replaceAll(); // so that threads are wanted by more than one caller
      return pool;
    }

    private static void waitInVain(Pool pool) throws SQLException {
      try (Connection held = pool.getConnection()) {
        pool.getConnection(Duration.ofMillis(1)).close();
        throw new IllegalStateException("There was another beside " + held);
      } catch (SQLTransientConnectionException e) {
        // nobody has given it back
      }
    }

    private void give(Connection connection) throws SQLException {
      switch (config.name().replaceAll("^gives-|-and-loses$|-and-aborts$", "")) {
        case "a-type-map" -> connection.setTypeMap(Map.of("type", Application.class));
        case "a-type-map-beside-the-drivers-own" -> {
          connection.setTypeMap(Map.of("type", Application.class));
          connection.unwrap(FaultyDriver.Own.class);
        }
        case "a-type-map-by-the-drivers-own" ->
            ((Connection) connection.unwrap(FaultyDriver.Own.class))
                .setTypeMap(Map.of("type", Application.class));
        case "client-info" -> {
          Properties info = new Properties();
          info.put("name", this);
          connection.setClientInfo(info);
        }
        case "an-executor" -> connection.setNetworkTimeout(this, 1000);
        case "a-stream" -> connection.prepareStatement("insert").setBinaryStream(1, this);
        case "an-object" -> connection.prepareStatement("insert").setObject(1, this);
        default -> throw new IllegalArgumentException(config.name());
      }
      connection.createStatement().execute("select 1");
    }

    @Override
    public int read() {
      return -1;
    }

    @Override
    public void execute(Runnable task) {
      task.run();
    }
  }

  /** Loads the application's class itself, and everything else as the parent has it. */
  private static final class ApplicationLoader extends ClassLoader {
    ApplicationLoader(ClassLoader parent) {
      super(parent);
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.equals(Application.class.getName())) {
        return super.loadClass(name, resolve);
      }
      try (InputStream in =
          Application.class.getResourceAsStream("RedeployTest$Application.class")) {
        byte[] bytes = in.readAllBytes();
        return defineClass(name, bytes, 0, bytes.length, Application.class.getProtectionDomain());
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }
  }

  /** On a thread of its own, which ends with the application. */
  private static WeakReference<ClassLoader> deploy(PoolConfig config, Connector driver, Pool[] pool)
      throws Exception {
    ClassLoader loader = new ApplicationLoader(RedeployTest.class.getClassLoader());
    Class<?> application = loader.loadClass(Application.class.getName());
    assertThat(application.getClassLoader()).isSameAs(loader);
    Callable<?> call =
        (Callable<?>)
            application
                .getConstructor(PoolConfig.class, Connector.class)
                .newInstance(config, driver);
    Thread main =
        new Thread(
            () -> {
              try {
                pool[0] = (Pool) call.call();
              } catch (Exception e) {
                throw new AssertionError(e);
              }
            });
    main.start();
    main.join();
    return new WeakReference<>(loader);
  }

  private static PoolConfig.Builder config() {
    return PoolConfig.builder("fault:").name("redeploy").minSize(2).maxSize(4);
  }

  private static void awaitTheEndOf(WeakReference<ClassLoader> loader) {
    Await.until(
        () -> {
          System.gc();
          return loader.get() == null;
        },
        "the application to be collected");
  }

  @Test
  void a_redeployed_application_is_collected_while_the_pool_goes_on() throws Exception {
    Pool[] pool = new Pool[1];
    WeakReference<ClassLoader> loader = deploy(config().build(), new FaultyDriver(SILENT), pool);
    try (Pool open = pool[0]) {
      open.getConnection().close();
      awaitTheEndOf(loader);
      open.getConnection().close();
    }
  }

  /** Of its leases some are noted with the stack of whoever has taken them. */
  @Test
  void so_it_is_where_leaks_are_looked_for() throws Exception {
    Pool[] pool = new Pool[1];
    WeakReference<ClassLoader> loader =
        deploy(
            config().leakStackTraces(LeakStackTraces.ALWAYS).build(),
            new FaultyDriver(SILENT),
            pool);
    try (Pool open = pool[0]) {
      awaitTheEndOf(loader);
      open.getConnection().close();
    }
  }

  /**
   * No other connection comes into the place of the lost one, for nobody wants any. Who asks
   * whether it is closed before he closes it has ended its lease by that.
   */
  @ParameterizedTest
  @ValueSource(strings = {"closes", "asks"})
  void so_it_is_after_it_has_lost_a_connection(String name) throws Exception {
    Pool[] pool = new Pool[1];
    FaultyDriver driver = new FaultyDriver(SILENT);
    driver.breakNext();
    PoolConfig config = config().name(name).minSize(0).build();
    WeakReference<ClassLoader> loader = deploy(config, driver, pool);
    try (Pool open = pool[0]) {
      awaitTheEndOf(loader);
      open.getConnection().close();
    }
  }

  private static Stream<Arguments> gifts() {
    return Stream.of(
            "a-type-map",
            "a-type-map-beside-the-drivers-own",
            "a-type-map-by-the-drivers-own",
            "client-info",
            "an-executor",
            "a-stream",
            "an-object")
        .flatMap(gift -> Stream.of(false, true).map(loses -> Arguments.of(gift, loses)));
  }

  /** The connection stays, or in place of a lost one there is none. */
  @ParameterizedTest
  @MethodSource("gifts")
  void so_it_is_after_it_has_given_something_to_a_connection(String gift, boolean loses)
      throws Exception {
    Pool[] pool = new Pool[1];
    FaultyDriver driver = new FaultyDriver(SILENT);
    String name = "gives-" + gift + (loses ? "-and-loses" : "");
    PoolConfig config = config().name(name).minSize(0).maxSize(1).build();
    if (loses) {
      driver.breakNext();
    }
    WeakReference<ClassLoader> loader = deploy(config, driver, pool);
    try (Pool open = pool[0]) {
      awaitTheEndOf(loader);
      open.getConnection().close();
    }
  }

  /** Nor is there another in place of one that it has aborted. */
  @Test
  void so_it_is_after_it_has_aborted_a_connection_that_it_has_given_a_stream() throws Exception {
    Pool[] pool = new Pool[1];
    PoolConfig config = config().name("gives-a-stream-and-aborts").minSize(0).maxSize(1).build();
    WeakReference<ClassLoader> loader = deploy(config, new FaultyDriver(SILENT), pool);
    try (Pool open = pool[0]) {
      awaitTheEndOf(loader);
      open.getConnection().close();
    }
  }

  /** What it was told of itself, as a holder, is kept for others who wait. */
  @Test
  void so_it_is_after_it_has_waited_in_vain() throws Exception {
    Pool[] pool = new Pool[1];
    PoolConfig config = config().name("waits-in-vain").minSize(1).maxSize(1).build();
    WeakReference<ClassLoader> loader = deploy(config, new FaultyDriver(SILENT), pool);
    try (Pool open = pool[0]) {
      awaitTheEndOf(loader);
      open.getConnection().close();
    }
  }
}
