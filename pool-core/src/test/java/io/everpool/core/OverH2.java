package io.everpool.core;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** For tests of drivers without an adapter: a table in a database of H2's in memory. */
abstract class OverH2 {
  private final String url;
  private final String table;
  private Connection keeper;

  /**
   * @param table the text that creates it
   */
  OverH2(String url, String table) {
    this.url = url;
    this.table = table;
  }

  @BeforeEach
  void create() throws SQLException {
    keeper = DriverManager.getConnection(url);
    // a connection of the test before may be on its way out on a worker, and keeps what it had
    execute(keeper, "drop all objects");
    execute(keeper, table);
  }

  @AfterEach
  void drop() throws SQLException {
    keeper.close(); // with its last connection the database is gone
  }

  static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** What is there for all to see. */
  final String ask(String sql) throws SQLException {
    try (Statement statement = keeper.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return String.valueOf(rows.getString(1));
    }
  }

  static DataSource h2(String url) {
    JdbcDataSource h2 = new JdbcDataSource();
    h2.setURL(url);
    return h2;
  }
}
