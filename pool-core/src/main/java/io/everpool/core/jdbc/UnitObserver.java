package io.everpool.core.jdbc;

import io.everpool.api.Verdict;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * Hears from a face what a unit of work sends, so that facts decide whether the unit may be rerun.
 * Called on the thread of the unit.
 */
public interface UnitObserver {

  /** A statement is about to be sent. */
  void executing();

  /** The program has got the driver's own object, and may send with it. */
  void exposed();

  /** A call failed for a reason that isn't the caller's SQL or data. */
  void failed(Verdict verdict, SQLException failure);

  /**
   * A write was refused by a server that takes none any more. The connection is good for reading,
   * and another server is being looked for: {@link LeaseManager#awaitPrimary}.
   */
  void writeRefused();

  /**
   * The connection is lost, and a COMMIT has no answer; it was sent by a text, by the driver's own
   * object, or by {@link #commit()}. Called for each failure that shows it. Returns what to throw
   * in place of {@code lost}.
   */
  default SQLException commitUnanswered(Session session, SQLException lost) {
    return lost;
  }

  /** The transaction is about to be rolled back, and not by the unit itself. */
  default void rollingBack() {}

  /**
   * The connection goes on over another session while nothing is under way. Called with null before
   * it leaves the one that it has, and again when it has another, or none.
   */
  default void moves(@Nullable Session to) {}

  /** The observer that hears of what can be used only once. */
  default OneShotObserver oneShots() {
    return OneShotObserver.NONE;
  }

  /**
   * Commits, by {@link PooledConnection#commitNow()}, and finds out the outcome if the answer is
   * lost.
   */
  void commit() throws SQLException;
}
