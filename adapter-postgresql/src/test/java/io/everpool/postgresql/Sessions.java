package io.everpool.postgresql;

import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Causes;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.postgresql.protocol.ProtocolLog;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;

/** Sessions of the adapter on a real server, one for all the tests that leave it in peace. */
public final class Sessions {
  public static final Duration LIMIT = Duration.ofSeconds(60);
  public static final long TIMEOUT = Duration.ofSeconds(30).toNanos();

  private static @Nullable PostgresServer shared;
  private static @Nullable PostgresServer tls;

  private Sessions() {}

  /** Ends with the JVM. */
  public static synchronized PostgresServer server() {
    PostgresServer running = shared;
    if (running == null) {
      running =
          PostgresServer.start(
              ServerSettings.defaults()
                  .with("max_connections", "40")
                  .with("max_prepared_transactions", "5"));
      shared = running;
    }
    return running;
  }

  /** One with TLS, for the tests of the driver's contract; ends with the JVM. */
  public static synchronized PostgresServer tlsServer() {
    PostgresServer running = tls;
    if (running == null) {
      running = PostgresServer.startEmbedded(ServerSettings.defaults().withTls());
      tls = running;
    }
    return running;
  }

  public static Connector connector(String url, UnaryOperator<PoolConfig.Builder> more) {
    PoolConfig config = more.apply(PoolConfig.builder(url)).build();
    return new PostgresAdapter().connector(config);
  }

  public static PhysicalConnection open(String url, UnaryOperator<PoolConfig.Builder> more)
      throws SQLException {
    return connector(url, more).open(TIMEOUT);
  }

  public static PhysicalConnection open(String url) throws SQLException {
    return open(url, UnaryOperator.identity());
  }

  public static PhysicalConnection open() throws SQLException {
    return open(server().libpqUrl());
  }

  /** What the protocol has said; null if the socket is of someone else's making. */
  public static @Nullable ProtocolLog log(PhysicalConnection connection) {
    return ((PostgresConnection) connection).log();
  }

  public static @Nullable String ask(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      return rows.next() ? rows.getString(1) : "no row";
    }
  }

  public static @Nullable String ask(PhysicalConnection connection, String sql)
      throws SQLException {
    return ask(connection.jdbc(), sql);
  }

  public static void execute(PhysicalConnection connection, String sql) throws SQLException {
    try (Statement statement = connection.jdbc().createStatement()) {
      statement.execute(sql);
    }
  }

  public static int pid(PhysicalConnection connection) throws SQLException {
    return Integer.parseInt(String.valueOf(ask(connection, "select pg_backend_pid()")));
  }

  /** Whether the failure is an answer of the server's, not of the driver's. */
  public static boolean serverSaid(Throwable failure) {
    return Causes.first(
            failure,
            at -> at instanceof PSQLException known && known.getServerErrorMessage() != null)
        != null;
  }
}
