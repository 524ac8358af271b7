package io.everpool.core.replicas;

import io.everpool.core.jdbc.EngineLeaseManager;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.jdbc.WaitKind;
import java.sql.SQLException;

/** How a connection is taken from one of the pools, or waited for. */
interface Taking {

  /** A connection for whoever has none. */
  Taking NEW =
      new Taking() {
        @Override
        public PooledConnection from(
            EngineLeaseManager leases, long timeoutNanos, WaitKind wait, long passed)
            throws SQLException {
          return leases.acquire(timeoutNanos, wait, passed);
        }

        @Override
        public void giveBack(PooledConnection face) {
          face.close();
        }

        @Override
        public boolean isOver() {
          return false;
        }
      };

  /** A face that goes on over another session; the one that it has it gives back itself. */
  record Again(PooledConnection face) implements Taking {
    @Override
    public PooledConnection from(
        EngineLeaseManager leases, long timeoutNanos, WaitKind wait, long passed)
        throws SQLException {
      leases.renew(face, timeoutNanos, wait, passed);
      return face;
    }

    @Override
    public void giveBack(PooledConnection given) {}

    @Override
    public boolean isOver() {
      return face.isOver();
    }
  }

  /**
   * Takes it.
   *
   * @param passed for how long the caller has waited for others before; nanoseconds
   */
  PooledConnection from(EngineLeaseManager leases, long timeoutNanos, WaitKind wait, long passed)
      throws SQLException;

  /** It doesn't suit. */
  void giveBack(PooledConnection face);

  /** Whether nobody wants it any more. */
  boolean isOver();
}
