package io.everpool.postgresql;

import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.Verdict;
import java.io.EOFException;
import java.net.ConnectException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;

/** Opens connections to one database. */
final class PostgresConnector implements Connector {
  private static final double NANOS_PER_SECOND = 1e9;

  private final Driver driver = new Driver();
  private final Destination destination;
  private final String url;
  private final String target;
  private final boolean lookable;
  private final @Nullable ClassLoader loader;
  private final Disclosure disclosure = new Disclosure();
  private final SessionCatalog catalog;
  private final ClientCheck check;
  private final Set<Opening> underWay = ConcurrentHashMap.newKeySet();
  private volatile boolean primaryExpected;
  private volatile boolean everOpened;
  private volatile boolean closed;

  PostgresConnector(Destination destination, SessionCatalog catalog) {
    this.destination = destination;
    this.catalog = catalog;
    this.check = new ClientCheck(destination);
    Map<String, String> properties = destination.properties();
    String user = properties.getOrDefault(PropertyNames.USER, System.getProperty("user.name", ""));
    String database = properties.getOrDefault(PropertyNames.PG_DBNAME, user);
    // all that may be secret goes into properties: the driver shows its URL (DatabaseMetaData)
    this.url =
        "jdbc:postgresql://"
            + destination.authority()
            + "/"
            + URLEncoder.encode(database, StandardCharsets.UTF_8);
    this.target = destination.authority() + "/" + database;
    this.loader = foreignLoader();
    this.lookable =
        !properties.containsKey(PropertyNames.SOCKET_FACTORY)
            && !socks()
            && (loader == null || findsByContext(properties));
    String type = properties.getOrDefault(PropertyNames.TARGET_SERVER_TYPE, "any");
    this.primaryExpected = type.equals("primary") || type.equals("master");
  }

  /** A SOCKS proxy is for the JDK's plain sockets only. */
  private static boolean socks() {
    return !System.getProperty("socksProxyHost", "").isBlank();
  }

  /** Whether the driver looks for classes beyond its own loader, as it does from 42.7.13 on. */
  private static boolean findsByContext(Map<String, String> properties) {
    return PresentDriver.HERE.knows(PropertyNames.CLASS_LOADER_STRATEGY)
        && !"driver".equals(properties.get(PropertyNames.CLASS_LOADER_STRATEGY));
  }

  /** Our class loader, if pgjdbc's doesn't see our classes (a driver shared by applications). */
  private static @Nullable ClassLoader foreignLoader() {
    try {
      Class.forName(LookableSocketFactory.class.getName(), false, Driver.class.getClassLoader());
      return null;
    } catch (ClassNotFoundException e) {
      return LookableSocketFactory.class.getClassLoader();
    }
  }

  @Override
  public String product() {
    return "PostgreSQL";
  }

  @Override
  public String target() {
    return target;
  }

  @Override
  public boolean serverless() {
    return destination.neon();
  }

  @Override
  public List<String> notes() {
    List<String> notes = ofDestination();
    notes.addAll(catalog.notes());
    return notes;
  }

  private List<String> ofDestination() {
    List<String> notes = new ArrayList<>(destination.notes());
    if (lookable && destination.properties().containsKey(PropertyNames.CONNECT_EXECUTOR)) {
      notes.add(
          "connectExecutor is never used: it is for the thread that watches a login for pgjdbc, and"
              + " Everpool ends a login that takes too long without one; leave it out");
    }
    return notes;
  }

  @Override
  public PhysicalConnection open(long timeoutNanos) throws SQLException {
    long allowed = Math.min(timeoutNanos, loginTimeoutNanos());
    long begun = System.nanoTime();
    boolean asked = check.isAsked();
    try {
      try {
        return lookable ? openLookable(allowed) : openBlind(allowed);
      } catch (SQLException e) {
        long left = allowed - (System.nanoTime() - begun);
        if (left <= 0 || !check.isRefusedBy(e, asked)) {
          throw e;
        }
        return lookable ? openLookable(left) : openBlind(left);
      }
    } catch (SQLException e) {
      throw ConnectFailure.of(directUnknown(e) ? direct(e) : e, target);
    } catch (RuntimeException e) {
      // pgjdbc, when the thread that waits for its login thread is interrupted
      throw ConnectFailure.of(
          new SQLTransientConnectionException(String.valueOf(e.getMessage()), "08001", e), target);
    }
  }

  /**
   * Whether the server has hung up on a TLS handshake that nothing announced. An older one takes it
   * for nonsense, and its end looks like that of any other connection.
   */
  private boolean directUnknown(SQLException failure) {
    if (everOpened
        || !"direct".equals(destination.properties().get(PropertyNames.SSL_NEGOTIATION))) {
      return false;
    }
    Throwable at = failure;
    for (int depth = 0; at != null && depth < 20; depth++, at = at.getCause()) {
      if (at instanceof CertificateException || at instanceof ConnectException) {
        return false;
      }
      if (at instanceof EOFException || at instanceof SSLException) {
        return true;
      }
    }
    return false;
  }

