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
 * what is open, clears what no rollback undoes, and lets the session go where it is lost or one of
 * these fails. It keeps what was so before the unit, for a run begins there and what was there
 * stays. Used by the unit's thread.
 */
final class UnitRecovery {

  private final PooledConnection face;
  private final UnitFailure failure;
  private final @Nullable UnitRecovery outer;

  /** The first session that the unit, or one within it, has lost; null if it has lost none. */
  private @Nullable Session lost;

  // ---- what was so before the unit

  private final SessionState state;

  /** Whether a run leaves the level of isolation as it finds it; else each is told its own. */
  private final boolean keepsLevel;

  private final boolean sessionChanged;
  private final boolean prepared;

  /** Whether a procedure may have begun a transaction, which isn't the unit's then. */
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

  /** What is done with a session, and whether that is good for a run afterwards. */
  @FunctionalInterface
  interface Step {
    boolean run() throws SQLException;
  }

  /** Whoever would go on over a session on which that didn't go well goes on over none. */
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

  /** A run after a failed one begins as the first did. */
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
   * plans among it. A dead one, or one where that fails, goes back before another is asked for,
   * lest the unit holds two places.
   */
  void cleanOrLetGo(Exception thrown) {
    boolean stale = failure.judge(thrown) == Verdict.STALE_PLAN;
    try {
      orLetGo(() -> !failure.hasLostSession() && clean(stale));
    } catch (SQLException | RuntimeException e) {
      Failures.suppress(thrown, e);
    }
  }

  /** What was there before the unit has to stay. */
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
            || session.needsReset(state, keepsLevel); // a schema, say: startOver can't
    if (anew && !sessionChanged && !holdsStatement()) {
      face.rollBackOpen(!called);
      face.beginAnew(); // and so all is prepared again that goes with the plans
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
   * again: as is what was prepared where the session was set up, but by {@link #clean} only where
   * nothing else has to stay.
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
   * The unit ends. Where it has let its session go and got no other there will be none any more:
   * the face is closed.
   *
   * @param late whether it was cancelled, for its deadline had passed
   */
  void end(boolean late) {
    if (late) {
      endLate();
    } else if (outer == null && lost != null && face.isGivenBack()) {
      close();
    }
  }

  /** Closes the face for what was lost; what was set before the unit can be set back yet. */
  void close() {
    if (face.isOver()) {
      return; // it may be so for what was lost, which must stay known
    }
    if (lost == null) {
      face.close();
    } else {
      face.closeAfter(lost, false);
    }
  }

  /**
   * Closes the face of a unit that was cancelled. Only where no transaction is lost with the
   * session may autocommit be set back yet: else that, JDBC's word for a COMMIT, would go well and
   * commit nothing.
   */
  private void endLate() {
    face.silence(); // what interceptors do now is no unit's
    Session session = face.session();
    boolean settled = isSettled(session);
    try {
      face.returning();
      // the cancel may be on its way still, and must not meet what comes next
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
