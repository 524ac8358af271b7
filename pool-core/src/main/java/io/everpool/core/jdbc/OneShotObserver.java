package io.everpool.core.jdbc;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;

/**
 * Hears from a face of things that can be used only once, and of their use: of what is given to
 * statements, and of the rows of result sets. A further run of the unit of work wouldn't find them
 * as the first run did. Called on the thread of the unit, before the driver is called.
 */
public interface OneShotObserver {

  /** The observer of code that runs nothing again. */
  OneShotObserver NONE = new OneShotObserver() {};

  /**
   * A stream or a reader is about to be given to the driver.
   *
   * @throws SQLException if an earlier run was given the same one, and nobody knows what that run
   *     has left of it
   */
  default void given(Object stream) throws SQLException {}

  /**
   * What a statement was given is about to be used: its rows are sent, or further rows are added to
   * them, or a stream is sent.
   *
   * @throws SQLException if it isn't there any more because an earlier run has used it
   */
  default void using(Statement statement, Unsent.Kind kind) throws SQLException {}

  /** What a statement was given is about to be forgotten. */
  default void dropping(Statement statement, Unsent.Kind kind) {}

  // ---- rows

  /**
   * A statement is about to be executed: the results that it has afterwards come from this
   * execution.
   */
  default void executing(Statement statement) {}

  /** A statement is about to leave its present results and go on to its next ones. */
  default void advancing(Statement statement) {}

  /**
   * Of the observers that hear now, the one that has heard of the present results of a statement
   * since they were opened: the observer of the innermost unit within which the statement was
   * executed. Null if it was executed before all of these units.
   */
  default @Nullable OneShotObserver since(Statement statement) {
    return this;
  }

  /**
   * A result set is about to go on from its present row.
   *
   * @param since the observer that heard it being opened; null if none did
   * @throws SQLException if an earlier run went to a row of its choice there, and this run hasn't
   */
  default void reading(ResultSet rows, @Nullable OneShotObserver since) throws SQLException {}

  /** As {@link #reading}, but its present row, or a new one, is about to be written. */
  default void writing(ResultSet rows, @Nullable OneShotObserver since) {}

  /**
   * As {@link #reading}, but it is about to go to a row that is the same whichever the present one
   * is.
   */
  default void placing(ResultSet rows, @Nullable OneShotObserver since) {}
}
