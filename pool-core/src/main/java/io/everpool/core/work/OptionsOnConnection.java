package io.everpool.core.work;

import io.everpool.api.WorkOptions;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.jdbc.ReadOnlyHint;
import java.sql.SQLException;

/**
 * A unit's options: what they ask of its connection, set for its runs and taken back afterwards;
 * and what its caller has promised by them, as far as the present run has kept it. On the unit's
 * thread.
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
   * @param tooLate whether a transaction has begun already, which is as it is
   * @param part whether the next one is that of a unit around this one: made read-only for this, it
   *     would be so for the rest of it too
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
      // Asked of the server wherever anything but JDBC may have set it, or a run would go without.
      int before = face.getTransactionIsolation();
      // Of a session that is another's by the next transaction, what it has now says nothing.
      if (before != options.isolation() || face.current().isSharedByTransaction()) {
        face.setTransactionIsolation(options.isolation());
        if (isolationBefore == UNSET) { // else it may be what a failed run has left
          isolationBefore = before;
        }
      }
    }
    face.beginAhead();
  }

  /** One that was begun by the driver's own object: to set its level would be to commit it (H2). */
  private boolean mayBeInTransactionUnseen() throws SQLException {
    return face.current().isHandedOut() && face.current().mayBeInTransaction();
  }

  /** Takes them back; where a transaction is open, that is done when it is over. */
  void unset() throws SQLException {
    if (!(readOnlySet || isolationBefore != UNSET)) {
      return;
    }
    face.endBegunAhead(); // as the unit wants it; each setter begins another
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
