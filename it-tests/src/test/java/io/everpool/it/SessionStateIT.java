package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CloseReason;
import io.everpool.api.HealthCheck;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.ResetMode;
import io.everpool.api.WorkOptions;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.FaultProxy.Direction;
import io.everpool.servers.Sampled;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.jdbc.PgConnection;

/** A lease begins as a new connection does, and the way there costs what must be, and no more. */
@Sampled
@Tag("one-jdk")
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

  /** pgjdbc hands out its own client info, which it brings up to date whenever it is asked. */
  @Test
  void clientInfoThatWasReadIsTheReadersOwn() throws SQLException {
    try (Pool pool = poolOfOne(Db.config("state-info"))) {
      Properties kept;
      try (Connection connection = pool.getConnection()) {
        kept = connection.getClientInfo();
        kept.setProperty("ApplicationName", "billing");
        kept.setProperty("ClientUser", "alice");
        connection.setClientInfo(kept);
        assertThat(Db.ask(connection, "show application_name")).isEqualTo("billing");
      }
      kept.setProperty("ClientHostname", "laptop");
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.ask(connection, "show application_name")).isEqualTo("state-info");
        assertThat(connection.getClientInfo("ClientUser")).isNull();
        assertThat(connection.getClientInfo("ClientHostname")).isNull();
        assertThat(connection.getClientInfo())
            .containsOnly(Map.entry("ApplicationName", "state-info"));
      }
    }
  }

  /** What a lease does with its connection. */
  private interface Use {
    void of(Connection connection) throws SQLException;
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static PgConnection bare(Connection connection) throws SQLException {
    return connection.unwrap(PgConnection.class);
  }

  private static Stream<Use> unseenChanges() {
    String set = "set session characteristics as transaction isolation level serializable";
    return Stream.<Use>of(
            c -> execute(c, set),
            c -> execute(c, "select it_set_level()"),
            c -> execute(c, "set application_name = 'tenant a'"),
            c -> execute(bare(c), set),
            c -> bare(c).setReadOnly(true),
            c -> bare(c).setAutoCommit(false),
            c -> bare(c).setHoldability(ResultSet.HOLD_CURSORS_OVER_COMMIT),
            c -> bare(c).setNetworkTimeout(Runnable::run, 123_000),
            c -> bare(c).setClientInfo("ApplicationName", "tenant a"),
            c -> bare(c).setTypeMap(new HashMap<>(Map.of("x", String.class))))
        .flatMap(
            unseen ->
                Stream.<Use>of(
                        Connection::getTransactionIsolation,
                        c -> c.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED),
                        c -> c.setClientInfo("ApplicationName", "b"),
                        c -> c.setReadOnly(false),
                        c -> c.setAutoCommit(true),
                        c -> c.setHoldability(ResultSet.HOLD_CURSORS_OVER_COMMIT),
                        c -> c.setNetworkTimeout(Runnable::run, 456_000),
                        Connection::getTypeMap)
                    .map(
                        seen ->
                            c -> {
                              unseen.of(c);
                              seen.of(c);
                            }));
  }

  /** The driver asks for these in a transaction, which begins with them; it may write. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "schema",
        "catalog",
        "meta data",
        "columns of a prepared statement",
        "large object as a parameter",
        "large object as an object"
      })
  void whatIsAskedForFirstBeginsATransactionThatMayWrite(String what) throws SQLException {
    try (Pool pool = Everpool.open(Db.config("asking").minSize(1).maxSize(1).build())) {
      try (Connection connection = pool.reader().getConnection()) {
        execute(connection, "select 1");
      }
      try (Connection connection = pool.getConnection();
          PreparedStatement statement =
              connection.prepareStatement("select oid from pg_class where ?::bigint is null")) {
        connection.setAutoCommit(false);
        InputStream object = new ByteArrayInputStream(new byte[3]);
        switch (what) {
          case "schema" -> connection.getSchema();
          case "catalog" -> connection.getCatalog();
          case "meta data" -> connection.getMetaData().getSchemas().close();
          case "columns of a prepared statement" -> statement.getMetaData().isNullable(1);
          case "large object as a parameter" -> statement.setBlob(1, object);
          default -> statement.setObject(1, object, Types.BLOB);
        }
        execute(connection, "create table asked_first (id int)");
        connection.rollback();
      }
    }
  }

  /** It is not taken for what a new connection has, whatever JDBC's setters and getters see. */
  @Test
  void whatWasChangedPastTheSettersIsAsBefore() throws SQLException {
    Db.server()
        .execute(
            "create or replace function it_set_level() returns int language plpgsql as $$ begin set"
                + " session characteristics as transaction isolation level serializable; return 1;"
                + " end $$");
    try {
      for (Use use : unseenChanges().toList()) {
        isUndone(use);
      }
    } finally {
      Db.server().execute("drop function it_set_level()");
    }
  }

  private static void isUndone(Use use) throws SQLException {
    try (Pool pool = poolOfOne(Db.config("state-unseen"))) {
      int pid;
      try (Connection connection = pool.getConnection()) {
        use.of(connection);
        pid = Db.pid(connection);
      }
      String level = "show transaction_isolation";
      String ofUnit =
          pool.inTransaction(
              WorkOptions.DEFAULT.withIsolation(Connection.TRANSACTION_SERIALIZABLE),
              connection -> Db.ask(connection, level));
      assertThat(ofUnit).isEqualTo("serializable");
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.pid(connection)).isEqualTo(pid);
        assertThat(Db.ask(connection, level)).isEqualTo("read committed");
        assertThat(connection.getTransactionIsolation())
            .isEqualTo(Connection.TRANSACTION_READ_COMMITTED);
        assertThat(Db.ask(connection, "show application_name")).isEqualTo("state-unseen");
        assertThat(connection.getAutoCommit()).isTrue();
        assertThat(connection.isReadOnly()).isFalse();
        execute(connection, "create temporary table writes (x int)");
        assertThat(connection.getHoldability()).isEqualTo(ResultSet.CLOSE_CURSORS_AT_COMMIT);
        assertThat(connection.getNetworkTimeout()).isNotIn(123_000, 456_000);
        assertThat(connection.getTypeMap()).isEmpty();
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

  /** DISCARD ALL clears none of them. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "select pg_replication_origin_session_setup('it_state')",
        "select it_state_origin()",
        "table it_state_origins",
        "select pg_create_physical_replication_slot('it_state', false, true)",
        "select pg_backup_start('it_state', true)"
      })
  void whatStaysAsLongAsTheSessionEndsIt(String leaves) throws SQLException {
    int version = Integer.parseInt(Db.server().ask("show server_version_num"));
    String named =
        version < 150_000
            ? leaves.replace(
                "pg_backup_start('it_state', true", "pg_start_backup('it_state', true, false")
            : leaves;
    String setup = "pg_replication_origin_session_setup('it_state')";
    Db.server().execute("create role it_state superuser login password 'it_state'");
    Db.server().execute("select pg_replication_origin_create('it_state')");
    Db.server().execute("create view it_state_origins as select " + setup + " is null");
    Db.server()
        .execute(
            "create function it_state_origin() returns void language plpgsql as $$ begin perform "
                + setup
                + "; end $$");
    try {
      for (ResetMode mode : new ResetMode[] {ResetMode.SMART, ResetMode.DISCARD_ALL}) {
        try (Pool pool =
            poolOfOne(Db.config("state-ends").user("it_state").password("it_state").reset(mode))) {
          int pid;
          try (Connection connection = pool.getConnection()) {
            pid = Db.pid(connection);
            if (mode == ResetMode.SMART) {
              connection.unwrap(PGConnection.class); // which has everything else cleared
            }
            execute(connection, named);
          }
          try (Connection connection = pool.getConnection()) {
            assertThat(Db.pid(connection)).isNotEqualTo(pid);
          }
        }
        Await.until(
            Db.LIMIT,
            () -> Db.server().backendPids("state-ends").isEmpty(),
            "the end of the session that has it");
      }
    } finally {
      Db.server().execute("drop view it_state_origins");
      Db.server().execute("drop function it_state_origin()");
      Db.server().execute("select pg_replication_origin_drop('it_state')");
      Db.server().execute("drop role it_state");
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
      Await.until(Db.LIMIT, () -> pool.snapshot().closedTotal() > 0, "its end in the snapshot");
      assertThat(pool.snapshot().closed()).containsOnlyKeys(CloseReason.MAX_LIFETIME);
      assertThat(log.alarms()).isEmpty();
    }
  }
}
