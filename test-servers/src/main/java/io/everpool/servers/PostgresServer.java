package io.everpool.servers;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import org.slf4j.LoggerFactory;

/**
 * A real PostgreSQL server that belongs to one test: in a container where a Docker engine answers,
 * out of a Maven artifact elsewhere. It ends with {@link #close()}, or with the JVM, however that
 * ends.
 *
 * <p>Its clients log in by password over TCP as {@link #user()}, no superuser; what this class does
 * for itself goes through another role and another database, and so appears in none of its counts.
 * The port stays the same through restarts. What fails throws {@link IllegalStateException}. Not
 * thread-safe, save the reading methods.
 */
public abstract class PostgresServer implements AutoCloseable {

  /** What not every flavour of server can do. */
  public enum Ability {
    /** {@link #killBackend}. */
    KILL_BACKEND,
    /** {@link #crash}. */
    CRASH,
    /** {@link #freeze} and {@link #thaw}. */
    FREEZE,
    /** {@link Replica#of}. */
    REPLICA
  }

  /** How a server is stopped. */
  public enum Shutdown {
    /** Waits for the sessions to end by themselves. */
    SMART("TERM"),
    /** Ends the sessions (57P01), then writes everything out. */
    FAST("INT"),
    /** Drops everything and recovers at the next start. */
    IMMEDIATE("QUIT");

    private final String signal;

    Shutdown(String signal) {
      this.signal = signal;
    }

    /** The signal's name without {@code SIG}. */
    String signal() {
      return signal;
    }
  }

  static final String ADMIN = "postgres";
  static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final String FLAVOUR = System.getProperty("tests.postgres", "auto");

  final ServerSettings settings;

  PostgresServer(ServerSettings settings) {
    this.settings = settings;
  }

  /** Starts a server with the default settings. */
  public static PostgresServer start() {
    return start(ServerSettings.defaults());
  }

  /**
   * Starts a server. The system property {@code tests.postgres} forces a flavour: {@code container}
   * or {@code embedded}.
   */
  public static PostgresServer start(ServerSettings settings) {
    if (settings.tls()
        || FLAVOUR.equals("embedded")
        || (FLAVOUR.equals("auto") && !DockerEngine.isAvailable())) {
      return EmbeddedServer.boot(settings);
    }
    try {
      return ContainerServer.boot(settings);
    } catch (RuntimeException noImage) {
      if (!FLAVOUR.equals("auto")) {
        throw noImage;
      }
      LoggerFactory.getLogger(PostgresServer.class)
          .warn("no PostgreSQL container in spite of a Docker engine; embedded instead", noImage);
      return EmbeddedServer.boot(settings);
    }
  }

  /** Starts a server out of a Maven artifact; it has every {@link Ability}. */
  public static PostgresServer startEmbedded(ServerSettings settings) {
    return EmbeddedServer.boot(settings);
  }

  /** Where it listens; an IP address, or a name. */
  public abstract String host();

  /** Where it listens, through every restart. */
  public abstract int port();

  /**
   * The file with the server's certificate, for 127.0.0.1 and localhost.
   *
   * @throws UnsupportedOperationException without {@link ServerSettings#withTls()}
   */
  public Path certificate() {
    throw new UnsupportedOperationException("no TLS; see ServerSettings.withTls()");
  }

  /** What this flavour can do beyond the rest; asking for more throws. */
  public abstract Set<Ability> abilities();

  /** Ends the server and waits for its end; harmless if it is down. */
  public abstract void stop(Shutdown how);

  /** Starts it again and waits until it takes sessions. */
  public abstract void startAgain();

  /** Kills the server process and everything it started, as {@code kill -9} does; it stays down. */
  public abstract void crash();

  /** Stops every process of the server in its tracks; connections stay open and silent. */
  public abstract void freeze();

  /** Lets a frozen server go on. */
  public abstract void thaw();

  /**
   * Kills a session's process by {@code kill -9}; the server then ends all others and recovers.
   *
   * @throws IllegalStateException if there is none, or if it has ended by itself just before
   */
  public abstract void killBackend(int pid);

  /** The server's log so far. */
  public abstract String log();

  /** Ends the server at once and leaves nothing behind. */
  @Override
  public abstract void close();

  /** Stops and starts it. */
  public final void restart(Shutdown how) {
    stop(how);
    startAgain();
  }

  public final String user() {
    return settings.user();
  }

  public final String password() {
    return settings.password();
  }

  public final String database() {
    return settings.database();
  }

  /** The JDBC URL of {@link #database()}, without credentials. */
  public final String jdbcUrl() {
    return "jdbc:postgresql://" + host() + ":" + port() + "/" + database();
  }

  /** The libpq URL of {@link #database()}, with credentials. */
  public final String libpqUrl() {
    return libpqUrl(host(), port());
  }

  /** The same by another way, such as a {@link FaultProxy}. */
  public final String libpqUrl(String host, int port) {
    return "postgresql://"
        + encoded(user())
        + ":"
        + encoded(password())
        + "@"
        + host
        + ":"
        + port
        + "/"
        + encoded(database());
  }

  /** A new session of a superuser, in the database {@code postgres}. */
  public final Connection adminConnection() throws SQLException {
    return adminConnection(ADMIN);
  }

  final Connection adminConnection(String inDatabase) throws SQLException {
    return adminConnection(inDatabase, settings.password());
  }

