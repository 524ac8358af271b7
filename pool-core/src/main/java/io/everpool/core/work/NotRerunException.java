package io.everpool.core.work;

import java.sql.SQLException;

/**
 * Says, among what an exception suppresses, why the pool has not run the work again that failed
 * with it. It has no stack trace: the exception that carries it has one.
 */
final class NotRerunException extends SQLException {
  private static final long serialVersionUID = 1L;

  NotRerunException(String message) {
    super(message);
  }

  @Override
  public Throwable fillInStackTrace() {
    return this;
  }
}
