package io.everpool.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.framework.UnitRerunner;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;
import org.h2.jdbc.JdbcConnection;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Writes that send no statement through the faces, on a driver that doesn't say whether a
 * transaction is open: what was not committed isn't by the close, and what may be there is not
 * written again.
 */
@Timeout(180)
class PlainLateWritesTest {
  private final JdbcDataSource h2 = new JdbcDataSource();
  private Connection keeper;
  private Pool pool;

  @BeforeEach
  void open() throws SQLException {
    h2.setURL("jdbc:h2:mem:late-writes");
    keeper = h2.getConnection();
    execute(keeper, "create table entry (run int primary key)");
    PoolConfig config = PoolConfig.builder("jdbc:h2:mem:late-writes").maxSize(1).build();
    pool = Everpool.builder(config).dataSource(h2).open();
  }

  @AfterEach
  void close() throws SQLException {
    pool.close();
    keeper.close(); // with its last connection the database is gone
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private int entries() throws SQLException {
    try (Statement statement = keeper.createStatement();
        ResultSet rows = statement.executeQuery("select count(*) from entry")) {
      rows.next();
      return rows.getInt(1);
    }
  }

  private interface Late {
    void write(int run) throws SQLException;
  }

  enum Way {
    ROW_OF_A_RESULT_SET {
      @Override
      Late on(Connection connection) throws SQLException {
        Statement statement =
            connection.createStatement(
                ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE);
        ResultSet rows = statement.executeQuery("select run from entry");
        return run -> {
          rows.moveToInsertRow();
          rows.updateInt(1, run);
          rows.insertRow();
        };
      }
    },
    DRIVERS_CONNECTION {
      @Override
      Late on(Connection connection) throws SQLException {
        Connection bare = connection.unwrap(JdbcConnection.class);
        return run -> execute(bare, "insert into entry values (" + run + ")");
      }
    };

    abstract Late on(Connection connection) throws SQLException;
  }

  private interface End {
    void of(Connection connection) throws SQLException;
  }

  @ParameterizedTest
  @EnumSource
  void whatIsWrittenAfterACommitIsNotCommittedByTheClose(Way way) throws SQLException {
    closedAfter(way, Connection::commit);
  }

  @ParameterizedTest
  @EnumSource
  void whatIsWrittenAfterARollbackIsNotEither(Way way) throws SQLException {
    closedAfter(way, Connection::rollback);
  }

  private void closedAfter(Way way, End end) throws SQLException {
    try (Connection connection = pool.getConnection()) {
      connection.setAutoCommit(false);
      Late late = way.on(connection);
      end.of(connection);
      late.write(1);
    }
    assertThat(entries()).isZero();
    try (Connection next = pool.getConnection()) {
      execute(next, "insert into entry values (2)");
    }
    assertThat(entries()).isOne();
    assertThat(pool.snapshot().opened()).as("connections").isEqualTo(1);
  }

  /** H2 commits where a level of isolation is set, and the program has not. */
  @Test
  void whatAUnitSetsBackCommitsNothing() throws SQLException {
    try (Connection connection = pool.getConnection()) {
      connection.setAutoCommit(false);
      Late late = Way.DRIVERS_CONNECTION.on(connection);
      connection.commit();
      UnitRerunner.of(pool)
          .<Object, SQLException>rerun(
              connection,
              WorkOptions.DEFAULT.withIsolation(Connection.TRANSACTION_SERIALIZABLE),
              c -> {
                late.write(1);
                return "";
              });
      connection.rollback();
    }
    assertThat(entries()).isZero();
    try (Connection next = pool.getConnection()) {
      assertThat(next.getTransactionIsolation()).isEqualTo(Connection.TRANSACTION_READ_COMMITTED);
    }
  }

  /** In autocommit it is there, and a conflict that follows doesn't undo it. */
  @Test
  void aRowOfAResultSetIsNotInsertedAgain() throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    assertThatThrownBy(
            () ->
                pool.<SQLException>use(
                    connection -> {
                      Late late = Way.ROW_OF_A_RESULT_SET.on(connection);
                      late.write(runs.incrementAndGet());
                      throw new SQLException("somebody was faster", "40001");
                    }))
        .isInstanceOf(SQLException.class);
    assertThat(runs).hasValue(1);
    assertThat(entries()).isOne();
  }
}
