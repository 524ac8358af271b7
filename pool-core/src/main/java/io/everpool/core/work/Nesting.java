package io.everpool.core.work;

import io.everpool.core.jdbc.PooledConnection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a unit knows of those that its thread is in, whatever pools and connections they are on. A
 * layer below may take a connection of its own for a unit within one: what that commits is
 * committed twice if the one around it is run again, which has sent none of it. What other threads
 * do, or what is done without a unit, isn't seen here. On the unit's thread.
 */
final class Nesting {
  private static final ThreadLocal<Nesting> INNERMOST = new ThreadLocal<>();

  private final PooledConnection face;

  /** Of the unit around it on the same connection. */
  private final @Nullable Nesting outer;

  /** Of the unit around it on the same thread. */
  private final @Nullable Nesting around;

  /** What the unit was given that can be used but once. */
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
   * A unit begins on this thread, of which {@link #leave} has to follow.
   *
   * @param open the statements that are open on its connection
   */
  static Nesting enter(PooledConnection face, List<Statement> open, @Nullable Nesting outer) {
    Nesting entered = new Nesting(face, open, outer, INNERMOST.get());
    INNERMOST.set(entered);
    return entered;
  }

  /** As {@link OneShots#given}, of what is given to no statement. */
  static void given(Object oneShot) throws SQLException {
    Nesting innermost = INNERMOST.get();
    if (innermost != null) {
      innermost.oneShots.given(oneShot);
    }
  }

  /** The unit is over. */
  void leave() {
    INNERMOST.set(around); // not removed, lest the next unit costs another entry
    oneShots.end();
  }

  /** A run begins: nothing was done in it. */
  void begin() {
    committedElsewhere = false;
    oneShots.begin();
  }

  /** Whether its thread was within a unit on another connection before. */
  boolean isWithinAnothers() {
    return around != null && around.face != face;
  }

  /** It has left something, or may have, that whatever is run again around it would do twice. */
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

  /** Whether a unit on another connection has done so within the present run. */
  boolean hasCommittedElsewhere() {
    return committedElsewhere;
  }
}
