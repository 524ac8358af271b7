package io.everpool.postgresql;

import io.everpool.postgresql.driver.PgjdbcInternals;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;
import org.postgresql.PGConnection;

/** Has a session make anew what it has planned: the driver's statements, and those in functions. */
final class Plans {
  private static final PgjdbcInternals DRIVER = PgjdbcInternals.PRESENT;

  /** What databases say to it that only speak PostgreSQL's protocol. */
  private static final Set<String> UNKNOWN_COMMAND = Set.of("0A000", "42601");

  private Plans() {}

  /**
   * pgjdbc sees the answer and prepares its own statements anew when they are next used. A pooler
   * that keeps track of what is prepared hears this one, too (PgBouncer from 1.22 on), but goes on
   * with the plan that its server connection has of the same text: such a session prepares nothing
   * any more. With another pooler nothing is prepared.
   *
   * @param pooled whether a pooler gives the server's process to others between its transactions
   */
  static void forget(Connection jdbc, boolean pooled) throws SQLException {
    PGConnection driver = (PGConnection) jdbc;
    if (!pooled || driver.getPrepareThreshold() != 0) {
      DRIVER.update(jdbc, "DEALLOCATE ALL");
    }
    if (pooled) {
      prepareNoMore(driver);
    }
    try {
      DRIVER.update(jdbc, "DISCARD PLANS"); // those of functions, which that leaves
    } catch (SQLException e) {
      if (!UNKNOWN_COMMAND.contains(String.valueOf(e.getSQLState()))) {
        throw e;
      }
    }
  }

  /** For good, behind a pooler that would go on with the plan that it has. */
  static void prepareNoMore(PGConnection driver) {
    driver.setPrepareThreshold(0);
  }
}
