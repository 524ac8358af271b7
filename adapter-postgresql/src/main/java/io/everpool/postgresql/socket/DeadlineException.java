package io.everpool.postgresql.socket;

import java.io.IOException;

/**
 * The opening of a connection has used up its time.
 *
 * <p>Not a {@link java.net.SocketTimeoutException}: those pgjdbc takes for a reason to try again
 * wherever it has set no timeout itself, and it would do so for ever.
 */
public final class DeadlineException extends IOException {
  private static final long serialVersionUID = 1L;

  public DeadlineException() {
    super("no answer within the time given to opening a connection");
  }
}
