package io.everpool.core.replicas;

import io.everpool.api.AcquireTimeoutException;
import io.everpool.core.jdbc.Asking;
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

  /** A face that goes on over another session; the one that it has it gives back itself. */
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
     * Keeps the session that it has for as long as nobody need be waited for. If one has to wait
     * that goes back first: two that hold one place each might wait for one another's.
     */
    private boolean goesOnAtOnce(EngineLeaseManager leases, WaitKind wait, Asking asking)
        throws SQLException {
      if (!face.isOf(leases) && leases.hasIdle()) {
        try {
          leases.renew(face, 0, wait.untold(), asking);
          return true;
        } catch (AcquireTimeoutException e) {
          // another caller was quicker
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

  /** Takes it; it is to be seen yet whether the caller keeps it. */
  PooledConnection from(EngineLeaseManager leases, long timeoutNanos, WaitKind wait, Asking asking)
      throws SQLException;

  /** It doesn't suit. */
  void giveBack(PooledConnection face);

  /** Whether nobody wants it any more. */
  boolean isOver();
}
