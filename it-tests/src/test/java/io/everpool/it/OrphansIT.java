package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A connection that ends while its query runs takes the query with it, and the locks: by itself a
 * server would go on to the query's end. A row is locked, a query runs in the same transaction for
 * ten minutes, the connection ends in one way or another, and somebody else wants the row.
 */
@Timeout(300)
@Tag("one-jdk")
class OrphansIT {
  /** The server doesn't look after its clients by itself, so that the pool has to. */
  private static final String UNCHECKED = "-c client_connection_check_interval=0";

  private static final AtomicInteger NAMES = new AtomicInteger();

  private static PostgresServer server;

  private final String name = "orphans-" + NAMES.incrementAndGet();
  private final List<Pool> pools = new ArrayList<>();

  @BeforeAll
  static void start() throws SQLException {
    server = PostgresServer.startEmbedded(ServerSettings.defaults().withTls());
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute("create table held (n int)");
      statement.execute("insert into held values (0)");
    }
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static Connection connect() throws SQLException {
    return DriverManager.getConnection(server.jdbcUrl(), server.user(), server.password());
  }

  /** Those of a test that has failed: what they hold others would wait for. */
  @AfterEach
  void close() {
    pools.forEach(Pool::close);
  }

  private Pool open(PoolConfig config) throws SQLException {
    Pool pool = Everpool.open(config);
    pools.add(pool);
    return pool;
  }

  private PoolConfig.Builder config(String url, Map<String, String> properties) {
    return PoolConfig.builder(url)
        .name(name)
        .user(server.user())
        .password(server.password())
        .properties(properties)
        .minSize(1)
        .maxSize(1)
        .commandTimeout(Duration.ofHours(1))
        .drainTimeout(Duration.ZERO);
  }

  private PoolConfig.Builder config() {
    return config(server.jdbcUrl(), Map.of("options", UNCHECKED));
  }

  /** Has a thread lock the row by the connection, and then stay in a query. */
  private Crew holdRow(Connection connection) {
    Crew holder = Crew.of(1, () -> lockAndSleep(connection, 0));
    awaitSleeping(1);
    return holder;
  }

  /** The same; for the query alone it waits so long, and it has ended when this returns. */
  private static void holdRowFor(int milliseconds, Connection connection) throws Exception {
    Crew holder = Crew.of(1, () -> lockAndSleep(connection, milliseconds));
    holder.join();
    assertThat(holder.errors()).hasSize(1);
    assertThat(Db.sqlStates(holder.errors().get(0)))
        .as("the query got no answer")
        .contains("08006");
  }

