package io.everpool.api;

import java.sql.Connection;
import java.sql.SQLException;

/**
 * A unit of work without a result; otherwise as {@link Work}. It runs on the caller's thread, too.
 *
 * @param <X> what it throws beside runtime exceptions and {@link SQLException}
 */
@FunctionalInterface
public interface VoidWork<X extends Exception> {

  /** Does the work; must neither close {@code connection} nor keep it beyond the call. */
  void run(Connection connection) throws SQLException, X;
}
