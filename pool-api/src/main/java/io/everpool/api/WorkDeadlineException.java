package io.everpool.api;

import java.sql.SQLTimeoutException;

/**
 * A unit of work ran over its {@link WorkOptions#withDeadline deadline} and was cancelled. SQLState
 * {@code 57014}. Nothing that it has sent is there, unless it had committed a part before; its
 * cause is what the work met when its connection was cut.
 */
public final class WorkDeadlineException extends SQLTimeoutException {
  private static final long serialVersionUID = 1L;

  /**
   * Made by a pool.
   *
   * @param message which unit ran over which deadline
   * @param cause what the work met when its connection was cut
   */
  public WorkDeadlineException(String message, Throwable cause) {
    super(message, "57014", cause);
  }
}
