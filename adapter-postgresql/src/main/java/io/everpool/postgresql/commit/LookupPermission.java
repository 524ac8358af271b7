package io.everpool.postgresql.commit;

import io.everpool.api.driver.TransactionState;
import io.everpool.postgresql.driver.PgjdbcInternals;
import io.everpool.postgresql.failure.FailureRules;
import java.sql.Connection;
import java.sql.SQLException;

/**
 * Whether the server tells this role of its {@link ServerRun}: an administrator may hide the
 * functions, and what only speaks PostgreSQL's language may not have them. In a transaction a
 * refusal would be the end of it, so the first to ask does so behind a savepoint. Thread-safe.
 */
public final class LookupPermission {
  private static final String EVERYTHING =
      "select pg_catalog.pg_wal_lsn_diff(checkpoint_lsn, '0/0'), "
          + ServerRun.ALL
          + " from pg_catalog.pg_control_checkpoint()";

  private static final PgjdbcInternals DRIVER = PgjdbcInternals.PRESENT;

  private volatile boolean complete;

  /** Costs up to three round trips, until the server has answered once. */
  boolean isComplete(Connection connection) throws SQLException {
    if (!complete) {
      complete = ask(connection);
    }
    return complete;
  }

  private static boolean ask(Connection connection) throws SQLException {
    TransactionState state = DRIVER.transaction(connection);
    boolean within =
        state == TransactionState.OPEN
            || (state == TransactionState.UNKNOWN && !connection.getAutoCommit());
    if (within) {
      DRIVER.update(connection, "savepoint everpool");
    }
    boolean answered = true;
    try {
      DRIVER.query(connection, EVERYTHING).close();
    } catch (SQLException e) {
      if (FailureRules.classify(e).fatal()) {
        throw e;
      }
      answered = false;
    }
    if (within) {
      DRIVER.update(
          connection,
          answered
              ? "release savepoint everpool"
              : "rollback to savepoint everpool; release savepoint everpool");
    }
    return answered;
  }
}
