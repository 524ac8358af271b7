package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.postgresql.driver.PresentDriver;
import io.everpool.postgresql.driver.PropertyNames;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.sql.SQLException;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.Driver;

/** The driver is shared by applications, in a class loader above ours, as some servers have it. */
@Tag("contract")
class ForeignLoaderTest {

  private static URL source(Class<?> type) {
    return type.getProtectionDomain().getCodeSource().getLocation();
  }

  private static String above(String url) throws IOException, ReflectiveOperationException {
    URL[] ours =
        Stream.of(PostgresAdapter.class, PoolConfig.class, Nullable.class, Opened.class)
            .map(ForeignLoaderTest::source)
            .toArray(URL[]::new);
    try (URLClassLoader server =
            new URLClassLoader(
                new URL[] {source(Driver.class)}, ClassLoader.getPlatformClassLoader());
        URLClassLoader application = new URLClassLoader(ours, server)) {
      @SuppressWarnings("unchecked")
      Function<String, String> opened =
          (Function<String, String>)
              application
                  .loadClass(Opened.class.getName())
                  .asSubclass(Function.class)
                  .getConstructor()
                  .newInstance();
      return opened.apply(url);
    }
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
