package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.servers.PostgresServer;
import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.PGConnection;

/**
 * Each method of a connection begins and ends a transaction where the bare driver's does, and
 * nowhere else, and the pool knows it: with the driver that is there, for their methods ask the
 * server in one version and don't in another.
 */
@Tag("contract")
@Timeout(120)
class CallsOfJdbcTest {
  private static PostgresServer server;

  /** Sees what the server has of the others. */
  private static Connection watching;

  @BeforeAll
  static void start() throws SQLException {
    server = Sessions.server();
    watching = server.adminConnection();
  }

  @AfterAll
  static void stop() throws SQLException {
    watching.close();
  }

  /** A call on a connection. */
  private interface Call {
    void on(Connection connection) throws SQLException;
  }

  private static Map<String, Call> calls() {
    Map<String, Call> calls = new LinkedHashMap<>();
    // first what the driver, or the pool, knows once it was asked
    calls.put("getTransactionIsolation", Connection::getTransactionIsolation);
    calls.put("setCatalog", c -> c.setCatalog("postgres"));
    calls.put("setCatalog null", c -> c.setCatalog(null));
    calls.put("getCatalog", Connection::getCatalog);
    calls.put("createStatement", c -> c.createStatement().close());
    calls.put("prepareStatement", c -> c.prepareStatement("select 1").close());
    calls.put("prepareCall", c -> c.prepareCall("{ call now() }").close());
    calls.put("nativeSQL", c -> c.nativeSQL("select {fn now()}"));
    calls.put("setAutoCommit true", c -> c.setAutoCommit(true));
    calls.put("setAutoCommit false", c -> c.setAutoCommit(false));
    calls.put("getAutoCommit", Connection::getAutoCommit);
    calls.put("commit", Connection::commit);
    calls.put("rollback", Connection::rollback);
    calls.put("isClosed", Connection::isClosed);
    calls.put("getMetaData", Connection::getMetaData);
    calls.put("getMetaData version", c -> c.getMetaData().getDatabaseProductVersion());
    calls.put("getMetaData tables", c -> c.getMetaData().getTables("", "", "no", null).close());
    calls.put("setReadOnly true", c -> c.setReadOnly(true));
    calls.put("setReadOnly false", c -> c.setReadOnly(false));
    calls.put("isReadOnly", Connection::isReadOnly);
    calls.put("setTransactionIsolation", c -> c.setTransactionIsolation(8));
    calls.put("setTransactionIsolation default", c -> c.setTransactionIsolation(2));
    calls.put("getWarnings", Connection::getWarnings);
    calls.put("clearWarnings", Connection::clearWarnings);
    calls.put("getTypeMap", Connection::getTypeMap);
    calls.put("setTypeMap", c -> c.setTypeMap(Map.of()));
    calls.put("setHoldability", c -> c.setHoldability(ResultSet.HOLD_CURSORS_OVER_COMMIT));
    calls.put("getHoldability", Connection::getHoldability);
    calls.put("setSavepoint", Connection::setSavepoint);
    calls.put("setSavepoint named", c -> c.setSavepoint("a"));
    calls.put("rollback to", c -> c.rollback(c.setSavepoint()));
    calls.put("releaseSavepoint", c -> c.releaseSavepoint(c.setSavepoint()));
    calls.put("createClob", Connection::createClob);
    calls.put("createBlob", Connection::createBlob);
    calls.put("createNClob", Connection::createNClob);
    calls.put("createSQLXML", Connection::createSQLXML);
    calls.put("isValid", c -> c.isValid(20));
    calls.put("setClientInfo", c -> c.setClientInfo("ApplicationName", "other"));
    Properties info = new Properties();
    info.setProperty("ApplicationName", "another");
    calls.put("setClientInfo all", c -> c.setClientInfo(info));
    calls.put("getClientInfo", c -> c.getClientInfo("ApplicationName"));
    calls.put("getClientInfo all", Connection::getClientInfo);
    calls.put("createArrayOf", c -> c.createArrayOf("text", new Object[] {"a"}));
    calls.put("createArrayOf unknown", c -> c.createArrayOf("regclass", new Object[] {"a"}));
    calls.put("createStruct", c -> c.createStruct("a", new Object[0]));
    calls.put("setSchema", c -> c.setSchema("pg_catalog"));
    calls.put("getSchema", Connection::getSchema);
    calls.put("setNetworkTimeout", c -> c.setNetworkTimeout(Runnable::run, 90_000));
    calls.put("getNetworkTimeout", Connection::getNetworkTimeout);
    calls.put("beginRequest", Connection::beginRequest);
    calls.put("endRequest", Connection::endRequest);
    calls.put("setShardingKey", c -> c.setShardingKey(null));
    calls.put("setShardingKeyIfValid", c -> c.setShardingKeyIfValid(null, 1));
    calls.put("unwrap", c -> c.unwrap(PGConnection.class));
    calls.put("isWrapperFor", c -> c.isWrapperFor(PGConnection.class));
    return calls;
  }

