package io.everpool.core.upkeep;

import io.everpool.api.Verdict;
import io.everpool.api.driver.Causes;
import java.io.IOException;
import java.net.BindException;
import java.net.UnknownHostException;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Failures to open a connection that are this process's own: its limits, and a driver that throws
 * what no driver should. Their texts say so, lest somebody look for them in the network.
 */
final class ConnectFailures {
  private ConnectFailures() {}

  /** The driver has thrown something else than an SQLException. */
  static final class OfTheDriver extends SQLException {
    private static final long serialVersionUID = 1L;

    /** After so many such failures in a row, a missing class counts as missing for good. */
    private static final int FOR_GOOD = 3;

    OfTheDriver(String message, @Nullable Throwable cause) {
      super(message, cause);
    }

    /** What it means after so many failures in a row; {@code judged} is what the rules say. */
    Verdict verdict(Verdict judged, int inARow) {
      return getCause() instanceof LinkageError
          ? (inARow < FOR_GOOD ? Verdict.CONNECTION_LOST : Verdict.REFUSED)
          : judged;
    }
  }

  /** No thread could be started. */
  static SQLException noThread() {
    return new SQLTransientConnectionException(
        "This process can't start another thread: it is at a limit of the system (ulimit -u, the"
            + " pids of its container) or out of native memory. The pool tries again",
        "08001");
  }

  /** Throws what the failure, or a cause of it, throws when it is asked what it is. */
  static void hear(Throwable thrown) {
    Causes.first(thrown, at -> (at + " " + at.getMessage()).isEmpty()); // it is never empty
  }

  /** Stands for a failure that throws when it is asked what it is, lest its logging fail. */
  static SQLException unheard(Throwable thrown) {
    return new OfTheDriver(
        "The driver failed to open a connection with a "
            + thrown.getClass().getName()
            + " that fails itself when it is asked what it is",
        null);
  }

  /** What was thrown, as an SQLException that says what it is. */
  static SQLException describe(Throwable thrown) {
    if (own(thrown) == Verdict.PROCESS_LIMIT) {
      Throwable memory = Causes.first(thrown, OutOfMemoryError.class);
      Throwable limit = memory != null ? memory : Causes.first(thrown, IOException.class);
      return new SQLTransientConnectionException(
          (memory != null
                  ? "This process ran out of memory while it opened a connection: give it more"
                      + " heap, or look for what fills it"
                  : "This process has no file descriptor left for another connection: raise its"
                      + " limit (ulimit -n), or look for what keeps files and sockets open")
              + ". The pool tries again ("
              + limit
              + ")",
          "08001",
          thrown);
    }
    if (thrown instanceof SQLException failure) {
      return failure;
    }
    return new OfTheDriver(
        thrown instanceof LinkageError
            ? "The driver doesn't work here: "
                + thrown
                + ". A class of it is missing or doesn't fit the others: look at the class path"
            : "The driver failed to open a connection: " + thrown,
        thrown);
  }

  /** What it means if it is a limit of this process; null if it isn't. */
  static @Nullable Verdict own(Throwable thrown) {
    return Causes.first(thrown, OutOfMemoryError.class) != null || outOfFiles(thrown)
        ? Verdict.PROCESS_LIMIT
        : null;
  }

  /**
   * Whether it is certain that nothing was sent to the server: its name wasn't found, or this
   * machine had no address or port to call from, or no permission. Connections that exist may be
   * served all the while.
   */
  static boolean neverSent(Throwable thrown) {
    return Causes.first(
            thrown, at -> at instanceof UnknownHostException || at instanceof BindException)
        != null;
  }

  /** Whether the system's words say so; Java has no class for this failure. */
  private static boolean outOfFiles(Throwable thrown) {
    IOException failure = Causes.first(thrown, IOException.class);
    String message = failure == null ? "" : String.valueOf(failure.getMessage());
    return message.toLowerCase(Locale.ROOT).contains("too many open files");
  }
}
