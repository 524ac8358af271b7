package io.everpool.core.work;

import io.everpool.api.WorkOptions;
import io.everpool.core.jdbc.PooledConnection;
import java.sql.SQLException;

/** Where a unit that has lost its session gets another to be run again on. Thread-safe. */
@FunctionalInterface
public interface Renewal {

  /**
   * Has {@code face}, which was let go, go on over another session.
   *
   * @param options those of the unit
   * @param timeoutNanos how long to wait for one; 0 or less for no wait
   */
  void renew(PooledConnection face, WorkOptions options, long timeoutNanos) throws SQLException;
}
