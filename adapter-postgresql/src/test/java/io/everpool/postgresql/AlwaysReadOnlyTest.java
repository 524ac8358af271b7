package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolerMode;
import io.everpool.api.ResetMode;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.core.Everpool;
import io.everpool.postgresql.driver.PgjdbcInternals;
import io.everpool.servers.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.PGConnection;

/**
 * With {@code readOnly=true&readOnlyMode=always} pgjdbc itself has each new session refuse writes,
 * and never says so again. So the pool's reset has to leave that as it was.
 */
@Timeout(180)
class AlwaysReadOnlyTest {
  private static final String INSERT = "insert into always_read_only values (1)";

  private static PostgresServer server;

  @BeforeAll
  static void create() {
    server = Sessions.server();
    server.execute("create table always_read_only (lease int)");
    server.execute("grant all on always_read_only to " + server.user());
  }

  @AfterAll
  static void drop() {
    server.execute("drop table always_read_only");
  }

  @BeforeEach
  void empty() {
    server.execute("truncate always_read_only");
  }

  /** What a lease does that makes the pool reset the session, or sets it read-only itself. */
  private enum Lease {
    SETS("set work_mem = '5MB'"),
    SETS_BY_FUNCTION("select set_config('work_mem', '5MB', false)"),
    RUNS_ANYTHING("do $$ begin perform 1; end $$"),
    CHANGES_ROLE("set role none"),
    RESETS_ITSELF("reset all"),
    DISCARDS_ITSELF("discard all"),
    LIFTS("set session characteristics as transaction read write", INSERT),
    LIFTS_BY_NAME("set default_transaction_read_only = off", INSERT),
    ONLY_READS("select 1"),
    UNWRAPS {
      @Override
      void run(Connection connection) throws SQLException {
        assertThat(connection.unwrap(PGConnection.class).getBackendPID()).isPositive();
      }
    },
    WRITES {
      @Override
      void run(Connection connection) throws SQLException {
        connection.setReadOnly(false);
        execute(connection, INSERT);
      }
    },
    WRITES_AND_SETS {
      @Override
      void run(Connection connection) throws SQLException {
        WRITES.run(connection);
        SETS.run(connection);
      }
    },
    TURNS_READ_ONLY_OFF_AND_ON {
      @Override
      void run(Connection connection) throws SQLException {
        connection.setReadOnly(false);
        connection.setReadOnly(true);
        SETS.run(connection);
        refuses(connection);
      }
    },
    SAYS_IT_AGAIN {
      @Override
      void run(Connection connection) throws SQLException {
        connection.setReadOnly(true);
        SETS.run(connection);
        refuses(connection);
      }
    };

    private final String[] statements;

    Lease(String... statements) {
      this.statements = statements;
    }

    void run(Connection connection) throws SQLException {
      for (String sql : statements) {
        execute(connection, sql);
      }
    }
  }

  private static Pool open(String properties, UnaryOperator<PoolConfig.Builder> more)
      throws SQLException {
    return Everpool.open(
        more.apply(
                PoolConfig.builder(server.jdbcUrl() + properties + "&readOnlyMode=always")
                    .user(server.user())
                    .password(server.password())
                    .minSize(1)
                    .maxSize(1))
            .build());
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static void refuses(Connection connection) {
    assertThatThrownBy(() -> execute(connection, INSERT))
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("25006"));
  }

  static Stream<Arguments> leases() {
    return EnumSet.complementOf(EnumSet.of(ResetMode.NONE)).stream()
        .flatMap(
            reset ->
                Stream.of(PoolerMode.NONE, PoolerMode.SESSION)
                    .flatMap(
                        pooler ->
                            Arrays.stream(Lease.values())
                                .map(lease -> Arguments.of(lease, reset, pooler))));
  }

  @ParameterizedTest
  @MethodSource("leases")
  void the_next_borrower_is_refused_his_writes_in_autocommit(
      Lease lease, ResetMode reset, PoolerMode pooler) throws SQLException {
    try (Pool pool = open("?readOnly=true", c -> c.reset(reset).pooler(pooler))) {
      requireRefusedAfter(pool, lease);
    }
  }

  /** Before the set-up is repeated the server is allowed the writes that a new session allows. */
  @ParameterizedTest
  @EnumSource(Lease.class)
  void so_he_is_where_a_set_up_is_repeated(Lease lease) throws SQLException {
    try (Pool pool =
        open(
            "?readOnly=true",
            c -> c.pooler(PoolerMode.SESSION).connectionInitSql("set work_mem = '4MB'"))) {
      requireRefusedAfter(pool, lease);
    }
  }

  private static void requireRefusedAfter(Pool pool, Lease lease) throws SQLException {
    for (int i = 0; i < 2; i++) {
      try (Connection connection = pool.getConnection()) {
        refuses(connection);
      }
      try (Connection connection = pool.getConnection()) {
        lease.run(connection);
      }
    }
    server.execute("truncate always_read_only");
    try (Connection connection = pool.getConnection()) {
      assertThat(connection.isReadOnly()).isTrue();
      refuses(connection);
      connection.setAutoCommit(false);
      refuses(connection);
      connection.rollback();
    }
    assertThat(server.ask("select count(*) from always_read_only")).isEqualTo("0");
  }

  /** pgjdbc itself fails where it has such a limit while it logs in, be it ours or the user's. */
  @ParameterizedTest
  @CsvSource({"'', SESSION", "'', NONE", "&queryTimeout=7, SESSION", "&queryTimeout=7, NONE"})
  void the_drivers_limit_of_a_statement_is_as_without_it(String limit, PoolerMode pooler)
      throws SQLException {
    assertThat(limit("?readOnly=true&readOnlyMode=always" + limit, pooler))
        .isEqualTo(limit("?readOnly=true&readOnlyMode=transaction" + limit, pooler))
        .isEqualTo(!limit.isEmpty() ? 7 : pooler == PoolerMode.SESSION ? 60 : 0);
  }

  private static int limit(String properties, PoolerMode pooler) throws SQLException {
    String url = server.jdbcUrl() + properties;
    PhysicalConnection connection =
        Sessions.open(url, c -> c.user(server.user()).password(server.password()).pooler(pooler));
    try {
      return PgjdbcInternals.queryTimeout(connection.unwatched());
    } finally {
      connection.close();
    }
  }

  /** Only the lease that has asked for it is read-only. */
  @ParameterizedTest
  @EnumSource(Lease.class)
  void who_has_not_asked_for_it_may_write(Lease lease) throws SQLException {
    try (Pool pool = open("?ApplicationName=x", c -> c)) {
      for (int i = 0; i < 2; i++) {
        try (Connection connection = pool.getConnection()) {
          connection.setReadOnly(true);
          lease.run(connection);
        }
        try (Connection connection = pool.getConnection()) {
          execute(connection, INSERT);
        }
      }
    }
  }
}
