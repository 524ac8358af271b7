package io.everpool.postgresql.driver;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Asks the server for something that nobody else asks for, to see whether the answer belongs to
 * this question.
 */
public final class Proof {
  private static final AtomicLong TOKENS = new AtomicLong();

  private Proof() {}

  /**
   * Asks the server once.
   *
   * @throws SQLException if the answer belongs to another question
   */
  public static void of(Connection jdbc) throws SQLException {
    String token = "everpool " + TOKENS.incrementAndGet();
    try (Statement statement = PgjdbcInternals.PRESENT.query(jdbc, "select '" + token + "'");
        ResultSet row = statement.getResultSet()) {
      if (row == null || !row.next() || !token.equals(row.getString(1))) {
        throw new SQLException("The driver reads the answer to another question", "08P01");
      }
    }
  }
}
