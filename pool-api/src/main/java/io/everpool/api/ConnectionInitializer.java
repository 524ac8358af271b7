package io.everpool.api;

import java.sql.Connection;
import java.sql.SQLException;

/**
 * Sets a physical connection up before anybody borrows it: roles, session settings, types that are
 * to be registered with the driver.
 *
 * <p>Called once for every connection that is opened, on a thread of the pool and within {@link
 * PoolConfig#connectTimeout()}; what it throws then fails the opening of that connection, as if the
 * server had refused it. It is called once more after a clean-up in which session state that a
 * borrower had set by SQL was cleared, for what was set here is cleared with it. That call comes on
 * the thread that gives the connection back and within {@link PoolConfig#resetTimeout()}, or on
 * that of a unit of work that is run again over the same connection. What it throws then ends the
 * connection, on its return as one whose reset has failed ({@link CloseReason#RESET_FAILED}).
 *
 * <p>So it must not ask who it is for. What a thread carries with it (a {@link ThreadLocal}, the
 * tenant or the user of a request) is then the last borrower's, and the next one would get a
 * connection that is set up for him. A {@link LeaseInterceptor} sets what is for one borrower.
 *
 * <p>Must be thread-safe: several connections may be opened at once. Must not close or keep the
 * connection, which is the driver's own. What it has written is committed. If it leaves the
 * connection in a transaction, or with another autocommit than before, the pool brings that back.
 */
@FunctionalInterface
public interface ConnectionInitializer {

  /** Sets the connection up, which is in autocommit unless its driver begins without that. */
  void initialize(Connection connection) throws SQLException;
}