  /** What was done before. */
  private static Map<String, Call> situations() {
    Map<String, Call> situations = new LinkedHashMap<>();
    situations.put("autocommit", c -> {});
    situations.put("manual", c -> c.setAutoCommit(false));
    Call manual = c -> c.setAutoCommit(false);
    situations.put("read-only", both(c -> c.setReadOnly(true), manual));
    situations.put("serializable", both(c -> c.setTransactionIsolation(8), manual));
    situations.put("in schema", both(c -> c.setSchema("pg_catalog"), manual));
    situations.put("unwrapped", both(manual, c -> c.unwrap(PGConnection.class)));
    situations.put("open", both(manual, c -> run(c, "select 1")));
    situations.put("open read-only", both(both(c -> c.setReadOnly(true), manual), selecting()));
    situations.put("begun by SQL", c -> run(c, "begin"));
    situations.put("failed", both(manual, c -> runRefused(c, "select 1 / 0")));
    return situations;
  }

  private static Call selecting() {
    return c -> run(c, "select 1");
  }

  private static Call both(Call first, Call second) {
    return c -> {
      first.on(c);
      second.on(c);
    };
  }

  private static void run(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static void runRefused(Connection connection, String sql) {
    assertThat(stateOf(c -> run(c, sql), connection)).isEqualTo("22012");
  }

  private static String stateOf(Call call, Connection connection) {
    try {
      call.on(connection);
      return "done";
    } catch (SQLException e) {
      return String.valueOf(e.getSQLState());
    }
  }

  /** What is seen of a connection after a call: in the server, and by what it takes then. */
  private static Map<String, String> seen(Connection connection, int pid, Call call)
      throws SQLException {
    Map<String, String> seen = new LinkedHashMap<>();
    seen.put("call", stateOf(call, connection));
    seen.put("server", server(pid));
    seen.put("setReadOnly", stateOf(c -> c.setReadOnly(false), connection));
    seen.put("setTransactionIsolation", stateOf(c -> c.setTransactionIsolation(4), connection));
    seen.put("savepoint", stateOf(Connection::setSavepoint, connection));
    return seen;
  }

  private static String server(int pid) throws SQLException {
    return String.valueOf(
        Sessions.ask(
            watching,
            "select coalesce(max(state), 'gone') from pg_stat_activity where pid = " + pid));
  }

  private static int pid(Connection connection) throws SQLException {
    return Integer.parseInt(String.valueOf(Sessions.ask(connection, "select pg_backend_pid()")));
  }

  private static Connection bare() throws SQLException {
    Connection bare =
        DriverManager.getConnection(server.jdbcUrl(), server.user(), server.password());
    bare.setNetworkTimeout(Runnable::run, 60_000);
    return bare;
  }

  private static void asNew(Connection bare) throws SQLException {
    run(bare, "rollback");
    bare.setAutoCommit(true);
    bare.setReadOnly(false);
    bare.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
    run(bare, "reset all");
  }

  private static PoolConfig config() {
    return PoolConfig.builder(server.libpqUrl()).minSize(1).maxSize(1).build();
  }

  private static void requireBooks(Connection connection, String server) throws SQLException {
    var session = Objects.requireNonNull(PooledConnection.behind(connection)).current();
    assertThat(session.inTransaction()).isEqualTo(!"idle".equals(server));
  }

  static Stream<String> names() {
    return situations().keySet().stream();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("names")
  void areTheDriversOwn(String situation) throws SQLException {
    Map<String, Map<String, String>> expected = new LinkedHashMap<>();
    Map<String, Map<String, String>> found = new LinkedHashMap<>();
    Call before = Objects.requireNonNull(situations().get(situation));
    try (Connection bare = bare();
        Pool pool = Everpool.open(config())) {
      int pid = pid(bare);
      for (var call : calls().entrySet()) {
        before.on(bare);
        Map<String, String> own = seen(bare, pid, call.getValue());
        own.put("next", "the same and idle");
        expected.put(call.getKey(), own);
        asNew(bare);
        found.put(call.getKey(), seenOf(pool, before, call.getValue()));
      }
    }
    assertThat(found).isEqualTo(expected);
  }

  private static Map<String, String> seenOf(Pool pool, Call before, Call call) throws SQLException {
    int pid;
    Map<String, String> seen;
    try (Connection connection = pool.getConnection()) {
      pid = pid(connection);
    }
    try (Connection connection = pool.getConnection()) {
      before.on(connection);
      seen =
          seen(
              connection,
              pid,
              c -> {
                try {
                  call.on(c);
                } finally {
                  requireBooks(c, server(pid));
                }
              });
    }
    try (Connection next = pool.getConnection()) {
      String state = server(pid); // before anything is sent
      seen.put("next", (pid(next) == pid ? "the same and " : "another and ") + state);
    }
    return seen;
  }

  @Test
  void areAllThere() {
    Set<String> there = new TreeSet<>();
    for (String name : calls().keySet()) {
      there.add(name.replaceAll(" .*", ""));
    }
    Set<String> all = new TreeSet<>(Set.of());
    Arrays.stream(Connection.class.getMethods()).map(Method::getName).forEach(all::add);
    all.removeAll(Set.of("close", "abort"));
    assertThat(there).isEqualTo(all);
  }
}
