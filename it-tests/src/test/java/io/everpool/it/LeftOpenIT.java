package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.everpool.api.Pool;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;

/** Transactions that frameworks leave open by design don't fill the log. */
class LeftOpenIT {
  private static final String LEFT_OPEN = "came back with an open transaction";
  private static final int STEPS = 5;

  private static Pool pool(String name) throws SQLException {
    return Everpool.open(Db.config(name).minSize(1).maxSize(1).build());
  }

  /**
   * The calls of Spring Batch's JdbcCursorItemReader in one step, with {@code
   * setConnectionAutoCommit(false)}, without which pgjdbc would read all rows at once: it closes
   * the connection first, and then it would set autocommit back.
   */
  private static void step(Pool pool) throws SQLException {
    Connection connection = pool.getConnection();
    boolean before = connection.getAutoCommit();
    connection.setAutoCommit(false);
    PreparedStatement statement =
        connection.prepareStatement(
            "select id from generate_series(1, ?) as id order by id",
            ResultSet.TYPE_FORWARD_ONLY,
            ResultSet.CONCUR_READ_ONLY);
    statement.setFetchSize(10);
    statement.setFetchDirection(ResultSet.FETCH_FORWARD);
    statement.setInt(1, 25);
    ResultSet rows = statement.executeQuery();
    assertThat((Object) statement.getWarnings()).isNull();
    int read = 0;
    while (rows.next()) {
      read++;
      assertThat(rows.getRow()).isEqualTo(read);
    }
    assertThat(read).isEqualTo(25);
    rows.close();
    statement.close();
    connection.close();
    if (!connection.isClosed()) {
      connection.setAutoCommit(before);
    }
    connection.close();
  }

  @Test
  void aReaderThatClosesItsConnectionWithinItsTransactionIsToldOfOnce() throws SQLException {
    try (LogCapture log = LogCapture.open();
        Pool pool = pool("reader-steps")) {
      for (int i = 0; i < STEPS; i++) {
        step(pool);
      }
      assertThat(log.lines(Level.WARN, LEFT_OPEN))
          .singleElement()
          .asString()
          .contains("it has only read");
      assertThat(log.lines(Level.DEBUG, LEFT_OPEN)).hasSize(STEPS - 1);
      assertThat(pool.snapshot().opened()).isEqualTo(1);
      try (Connection next = pool.getConnection()) {
        assertThat(next.getAutoCommit()).isTrue();
        assertThat(Db.ask(next, "select pg_current_xact_id_if_assigned()")).isEqualTo("null");
      }
    }
  }

  /** Closes for everybody, as a framework's method does. */
  private static void leaveOpen(Pool pool) throws SQLException {
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      statement.execute("select 1");
    }
  }

  private static void oneReader(Pool pool) throws SQLException {
    leaveOpen(pool);
  }

  private static void anotherReader(Pool pool) throws SQLException {
    leaveOpen(pool);
  }

  @Test
  void whoeverUsesWhatClosesForEverybodyIsToldOf() throws SQLException {
    try (LogCapture log = LogCapture.open();
        Pool pool = pool("readers-by-one")) {
      for (int i = 0; i < STEPS; i++) {
        oneReader(pool);
        anotherReader(pool);
      }
      assertThat(log.lines(Level.WARN, LEFT_OPEN)).hasSize(2);
      assertThat(log.lines(Level.DEBUG, LEFT_OPEN)).hasSize(2 * STEPS - 2);
    }
  }

  @Test
  void whatIsLostIsNotCalledRead() throws SQLException {
    Db.server().execute("create table left_open (x int)");
    Db.server().execute("grant all on left_open to " + Db.server().user());
    try (LogCapture log = LogCapture.open();
        Pool pool = pool("writer-steps")) {
      try (Connection connection = pool.getConnection();
          Statement statement = connection.createStatement()) {
        connection.setAutoCommit(false);
        statement.execute("select 1");
        statement.execute("insert into left_open values (1)");
      }
      assertThat(log.lines(Level.WARN, LEFT_OPEN))
          .singleElement()
          .asString()
          .doesNotContain("it has only read");
      assertThat(Db.server().ask("select count(*) from left_open")).isEqualTo("0");
    } finally {
      Db.server().execute("drop table left_open");
    }
  }
}
