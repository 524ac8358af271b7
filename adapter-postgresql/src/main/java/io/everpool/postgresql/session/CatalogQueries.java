package io.everpool.postgresql.session;

import io.everpool.postgresql.driver.PgjdbcInternals;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.sql.Statement;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Questions to the catalogues that have a time for all of them, which the server keeps: however
 * large the catalogues are, or who locks them, the connection is healthy, and isn't to be cut
 * because an answer takes long. In a transaction, for a limit that is set in it ends with it.
 */
final class CatalogQueries {
  private static final PgjdbcInternals DRIVER = PgjdbcInternals.PRESENT;
  private static final String QUERY_CANCELED = "57014";

  /** What the server takes at the most. */
  private static final long LONGEST_TIMEOUT_MILLIS = Integer.MAX_VALUE;

  private final Connection connection;
  private final boolean limited;
  private final long deadline;

  private CatalogQueries(Connection connection, Duration limit) {
    this.connection = connection;
    limited = !limit.isZero();
    deadline = System.nanoTime() + limit.toNanos();
  }

  /** What is done with a row. */
  @FunctionalInterface
  interface Row {
    void read(ResultSet row) throws SQLException;
  }

  /** What is asked in the time. */
  @FunctionalInterface
  interface Reading {
    void run(CatalogQueries queries) throws SQLException;
  }

  /**
   * Asks, outside of a transaction.
   *
   * @param limit for all questions together; zero is none, and then no transaction is begun
   * @throws SQLException with 57014 if the time was not enough; the connection is as before
   */
  static void within(Duration limit, Connection connection, Reading reading) throws SQLException {
    CatalogQueries queries = new CatalogQueries(connection, limit);
    if (!queries.limited) {
      reading.run(queries);
      return;
    }
    DRIVER.update(connection, "begin read only");
    try {
      reading.run(queries);
    } catch (SQLException | RuntimeException | Error e) {
      queries.end(e);
      throw e;
    }
    queries.end(null);
  }

  /**
   * Nothing was written, and no COMMIT can be in doubt. A transaction that can't be ended is
   * nobody's to go on in, unless it has ended with its session.
   *
   * @param why what the questions have failed of, and is thrown after this; null if they haven't
   */
  private void end(@Nullable Throwable why) throws SQLException {
    try {
      DRIVER.update(connection, "rollback");
    } catch (SQLException | RuntimeException e) {
      boolean lost = connection.isClosed();
      if (lost && why != null) {
        why.addSuppressed(e);
        return;
      }
      if (lost) {
        throw e;
      }
      if (why != null) {
        e.addSuppressed(why);
      }
      throw new SQLException("A reading of the catalogues could not be ended", "08006", e);
    }
  }

  Connection connection() {
    return connection;
  }

  void each(String sql, Row reader) throws SQLException {
    if (limited) {
      long left = Duration.ofNanos(deadline - System.nanoTime()).toMillis();
      if (left <= 0) {
        throw tooLong(null);
      }
      DRIVER.update(
          connection, "set local statement_timeout = " + Math.min(left, LONGEST_TIMEOUT_MILLIS));
    }
    try (Statement statement = DRIVER.query(connection, sql);
        ResultSet rows = statement.getResultSet()) {
      while (rows.next()) {
        reader.read(rows);
      }
    } catch (SQLException e) {
      throw limited && QUERY_CANCELED.equals(e.getSQLState()) ? tooLong(e) : e;
    }
  }

  private static SQLException tooLong(@Nullable SQLException why) {
    return new SQLTimeoutException("reading the catalogues took too long", QUERY_CANCELED, why);
  }
}
