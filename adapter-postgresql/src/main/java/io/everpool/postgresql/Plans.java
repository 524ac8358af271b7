package io.everpool.postgresql;

import io.everpool.postgresql.driver.PgjdbcInternals;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;
import org.postgresql.PGConnection;

/** Has a session make its plans anew: those of the driver's statements, and those in functions. */
final class Plans {
  private static final PgjdbcInternals DRIVER = PgjdbcInternals.PRESENT;

  /** SQLStates by which databases that only speak PostgreSQL's protocol refuse the command. */
  private static final Set<String> UNKNOWN_COMMAND = Set.of("0A000", "42601");

  private static final String UNKNOWN_STATEMENT = "26000";

  private Plans() {}

  /**
   * Has the session's plans made anew. pgjdbc sees the server's answer and prepares its own
   * statements anew when they are next used. Behind a pooler, what is prepared on a server
   * connection belongs to all of its clients: not each pooler hears that it is gone (PgBouncer does
   * from 1.22 on), and one that doesn't would use it all the same, for whichever client. So there
   * only the driver forgets. And as the pooler goes on with the plan that its server connection has
   * of the same text, such a session prepares nothing any more. With a pooler that keeps no track
   * of what is prepared, nothing is prepared anyway.
   *
   * @param pooled whether a pooler gives the server's process to others between its transactions
   */
  static void forget(Connection jdbc, boolean pooled) throws SQLException {
    PGConnection driver = (PGConnection) jdbc;
    if (!pooled) {
      DRIVER.update(jdbc, "DEALLOCATE ALL");
    } else if (driver.getPrepareThreshold() != 0) {
      // This comes first, so that the statements that follow aren't prepared, either.
      prepareNoMore(driver);
      forgetInDriver(jdbc);
    }
    try {
      DRIVER.update(jdbc, "DISCARD PLANS"); // DEALLOCATE leaves the plans of functions as they are
    } catch (SQLException e) {
      if (!UNKNOWN_COMMAND.contains(String.valueOf(e.getSQLState()))) {
        throw e;
      }
    }
  }

  /**
   * Makes pgjdbc forget what it has prepared. All versions of pgjdbc doubt whatever they have
   * prepared when they hear of one statement that it isn't there. The statement that is asked for
   * here exists nowhere, and so nothing changes on any server. DEALLOCATE wouldn't do: Odyssey
   * answers it itself, and finds nothing wrong.
   */
  private static void forgetInDriver(Connection jdbc) throws SQLException {
    try {
      DRIVER.update(jdbc, "EXECUTE everpool_has_never_prepared_this");
    } catch (SQLException e) {
      if (!UNKNOWN_STATEMENT.equals(e.getSQLState())) {
        throw e;
      }
    }
  }

  /**
   * Has the driver prepare nothing any more in this session, for good: the pooler would go on with
   * the plan that it has.
   */
  static void prepareNoMore(PGConnection driver) {
    driver.setPrepareThreshold(0);
  }
}
