package io.everpool.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.DriverAdapter;
import io.everpool.core.jdbc.Logged;
import io.everpool.core.plain.PlainConnector;
import io.everpool.core.plain.PlainDriver;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CopyOnWriteArrayList;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which adapter serves a URL, from whatever thread the pool is opened. */
class AdaptersTest {

  /** Listed in this module's test resources, beside one that can't be loaded. */
  public static final class Lonely implements DriverAdapter {
    @Override
    public boolean accepts(String url) {
      return url.startsWith("lonely:");
    }

    @Override
    public Connector connector(PoolConfig config) {
      JdbcDataSource h2 = new JdbcDataSource();
      h2.setURL("jdbc:h2:mem:lonely");
      return counted(PlainConnector.of(h2), config.url());
    }
  }

  /** Names of the connectors that were closed of those that {@link Lonely} has made. */
  private static final List<String> CLOSED = new CopyOnWriteArrayList<>();

  /** Listed before it, and fails at whatever it is asked of these URLs. */
  public abstract static class Failing implements DriverAdapter {
    @Override
    public boolean accepts(String url) {
      if (url.startsWith("lonely:")) {
        fail(url);
      }
      return false;
    }

    abstract void fail(String url);

    @Override
    public Connector connector(PoolConfig config) {
      throw new AssertionError("it accepts nothing");
    }
  }

  /** As one that parses a URL of its own, and takes every other for a mistake. */
  public static final class Unchecked extends Failing {
    @Override
    void fail(String url) {
      throw new IllegalStateException("no URL of mine: " + url);
    }
  }

  /** As one that is there without its driver. */
  public static final class WithoutDriver extends Failing {
    @Override
    void fail(String url) {
      throw new NoClassDefFoundError("a/class/of/the/driver");
    }
  }

  /** A driver that takes PostgreSQL's URLs, as pgjdbc does where the adapter was left out. */
  private static final class Bare extends PlainDriver {
    @Override
    public @Nullable Connection connect(String url, Properties info) {
      return null;
    }

    @Override
    public boolean acceptsURL(String url) {
      return url.startsWith("jdbc:postgresql:");
    }
  }

  /** The same connector, of which {@link #CLOSED} has the name once it was closed. */
  private static Connector counted(Connector connector, String name) {
    return (Connector)
        Proxy.newProxyInstance(
            AdaptersTest.class.getClassLoader(),
            new Class<?>[] {Connector.class},
            (self, method, args) -> {
              if (method.getName().equals("close")) {
                CLOSED.add(name);
              }
              try {
                return method.invoke(connector, args);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private static void open(String url) throws SQLException {
    try (Pool pool = Everpool.open(PoolConfig.builder(url).build());
        Connection connection = pool.getConnection()) {
      assertThat(connection.isValid(1)).isTrue();
    }
  }

  /**
   * The threads of an application server, of the common fork-join pool and of plug-ins have a
   * context class loader that sees nothing of this.
   */
  @Test
  void anAdapterBesideThePoolIsFoundWhateverTheContextClassLoader() throws SQLException {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try {
      for (ClassLoader loader :
          new @Nullable ClassLoader[] {
            null, ClassLoader.getPlatformClassLoader(), ClassLoader.getSystemClassLoader()
          }) {
        thread.setContextClassLoader(loader);
        open("lonely:x");
      }
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  /** It is said which it was; its message may have the URL in it. */
  @Test
  void oneThatFailsIsPassedOverAndTellsNoSecret() throws SQLException {
    try (Logged log = new Logged()) {
      open("lonely:x?password=hunter2");

      assertThat(log.messages(Level.WARN))
          .anyMatch(
              line ->
                  line.contains(IllegalStateException.class.getName() + " at ")
                      && line.contains("AdaptersTest$Unchecked.fail"))
          .anyMatch(line -> line.contains("a/class/of/the/driver"))
          .noneMatch(line -> line.contains("hunter2"));
    }
  }

  /** As a plain driver's it would leak session state and know no statement timeout. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:postgresql://h/d",
        "jdbc:postgresql:d",
        "postgresql://u:hunter2@h/d",
        "postgres://u:hunter2@h/d",
        " JDBC:postgresql://h/d?password=hunter2",
        "postgresql+psycopg2://u:hunter2@h/d"
      })
  void postgresqlWithoutItsAdapterIsRefusedThoughADriverIsThere(String url) throws SQLException {
    Driver bare = new Bare();
    DriverManager.registerDriver(bare);
    try {
      assertThatThrownBy(() -> open(url))
          .isInstanceOf(InvalidPoolConfigException.class)
          .hasMessageContaining("io.everpool:adapter-postgresql")
          .hasMessageNotContaining("hunter2");
    } finally {
      DriverManager.deregisterDriver(bare);
    }
  }

  /** Those that were found before it, the writer's, and those given by hand. */
  @Test
  void oneReaderThatIsRefusedLeavesNoConnectorOpen() {
    CLOSED.clear();
    JdbcDataSource h2 = new JdbcDataSource();
    h2.setURL("jdbc:h2:mem:lonely");
    PoolConfig config =
        PoolConfig.builder("lonely:writer")
            .readers(List.of("lonely:one", "lonely:two", "jdbc:nobody:x", "lonely:never"))
            .build();
    Everpool.Builder builder =
        Everpool.builder(config).reader(counted(PlainConnector.of(h2), "given"));
    assertThatThrownBy(builder::open)
        .isInstanceOf(InvalidPoolConfigException.class)
        .hasMessageContaining("-reader-3: ");
    assertThat(CLOSED)
        .containsExactlyInAnyOrder("lonely:writer", "lonely:one", "lonely:two", "given");
  }
}