  private static SQLException direct(SQLException failure) {
    return new SQLException(
        "The server ended the TLS handshake that sslnegotiation=direct begins with",
        "08001",
        failure);
  }

  private PhysicalConnection openLookable(long timeoutNanos) throws SQLException {
    Properties properties = properties(timeoutNanos);
    properties.remove(PropertyNames.LOGIN_TIMEOUT);
    try (Opening opening =
        Opening.begin(timeoutNanos, destination.hosts().size(), destination.keepAlive())) {
      properties.setProperty(PropertyNames.SOCKET_FACTORY, LookableSocketFactory.class.getName());
      properties.setProperty(PropertyNames.SOCKET_FACTORY_ARG, opening.token());
      TappedSslFactory.install(properties);
      underWay.add(opening);
      if (closed) {
        opening.cut(); // closing has looked for it before it was there
      }
      try {
        Connection connection = connect(properties);
        readCatalog(connection);
        return session(connection, opening.finish());
      } finally {
        underWay.remove(opening);
      }
    }
  }

  /** Cuts what is still being opened: a thread that waits for a silent server ends, too. */
  @Override
  public void close() {
    closed = true;
    underWay.forEach(Opening::cut);
  }

  /** The driver's own login timeout costs a thread; here nothing else bounds the login. */
  private PhysicalConnection openBlind(long timeoutNanos) throws SQLException {
    Properties properties = properties(timeoutNanos);
    properties.setProperty(
        PropertyNames.LOGIN_TIMEOUT, Double.toString(timeoutNanos / NANOS_PER_SECOND));
    Connection connection = connect(properties);
    int before = connection.getNetworkTimeout(); // socketTimeout
    connection.setNetworkTimeout(Runnable::run, PostgresConnection.millis(timeoutNanos));
    readCatalog(connection);
    connection.setNetworkTimeout(Runnable::run, before);
    return session(connection, null);
  }

  /** On the worker that opens, so that nobody waits for it who has a connection. */
  private void readCatalog(Connection connection) throws SQLException {
    if (!catalog.isDue()) {
      return;
    }
    try {
      catalog.refresh(connection);
    } catch (SQLException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  private PostgresConnection session(Connection connection, @Nullable LookableSocket socket)
      throws SQLException {
    PostgresConnection session =
        new PostgresConnection(
            connection,
            catalog,
            socket,
            disclosure,
            () -> primaryExpected,
            destination.neonPooler(),
            "ignore".equalsIgnoreCase(destination.properties().get("readOnlyMode")));
    everOpened = true;
    if (!session.onStandby()) {
      primaryExpected = true;
    }
    return session;
  }

  private Connection connect(Properties properties) throws SQLException {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    if (loader != null) {
      thread.setContextClassLoader(loader);
    }
    try {
      Connection connection = driver.connect(url, properties);
      if (connection == null) {
        throw new SQLException("pgjdbc doesn't take the URL of " + target, "08001");
      }
      return connection;
    } finally {
      if (loader != null) {
        thread.setContextClassLoader(before);
      }
    }
  }

  private Properties properties(long timeoutNanos) {
    Properties properties = new Properties();
    destination.properties().forEach(properties::setProperty);
    properties.remove(PropertyNames.PG_DBNAME);
    check.add(properties);
    long seconds = (long) Math.ceil(timeoutNanos / NANOS_PER_SECOND);
    properties.putIfAbsent(PropertyNames.CONNECT_TIMEOUT, Long.toString(seconds));
    return properties;
  }

  private long loginTimeoutNanos() {
    String seconds = destination.properties().get(PropertyNames.LOGIN_TIMEOUT);
    try {
      double nanos = seconds == null ? 0 : Double.parseDouble(seconds) * NANOS_PER_SECOND;
      return nanos > 0 ? (long) nanos : Long.MAX_VALUE;
    } catch (NumberFormatException e) {
      return Long.MAX_VALUE; // pgjdbc logs it and goes on without
    }
  }

  @Override
  public Verdict classify(Throwable failure) {
    return FailureRules.classify(failure);
  }

  @Override
  public int traces(String sql) {
    return catalog.traces(sql);
  }

  @Override
  public void whenTracesChange(Runnable listener) {
    catalog.whenItChanges(listener);
  }

  @Override
  public String toString() {
    List<String> notes = ofDestination();
    return notes.isEmpty()
        ? "PostgreSQL at " + target
        : "PostgreSQL at " + target + " (" + String.join("; ", notes) + ")";
  }
}
