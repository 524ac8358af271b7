package io.everpool.postgresql;

import io.everpool.api.Contradiction;
import io.everpool.api.Credentials;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.postgresql.commit.LookupPermission;
import io.everpool.postgresql.driver.PgjdbcInternals;
import io.everpool.postgresql.driver.PropertyNames;
import io.everpool.postgresql.failure.ConnectFailure;
import io.everpool.postgresql.failure.FailureRules;
import io.everpool.postgresql.failure.Secrets;
import io.everpool.postgresql.failure.Timelines;
import io.everpool.postgresql.session.SessionCatalog;
import io.everpool.postgresql.session.SideEffect;
import io.everpool.postgresql.socket.DeadlineException;
import io.everpool.postgresql.socket.LookableSocket;
import io.everpool.postgresql.socket.LookableSocketFactory;
import io.everpool.postgresql.socket.Opening;
import io.everpool.postgresql.socket.TappedSslFactory;
import io.everpool.postgresql.url.Destination;
import io.everpool.postgresql.url.HostPort;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Opens connections to one database. */
final class PostgresConnector implements Connector {
  private final DriverCall driver;
  private final Destination destination;

  /** The same, if there turns out to be a pooler. */
  private final Destination throughPooler;

  private final Pooler pooler;
  private final String target;
  private final Secrets secrets;
  private final boolean lookable;
  private final LookupPermission lookupPermission = new LookupPermission();
  private final SessionCatalog catalog;
  final Timelines timelines = new Timelines();
  private final ClientCheck check;
  private final TlsFailure tlsFailure;
  private final LoginProperties login;
  private final RoomCheck room;
  private final List<Contradiction> contradictions;

  /** The same, if there turns out to be a pooler. */
  private final List<Contradiction> contradictionsBehindPooler;

  private final Duration commandTimeout;
  private final Set<Opening> underWay = ConcurrentHashMap.newKeySet();
  private final Purpose purpose;
  private final HostChoice hosts;
  private final PrimaryBehindPooler primaries;
  private final EachHost eachHost;
  private volatile boolean everOpened;
  private volatile boolean closed;

