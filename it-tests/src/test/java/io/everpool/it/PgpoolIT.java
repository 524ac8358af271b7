package io.everpool.it;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.core.Everpool;
import io.everpool.postgresql.PostgresAdapter;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.FaultProxy.Cut;
import io.everpool.servers.PgpoolStandIn;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.Replica;
import io.everpool.servers.ServerSettings;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Behind a proxy that lends for the whole session, as Pgpool-II does, and that sends what it takes
 * for reads to a standby.
 */
@Timeout(180)
class PgpoolIT {
  /**
   * Of a Pgpool-II that was told by write_function_list which functions write. What reads a system
   * catalog never goes to a standby.
   */
  private static final Predicate<String> READS =
      sql ->
          sql.startsWith("select")
              && !sql.contains("from pg_catalog.pg_stat_")
              && !sql.contains("from pg_catalog.pg_namespace")
              && !sql.contains("put(");

  /** The same, told by allow_sql_comments that a comment before a SELECT means nothing. */
  private static final Predicate<String> READS_UNDER_COMMENTS =
      sql -> READS.test(sql.replaceFirst("^/\\*.*?\\*/\\s*", ""));

  /** Of a proxy that knows nothing of comments and catalogs. */
  private static final Predicate<String> QUESTIONS_FOR_IDS =
      sql -> sql.contains("pg_current_xact_id_if_assigned");

  private static @Nullable PostgresServer primary;
  private static @Nullable Replica standby;

  @BeforeAll
  static void start() {
    primary = PostgresServer.startEmbedded(ServerSettings.defaults());
    primary.execute("create table ledger (x text)");
    primary.execute(
        "create function put(x text) returns text language sql as"
            + " 'insert into ledger values (x) returning x'");
    primary.execute("grant all on ledger to " + primary.user());
    standby = Replica.of(primary);
    standby.awaitReplayOf(primary);
  }

  @AfterAll
  static void stop() {
    if (standby != null) {
      standby.close();
    }
    if (primary != null) {
      primary.close();
    }
  }

  private static PgpoolStandIn pgpool(Predicate<String> reads) {
    return PgpoolStandIn.before(requireNonNull(primary), requireNonNull(standby).server(), reads);
  }

  private static PoolConfig.Builder config(String name, int port) {
    PostgresServer server = requireNonNull(primary);
    return PoolConfig.builder("jdbc:postgresql://127.0.0.1:" + port + "/" + server.database())
        .name(name)
        .user(server.user())
        .password(server.password())
        .minSize(1)
        .maxSize(3);
  }

  private static @Nullable String ask(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  private static String put(Pool pool, String key, AtomicInteger runs) throws SQLException {
    return pool.<String, SQLException>inTransaction(
        connection -> {
          runs.incrementAndGet();
          return requireNonNull(ask(connection, "select put('" + key + "')"));
        });
  }

  private static String rows(String key) {
    return requireNonNull(primary).ask("select count(*) from ledger where x = '" + key + "'");
  }

  /** A read must not tell of a transaction that has written on another server. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theQuestionForTheTransactionsIdGoesToThePrimary(boolean commentsAllowed) throws Exception {
    AtomicInteger runs = new AtomicInteger();
    String key = "asked " + commentsAllowed;
    try (PgpoolStandIn pgpool = pgpool(commentsAllowed ? READS_UNDER_COMMENTS : READS);
        FaultProxy way = FaultProxy.before(pgpool.host(), pgpool.port());
        Pool pool = Everpool.open(config("pgpool-asked", way.port()).build())) {
      put(pool, "before", new AtomicInteger()); // the next asks less
      way.cutReplyTo("COMMIT", Cut.RST);
      assertThat(put(pool, key, runs)).isEqualTo(key);
      assertThat(way.cutPending()).isFalse();
    }
    assertThat(runs).hasValue(1);
    assertThat(rows(key)).isEqualTo("1");
  }

  @Test
  void anIdThatAStandbyDoesNotKnowIsNoProofThatNothingWasWritten() throws Exception {
    AtomicInteger runs = new AtomicInteger();
    try (PgpoolStandIn pgpool = pgpool(QUESTIONS_FOR_IDS);
        FaultProxy way = FaultProxy.before(pgpool.host(), pgpool.port());
        Pool pool = Everpool.open(config("pgpool-denied", way.port()).build())) {
      put(pool, "before", new AtomicInteger());
      way.cutReplyTo("COMMIT", Cut.RST);
      assertThatThrownBy(() -> put(pool, "denied", runs))
          .isInstanceOf(CommitOutcomeUnknownException.class)
          .hasMessageContaining("a standby has answered");
      assertThat(way.cutPending()).isFalse();
    }
    assertThat(runs).hasValue(1);
    assertThat(rows("denied")).isEqualTo("1");
  }

  /** It names another process at the login, and yet the session is the client's own to its end. */
  @Test
  void itIsKnownToLendForTheWholeSession() throws Exception {
    try (PgpoolStandIn pgpool = pgpool(sql -> false);
        Pool pool = Everpool.open(config("pgpool-session", pgpool.port()).maxSize(1).build())) {
      try (Connection connection = pool.getConnection();
          Statement statement = connection.createStatement()) {
        statement.execute("set work_mem = '7MB'");
        statement.execute("create temp table mine (x int)");
        statement.execute("select set_config('my.tenant', 'x', false)");
        statement.execute("select pg_advisory_lock(4711)");
      }
      try (Connection connection = pool.getConnection()) {
        assertThat(ask(connection, "show work_mem")).isEqualTo("4MB");
        assertThat(ask(connection, "select to_regclass('pg_temp.mine')")).isNull();
        assertThat(ask(connection, "select current_setting('my.tenant', true)")).isNotEqualTo("x");
        assertThat(ask(connection, "select count(*) from pg_locks where locktype = 'advisory'"))
            .isEqualTo("0");
      }
    }
  }

  @Test
  void theNotesSaySo() throws Exception {
    try (PgpoolStandIn pgpool = pgpool(sql -> false);
        Connector connector =
            new PostgresAdapter().connector(config("pgpool-notes", pgpool.port()).build())) {
      PhysicalConnection connection = connector.open(Db.LIMIT.toNanos());
      assertThat(connection.isSharedByTransaction()).isFalse();
      connection.close();
      assertThat(connector.notes())
          .anySatisfy(
              note -> assertThat(note).contains("Pgpool-II", "whole session", "pooler = session"))
          .noneSatisfy(note -> assertThat(note).contains("for each transaction"));
    }
  }
}
