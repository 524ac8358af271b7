package io.everpool.core.jdbc;

import java.sql.SQLException;
import java.sql.Statement;

/**
 * Hears from a face what is given to statements that can be used but once, and its use: a further
 * run of the unit of work wouldn't find it as the first did. Called on the thread of the unit,
 * before the driver is.
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
}
