package io.everpool.api.framework;

import io.everpool.api.Pool;
import io.everpool.api.Work;
import io.everpool.api.WorkOptions;
import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * Runs units of work on connections that a framework has taken from a pool before, such as the
 * handles of Jdbi. A pool is asked for it by {@link #of}. Thread-safe.
 */
public interface UnitRerunner {

  /**
   * The options for what a framework does to bind a handle of its own to the connection, by the
   * driver's own object perhaps, and does again after the connection was renewed. What it does
   * counts as nothing that a later unit would miss on another session.
   */
  WorkOptions SET_UP = WorkOptions.IDEMPOTENT.withLabel("handle set-up");

  /**
   * The rerunner of {@code pool}, through whatever is wrapped around it.
   *
   * @throws IllegalArgumentException if the pool is no Everpool, nor a wrapper of one
   */
  static UnitRerunner of(Pool pool) {
    try {
      return pool.unwrap(UnitRerunner.class);
    } catch (SQLException e) {
      throw new IllegalArgumentException(
          "This pool can't rerun units of work on connections that were taken before: "
              + pool.getClass().getName(),
          e);
    }
  }

  /**
   * Runs a unit of work on a connection that the caller has already taken from this pool. Before a
   * rerun the connection is renewed in place: the same {@link Connection} object goes on over
   * another physical connection. If this pool doesn't own {@code connection}, the unit just runs
   * once. What is rerun, and what is thrown, is the same as with {@link Pool#run(WorkOptions,
   * Work)}.
   *
   * <p>A statement may be prepared before the unit and be used in each of its runs, but what it was
   * given before (rows of a batch, a stream) is there for one run only: a unit that has used that
   * isn't run again. Rows that a failed run has left in a batch are cleared before the next.
   *
   * <p>A call within a unit that is already running on the same connection is a part of that unit:
   * the outermost unit that can be rerun is rerun. If the outer one can't be (it has committed, or
   * sent in autocommit what may have written), a unit within it that holds nothing of the kind is
   * rerun alone, unless something of the old session is still in use. So transactions one after the
   * other on one connection, or a transaction after a query, are units each.
   *
   * @param work the work, which may throw a {@link NotRepeatableException} around its failure
   */
  <T extends @Nullable Object, X extends Exception> T rerun(
      Connection connection, WorkOptions options, Work<T, X> work) throws X, SQLException;

  /**
   * The work of the units that the calling thread is in, of whatever pools, is about to use
   * something that can be used only once and is given to no statement, such as an iterator of rows:
   * see {@link OneShotArguments}. Without a unit nothing happens.
   *
   * @throws SQLException if an earlier run was given the very same object, and may have read from
   *     it. The present run isn't committed then, whatever the work makes of this, and the unit
   *     fails as the earlier run did
   */
  void given(Object oneShot) throws SQLException;

  /**
   * Whether a connection was taken from this pool, or from one of its readers, and is not given
   * back yet; through what others have put around it.
   */
  boolean owns(Connection connection);
}
