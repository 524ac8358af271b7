package io.everpool.core.work;

import io.everpool.api.Verdict;
import io.everpool.api.WorkOptions;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.jdbc.Session;
import io.everpool.core.jdbc.SessionState;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Brings the session of a unit from the end of a failed run to where the next may begin: rolls back
 * what is open, clears what no rollback undoes, and lets the session go if it is lost or one of
 * these fails. It keeps the state of before the unit: each run begins with that, and that stays.
 * Used by the unit's thread.
 */
final class UnitRecovery {

  private final PooledConnection face;
  private final UnitFailure failure;
  private final @Nullable UnitRecovery outer;

  /** The first session that the unit, or one within it, has lost; null if it has lost none. */
  private @Nullable Session lost;

  // ---- what was so before the unit

  private final SessionState state;

  /** Whether runs leave the level of isolation as they find it; otherwise each is told its own. */
  private final boolean keepsLevel;

  private final boolean sessionChanged;
  private final boolean prepared;

  /**
   * Whether a procedure may have begun a transaction before the unit, which isn't the unit's then.
   */
  private final boolean called;

  private final List<Statement> openBefore;

  /**
   * @param outer that of the unit around it
   */
  UnitRecovery(
      PooledConnection face, UnitFailure failure, WorkOptions options, @Nullable UnitRecovery outer)
      throws SQLException {
    this.face = face;
    this.failure = failure;
    this.outer = outer;
    this.state = face.state();
    this.keepsLevel = options.isolation() == 0;
    this.sessionChanged = face.current().hasSideEffects();
    this.prepared = sessionChanged && face.current().mayHavePrepared();
    this.called = face.current().mayHaveBegunInCall();
    this.openBefore = face.openStatements();
  }

  /** Something done with a session; tells whether the session is good for a run afterwards. */
  @FunctionalInterface
  interface Step {
    boolean run() throws SQLException;
  }

  /** Does the step; if it doesn't go well the session is let go, for nobody may go on over it. */
  boolean orLetGo(Step step) throws SQLException {
    boolean good = false;
    try {
      good = step.run();
    } finally {
      if (!good) {
        Session session = face.session();
        if (face.letGo() && session != null) {
          lost(session);
        }
      }
    }
    return good;
  }

  /** A session was lost, or let go for another. */
  void lost(Session session) {
    for (UnitRecovery at = this; at != null; at = at.outer) {
      at.lost = at.lost == null ? session : at.lost;
    }
  }

  /** Brings the session to where the first run began, for a run after a failed one. */
  void startOver() throws SQLException {
    orLetGo(
        () -> {
          face.rollBackOpen(!called);
          face.become(state);
          return true;
        });
  }

  /**
   * Whether there is nothing to roll back or set back: the connection is closed, lost, or not to be
   * asked for anything any more.
   */
  boolean isPastAsking() {
    Session session = face.session();
    return session == null || session.broken() || failure.hasLostSession() || session.isHeldUp();
  }

  private boolean mayHangUnseen() {
    Session session = face.session();
    return session != null && session.mayHangUnseen();
  }

  /**
   * Whether the connection may be asked for something now that the unit is over.
   *
   * @param good whether the work has come to its end: then nothing that it has begun is in the way
   */
  boolean mayBeAsked(boolean good) {
    return !isPastAsking() && (good || !mayHangUnseen());
  }

  /** Rolls back what a failed run has left open; whether it is run again is judged before. */
  void rollBackAfter(Throwable thrown) {
    failure.judge(thrown);
    if (isPastAsking() || mayHangUnseen()) {
      return; // the server has done it, or will
    }
    try {
      face.rollBackOpen(!called);
    } catch (SQLException | RuntimeException e) {
      Failures.suppress(thrown, e);
    }
  }

  /**
   * Clears what the failed run has left in a session that is alive and no rollback undoes, stale
   * plans among it. A session that is dead, or where that fails, goes back before another is asked
   * for, so that the unit never holds two slots.
   */
  void cleanOrLetGo(Exception thrown) {
    boolean stale = failure.judge(thrown) == Verdict.STALE_PLAN;
    try {
      orLetGo(() -> !failure.hasLostSession() && clean(stale));
    } catch (SQLException | RuntimeException e) {
      Failures.suppress(thrown, e);
    }
  }

  /** Clears the session; what was there before the unit has to stay. */
  private boolean clean(boolean stale) throws SQLException {
    Session session = face.session();
    if (session == null) {
      return true;
    }
    if (session.isHeldUp() || session.mayHangUnseen()) {
      return false;
    }
    boolean anew =
        session.hasSideEffectsToClear()
            || session.hasStalePlans()
            || session.needsReset(state, keepsLevel); // startOver can't reset a schema, say
    if (anew && !sessionChanged && !holdsStatement()) {
      face.rollBackOpen(!called);
      face.beginAnew(); // so all is prepared again that goes with the plans
    } else if (stale) {
      face.rollBackOpen(!called);
      face.forgetPlans();
    }
    return true;
  }

  /** Whether the session had state that SQL had set, before the unit. */
  boolean sessionChanged() {
    return sessionChanged;
  }

  /**
   * Whether a statement may be there that SQL had prepared before the unit, and that isn't prepared
   * again. What was prepared when the session was set up is prepared again by {@link #clean}, but
   * only if nothing else has to stay.
   */
  boolean prepared() {
    Session session = face.session();
    return prepared
        || (session != null
            && (sessionChanged || holdsStatement())
            && session.setUpMayHavePrepared());
  }

  /** The statements that were open before the unit. */
  List<Statement> openBefore() {
    return openBefore;
  }

  /** Whether a statement that was opened before the unit is still open. */
  boolean holdsStatement() {
    return !openBefore.isEmpty() && face.openStatements().stream().anyMatch(openBefore::contains);
  }

  /**
   * The unit ends. If it has let its session go and got no other, there will be none any more: the
   * face is closed.
   *
   * @param late whether it was cancelled because its deadline had passed
   */
  void end(boolean late) {
    if (late) {
      endLate();
    } else if (outer == null && lost != null && face.isGivenBack()) {
      close();
    }
  }

  /** Closes the face because of a loss; what was set before the unit can still be set back. */
  void close() {
    if (face.isOver()) {
      return; // it may be over because of a loss, which must stay known
    }
    if (lost == null) {
      face.close();
    } else {
      face.closeAfter(lost, false);
    }
  }

  /**
   * Closes the face of a unit that was cancelled. Autocommit can still be set back only if no
   * transaction is lost with the session: otherwise that call, which in JDBC means a COMMIT, would
   * succeed and commit nothing.
   */
  private void endLate() {
    face.silence(); // what interceptors do now belongs to no unit
    Session session = face.session();
    boolean settled = isSettled(session);
    try {
      face.returning();
      // The cancel may still be on its way, and must not meet what comes next.
      if (face.letGo() && session != null) {
        face.closeAfter(session, settled);
      } else if (session == null) {
        close();
      }
    } finally {
      if (!face.isOver()) {
        face.close();
      }
    }
  }

  /** Whether it is certain that no transaction is open in the session. */
  private static boolean isSettled(@Nullable Session session) {
    try {
      return session != null && !session.mayBeInTransaction();
    } catch (SQLException | RuntimeException e) {
      return false;
    }
  }
}
