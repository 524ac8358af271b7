package io.everpool.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a caller has to write and to catch: that this class compiles is half of the test. */
class WorkWithoutResultTest {
  private Pool pool;

  @BeforeEach
  void open() throws SQLException {
    pool = Everpool.open(PoolConfig.builder("jdbc:h2:mem:").minSize(1).maxSize(1).build());
    pool.use(connection -> execute(connection, "create table note (text varchar)"));
  }

  @AfterEach
  void close() {
    pool.close();
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static int count(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select count(*) from note")) {
      rows.next();
      return rows.getInt(1);
    }
  }

  /** Beside SQLException, one checked exception: it comes through as what it is. */
  private void writeAndRead(boolean fails) throws SQLException, IOException {
    pool.useTransaction(
        connection -> {
          execute(connection, "insert into note values ('a')");
          if (fails) {
            throw new IOException("no file");
          }
        });
  }

  private int readWithResult(boolean fails) throws SQLException, IOException {
    return pool.run(
        WorkOptions.READ_ONLY,
        connection -> {
          if (fails) {
            throw new IOException("no file");
          }
          return count(connection);
        });
  }

  /** No checked exception but SQLException: nothing else is to be caught. */
  private int onlySql() throws SQLException {
    pool.use(WorkOptions.IDEMPOTENT, connection -> execute(connection, "delete from note"));
    return pool.inTransaction(connection -> count(connection));
  }

  @Test
  void isCommittedIfItReturnsAndRolledBackIfItThrows() throws Exception {
    writeAndRead(false);
    assertThatThrownBy(() -> writeAndRead(true)).isInstanceOf(IOException.class);
    assertThat(readWithResult(false)).isEqualTo(1);
    assertThatThrownBy(() -> readWithResult(true)).isInstanceOf(IOException.class);
    assertThat(onlySql()).isZero();
  }

  @Test
  void whatIsUncheckedComesThroughToo() {
    assertThatThrownBy(
            () ->
                pool.use(
                    connection -> {
                      throw new IllegalStateException("mine");
                    }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("mine");
  }
}