  /**
   * @param driver which is called to connect
   * @param throughPooler the same, if there turns out to be a pooler
   * @param contradictions within the configuration, as far as is known now
   * @param contradictionsBehindPooler the same, if there turns out to be a pooler
   * @param commandTimeout the configuration's
   * @param standbyWillDo whether it is no matter, and never will be, if the server is a standby
   */
  PostgresConnector(
      DriverCall driver,
      Destination destination,
      Destination throughPooler,
      Pooler pooler,
      SessionCatalog catalog,
      RoomCheck room,
      List<Contradiction> contradictions,
      List<Contradiction> contradictionsBehindPooler,
      Duration commandTimeout,
      boolean standbyWillDo) {
    this.driver = driver;
    this.destination = destination;
    this.throughPooler = throughPooler;
    this.pooler = pooler;
    this.catalog = catalog;
    this.check = new ClientCheck(destination, pooler);
    this.tlsFailure = new TlsFailure(destination.properties());
    this.room = room;
    this.contradictions = contradictions;
    this.contradictionsBehindPooler = contradictionsBehindPooler;
    this.commandTimeout = commandTimeout;
    Map<String, String> properties = destination.properties();
    this.login = new LoginProperties(destination, check);
    this.target = destination.authority() + "/" + LoginProperties.shownDatabase(properties);
    this.secrets = Secrets.of(properties, target);
    this.lookable = driver.findsOurSockets(properties);
    driver.requireClassesFor(destination);
    String type = properties.getOrDefault(PropertyNames.TARGET_SERVER_TYPE, "any");
    List<String> names = destination.hosts().stream().map(HostPort::toString).toList();
    boolean choice = names.size() > 1 && type.equals("any");
    this.purpose = standbyWillDo ? Purpose.reading() : Purpose.of(type, choice);
    this.hosts = new HostChoice(names, choice, purpose, () -> closed);
    this.primaries = new PrimaryBehindPooler(type, pooler, () -> closed);
    this.eachHost = new EachHost(names, () -> closed);
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
  public boolean hasOtherHosts() {
    return destination.hosts().size() > 1;
  }

  @Override
  public List<String> notes() {
    List<String> notes = ofDestination();
    notes.addAll(catalog.notes());
    notes.addAll(pooler.notes());
    notes.addAll(room.notes());
    notes.addAll(lookupPermission.notes());
    return notes;
  }

  @Override
  public List<Contradiction> contradictions() {
    return pooler.isThere() ? contradictionsBehindPooler : contradictions;
  }

  @Override
  public void whenNoted(Runnable listener) {
    pooler.whenNoted(listener);
    lookupPermission.whenNoted(listener);
  }

  /** The destination by what is known of a pooler now. */
  private Destination present() {
    return pooler.takesOptions() ? destination : throughPooler;
  }

  private List<String> ofDestination() {
    List<String> notes = new ArrayList<>(present().notes());
    if (lookable && destination.properties().containsKey(PropertyNames.CONNECT_EXECUTOR)) {
      notes.add(
          "connectExecutor is never used: it is for the thread that watches a login for pgjdbc, and"
              + " Everpool ends a login that takes too long without one; leave it out");
    }
    return notes;
  }

  @Override
  public PhysicalConnection open(long timeoutNanos) throws SQLException {
    return open(Map.of(), timeoutNanos);
  }

  /** These credentials count before those of the URL, the properties and libpq's password file. */
  @Override
  public PhysicalConnection open(Credentials credentials, long timeoutNanos) throws SQLException {
    Map<String, String> properties = new LinkedHashMap<>();
    if (credentials.user() != null) {
      properties.put(PropertyNames.USER, credentials.user());
    }
    properties.put(PropertyNames.PASSWORD, credentials.password());
    return open(properties, timeoutNanos);
  }

  private PhysicalConnection open(Map<String, String> credentials, long timeoutNanos)
      throws SQLException {
    long deadline = System.nanoTime() + Math.min(timeoutNanos, login.timeoutNanos());
    try {
      return openAsKnown(credentials, deadline);
    } catch (SQLException e) {
      throw told(tlsFailure.explained(e, everOpened), credentials);
    } catch (RuntimeException e) {
      // pgjdbc, when the thread that waits for its login thread is interrupted
      throw told(
          new SQLTransientConnectionException(String.valueOf(e.getMessage()), "08001", e),
          credentials);
    }
  }

  private SQLException told(SQLException failure, Map<String, String> credentials) {
    String quoted = secrets.quotedBy(failure, credentials.get(PropertyNames.PASSWORD));
    return quoted == null
        ? ConnectFailure.of(failure, target)
        : ConnectFailure.hiding(failure, target, quoted);
  }

  /**
   * Opens by what is known of the way to the server, and opens again after a failure that has shown
   * that a login has to be another one. That ends: each such thing is learnt once ({@link
   * Attempt}).
   */
  private PhysicalConnection openAsKnown(Map<String, String> credentials, long deadline)
      throws SQLException {
    while (true) {
      Attempt attempt = new Attempt(check, pooler);
      Map<String, String> said = new LinkedHashMap<>(present().properties());
      said.putAll(credentials);
      try {
        return attempt.open(
            (host, count, time) -> primaries.open(this::openAt, attempt, said, host, count, time),
            hosts,
            eachHost,
            deadline);
      } catch (SQLException e) {
        if (!attempt.hasLearnt() || deadline - System.nanoTime() <= 0) {
          throw e;
        }
      }
    }
  }

  private PostgresConnection openAt(
      Attempt attempt, Map<String, String> said, String authority, long timeoutNanos)
      throws SQLException {
    if (timeoutNanos <= 0) {
      throw new SQLTransientConnectionException(
          "No time is left to connect to " + authority, "08001", new DeadlineException());
    }
    return lookable
        ? openLookable(attempt, said, authority, timeoutNanos)
        : openBlind(said, authority, timeoutNanos);
  }

  private PostgresConnection openLookable(
      Attempt attempt, Map<String, String> said, String authority, long timeoutNanos)
      throws SQLException {
    long deadline = System.nanoTime() + timeoutNanos;
    Properties properties = login.properties(said, authority, timeoutNanos);
    properties.remove(PropertyNames.LOGIN_TIMEOUT);
    List<String> hosts = List.of(authority.split(","));
    try (Opening opening = Opening.begin(timeoutNanos, hosts, destination.keepAlive())) {
      properties.setProperty(PropertyNames.SOCKET_FACTORY, LookableSocketFactory.class.getName());
      properties.setProperty(PropertyNames.SOCKET_FACTORY_ARG, opening.token());
      TappedSslFactory.install(properties, destination.tls());
      underWay.add(opening);
      if (closed) {
        opening.cut(); // closing has looked for it before it was there
      }
      try {
        Opening.Login login =
            () -> driver.connect(authority, LoginProperties.path(said), properties);
        return attempt.connect(
            opening, login, said, connection -> begin(connection, opening::finish, deadline));
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

  /**
   * Opens on a socket of someone else's making. Only the driver's own login timeout bounds that,
   * though it costs a thread.
   */
  private PostgresConnection openBlind(
      Map<String, String> said, String authority, long timeoutNanos) throws SQLException {
    long deadline = System.nanoTime() + timeoutNanos;
    Properties properties = login.properties(said, authority, timeoutNanos);
    properties.setProperty(
        PropertyNames.LOGIN_TIMEOUT,
        // less than a millisecond is no limit to pgjdbc
        Double.toString(Math.max(timeoutNanos, 1_000_000) / LoginProperties.NANOS_PER_SECOND));
    if (driver.findsOurClasses(said)) {
      TappedSslFactory.install(properties, destination.tls());
    }
    Connection connection = driver.connect(authority, LoginProperties.path(said), properties);
    try {
      int before = connection.getNetworkTimeout(); // socketTimeout
      connection.setNetworkTimeout(Runnable::run, NetworkLimit.millis(timeoutNanos));
      return begin(
          connection,
          () -> {
            connection.setNetworkTimeout(Runnable::run, before);
            return null;
          },
          deadline);
    } catch (SQLException | RuntimeException | Error e) {
      discard(connection, e);
      throw e;
    }
  }

  /** Takes away what bounds an opening, and returns its socket; null if that isn't known. */
  private interface Finish {
    @Nullable LookableSocket run() throws SQLException;
  }

  /**
   * Asks and sets up what is needed before anybody gets the connection. Here, on the worker that
   * opens it, it delays no caller who could have another connection.
   *
   * @param finish called before the session is made, which keeps what it finds set
   */
  private PostgresConnection begin(Connection lent, Finish finish, long deadline)
      throws SQLException {
    try {
      Connection connection = PgjdbcInternals.within(lent);
      pooler.meet(connection);
      String host = PgjdbcInternals.host(connection, destination.authority());
      Timelines.Judgement judgement =
          SessionWrites.judge(connection, timelines, host, pooler, purpose);
      room.look(connection);
      if (catalog.isDue()) {
        catalog.refresh(
            connection,
            SessionCatalog.limit(deadline - System.nanoTime(), pooler.lendsByTransaction()));
      }
      return session(lent, finish.run(), judgement);
    } catch (SQLException | RuntimeException | Error e) {
      discard(lent, e);
      throw e;
    }
  }

  /** Closes a connection that can't be used; what that throws is added to why it can't. */
  private static void discard(Connection unwanted, Throwable failure) {
    try {
      unwanted.close();
    } catch (SQLException | RuntimeException | Error e) {
      failure.addSuppressed(e);
    }
  }

  private PostgresConnection session(
      Connection lent, @Nullable LookableSocket socket, Timelines.Judgement judgement)
      throws SQLException {
    PostgresConnection session =
        new PostgresConnection(
            lent,
            catalog,
            room,
            socket,
            lookupPermission,
            new SessionWrites(lent, judgement, purpose, pooler, destination),
            present().tellsServer(commandTimeout) ? commandTimeout : Duration.ZERO,
            pooler.lendsByTransaction() ? pooler : null,
            "ignore".equalsIgnoreCase(destination.properties().get(PropertyNames.READ_ONLY_MODE)),
            judgement.supersedesEarlier());
    everOpened = true;
    purpose.met(session.onStandby(), session.beganReadOnly());
    return session;
  }

  @Override
  public Verdict classify(Throwable failure) {
    return pooler.judge(failure, FailureRules.classify(failure));
  }

  @Override
  public SideEffects sideEffects(String sql) {
    SessionCatalog.Left left = catalog.sideEffects(sql);
    pooler.hear(SideEffect.set(left.byItself()));
    return SideEffect.set(left.inAll());
  }

  @Override
  public void whenSideEffectsChange(Runnable listener) {
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
