package io.everpool.core.jdbc;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;

/**
 * Hears from a face what can be used but once, and its use: what is given to statements, and the
 * rows of result sets. A further run of the unit of work wouldn't find it as the first did. Called
 * on the thread of the unit, before the driver is.
 */
public interface OneShotObserver {

  /** For those who run nothing again. */
  OneShotObserver NONE = new OneShotObserver() {};

  /**
   * A stream or a reader is about to be given to the driver.
   *
   * @throws SQLException if a run before was given the same, and has left nobody knows what of it
   */
  default void given(Object stream) throws SQLException {}

  /**
   * What a statement was given is about to be used: rows are sent or others come to them, a stream
   * is sent.
   *
   * @throws SQLException if it isn't there any more, for a run before has used it
   */
  default void using(Statement statement, Unsent.Kind kind) throws SQLException {}

  /** What a statement was given is about to be forgotten. */
  default void dropping(Statement statement, Unsent.Kind kind) {}

  // ---- rows

  /** A statement is about to be executed: what it has from then on is of now. */
  default void executing(Statement statement) {}

  /** The results that a statement has are about to be left for its next. */
  default void advancing(Statement statement) {}

  /**
   * Who hears, of those who hear now, of all that comes of the results which a statement has: the
   * innermost within which it was executed; null if it was before all of them.
   */
  default @Nullable OneShotObserver since(Statement statement) {
    return this;
  }

  /**
   * A result set is about to go on from its present row.
   *
   * @param since who heard it being opened; null for nobody
   * @throws SQLException if only a run before has gone to a row of its choice there
   */
  default void reading(ResultSet rows, @Nullable OneShotObserver since) throws SQLException {}

  /** As {@link #reading}: its present row is about to be written, or a new one. */
  default void writing(ResultSet rows, @Nullable OneShotObserver since) {}

  /**
   * As {@link #reading}: it is about to go to a row that is the same whatever the present one is.
   */
  default void placing(ResultSet rows, @Nullable OneShotObserver since) {}
}
