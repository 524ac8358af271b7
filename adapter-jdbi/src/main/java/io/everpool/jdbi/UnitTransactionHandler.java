package io.everpool.jdbi;

import io.everpool.api.WorkOptions;
import java.sql.SQLException;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleCallback;
import org.jdbi.v3.core.extension.ExtensionMethod;
import org.jdbi.v3.core.transaction.DelegatingTransactionHandler;
import org.jdbi.v3.core.transaction.TransactionException;
import org.jdbi.v3.core.transaction.TransactionHandler;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;
import org.jdbi.v3.core.transaction.UnableToRestoreAutoCommitStateException;

/** Makes transactions units of work; the delegate still begins and ends them. */
final class UnitTransactionHandler extends DelegatingTransactionHandler {
  private static final String LABEL = "transaction";

  private final HandleUnits units;

  UnitTransactionHandler(HandleUnits units, TransactionHandler delegate) {
    super(delegate);
    this.units = units;
  }

  @Override
  public TransactionHandler specialize(Handle handle) throws SQLException {
    units.learnLevel(handle.getConnection());
    return new UnitTransactionHandler(units, getDelegate().specialize(handle));
  }

  @Override
  public <R, X extends Exception> R inTransaction(Handle handle, HandleCallback<R, X> callback)
      throws X {
    return units.runTransaction(
        handle, options(handle), each -> getDelegate().inTransaction(each, callback));
  }

  /**
   * Runs a transaction at a level. Handle has set the level before, and sets the former one
   * afterwards; a rerun gets the level from the unit. The delegate's method with a level isn't
   * called: it sets the level back in a {@code finally}. That fails if a COMMIT's outcome is
   * unknown, because the connection is closed then, and the failure hides the unknown outcome.
   */
  @Override
  public <R, X extends Exception> R inTransaction(
      Handle handle, TransactionIsolationLevel level, HandleCallback<R, X> callback) throws X {
    if (level == TransactionIsolationLevel.UNKNOWN) {
      return inTransaction(handle, callback);
    }
    return units.runTransaction(
        handle,
        options(handle).withIsolation(level.intValue()),
        each -> getDelegate().inTransaction(each, callback));
  }

  /**
   * Rolls back. Between the runs of a unit this is called on a renewed connection, while the
   * delegate still remembers a transaction of the former session that is gone: there is nothing to
   * roll back, the delegate only has to forget it.
   */
  @Override
  public void rollback(Handle handle) {
    boolean nothingOpen = autoCommits(handle);
    try {
      super.rollback(handle);
    } catch (TransactionException e) {
      if (!nothingOpen) {
        throw e;
      }
    }
  }

  /**
   * Commits. A COMMIT whose answer was lost may be found to have happened. Then the transaction was
   * successful, though its session is gone; so it is no failure that the session can't be set back
   * to autocommit.
   */
  @Override
  public void commit(Handle handle) {
    try {
      super.commit(handle);
    } catch (UnableToRestoreAutoCommitStateException e) {
      if (!isClosed(handle)) {
        throw e;
      }
    }
  }

  private static WorkOptions options(Handle handle) {
    UnitOptions configured = handle.getConfig(UnitOptions.class);
    ExtensionMethod method = handle.getExtensionMethod();
    WorkOptions options =
        method == null
            ? configured.of(LABEL)
            : UnitMarks.of(method.getType(), method.getMethod()).over(configured);
    // This is set by @Transaction(readOnly = true) and by Handle.setReadOnly.
    return handle.isReadOnly() ? options.withReadOnly(true) : options;
  }

  private static boolean autoCommits(Handle handle) {
    try {
      return handle.getConnection().getAutoCommit();
    } catch (SQLException e) {
      throw new TransactionException("Failed to test for transaction status", e);
    }
  }

  private static boolean isClosed(Handle handle) {
    try {
      return handle.getConnection().isClosed();
    } catch (SQLException e) {
      return true;
    }
  }
}
