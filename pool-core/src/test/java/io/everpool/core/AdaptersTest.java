package io.everpool.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.DriverAdapter;
import io.everpool.core.plain.PlainConnector;
import io.everpool.core.plain.PlainDriver;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
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
      return PlainConnector.of(h2);
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
}
