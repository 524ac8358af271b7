package io.everpool.core.work;

import io.everpool.core.jdbc.PooledConnection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a unit knows of the units that its thread is in, whatever pools and connections they are on.
 * A layer below may take a connection of its own for a unit within another one. What the inner unit
 * commits is then committed twice if the outer unit is run again, though the outer one has sent
 * none of it. What other threads do, or what is done without a unit, isn't seen here. Used on the
 * unit's thread.
 */
final class Nesting {
  private static final ThreadLocal<Nesting> INNERMOST = new ThreadLocal<>();

  private final PooledConnection face;

  /** The nesting of the unit around it on the same connection. */
  private final @Nullable Nesting outer;

  /** The nesting of the unit around it on the same thread. */
  private final @Nullable Nesting around;

  /** What the unit was given that can be used only once. */
  final OneShots oneShots;

  private boolean committedElsewhere;

  private Nesting(
      PooledConnection face,
      List<Statement> open,
      @Nullable Nesting outer,
      @Nullable Nesting around) {
    this.face = face;
    this.outer = outer;
    this.around = around;
    this.oneShots =
        new OneShots(
            face,
            open,
            outer == null ? null : outer.oneShots,
            around == null ? null : around.oneShots);
  }

  /**
   * A unit begins on this thread; {@link #leave} has to follow.
   *
   * @param open the statements that are open on its connection
   */
  static Nesting enter(PooledConnection face, List<Statement> open, @Nullable Nesting outer) {
    Nesting entered = new Nesting(face, open, outer, INNERMOST.get());
    INNERMOST.set(entered);
    return entered;
  }

  /** As {@link OneShots#given}, for what is given to no statement. */
  static void given(Object oneShot) throws SQLException {
    Nesting innermost = INNERMOST.get();
    if (innermost != null) {
      innermost.oneShots.given(oneShot);
    }
  }

  /** The unit is over. */
  void leave() {
    INNERMOST.set(around); // it isn't removed, or the next unit would cost another entry
    oneShots.end();
  }

  /** A run begins, in which nothing was done yet. */
  void begin() {
    committedElsewhere = false;
    oneShots.begin();
  }

  /** Whether its thread was within a unit on another connection before. */
  boolean isWithinAnothers() {
    return around != null && around.face != face;
  }

  /**
   * Notes that the unit may have left something that would be done twice if a unit around it ran
   * again.
   */
  void committed() {
    if (around != null) {
      around.committedWithin();
    }
  }

  private void committedWithin() {
    committedElsewhere = true;
    if (outer != null) {
      outer.committedWithin();
    }
    if (around != null && around != outer) {
      around.committedWithin();
    }
  }

  /** Whether a unit on another connection may have left something within the present run. */
  boolean hasCommittedElsewhere() {
    return committedElsewhere;
  }
}