  final Connection adminConnection(String inDatabase, String password) throws SQLException {
    Properties login = new Properties();
    login.setProperty("user", ADMIN);
    login.setProperty("password", password);
    login.setProperty("ApplicationName", "test-admin");
    login.setProperty("sslmode", "disable"); // whatever a test does to TLS
    login.setProperty("connectTimeout", "60");
    login.setProperty("socketTimeout", "180");
    // the driver needn't ask for what it may send with the login
    login.setProperty("assumeMinServerVersion", "9.0");
    String url = "jdbc:postgresql://" + host() + ":" + port() + "/" + inDatabase;
    return DriverManager.getConnection(url, login);
  }

  /** Runs SQL as a superuser in {@link #database()}. */
  public final void execute(String sql) {
    try (Connection connection = adminConnection(database());
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  /** Asks for one value as a superuser in {@link #database()}; null is the text {@code null}. */
  public final String ask(String sql) {
    try (Connection connection = adminConnection(database());
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return String.valueOf(rows.getString(1));
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  /**
   * Changes a parameter that can be changed while the server runs. When it returns, every process
   * of the server has been told: a session heeds it from its next command on. What another process
   * does with it, such as the checkpointer with {@code synchronous_standby_names}, comes when it
   * comes, and is to be waited for itself.
   */
  public final void alter(String parameter, String value) {
    reload("alter system set " + parameter + " = '" + value.replace("'", "''") + "'");
  }

  /** Takes {@link #alter} back, and returns as it does. */
  public final void alterBack(String parameter) {
    reload("alter system reset " + parameter);
  }

  /**
   * The postmaster reads its files, then tells its children, one after the other. So a session that
   * shows the new time shows that it has begun to, and one that starts afterwards that it is done.
   */
  private void reload(String change) {
    String loaded = "select extract(epoch from pg_conf_load_time())";
    String before = ask(loaded);
    execute(change);
    execute("select pg_reload_conf()");
    Await.until(PATIENCE, () -> !ask(loaded).equals(before), "the server to have read: " + change);
    ask(loaded);
  }

  /** The processes of the sessions in {@link #database()}. */
  public final List<Integer> backendPids() {
    return backendPids("%");
  }

  /** The processes of those whose application name is like this SQL pattern. */
  public final List<Integer> backendPids(String applicationName) {
    String sql =
        "select pid from pg_stat_activity where backend_type = 'client backend'"
            + " and datname = ? and application_name like ? order by backend_start, pid";
    List<Integer> pids = new ArrayList<>();
    try (Connection connection = adminConnection();
        PreparedStatement query = connection.prepareStatement(sql)) {
      query.setString(1, database());
      query.setString(2, applicationName);
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          pids.add(rows.getInt(1));
        }
      }
      return pids;
    } catch (SQLException e) {
      throw new IllegalStateException("can't list the sessions", e);
    }
  }

  /** Ends a session by {@code pg_terminate_backend} and waits until it is gone. */
  public final void terminate(int pid) {
    terminate(List.of(pid));
  }

  /** Ends every session in {@link #database()}; gives their number. */
  public final int terminateAll() {
    return terminateAll("%");
  }

  /** Ends those whose application name is like this SQL pattern; gives their number. */
  public final int terminateAll(String applicationName) {
    List<Integer> pids = backendPids(applicationName);
    terminate(pids);
    return pids.size();
  }

  private void terminate(List<Integer> pids) {
    // all are told before any is waited for
    String tell = "select pg_terminate_backend(?)";
    String alive = "select count(*) from pg_stat_activity where pid = ?";
    try (Connection connection = adminConnection();
        PreparedStatement end = connection.prepareStatement(tell);
        PreparedStatement look = connection.prepareStatement(alive)) {
      for (int pid : pids) {
        end.setInt(1, pid);
        end.execute();
      }
      for (int pid : pids) {
        look.setInt(1, pid);
        Await.until(PATIENCE, () -> count(look) == 0, "the end of session " + pid);
      }
    } catch (SQLException e) {
      throw new IllegalStateException("can't end sessions " + pids, e);
    }
  }

  private static int count(PreparedStatement query) {
    try (ResultSet rows = query.executeQuery()) {
      rows.next();
      return rows.getInt(1);
    } catch (SQLException e) {
      throw new IllegalStateException("can't look for a session", e);
    }
  }

  /** Sessions opened in {@link #database()} since the server first started; exact. */
  public final long connectionsOpened() {
    return lines("connection authorized: user=" + user() + " database=" + database());
  }

  /** Logins refused for a wrong password since the server first started; exact. */
  public final long loginFailures() {
    return lines("FATAL:  password authentication failed for user");
  }

  final long lines(String having) {
    return log().lines().filter(line -> line.contains(having)).count();
  }

  /** Fails with a sentence if this flavour lacks an ability. */
  final void require(Ability ability) {
    if (!abilities().contains(ability)) {
      throw new UnsupportedOperationException(
          getClass().getSimpleName() + " can't " + ability + "; see abilities()");
    }
  }

  static Set<Ability> allBut(Ability... missing) {
    Set<Ability> abilities = EnumSet.allOf(Ability.class);
    abilities.removeAll(List.of(missing));
    return abilities;
  }

  /** The role and the database of the tests. */
  final void createDatabase() {
    try (Connection connection = adminConnection();
        Statement statement = connection.createStatement()) {
      createRole(statement);
      createDatabase(statement);
    } catch (SQLException e) {
      throw new IllegalStateException("can't create the tests' database", e);
    }
  }

  final void createRole(Statement statement) throws SQLException {
    statement.execute(
        "create role "
            + statement.enquoteIdentifier(user(), true)
            + " login password "
            + statement.enquoteLiteral(password()));
  }

  final void createDatabase(Statement statement) throws SQLException {
    statement.execute(
        "create database "
            + statement.enquoteIdentifier(database(), true)
            + " owner "
            + statement.enquoteIdentifier(user(), true));
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
