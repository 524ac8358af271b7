package io.everpool.core.replicas;

import io.everpool.api.AcquireTimeoutException;
import io.everpool.core.jdbc.Asking;
import io.everpool.core.jdbc.EngineLeaseManager;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.jdbc.WaitKind;
import java.sql.SQLException;

/** How a connection is taken from one of the pools, or waited for. */
interface Taking {

  /** Takes a connection for a caller who has none. */
  Taking NEW =
      new Taking() {
        @Override
        public PooledConnection from(
            EngineLeaseManager leases, long timeoutNanos, WaitKind wait, Asking asking)
            throws SQLException {
          return leases.acquire(timeoutNanos, wait, asking);
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

  /**
   * Has a face go on over another session. The face itself gives back the one that it has, which is
   * why {@link #giveBack} does nothing.
   */
  record Again(PooledConnection face) implements Taking {
    @Override
    public PooledConnection from(
        EngineLeaseManager leases, long timeoutNanos, WaitKind wait, Asking asking)
        throws SQLException {
      if (face.isGivenBack() || !goesOnAtOnce(leases, wait, asking)) {
        leases.renew(face, timeoutNanos, wait, asking);
      }
      return face;
    }

    /**
     * Goes on over a connection that is idle, and keeps the present session until then. If there is
     * none and the caller has to wait, the present session goes back first: two callers that hold
     * one connection each might wait for each other's.
     */
    private boolean goesOnAtOnce(EngineLeaseManager leases, WaitKind wait, Asking asking)
        throws SQLException {
      if (!face.isOf(leases) && leases.hasIdle()) {
        try {
          leases.renew(face, 0, wait.untold(), asking);
          return true;
        } catch (AcquireTimeoutException e) {
          // another caller has taken the idle connection
        }
      }
      face.giveBack();
      return false;
    }

    @Override
    public void giveBack(PooledConnection given) {}

    @Override
    public boolean isOver() {
      return face.isOver();
    }
  }

  /** Takes a connection. Whether the caller keeps it is decided afterwards. */
  PooledConnection from(EngineLeaseManager leases, long timeoutNanos, WaitKind wait, Asking asking)
      throws SQLException;

  /** Gives back a connection that doesn't suit. */
  void giveBack(PooledConnection face);

  /** Whether nobody wants a connection any more. */
  boolean isOver();
}
