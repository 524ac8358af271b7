package io.everpool.api.driver;

/** What the driver remembers of the session's transaction, however it was begun. */
public enum TransactionState {
  /** No transaction is open: the next statement begins one, or stands alone in autocommit. */
  NONE,
  /** A transaction is open and takes statements. */
  OPEN,
  /** A transaction is open and has failed: the server takes nothing but a rollback. */
  FAILED,
  /** The driver doesn't know; the pool goes by what was called through JDBC. */
  UNKNOWN
}
