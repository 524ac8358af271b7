package io.everpool.api;

import java.sql.Connection;
import java.sql.SQLException;

/**
 * Works on a connection when its borrower gets it and before he gives it back: tells the server the
 * tenant, the trace or the user that the work is for, writes down who had it.
 *
 * <p>Called on the borrower's thread, with the very connection that he gets; what is set there by
 * JDBC or SQL is cleared when the connection comes back, as what the borrower sets. Must be
 * thread-safe, for many connections are borrowed at once, and must not close the connection or keep
 * it.
 */
public interface LeaseInterceptor {

  /**
   * A connection was lent, and its borrower hasn't got it yet. Called once more with the same
   * connection when the pool has put another physical connection under it, or has cleaned up the
   * one that is there, in order to run a unit of work again.
   *
   * @throws SQLException to have it thrown to the borrower, who then gets no connection; this one
   *     goes back. If the connection was lost meanwhile, it is replaced, a few times, and the
   *     interceptors are called again
   */
  default void acquired(Connection connection) throws SQLException {}

  /**
   * A connection is about to be given back. It is as its borrower has left it, in a transaction
   * perhaps, or lost. Each interceptor whose {@link #acquired} has let the connection pass is
   * called once, the last one first; none is called for a connection that was aborted, that its
   * borrower never closes after its loss, or that the pool has cut or is going to cut because
   * something is under way on it that nobody is at, such as a copy that its borrower has left open.
   *
   * @throws SQLException which is logged; the connection goes back all the same
   */
  default void returning(Connection connection) throws SQLException {}
}
