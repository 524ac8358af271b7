package io.everpool.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A driver that says nothing of its transaction: what may have ended it isn't run again. */
class CommitsBySqlOnH2Test {
  private static final String URL = "jdbc:h2:mem:commits-by-sql;DB_CLOSE_DELAY=-1";

  /** Of the database. */
  public static final class Functions {
    private Functions() {}

    public static int commit(Connection connection) throws SQLException {
      execute(connection, "commit");
      return 1;
    }
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @BeforeEach
  void table() throws SQLException {
    try (Connection connection = DriverManager.getConnection(URL)) {
      execute(connection, "create table rows_there (id int)");
      execute(connection, "create alias cmt for '" + Functions.class.getName() + ".commit'");
    }
  }

  @AfterEach
  void nothing() throws SQLException {
    try (Connection connection = DriverManager.getConnection(URL)) {
      execute(connection, "drop all objects");
    }
  }

  private static int rows() throws SQLException {
    try (Connection connection = DriverManager.getConnection(URL);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select count(*) from rows_there")) {
      rows.next();
      return rows.getInt(1);
    }
  }

  /** Inserts, executes the text and meets a conflict, the first time. */
  private static void run(String sql, AtomicInteger runs) throws SQLException {
    try (Pool pool = Everpool.open(PoolConfig.builder(URL).minSize(1).maxSize(1).build())) {
      pool.inTransaction(
          connection -> {
            execute(connection, "insert into rows_there values (1)");
            if (runs.incrementAndGet() == 1) {
              execute(connection, sql);
              throw new SQLException("a conflict", "40001");
            }
            return 1;
          });
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "set autocommit on",
        "set autocommit true",
        "call cmt()",
        "{call cmt()}",
        "execute immediate 'commit'",
        "analyze",
        "script",
        "set exclusive 0",
        "commit",
        "create table another (id int)",
        "insert into rows_there select 2 where false; analyze",
        "insert into rows_there select 2 where 'a; -- b' = ''; set autocommit on",
        "insert into rows_there select 2 where 'a; /* b' = ''; set autocommit on",
        "insert into rows_there select 2 where false /* ; -- */ ; set autocommit on"
      })
  void nothingIsDoubled(String commits) throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    assertThatThrownBy(() -> run(commits, runs)).hasStackTraceContaining("a conflict");
    assertThat(runs).hasValue(1);
    assertThat(rows()).isLessThanOrEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select 1",
        "values (1)",
        "with x as (select 1) select * from x",
        "update rows_there set id = 1 where false",
        "delete from rows_there where false",
        "insert into rows_there select 2 where 'a; b' = ''",
        "savepoint s",
        "explain select 1",
        "show tables",
        "rollback"
      })
  void whatEndsNothingIsRunAgain(String harmless) throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    run(harmless, runs);
    assertThat(runs).hasValue(2);
    assertThat(rows()).isEqualTo(1);
  }
}
