package io.everpool.core.plain;

import io.everpool.api.Credentials;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import io.everpool.api.Redaction;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.api.driver.Verdict;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.SQLInvalidAuthorizationSpecException;
import java.util.ArrayList;
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
    /**
     * Connects.
     *
     * @param credentials null for those of the configuration
     */
    @Nullable Connection connect(@Nullable Credentials credentials) throws SQLException;
  }

  private final Source source;
  private final String product;
  private final String target;

  /** What no message may hold. */
  private final List<String> secrets;

  private final HiddenPostgres hidden;

  private PlainConnector(
      Source source, String product, String target, List<String> secrets, String hiding) {
    this.source = source;
    this.hidden = new HiddenPostgres(hiding);
    this.secrets = secrets;
    this.product = product;
    this.target = target;
  }

  /**
   * Through {@link DriverManager}.
   *
   * @throws InvalidPoolConfigException if no registered driver accepts the URL, or if it is one of
   *     PostgreSQL's, which has an adapter: without it a pool would leak session state and miss
   *     timeouts, and nobody would know why
   */
  public static PlainConnector ofUrl(PoolConfig config) {
    String url = config.url();
    if (WrongUrl.needsAdapter(url)) {
      throw new InvalidPoolConfigException(List.of(WrongUrl.advice(url)));
    }
    try {
      DriverManager.getDriver(url);
    } catch (SQLException e) {
      throw new InvalidPoolConfigException(List.of(WrongUrl.advice(url)));
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
        credentials -> DriverManager.getConnection(url, with(credentials, properties)),
        product(url),
        withoutParameters(Redaction.url(url)),
        secrets(config),
        "the driver of " + WrongUrl.scheme(url));
  }

  /** Through a DataSource that opens a new connection at each call. */
  public static PlainConnector of(DataSource dataSource) {
    String name = dataSource.getClass().getSimpleName();
    return new PlainConnector(
        credentials -> connect(dataSource, credentials),
        name,
        name,
        List.of(),
        "the DataSource given (" + name + ")");
  }

  private static Properties with(@Nullable Credentials credentials, Properties properties) {
    if (credentials == null) {
      return properties;
    }
    Properties changed = new Properties();
    changed.putAll(properties);
    if (credentials.user() != null) {
      changed.setProperty("user", credentials.user());
    }
    changed.setProperty("password", credentials.password());
    return changed;
  }

  private static @Nullable Connection connect(
      DataSource dataSource, @Nullable Credentials credentials) throws SQLException {
    if (credentials == null) {
      return dataSource.getConnection();
    }
    if (credentials.user() == null) {
      throw new SQLInvalidAuthorizationSpecException(
          "A DataSource takes a password only with a user: set user, or have the"
              + " CredentialsProvider return one",
          "28000");
    }
    return dataSource.getConnection(credentials.user(), credentials.password());
  }

  private static List<String> secrets(PoolConfig config) {
    List<String> secrets = new ArrayList<>();
    if (Redaction.url(config.url()).contains(Redaction.MASK)) {
      secrets.add(config.url());
    }
    if (config.password() != null && isSecret(config.password())) {
      secrets.add(config.password());
    }
    return secrets;
  }

  /** A shorter one is in every text. */
  private static boolean isSecret(String password) {
    return password.length() > 3;
  }

  /** {@code jdbc:h2:mem:x} gives {@code h2}. */
  private static String product(String url) {
    String[] parts = url.split(":", 3);
    return parts.length > 2 && parts[1].matches("[A-Za-z0-9]+") ? parts[1] : "JDBC";
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

  /** What is off where this is PostgreSQL; known when a connection was opened. */
  @Override
  public List<String> notes() {
    return hidden.notes();
  }

  @Override
  public void whenNoted(Runnable listener) {
    hidden.whenNoted(listener);
  }

  @Override
  public PhysicalConnection open(long timeoutNanos) throws SQLException {
    return open((Credentials) null);
  }

  @Override
  public PhysicalConnection open(Credentials credentials, long timeoutNanos) throws SQLException {
    return open(credentials);
  }

  private PhysicalConnection open(@Nullable Credentials credentials) throws SQLException {
    Connection connection = connect(credentials);
    if (connection == null) {
      throw new SQLException("The DataSource returned no connection", "08001");
    }
    hidden.meet(connection);
    return new PlainConnection(connection);
  }

  /** Some drivers, and DriverManager itself, quote the URL in their messages, password included. */
  private @Nullable Connection connect(@Nullable Credentials credentials) throws SQLException {
    try {
      return source.connect(credentials);
    } catch (SQLException e) {
      String password = credentials == null ? "" : credentials.password();
      if (secrets.stream().noneMatch(secret -> mentions(e, secret))
          && !(isSecret(password) && mentions(e, password))) {
        throw e;
      }
      String state = SqlStates.verdict(e) == Verdict.ACCESS_DENIED ? "28000" : "08001";
      throw new SQLException(
          "The driver could not connect to "
              + target
              + "; what it said isn't shown, for it quotes the URL or the password",
          e.getSQLState() == null ? state : e.getSQLState(),
          e.getErrorCode());
    }
  }

  private static boolean mentions(Throwable failure, String secret) {
    StringWriter text = new StringWriter();
    failure.printStackTrace(new PrintWriter(text));
    return text.toString().contains(secret);
  }

  @Override
  public Verdict classify(Throwable failure) {
    return SqlStates.verdict(failure);
  }

  @Override
  public SideEffects sideEffects(String sql) {
    return SideEffects.NONE;
  }

  @Override
  public String toString() {
    return "PlainConnector[" + target + "]";
  }
}
