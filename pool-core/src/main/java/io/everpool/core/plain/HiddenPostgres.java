package io.everpool.core.plain;

import java.sql.Connection;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Notices that PostgreSQL is served without its adapter, because something hides it, and says what
 * doesn't work then. Thread-safe.
 */
final class HiddenPostgres {
  private final String note;
  private final AtomicBoolean asked = new AtomicBoolean();
  private volatile boolean found;
  private volatile Runnable listener = () -> {};

  /**
   * @param behind what hides it; without secrets
   */
  HiddenPostgres(String behind) {
    note =
        "PostgreSQL is served without its adapter, for "
            + behind
            + " hides it: what a borrower leaves in a session (SET, temporary tables, LISTEN, locks)"
            + " goes to the next one, a connection is closed once its driver's own object was handed"
            + " out, command-timeout is not set, a COMMIT whose"
            + " answer is lost is not looked up, failures are known by their SQLState alone, and"
            + " idle connections are examined by a query. Give the pool PostgreSQL's own URL (with"
            + " jdbc:p6spy:postgresql: and jdbc:otel:postgresql: their drivers look on), and put a"
            + " proxy around the pool instead of beneath it";
  }

  /** Asks the first connection what it leads to; most drivers know that without the server. */
  void meet(Connection connection) {
    if (asked.compareAndSet(false, true) && isPostgres(connection)) {
      found = true;
      try {
        listener.run();
      } catch (Throwable e) {
        // a log that fails costs no connection, and the note can still be asked for
      }
    }
  }

  /** Whether the driver says that it is PostgreSQL; no if it can't say. */
  private static boolean isPostgres(Connection connection) {
    try {
      return "PostgreSQL".equals(connection.getMetaData().getDatabaseProductName());
    } catch (Throwable e) {
      return false;
    }
  }

  /** Whether PostgreSQL was found. */
  boolean isFound() {
    return found;
  }

  List<String> notes() {
    return found ? List.of(note) : List.of();
  }

  void whenNoted(Runnable told) {
    listener = told;
  }
}
