package io.everpool.core.work;

import io.everpool.api.WorkOptions;
import io.everpool.core.jdbc.PooledConnection;
import java.sql.SQLException;

/** What a unit's options ask of its connection, set for its runs and taken back afterwards. */
final class OptionsOnConnection {
  private static final int UNSET = -1;

  private final PooledConnection face;
  private final WorkOptions options;
  private final boolean tooLate;
  private boolean readOnlySet;
  private int isolationBefore = UNSET;

  /**
   * @param tooLate whether a transaction has begun already, which is as it is
   */
  OptionsOnConnection(PooledConnection face, WorkOptions options, boolean tooLate) {
    this.face = face;
    this.options = options;
    this.tooLate = tooLate;
  }

  void set() throws SQLException {
    if (tooLate) {
      return;
    }
    if (options.readOnly() && !face.current().readOnly()) {
      face.setReadOnly(true);
      readOnlySet = true;
    }
    if (options.isolation() != 0) {
      int before = face.getTransactionIsolation();
      if (before != options.isolation()) {
        face.setTransactionIsolation(options.isolation());
        isolationBefore = before;
      }
    }
  }

  /** Takes them back, unless a transaction is open; then it is done when the lease ends. */
  void unset() throws SQLException {
    if (!(readOnlySet || isolationBefore != UNSET) || face.current().inTransaction()) {
      return;
    }
    if (readOnlySet) {
      face.setReadOnly(false);
    }
    if (isolationBefore != UNSET) {
      face.setTransactionIsolation(isolationBefore);
    }
  }
}
