package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.servers.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What {@code readOnly=true} means in each mode of the driver's is what it means to every lease,
 * whatever the leases before it have done: the next one has what a new connection has.
 */
@Timeout(180)
class ReadOnlyByUrlTest {
  private static final String INSERT = "insert into read_only_by_url values (1)";

  private static PostgresServer server;

  @BeforeAll
  static void create() {
    server = Sessions.server();
    server.execute("create table read_only_by_url (lease int)");
    server.execute("grant all on read_only_by_url to " + server.user());
  }

  @AfterAll
  static void drop() {
    server.execute("drop table read_only_by_url");
  }

  /** What a lease does. */
  private enum Lease {
    RUNS_A_TRANSACTION {
      @Override
      void run(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        execute(connection, "select 1");
        connection.commit();
      }
    },
    TURNS_AUTOCOMMIT_ON_AGAIN {
      @Override
      void run(Connection connection) throws SQLException {
        RUNS_A_TRANSACTION.run(connection);
        connection.setAutoCommit(true);
        execute(connection, "select 1");
      }
    },
    SETS_READ_ONLY {
      @Override
      void run(Connection connection) throws SQLException {
        connection.setReadOnly(true);
        assertThat(writes(connection)).isFalse();
      }
    },
    SETS_IT_OFF_AND_ON {
      @Override
      void run(Connection connection) throws SQLException {
        connection.setReadOnly(false);
        assertThat(writes(connection)).isTrue();
        connection.setReadOnly(true);
        assertThat(writes(connection)).isFalse();
      }
    },
    SETS_AN_ISOLATION {
      @Override
      void run(Connection connection) throws SQLException {
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        execute(connection, "select 1");
      }
    },
    SETS_BY_SQL {
      @Override
      void run(Connection connection) throws SQLException {
        execute(connection, "set work_mem = '5MB'");
      }
    };

    abstract void run(Connection connection) throws SQLException;
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static boolean writes(Connection connection) throws SQLException {
    try {
      execute(connection, INSERT);
      return true;
    } catch (SQLException e) {
      assertThat(e.getSQLState()).isEqualTo("25006");
      return false;
    }
  }

  @ParameterizedTest
  @CsvSource({"transaction, true, false", "ignore, true, true", "always, false, false"})
  void whatALeaseMayWriteDoesNotDependOnTheLeasesBefore(
      String mode, boolean inAutocommit, boolean inTransaction) throws SQLException {
    for (Lease lease : Lease.values()) {
      try (Pool pool = open(mode)) {
        for (int i = 0; i < 2; i++) {
          try (Connection connection = pool.getConnection()) {
            assertThat(connection.isReadOnly()).isTrue();
            assertThat(writes(connection)).as(lease + " in autocommit").isEqualTo(inAutocommit);
            connection.setAutoCommit(false);
            assertThat(writes(connection)).as(lease + " in a transaction").isEqualTo(inTransaction);
            connection.rollback();
            connection.setAutoCommit(true);
            assertThat(writes(connection)).as(lease + " after one").isEqualTo(inAutocommit);
          }
          try (Connection connection = pool.getConnection()) {
            lease.run(connection);
          }
        }
      }
    }
  }

  private static Pool open(String mode) throws SQLException {
    return Everpool.open(
        PoolConfig.builder(server.jdbcUrl() + "?readOnly=true&readOnlyMode=" + mode)
            .user(server.user())
            .password(server.password())
            .minSize(1)
            .maxSize(1)
            .build());
  }
}
