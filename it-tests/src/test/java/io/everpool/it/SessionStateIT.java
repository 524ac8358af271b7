package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CloseReason;
import io.everpool.api.HealthCheck;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.FaultProxy.Direction;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;

/** A lease begins as a new connection does, and the way there costs what must be, and no more. */
class SessionStateIT {

  private static Pool poolOfOne(PoolConfig.Builder config) throws SQLException {
    return Everpool.open(config.minSize(1).maxSize(1).build());
  }

  /** Bytes are the proof: a lease that changed nothing sends but what its user sends. */
  @Test
  void whatWasNotChangedCostsNoRoundTrip() throws SQLException {
    try (FaultProxy proxy = FaultProxy.before(Db.server())) {
      String url = "jdbc:postgresql://127.0.0.1:" + proxy.port() + "/" + Db.server().database();
      try (Pool pool =
          poolOfOne(Db.config("state-bytes", url).healthCheckInterval(Duration.ofHours(1)))) {
        pool.getConnection().close();
        long before = proxy.bytes(Direction.TO_SERVER);
        for (int i = 0; i < 10; i++) {
          pool.getConnection().close();
        }
        assertThat(proxy.bytes(Direction.TO_SERVER)).isEqualTo(before);

        try (Connection connection = pool.getConnection()) {
          Db.ask(connection, "select 1");
          before = proxy.bytes(Direction.TO_SERVER);
        }
        pool.getConnection().close();
        assertThat(proxy.bytes(Direction.TO_SERVER)).isEqualTo(before);

        try (Connection connection = pool.getConnection()) {
          connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
          before = proxy.bytes(Direction.TO_SERVER);
        }
        assertThat(proxy.bytes(Direction.TO_SERVER)).isGreaterThan(before);
        assertThat(pool.snapshot().opened()).isEqualTo(1);
      }
    }
  }

  @Test
  void whatWasChangedByJdbcOrBySqlIsAsBefore() throws SQLException {
    Db.server().execute("create schema if not exists elsewhere");
    Db.server().execute("grant usage on schema elsewhere to public");
    try (Pool pool = poolOfOne(Db.config("state-restored"))) {
      int session;
      String path;
      try (Connection connection = pool.getConnection();
          Statement statement = connection.createStatement()) {
        session = Db.pid(connection);
        path = Db.ask(connection, "show search_path");
        connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        connection.setSchema("elsewhere");
        connection.setReadOnly(true);
        connection.setReadOnly(false);
        connection.setNetworkTimeout(Runnable::run, 12_345);
        connection.setClientInfo("ApplicationName", "somebody");
        statement.execute("set work_mem = '5MB'");
        statement.execute("create temporary table scratch (x int)");
        statement.execute("select pg_advisory_lock(4711)");
        statement.execute("listen news");
        connection.setAutoCommit(false);
      }
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.pid(connection)).isEqualTo(session);
        assertThat(connection.getAutoCommit()).isTrue();
        assertThat(Db.ask(connection, "show transaction_isolation")).isEqualTo("read committed");
        assertThat(Db.ask(connection, "show search_path")).isEqualTo(path);
        assertThat(connection.getNetworkTimeout()).isNotEqualTo(12_345);
        assertThat(Db.ask(connection, "show application_name")).isEqualTo("state-restored");
        assertThat(Db.ask(connection, "show work_mem")).isNotEqualTo("5MB");
        assertThat(Db.ask(connection, "select to_regclass('scratch')")).isEqualTo("null");
        assertThat(Db.ask(connection, "select count(*) from pg_locks where locktype = 'advisory'"))
            .isEqualTo("0");
        assertThat(Db.ask(connection, "select count(*) from pg_listening_channels()"))
            .isEqualTo("0");
      }
    }
  }

  /** The faces of all six, over the real driver. */
  @Test
  void everyFaceLeadsToTheDriver() throws SQLException {
    try (Pool pool = poolOfOne(Db.config("state-faces"));
        Connection connection = pool.getConnection()) {
      assertThat(connection.isWrapperFor(PGConnection.class)).isTrue();
      assertThat(connection.unwrap(PGConnection.class).getBackendPID())
          .isEqualTo(Db.pid(connection));
      assertThat(connection.getMetaData().getDatabaseProductName()).isEqualTo("PostgreSQL");
      assertThat(connection.getMetaData().getConnection()).isSameAs(connection);
      try (CallableStatement call = connection.prepareCall("{? = call upper(?)}")) {
        call.registerOutParameter(1, Types.VARCHAR);
        call.setString(2, "tea");
        call.execute();
        assertThat(call.getString(1)).isEqualTo("TEA");
        assertThat(call.getConnection()).isSameAs(connection);
      }
      try (Statement statement = connection.createStatement()) {
        statement.execute("create temporary table t (id int generated always as identity, x int)");
        statement.executeUpdate("insert into t (x) values (7)", Statement.RETURN_GENERATED_KEYS);
        try (ResultSet keys = statement.getGeneratedKeys()) {
          assertThat(keys.next()).isTrue();
          assertThat(keys.getInt("id")).isEqualTo(1);
          assertThat(keys.getStatement()).isSameAs(statement);
        }
      }
      try (PreparedStatement insert = connection.prepareStatement("insert into t (x) values (?)")) {
        for (int i = 0; i < 3; i++) {
          insert.setInt(1, i);
          insert.addBatch();
        }
        assertThat(insert.executeBatch()).containsExactly(1, 1, 1);
        assertThat(insert.toString()).contains("insert into t (x)");
      }
    }
  }

  /** {@code max-lifetime}: an old connection is replaced, when nobody is using it. */
  @Test
  void aConnectionOfAgeIsReplaced() throws SQLException {
    PoolConfig.Builder config =
        Db.config("state-age")
            .minSize(1)
            .maxSize(1)
            .maxLifetime(Duration.ofMillis(1_500))
            .healthCheck(HealthCheck.LOOK)
            .healthCheckInterval(Duration.ofSeconds(1)); // within the lifetime, or that is told
    try (LogCapture log = LogCapture.open();
        Pool pool = poolOfOne(config)) {
      int first;
      try (Connection connection = pool.getConnection()) {
        first = Db.pid(connection);
      }
      Await.until(
          Db.LIMIT,
          () -> Db.pids(pool).size() == 1 && !Db.pids(pool).contains(first),
          "another connection in place of the old one");
      assertThat(pool.snapshot().closed()).containsOnlyKeys(CloseReason.MAX_LIFETIME);
      assertThat(log.alarms()).isEmpty();
    }
  }
}
