package io.everpool.core.upkeep;

import io.everpool.api.Verdict;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * Nobody could say what to log in with. The server has no part in it, whatever the cause looks
 * like: a vault that can't be reached must not bring down connections that work.
 */
final class CredentialsException extends SQLException {
  private static final long serialVersionUID = 1L;
  private static final String UNREACHABLE = "08001";
  private static final String BEGINNING = "No credentials to log in with: ";

  private CredentialsException(String message, String state, @Nullable Throwable cause) {
    super(message, state, cause);
  }

  /** What the provider has answered, if anything, is of no use. */
  static CredentialsException useless(String why) {
    return new CredentialsException(BEGINNING + why, UNREACHABLE, null);
  }

  /** The provider has thrown this. */
  static CredentialsException of(@Nullable Throwable cause) {
    if (cause instanceof CredentialsException told) {
      return told;
    }
    if (cause instanceof SQLException failure) {
      String state = failure.getSQLState();
      return new CredentialsException(
          BEGINNING + failure.getMessage(), state == null ? UNREACHABLE : state, cause);
    }
    return new CredentialsException(
        BEGINNING + "the CredentialsProvider has thrown " + cause, UNREACHABLE, cause);
  }

  /** What it means; {@code judged} is what the rules say. */
  static Verdict verdict(Verdict judged) {
    return switch (judged) {
      case ACCESS_DENIED, REFUSED, PROCESS_LIMIT -> judged;
      default -> Verdict.CONNECTION_LOST; // it is tried again, and says nothing of the server
    };
  }
}
