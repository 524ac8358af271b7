package io.everpool.core.work;

import io.everpool.api.WorkOptions;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.jdbc.ReadOnlyHint;
import java.sql.SQLException;

/**
 * A unit's options. What they ask of its connection is set for its runs and taken back afterwards;
 * what its caller has promised by them counts as far as the present run has kept it. Used on the
 * unit's thread.
 */
final class OptionsOnConnection {
  private static final int UNSET = -1;

  private final PooledConnection face;
  private final WorkOptions options;
  private final boolean tooLate;
  private final boolean part;
  private boolean readOnlySet;

  /** Something in this run may have had the server take writes again. */
  private boolean liftedReadOnly;

  private int isolationBefore = UNSET;

  /**
   * @param tooLate whether a transaction has begun already, which can't be changed any more
   * @param part whether the next transaction belongs to a unit around this one: if this one made it
   *     read-only, it would be so for the rest of the outer unit, too
   */
  OptionsOnConnection(PooledConnection face, WorkOptions options, boolean tooLate, boolean part) {
    this.face = face;
    this.options = options;
    this.tooLate = tooLate;
    this.part = part;
  }

  /** A run begins. */
  void begin() {
    liftedReadOnly = false;
  }

  /** Something may have had the server take writes again, though it is to be read-only. */
  void liftedReadOnly() {
    liftedReadOnly = true;
  }

  boolean mayHaveLiftedReadOnly() {
    return liftedReadOnly;
  }

  /** What the caller has promised, as far as that was kept. */
  Promise promise() {
    if (options.idempotent()) {
      return Promise.IDEMPOTENT;
    }
    return options.readOnly() && !liftedReadOnly ? Promise.READ_ONLY : Promise.NONE;
  }

  /** Sets what they ask of the connection, unless it is too late for that. */
  void set() throws SQLException {
    if (tooLate) {
      return;
    }
    if (options.readOnly() && !part && !face.current().readOnly()) {
      ReadOnlyHint.set(face, true);
      readOnlySet = true;
    }
    if (options.isolation() != 0) {
      // If anything but JDBC may have set it the server is asked, or a run might go without it.
      int before = face.getTransactionIsolation();
      // If the session is another's by the next transaction, its level now says nothing.
      if (before != options.isolation() || face.current().isSharedByTransaction()) {
        face.setTransactionIsolation(options.isolation());
        if (isolationBefore == UNSET) { // otherwise it may be what a failed run has left
          isolationBefore = before;
        }
      }
    }
    face.beginAhead();
  }

  /**
   * Whether a transaction may be open that the driver's own object has begun: to set the level of
   * isolation would commit it in H2.
   */
  private boolean mayBeInTransactionUnseen() throws SQLException {
    return face.current().isExposedInWork() && face.current().mayBeInTransaction();
  }

  /** Takes them back; if a transaction is open, that is done when it is over. */
  void unset() throws SQLException {
    if (!(readOnlySet || isolationBefore != UNSET)) {
      return;
    }
    // Ends an empty transaction begun ahead, which has the unit's options; each setter begins anew.
    face.endBegunAhead();
    if (face.current().inTransaction()) {
      face.owe(readOnlySet, isolationBefore);
      return;
    }
    if (readOnlySet) {
      ReadOnlyHint.set(face, false);
    }
    if (isolationBefore == UNSET) {
      return;
    }
    if (face.current().isBegunAhead() || !mayBeInTransactionUnseen()) {
      face.setTransactionIsolation(isolationBefore);
    } else {
      face.owe(false, isolationBefore);
    }
  }
}
