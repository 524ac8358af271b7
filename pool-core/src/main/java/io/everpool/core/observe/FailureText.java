package io.everpool.core.observe;

import io.everpool.api.driver.Causes;
import java.sql.BatchUpdateException;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * What the pool itself tells in logs and events of a failure that a statement met. Logs and events
 * are read by others than the program that sent the statement, so the text contains neither its SQL
 * nor any of its values. Drivers and frameworks write both into their messages. In a message from
 * PostgreSQL the first line, without details and context, is the server's own.
 */
public final class FailureText {
  private static final int DEPTH = 20;

  private FailureText() {}

  /** The whole message, for those who may read it; the failure's class if it has no message. */
  public static String whole(Throwable failure) {
    String message = failure.getMessage();
    return message == null || message.isBlank() ? failure.getClass().getName() : message;
  }

  /** One line; never empty. */
  public static String of(Throwable failure) {
    SQLException told = Causes.first(failure, SQLException.class);
    for (int i = 0; told instanceof BatchUpdateException batch && i < DEPTH; i++) {
      told = withoutBatch(batch);
    }
    if (told == null || told instanceof BatchUpdateException) {
      return failure.getClass().getName();
    }
    String line = String.valueOf(told.getMessage()).lines().findFirst().orElse("").strip();
    return line.isEmpty() ? told.getClass().getName() : line;
  }

  /** The failure that an entry of the batch met; the batch's own message quotes that entry. */
  private static @Nullable SQLException withoutBatch(BatchUpdateException batch) {
    SQLException next = batch.getNextException();
    return next == null && batch.getCause() != null
        ? Causes.first(batch.getCause(), SQLException.class)
        : next;
  }
}
