package io.everpool.postgresql.driver;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicLong;

/** Asks for what nobody else asks for, to see whether the answer is the one to this question. */
public final class Proof {
  private static final AtomicLong TOKENS = new AtomicLong();

  private Proof() {}

  /**
   * Asks.
   *
   * @throws SQLException if the answer is another one's
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
