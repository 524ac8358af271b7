package io.everpool.postgresql;

import java.sql.SQLException;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

/**
 * Whether the server tells this role of its {@link Incarnation}: an administrator may hide the
 * functions, and what only speaks PostgreSQL's language may not have them. In a transaction a
 * refusal would be the end of it, so the first to ask does so behind a savepoint. Thread-safe.
 */
final class Disclosure {
  private static final String EVERYTHING =
      "select pg_catalog.pg_wal_lsn_diff(checkpoint_lsn, '0/0'), "
          + Incarnation.ALL
          + " from pg_catalog.pg_control_checkpoint()";

  private volatile boolean complete;

  /** Costs up to three round trips, until the server has answered once. */
  boolean isComplete(BaseConnection connection) throws SQLException {
    if (!complete) {
      complete = ask(connection);
    }
    return complete;
  }

  private static boolean ask(BaseConnection connection) throws SQLException {
    boolean within = connection.getTransactionState() == TransactionState.OPEN;
    if (within) {
      connection.execSQLUpdate("savepoint everpool");
    }
    boolean answered = true;
    try {
      connection.execSQLQuery(EVERYTHING).getStatement().close();
    } catch (SQLException e) {
      if (FailureRules.classify(e).fatal()) {
        throw e;
      }
      answered = false;
    }
    if (within) {
      connection.execSQLUpdate(
          answered
              ? "release savepoint everpool"
              : "rollback to savepoint everpool; release savepoint everpool");
    }
    return answered;
  }
}
