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
 * Questions to the catalogues with one limit of time for all of them, which the server keeps.
 * However large the catalogues are, and whoever locks them, the connection is healthy, and must not
 * be cut because an answer takes long. The questions run in a transaction, because a limit that is
 * set in a transaction ends with it.
 */
final class CatalogQueries {
  private static final PgjdbcInternals DRIVER = PgjdbcInternals.PRESENT;
  private static final String QUERY_CANCELED = "57014";

  /** The longest limit that the server accepts, in milliseconds. */
  private static final long LONGEST_TIMEOUT_MILLIS = Integer.MAX_VALUE;

  private final Connection connection;
  private final boolean limited;
  private final long deadline;

  private CatalogQueries(Connection connection, Duration limit) {
    this.connection = connection;
    limited = !limit.isZero();
    deadline = System.nanoTime() + limit.toNanos();
  }

  /** What is done with a row of an answer. */
  @FunctionalInterface
  interface Row {
    void read(ResultSet row) throws SQLException;
  }

  /** The questions that are asked within the limit. */
  @FunctionalInterface
  interface Reading {
    void run(CatalogQueries queries) throws SQLException;
  }

  /**
   * Asks the questions. No transaction may be open.
   *
   * @param limit the limit for all questions together; zero means no limit, and then no transaction
   *     is begun
   * @throws SQLException with 57014 if the time was not enough; the connection is then as it was
   *     before
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
   * Ends the transaction by a ROLLBACK: nothing was written, and so no COMMIT can be in doubt. If
   * the transaction can't be ended, nobody can go on in it, and this is a failure, unless the
   * session is lost anyway.
   *
   * @param why the failure of the questions, which the caller throws after this; null if they
   *     haven't failed
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
