package io.everpool.core.plain;

import io.everpool.api.Verdict;
import io.everpool.api.driver.FailureChain;
import java.sql.SQLException;
import java.sql.SQLInvalidAuthorizationSpecException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTransactionRollbackException;
import java.sql.SQLTransientConnectionException;
import org.jspecify.annotations.Nullable;

/**
 * What the SQL standard's states, JDBC's exception families and a few numbers of databases say of a
 * failure.
 */
final class SqlStates {

  private SqlStates() {}

  static Verdict verdict(Throwable failure) {
    return FailureChain.of(failure).verdict(SqlStates::verdict);
  }

  /** What the failure means; null if it says nothing. */
  private static @Nullable Verdict verdict(SQLException e) {
    String state = e.getSQLState() == null ? "" : e.getSQLState();
    if (state.equals("57P01") || state.equals("57P02")) {
      return Verdict.SERVER_DOWN;
    }
    if (state.equals("57P03")) {
      return Verdict.SERVER_STARTING;
    }
    Verdict known = VendorCodes.verdict(state, e.getErrorCode());
    if (known != null) {
      return known; // this comes first: their states and classes say less, or something else
    }
    if (state.startsWith("28")
        // MariaDB's driver throws it for class 25 too, the state of a transaction
        || (e instanceof SQLInvalidAuthorizationSpecException && !state.startsWith("25"))) {
      return Verdict.ACCESS_DENIED;
    }
    // Nobody knows whether the statement was completed, as if no answer had come.
    if (state.equals("40003")) {
      return Verdict.CONNECTION_LOST;
    }
    if (state.startsWith("08")
        || e instanceof SQLRecoverableException
        // MariaDB's driver throws it for every state class that it doesn't know, as SIGNAL's 45000
        || (e instanceof SQLTransientConnectionException && state.isEmpty())
        || e instanceof SQLNonTransientConnectionException) {
      return Verdict.CONNECTION_LOST;
    }
    if (state.equals("40002") || state.equals("40004")) {
      return null; // a constraint or a trigger has failed, and would fail again
    }
    if (state.startsWith("40")
        || e instanceof SQLTransactionRollbackException
        || (state.isEmpty() && VendorCodes.isConflict(e.getMessage()))) {
      return Verdict.TRANSACTION_CONFLICT;
    }
    return null;
  }
}
