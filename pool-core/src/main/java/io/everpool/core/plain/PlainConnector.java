package io.everpool.core.plain;

import io.everpool.api.Credentials;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import io.everpool.api.Redaction;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLInvalidAuthorizationSpecException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Opens connections with a driver for which there is no adapter. It can't look at a connection
 * without a query, knows nothing of what SQL leaves in a session, and can't tell what became of a
 * commit.
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

  /** White space at either end, with two characters that can't be seen: U+FEFF and U+200B. */
  private static final Pattern EDGES =
      Pattern.compile("^[\\s\\uFEFF\\u200B]+|[\\s\\uFEFF\\u200B]+$");

  private final Source source;
  private final String product;
  private final String target;

  private final Secrets secrets;

  private final String origin;
  private final List<String> notes;
  private final HiddenPostgres hidden;
  private final LifeSigns lifeSigns;
  private final Transactionless transactions;
  private final boolean byUrl;

  /** Whether a connection was opened once: then the configuration is no mistake. */
  private volatile boolean hasOpened;

  /**
   * @param byUrl whether a driver is given a URL; otherwise a DataSource is asked
   * @param origin what opens the connections, in words
   * @param notes what says that some of the configuration has no effect
   */
  private PlainConnector(
      boolean byUrl,
      Source source,
      String product,
      String target,
      Secrets secrets,
      String origin,
      List<String> notes) {
    this.byUrl = byUrl;
    this.source = source;
    this.origin = origin;
    this.notes = notes;
    this.hidden = new HiddenPostgres(origin);
    this.lifeSigns = new LifeSigns(origin);
    this.transactions = new Transactionless(origin);
    this.secrets = secrets;
    this.product = product;
    this.target = target;
  }

  /**
   * Connects through {@link DriverManager}, or through a driver that it doesn't see. White space
   * around the URL is dropped, for no driver would accept it.
   *
   * @throws InvalidPoolConfigException if no driver accepts the URL, or if it is one of
   *     PostgreSQL's, which has an adapter: without it a pool would leak session state and miss
   *     timeouts, and nobody would know why
   */
  public static PlainConnector ofUrl(PoolConfig written) {
    String url = EDGES.matcher(written.url()).replaceAll("");
    PoolConfig config = written.toBuilder().url(url).build();
    if (WrongUrl.needsAdapter(url)) {
      throw new InvalidPoolConfigException(List.of(WrongUrl.advice(url)));
    }
    boolean registered = isRegistered(url);
    Driver unseen = registered ? null : UnseenDrivers.accepting(url);
    if (!registered && unseen == null) {
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
    String origin = "the driver of " + WrongUrl.scheme(url);
    List<String> notes = new ArrayList<>(UnusedSettings.notes(config, origin));
    notes.addAll(PrivateDatabases.notes(url));
    return new PlainConnector(
        true,
        credentials ->
            unseen == null
                ? DriverManager.getConnection(url, with(credentials, properties))
                : unseen.connect(url, with(credentials, properties)),
        product(url),
        withoutParameters(Redaction.url(url)),
        Secrets.of(config),
        origin,
        notes);
  }

  private static boolean isRegistered(String url) {
    try {
      return DriverManager.getDriver(url) != null;
    } catch (SQLException e) {
      return false;
    } catch (RuntimeException | LinkageError e) {
      return false; // another driver has failed, and DriverManager asks no further one then
    }
  }

  /** Connects through a DataSource that opens a new connection at each call, with its own login. */
  public static PlainConnector of(DataSource dataSource) {
    return of(dataSource, null, Secrets.none(), List.of());
  }

  /**
   * The same, but with the user and password of a configuration if that has a password. Nothing
   * else that the configuration says of logging in can be told to a DataSource.
   *
   * @param provided whether each opening brings a password with it
   */
  public static PlainConnector of(DataSource dataSource, PoolConfig config, boolean provided) {
    String password = config.password();
    List<String> notes = new ArrayList<>(UnusedSettings.notes(config, origin(dataSource)));
    if (config.user() != null && password == null && !provided) {
      notes.add(
          "user is not used: a DataSource takes one only with a password; set password,"
              + " password-file or password-env, or leave user out and set it on the DataSource");
    }
    if (!config.properties().isEmpty()) {
      notes.add(
          "properties are not used ("
              + String.join(", ", Redaction.properties(config.properties()).keySet())
              + "): a DataSource has its own; set them there");
    }
    return of(
        dataSource,
        password == null ? null : Credentials.of(config.user(), password),
        Secrets.of(config),
        notes);
  }

  private static PlainConnector of(
      DataSource dataSource, @Nullable Credentials own, Secrets secrets, List<String> notes) {
    String name = dataSource.getClass().getSimpleName();
    String origin = origin(dataSource);
    return new PlainConnector(
        false,
        credentials -> connect(dataSource, origin, credentials == null ? own : credentials),
        name,
        name,
        secrets,
        origin,
        notes);
  }

  private static String origin(DataSource dataSource) {
    return "the DataSource given (" + dataSource.getClass().getSimpleName() + ")";
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
      DataSource dataSource, String origin, @Nullable Credentials credentials) throws SQLException {
    if (credentials == null) {
      return dataSource.getConnection();
    }
    if (credentials.user() == null) {
      throw new SQLInvalidAuthorizationSpecException(
          "A DataSource takes a password only with a user: set user, or have the"
              + " CredentialsProvider return one",
          "28000");
    }
    try {
      return dataSource.getConnection(credentials.user(), credentials.password());
    } catch (SQLFeatureNotSupportedException | UnsupportedOperationException e) {
      // HikariDataSource and BasicDataSource throw this; a later attempt would fail as well
      throw new SQLInvalidAuthorizationSpecException(
          origin
              + " takes no user and password with getConnection: set them on it, and neither"
              + " password, password-file, password-env nor a CredentialsProvider for this pool",
          "28000",
          e);
    }
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

  /**
   * Also says what doesn't work if this is PostgreSQL, or a database without transactions, which is
   * known once a connection was opened; and if the driver can't be asked for a sign of life, which
   * is known once it was asked.
   */
  @Override
  public List<String> notes() {
    return Stream.of(notes, hidden.notes(), lifeSigns.notes(), transactions.notes())
        .flatMap(List::stream)
        .toList();
  }

  @Override
  public void whenNoted(Runnable listener) {
    hidden.whenNoted(listener);
    lifeSigns.whenNoted(listener);
    transactions.whenNoted(listener);
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
      throw new SQLException("No connection was returned by " + origin, "08001");
    }
    hasOpened = true;
    hidden.meet(connection);
    return new PlainConnection(connection, lifeSigns, hidden, transactions.meet(connection));
  }

  /**
   * Connects, and hides messages that quote a secret: some drivers, and DriverManager itself, quote
   * the URL with its password, or a piece of it that they don't understand.
   *
   * @throws ConfigurationMistake if the driver says that no attempt will fare better
   */
  private @Nullable Connection connect(@Nullable Credentials credentials) throws SQLException {
    try {
      return source.connect(credentials);
    } catch (SQLException | RuntimeException e) {
      boolean secret = secrets.areIn(e, credentials == null ? null : credentials.password());
      if (!hasOpened && ConfigurationMistake.isToldBy(e, byUrl)) {
        throw secret ? ConfigurationMistake.hidden(withoutWords(e)) : ConfigurationMistake.of(e);
      }
      if (!secret) {
        throw e;
      }
      if (!(e instanceof SQLException)) {
        // it is the driver's own mistake, and not the network's
        throw new IllegalStateException(withoutWords(e).getMessage());
      }
      throw withoutWords(e);
    }
  }

  /**
   * What to throw instead: it says the same of the server and of the driver as the failure that
   * isn't shown.
   */
  private SQLException withoutWords(Exception e) {
    String words =
        "The driver could not connect to "
            + target
            + "; what it said isn't shown, for it quotes the URL or the password";
    if (!(e instanceof SQLException said)) {
      return new SQLException(words, "08001");
    }
    String state = said.getSQLState();
    if (said instanceof SQLFeatureNotSupportedException) {
      return new SQLFeatureNotSupportedException(words, state, said.getErrorCode());
    }
    if (state == null) {
      state = SqlStates.verdict(e) == Verdict.ACCESS_DENIED ? "28000" : "08001";
    }
    return new SQLException(words, state, said.getErrorCode());
  }

  @Override
  public Verdict classify(Throwable failure) {
    return ConfigurationMistake.isIn(failure) ? Verdict.REFUSED : SqlStates.verdict(failure);
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
