package io.everpool.core.replicas;

import io.everpool.api.WorkOptions;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.jdbc.Asking;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.jdbc.Session;
import io.everpool.core.jdbc.SessionState;
import io.everpool.core.jdbc.UnitObserver;
import io.everpool.core.observe.GuardedCall;
import io.everpool.core.observe.PoolEvents;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLTransientConnectionException;
import org.jspecify.annotations.Nullable;

/**
 * Makes a framework's connection fit for the unit that is about to run on it. The connection must
 * show what the unit has to see: for that this waits for the connection's server, or has the
 * connection go on over a session with another one. It does the latter also if the server doesn't
 * run transactions at the unit's level of isolation. A session that is lost meanwhile is lost
 * before the unit has sent anything, so that is no failure of the unit. All this runs on the unit's
 * thread.
 */
final class Preparation {

  /** How many sessions may be lost while they are set up as the one before was. */
  private static final int ATTEMPTS = 3;

  private final String pool;
  private final Readers readers;
  private final Positions positions;
  private final PooledConnection face;
  private final Reader owner;
  private final WorkOptions options;
  private final Asking asking;
  private final long budget;

  /** How the last session was lost; null if none was. */
  private @Nullable SQLException lost;

  /**
   * @param pool the name of the whole
   * @param owner the reader whose connection it is
   * @param options the unit's options
   * @param budget how long it may take from now on; nanoseconds
   */
  Preparation(
      String pool,
      Readers readers,
      Positions positions,
      TimeSource time,
      PooledConnection face,
      Reader owner,
      WorkOptions options,
      long budget) {
    this.pool = pool;
    this.readers = readers;
    this.positions = positions;
    this.face = face;
    this.owner = owner;
    this.options = options;
    this.asking = new Asking(time.nanoTime());
    this.budget = budget;
  }

  /**
   * Returns when the connection is good for the unit.
   *
   * @throws SQLException if the connection isn't good in time. It is closed then if it has lost its
   *     session, or had to give it back in order to wait for another
   */
  void run() throws SQLException {
    UnitObserver before = face.silence();
    try {
      String bond = bond();
      SessionState state = face.state(); // read while there is a session to ask
      if (isGood(bond != null)) {
        return;
      }
      if (bond != null) {
        throw stays(bond);
      }
      if (before == null) {
        goElsewhere(state);
        return;
      }
      before.moves(null);
      try {
        goElsewhere(state);
      } finally {
        before.moves(face.session());
      }
    } finally {
      face.observer(before);
    }
  }

  private void goElsewhere(SessionState state) throws SQLException {
    Reader except = lost == null ? owner : null; // after a loss its other sessions may be well
    for (int attempt = 1; ; attempt++) {
      take(state, except);
      if (becomes(state)) {
        readers.got(face, asking);
        return;
      }
      if (attempt == ATTEMPTS && lost != null) {
        throw lost;
      }
      except = null;
    }
  }

  /** What binds the connection to its session; null if it may go on over another. */
  private @Nullable String bond() throws SQLException {
    if (face.current().hasSideEffects()) {
      return "for SQL has set something in its session";
    }
    return face.openStatements().isEmpty() ? null : "for a statement of it is still open";
  }

  private SQLException stays(String bond) {
    boolean runs = owner.runsAt(options.isolation());
    String text =
        "Pool "
            + pool
            + (runs ? " can't show " : " can't run ")
            + options.label()
            + (runs ? " what it must see: " : " as it asks to be: ")
            + owner.pool().name()
            + ": "
            + owner.obstacle(options.position(), options.isolation())
            + ", and the connection stays there, "
            + bond;
    return runs
        ? new SQLTransientConnectionException(text, "08001")
        : new SQLFeatureNotSupportedException(text, "0A000");
  }

  /**
   * Whether the present session shows the position, and its server runs the unit at its level. A
   * session that is lost does neither, and is let go.
   */
  private boolean isGood(boolean stays) throws SQLException {
    String position = options.position();
    try {
      long end = asking.begun + budget;
      if (!owner.runsAt(face, options.isolation(), readers.answerTime().before(end))) {
        return false;
      }
      if (position == null) {
        return true;
      }
      long until = stays ? end : readers.patience(end);
      boolean reached = positions.isReached(face, position, until, end);
      if (!reached && !stays) {
        face.rollBackOpen(); // the question has begun a transaction
      }
      return reached;
    } catch (SQLException e) {
      if (stays || !isLoss(e)) {
        throw e;
      }
      lost = e;
      face.letGo();
      return false;
    }
  }

  /** Takes another session. */
  private void take(SessionState state, @Nullable Reader except) throws SQLException {
    Session from = face.session();
    boolean taken = false;
    try {
      readers.renew(face, options, asking, budget, except);
      taken = true;
    } catch (SQLException e) {
      if (lost != null && lost != e) {
        e.addSuppressed(lost);
      }
      throw e;
    } finally {
      if (!taken && face.session() != from) {
        setOrLetGo(state); // the unit has no session, but the program may go on with this one
      }
    }
  }

  /** Sets the session up as the one before was; false if it was lost meanwhile. */
  private boolean becomes(SessionState state) throws SQLException {
    boolean done = false;
    try {
      face.become(state);
      done = true;
      return true;
    } catch (SQLException e) {
      if (!isLoss(e)) {
        throw e;
      }
      lost = e;
      return false;
    } finally {
      if (!done) {
        face.letGo();
      }
    }
  }

  private void setOrLetGo(SessionState state) {
    if (face.isGivenBack()) {
      return;
    }
    try {
      if (becomes(state)) {
        readers.got(face, asking);
      }
    } catch (SQLException | RuntimeException e) {
      GuardedCall.survives(
          pool,
          "telling of a lost connection", // what the log throws must not replace the first failure
          () -> PoolEvents.log().debug("{} could not be set as before", face, e));
    }
  }

  /** Whether the session is lost, and nobody has interrupted the thread or ended the connection. */
  private boolean isLoss(SQLException e) {
    return !Thread.currentThread().isInterrupted()
        && !face.isGivenBack()
        && owner.leases().classify(e).fatal();
  }
}
