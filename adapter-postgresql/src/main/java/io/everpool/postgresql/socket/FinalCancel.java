package io.everpool.postgresql.socket;

import io.everpool.postgresql.driver.PgjdbcInternals;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * The end of what the server does for a connection that nobody will use again. A session whose
 * client is gone goes on to the end of its query, and keeps its locks.
 *
 * <p>Whoever is in the driver finds the connection closed first: it was taken from him, and he must
 * not hear that he has cancelled his statement. Then the server is asked to cancel, while the
 * connection still stands, for a pooler would forget at its end whose query that was. Then it is
 * told that nothing more will come, and it has ended the session when it closes its end.
 */
public final class FinalCancel {
  private static final PgjdbcInternals DRIVER = PgjdbcInternals.PRESENT;

  private static final long NANOS_PER_MILLI = 1_000_000;

  private FinalCancel() {}

  /**
   * The request goes by a connection of its own, and what that waits for (a resolver of names, a
   * server that is frozen) nobody else should.
   */
  static final class Messenger extends Thread {
    private final Connection jdbc;
    private final long deadline;

    private Messenger(Connection jdbc, long deadline) {
      super(null, null, "everpool-cancel", 0, false);
      this.jdbc = jdbc;
      this.deadline = deadline;
      setDaemon(true);
      setContextClassLoader(FinalCancel.class.getClassLoader());
    }

    /** When it has to be over, of {@link System#nanoTime()}. */
    long deadline() {
      return deadline;
    }

    @Override
    public void run() {
      try {
        DRIVER.cancel(jdbc);
      } catch (SQLException | RuntimeException e) {
        // the connection is cut whether or not that was heard
      }
    }
  }

  /**
   * Runs it.
   *
   * @param socket that of the connection; null if it is someone else's, and then the connection is
   *     cut first, lest the cancel be heard by who uses it
   */
  public static void run(
      Connection jdbc, @Nullable LookableSocket socket, Runnable cut, long timeoutNanos)
      throws IOException {
    long deadline = System.nanoTime() + timeoutNanos;
    Wire standing = socket == null || socket.isClosed() ? null : socket.wire();
    if (standing != null) {
      standing.sever();
    } else {
      cut.run();
    }
    request(jdbc, deadline);
    if (standing != null) {
      standing.awaitEnd(deadline);
    }
  }

  /** Asks the server to cancel what it does, and waits until it has heard that. */
  public static void request(Connection jdbc, long deadline) {
    Messenger messenger = new Messenger(jdbc, deadline);
    try {
      messenger.start();
      messenger.join(Math.max(1, (deadline - System.nanoTime()) / NANOS_PER_MILLI));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (OutOfMemoryError e) {
      // no thread is to be had: the server finds out by itself
    }
  }
}
