package io.everpool.core.plain;

import io.everpool.api.driver.Verdict;
import java.sql.SQLException;
import java.sql.SQLInvalidAuthorizationSpecException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTransactionRollbackException;
import java.sql.SQLTransientConnectionException;

/** What the SQL standard's states and JDBC's exception families say of a failure. */
final class SqlStates {

  /** Chains of causes may go in circles. */
  private static final int DEPTH = 20;

  private SqlStates() {}

  static Verdict verdict(Throwable failure) {
    Throwable t = failure;
    for (int depth = 0; t != null && depth < DEPTH; depth++, t = t.getCause()) {
      if (t instanceof SQLException e) {
        Verdict verdict = verdict(e);
        if (verdict != Verdict.CALLER) {
          return verdict;
        }
      }
    }
    return Verdict.CALLER;
  }

  private static Verdict verdict(SQLException e) {
    String state = e.getSQLState() == null ? "" : e.getSQLState();
    if (state.startsWith("28") || e instanceof SQLInvalidAuthorizationSpecException) {
      return Verdict.ACCESS_DENIED;
    }
    if (state.startsWith("08")
        || e instanceof SQLRecoverableException
        || e instanceof SQLTransientConnectionException
        || e instanceof SQLNonTransientConnectionException) {
      return Verdict.CONNECTION_LOST;
    }
    if (state.startsWith("40") || e instanceof SQLTransactionRollbackException) {
      return Verdict.TRANSACTION_CONFLICT;
    }
    return Verdict.CALLER;
  }
}
