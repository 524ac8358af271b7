package io.everpool.core.plain;

import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import io.everpool.api.Redaction;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.Verdict;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Properties;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Connections of a driver for which there is no adapter. It can't look at a connection without a
 * query, knows nothing of what SQL leaves in a session, and can't tell what became of a commit.
 */
public final class PlainConnector implements Connector {

  /** Where connections come from. */
  @FunctionalInterface
  private interface Source {
    @Nullable Connection connect() throws SQLException;
  }

  private final Source source;
  private final String product;
  private final String target;

  private PlainConnector(Source source, String product, String target) {
    this.source = source;
    this.product = product;
    this.target = target;
  }

  /**
   * Through {@link DriverManager}.
   *
   * @throws InvalidPoolConfigException if no registered driver accepts the URL
   */
  public static PlainConnector ofUrl(PoolConfig config) {
    String url = config.url();
    try {
      DriverManager.getDriver(url);
    } catch (SQLException e) {
      throw new InvalidPoolConfigException(
          List.of(
              "url is "
                  + Redaction.url(url)
                  + ", which neither an adapter nor a JDBC driver on the class path accepts; for"
                  + " PostgreSQL put adapter-postgresql there"));
    }
    Properties properties = new Properties();
    properties.putAll(config.properties());
    if (config.user() != null) {
      properties.setProperty("user", config.user());
    }
    if (config.password() != null) {
      properties.setProperty("password", config.password());
    }
    return new PlainConnector(
        () -> DriverManager.getConnection(url, properties),
        product(url),
        withoutParameters(Redaction.url(url)));
  }

  /** Through a DataSource that opens a new connection at each call. */
  public static PlainConnector of(DataSource dataSource) {
    String name = dataSource.getClass().getSimpleName();
    return new PlainConnector(dataSource::getConnection, name, name);
  }

  /** {@code jdbc:h2:mem:x} gives {@code h2}. */
  private static String product(String url) {
    String[] parts = url.split(":", 3);
    return parts.length > 1 ? parts[1] : url;
  }

  private static String withoutParameters(String url) {
    return url.replaceFirst("[?;].*", "");
  }

  @Override
  public String product() {
    return product;
  }

  @Override
  public String target() {
    return target;
  }

  @Override
  public PhysicalConnection open(long timeoutNanos) throws SQLException {
    Connection connection = source.connect();
    if (connection == null) {
      throw new SQLException("The DataSource returned no connection", "08001");
    }
    return new PlainConnection(connection);
  }

  @Override
  public Verdict classify(Throwable failure) {
    return SqlStates.verdict(failure);
  }

  @Override
  public int traces(String sql) {
    return 0;
  }

  @Override
  public String toString() {
    return "PlainConnector[" + target + "]";
  }
}
