package io.everpool.api;

import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * A unit of work: what is done on one connection, and rerun whole or not at all. It may run several
 * times, so whatever it does elsewhere must bear that: outside of the database, and on other
 * connections.
 *
 * <p>The pool knows of another connection only if that runs a unit of work, too, within this one
 * and on the same thread. Once such an inner unit has committed, or may have, this one is not run
 * again, for the inner one would commit twice; unless one of the two is marked idempotent, or the
 * inner one read-only.
 *
 * <p>All its runs are on the thread of whoever gives it to the pool, one after the other; so what
 * it keeps to itself needs no locks. Its connection is for that thread as well.
 *
 * @param <T> what it returns
 * @param <X> what it throws beside runtime exceptions and {@link SQLException}
 * @see VoidWork
 */
@FunctionalInterface
public interface Work<T extends @Nullable Object, X extends Exception> {

  /** Does the work; must neither close {@code connection} nor keep it beyond the call. */
  T run(Connection connection) throws SQLException, X;
}
