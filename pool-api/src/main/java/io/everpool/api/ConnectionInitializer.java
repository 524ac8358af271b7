package io.everpool.api;

import java.sql.Connection;
import java.sql.SQLException;

/**
 * Sets a physical connection up before anybody borrows it: roles, session settings, types that are
 * to be registered with the driver.
 *
 * <p>Called on a thread of the pool, within {@link PoolConfig#connectTimeout()}, once for every
 * connection that is opened; and once more after a clean-up in which session state that a borrower
 * had set by SQL was cleared, for what was set here is cleared with it. Must be thread-safe:
 * several connections may be opened at once. Must not close or keep the connection, which is the
 * driver's own.
 *
 * <p>What it has written is committed, and a connection that it leaves in a transaction, or with
 * another autocommit than before, is brought back. What it throws fails the opening of that
 * connection, as if the server had refused it.
 */
@FunctionalInterface
public interface ConnectionInitializer {

  /** Sets the connection up; it is in autocommit, unless its driver begins without. */
  void initialize(Connection connection) throws SQLException;
}