  private static void lockAndSleep(Connection connection, int networkTimeout) throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.execute("update held set n = n + 1");
      if (networkTimeout > 0) {
        connection.setNetworkTimeout(Runnable::run, networkTimeout);
      }
      statement.execute("select pg_sleep(600)");
    }
  }

  private void awaitSleeping(int count) {
    Await.until(Db.LIMIT, () -> sleeping() == count, count + " queries to run");
  }

  private int sleeping() {
    return Integer.parseInt(
        server.ask(
            "select count(*) from pg_stat_activity where state = 'active'"
                + " and query like '%pg_sleep(600)%' and pid <> pg_backend_pid()"
                + " and application_name = '"
                + name
                + "'"));
  }

  /** What isn't ended by the pool is held for ten minutes. */
  private static void assertFreeSoon() throws SQLException {
    try (Connection other = connect();
        Statement statement = other.createStatement()) {
      statement.execute("set lock_timeout = '60s'");
      statement.execute("update held set n = 0");
    }
  }

  /** How a connection ends while its query runs in another thread. */
  private interface End {
    void of(Pool pool, Connection connection) throws Exception;
  }

  private static Arguments way(String name, End end) {
    return Arguments.of(name, end);
  }

  static Stream<Arguments> ends() {
    return Stream.of(
        way("the pool is closed", (pool, connection) -> pool.close()),
        way("it is aborted", (pool, connection) -> connection.abort(Runnable::run)),
        way("it is closed by another thread", (pool, connection) -> connection.close()),
        way(
            "it was doomed, and is closed by another thread",
            (pool, connection) -> {
              try (LogCapture log = LogCapture.open()) {
                pool.replaceAll();
                log.await(Level.INFO, "every connection is given up");
              }
              connection.close();
            }));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("ends")
  void theQueryEndsWithItsConnection(String how, End end) throws Exception {
    for (String tls : new String[] {"disable", "require"}) {
      try (Pool pool =
          Everpool.open(
              config(server.jdbcUrl(), Map.of("options", UNCHECKED, "sslmode", tls)).build())) {
        Connection connection = pool.getConnection();
        Crew holder = holdRow(connection);
        end.of(pool, connection);
        assertFreeSoon();
        holder.join();
        assertThat(holder.errors()).hasSize(1);
        assertThat(Db.sqlStates(holder.errors().get(0)))
            .as("whose connection is taken from him is told so, and not that he has cancelled")
            .doesNotContain("57014");
      }
    }
  }

  /** As a custom socket factory has it: nothing of the connection can be seen. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("ends")
  void norDoesItOutliveAConnectionThatCannotBeLookedAt(String how, End end) throws Exception {
    try (Pool pool =
        Everpool.open(
            config(
                    server.jdbcUrl(),
                    Map.of("options", UNCHECKED, "socketFactory", PlainSockets.class.getName()))
                .build())) {
      Connection connection = pool.getConnection();
      Crew holder = holdRow(connection);
      end.of(pool, connection);
      assertFreeSoon();
      holder.join();
    }
  }

  /** The driver gives up on the answer, and the connection with it. */
  @Test
  void aQueryThatIsGivenUpByItsTimeoutEndsOnTheServer() throws Exception {
    try (Pool pool = Everpool.open(config().build())) {
      Connection connection = pool.getConnection();
      holdRowFor(3_000, connection);
      connection.close();
      assertFreeSoon();
    }
  }

  /** Nobody is left who could cancel anything: the server itself looks after its clients. */
  @Test
  void theServerLooksAfterTheClientsOfAPool() throws Exception {
    try (Pool pool = Everpool.open(config(server.jdbcUrl(), Map.of()).build())) {
      Connection connection = pool.getConnection();
      assertThat(Db.ask(connection, "show client_connection_check_interval")).isEqualTo("500ms");
      try (Statement statement = connection.createStatement()) {
        statement.execute("set client_connection_check_interval = 0");
      }
      connection.close();
      try (Connection next = pool.getConnection()) {
        assertThat(Db.ask(next, "show client_connection_check_interval"))
            .as("it is the session's default")
            .isEqualTo("500ms");
        holdRowFor(3_000, next);
        assertFreeSoon(); // though the lease isn't over
      }
    }
  }

  @Test
  void whatTheUserSaysOfThatCounts() throws Exception {
    String own = "-c client_connection_check_interval=7s";
    try (Pool pool = Everpool.open(config(server.jdbcUrl(), Map.of("options", own)).build());
        Connection connection = pool.getConnection()) {
      assertThat(Db.ask(connection, "show client_connection_check_interval")).isEqualTo("7s");
    }
  }

  /** What is being ended counts until the server has ended it. */
  @Test
  void theServerNeverSeesMoreSessionsThanThePoolHasPlaces() throws Exception {
    String sessions =
        "select count(*) from pg_stat_activity where application_name = '" + name + "'";
    PoolConfig observers =
        config().name(name + "-observers").properties(Map.of()).maxSize(3).build();
    try (Pool eyes = Everpool.open(observers);
        Pool pool = Everpool.open(config().minSize(2).maxSize(2).build());
        Crew aborting = Crew.looping(2, () -> abortWhileItSleeps(pool, eyes))) {
      AtomicInteger most = new AtomicInteger();
      try (Connection eye = eyes.getConnection();
          Crew watching =
              Crew.looping(
                  1,
                  () ->
                      most.accumulateAndGet(Integer.parseInt(Db.ask(eye, sessions)), Math::max))) {
        aborting.awaitRounds(10);
        assertThat(watching.errors()).as(watching.report()).isEmpty();
      }
      assertThat(most).hasValue(2);
      assertThat(aborting.errors()).as(aborting.report()).isEmpty();
    }
  }

  private static void abortWhileItSleeps(Pool pool, Pool eyes) throws Exception {
    Connection connection = pool.getConnection();
    int pid = Db.pid(connection);
    Crew sleeper = Crew.of(1, () -> Db.ask(connection, "select pg_sleep(600)"));
    String query = "select query from pg_stat_activity where pid = " + pid;
    try (Connection eye = eyes.getConnection()) {
      Await.until(
          Db.LIMIT,
          () -> {
            try {
              return Db.ask(eye, query).contains("pg_sleep(600)");
            } catch (SQLException e) {
              throw new AssertionError(e);
            }
          },
          "the query to run");
    }
    connection.abort(Runnable::run);
    sleeper.join();
  }

  /** A server that answers nothing any more, not even to a cancel, holds up nobody. */
  @Test
  void theEndIsBoundedThoughTheServerHangs() throws Exception {
    try (FaultProxy proxy = FaultProxy.before(server)) {
      String url = server.libpqUrl(proxy.host(), proxy.port());
      Pool pool =
          open(config(url, Map.of("options", UNCHECKED)).closeTimeout(Duration.ofHours(1)).build());
      Crew holder = holdRow(pool.getConnection());
      proxy.freeze();
      proxy.hang();
      assertThat(catchThrowable(pool::close)).isNull(); // and not after the close-timeout
      holder.join();
    }
    server.terminateAll(name);
    assertFreeSoon();
  }

  @Test
  void aPoolThatClosesSaysWhatItCuts() throws Exception {
    try (LogCapture log = LogCapture.open()) {
      Pool pool = open(config().maxSize(2).build());
      Crew first = holdRow(pool.getConnection());
      Connection second = pool.getConnection();
      pool.close();
      first.join();
      second.close();
      assertThat(log.lines(Level.WARN, "was not returned within drain-timeout and is cut"))
          .hasSize(2)
          .allMatch(line -> line.matches(".*connection \\d+ .*has been out for \\d+ ms.*"));
    }
  }
}
