package io.everpool.api;

import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * A unit of work: what is done on one connection, and rerun whole or not at all. It may run several
 * times, so what it does outside the database should bear that, as should what it does there on a
 * connection that it takes for itself. Only where that is a unit of work as well, on the same
 * thread, does the pool know of it: once that has committed, or may have, the one around it is not
 * run again, unless one of them is idempotent. One that is marked read-only has not.
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
