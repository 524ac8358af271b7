package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.postgresql.driver.PresentDriver;
import io.everpool.postgresql.driver.PropertyNames;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.Driver;

/** The driver is shared by applications, in a class loader above ours, as some servers have it. */
@Tag("contract")
class ForeignLoaderTest {

  private static URL source(Class<?> type) {
    return type.getProtectionDomain().getCodeSource().getLocation();
  }

  private static String above(String url) throws IOException, ReflectiveOperationException {
    try (URLClassLoader server = serverWith(Driver.class);
        URLClassLoader application = new URLClassLoader(ours().toArray(URL[]::new), server)) {
      return opened(application, url);
    }
  }

  private static URLClassLoader serverWith(Class<?> type) {
    return new URLClassLoader(new URL[] {source(type)}, ClassLoader.getPlatformClassLoader());
  }

  private static Stream<URL> ours() {
    return Stream.of(PostgresAdapter.class, PoolConfig.class, Nullable.class, Opened.class)
        .map(ForeignLoaderTest::source);
  }

  private static String opened(ClassLoader loader, String url) throws ReflectiveOperationException {
    @SuppressWarnings("unchecked")
    Function<String, String> opened =
        (Function<String, String>)
            loader
                .loadClass(Opened.class.getName())
                .asSubclass(Function.class)
                .getConstructor()
                .newInstance();
    return opened.apply(url);
  }

  /** A driver that doesn't look for our classes in our loader has a connection, if a blind one. */
  @ParameterizedTest
  @ValueSource(strings = {"disable", "require"})
  void aConnectionOpensAndIsLookedAtWhereTheDriverFindsOurClasses(String sslmode) throws Exception {
    boolean finds = PresentDriver.HERE.knows(PropertyNames.CLASS_LOADER_STRATEGY);
    assertThat(above(Sessions.tlsServer().libpqUrl() + "?sslmode=" + sslmode))
        .isEqualTo("true " + (finds ? Look.ALIVE : Look.BLIND));
  }

  /** Who tells the driver to look nowhere else has said so. */
  @Test
  void theDriversOwnLoaderAloneMakesItBlind() throws Exception {
    if (PresentDriver.HERE.knows(PropertyNames.CLASS_LOADER_STRATEGY)) {
      String url =
          Sessions.tlsServer().jdbcUrl()
              + "?classLoaderStrategy=driver&user="
              + Sessions.tlsServer().user()
              + "&password="
              + Sessions.tlsServer().password();
      assertThat(above(url)).isEqualTo("true " + Look.BLIND);
    }
  }

  private static String aroundUrl(String name) {
    return Sessions.tlsServer().jdbcUrl().replace("jdbc:", "jdbc:" + name + ":")
        + "?sslmode=disable&user="
        + Sessions.tlsServer().user()
        + "&password="
        + Sessions.tlsServer().password();
  }

  /** As in a task of the fork-join pool, whose context class loader is the system's. */
  @ParameterizedTest
  @CsvSource({
    "p6spy, com.p6spy.engine.spy.P6SpyDriver",
    "otel, io.opentelemetry.instrumentation.jdbc.OpenTelemetryDriver"
  })
  void aDriverAroundIsFoundBesideUs(String name, String type, @TempDir Path folder)
      throws Exception {
    StandInDriver.make(folder, name, type);
    String url = aroundUrl(name);
    URL[] application =
        Stream.concat(ours(), Stream.of(folder.toUri().toURL())).toArray(URL[]::new);
    try (URLClassLoader server = serverWith(Driver.class);
        URLClassLoader ours = new URLClassLoader(application, server)) {
      assertThat(within(server, () -> opened(ours, url))).startsWith("true ");
      assertThat(within(null, () -> opened(ours, url))).startsWith("true ");
    }
  }

  /** A server shares Everpool among its applications. */
  @Test
  void aDriverAroundIsFoundInTheApplicationThatOpensThePool(@TempDir Path folder) throws Exception {
    StandInDriver.make(folder, "p6spy", "com.p6spy.engine.spy.P6SpyDriver");
    String url = aroundUrl("p6spy");
    try (URLClassLoader server = serverWith(Driver.class);
        URLClassLoader ours = new URLClassLoader(ours().toArray(URL[]::new), server);
        URLClassLoader application = new URLClassLoader(new URL[] {folder.toUri().toURL()}, ours)) {
      assertThat(within(application, () -> opened(ours, url))).startsWith("true ");
    }
  }

  /** What programs configure is an object that we aren't shown: another would tell them nothing. */
  @Test
  void openTelemetrysDriverHasToBeBesideUs(@TempDir Path folder) throws Exception {
    StandInDriver.make(folder, "otel", "io.opentelemetry.instrumentation.jdbc.OpenTelemetryDriver");
    String url = aroundUrl("otel");
    try (URLClassLoader server = serverWith(Driver.class);
        URLClassLoader ours = new URLClassLoader(ours().toArray(URL[]::new), server);
        URLClassLoader application = new URLClassLoader(new URL[] {folder.toUri().toURL()}, ours)) {
      assertThatThrownBy(() -> within(application, () -> opened(ours, url)))
          .hasMessageContaining("beside Everpool");
    }
  }

  private static String within(@Nullable ClassLoader context, Callable<String> opening)
      throws Exception {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(context);
    try {
      return opening.call();
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  /** Runs in the application's loader; public for the sake of the other. */
  public static final class Opened implements Function<String, String> {

    private static final long TIMEOUT = 10_000_000_000L;

    /** Made by reflection. */
    public Opened() {}

    @Override
    public String apply(String url) {
      PoolConfig config = PoolConfig.builder(url).build();
      try {
        Connector connector = new PostgresAdapter().connector(config);
        PhysicalConnection session = connector.open(TIMEOUT);
        try {
          session.validate(TIMEOUT);
          boolean foreign =
              session.jdbc().getClass().getClassLoader() != Opened.class.getClassLoader();
          return foreign + " " + session.look();
        } finally {
          session.close();
        }
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
