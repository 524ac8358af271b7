package io.everpool.postgresql;

import io.everpool.postgresql.socket.LookableSocket;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** Ends a connection under whoever uses it, without a word to the server and without waiting. */
final class Abort {

  private Abort() {}

  /**
   * Never throws: what can't be cut here was cut before, or is closed by a thread of its own.
   *
   * @param socket the connection's socket, beneath its TLS; null if it can't be had
   */
  static void of(Connection jdbc, @Nullable LookableSocket socket) {
    try {
      if (socket == null) {
        // The socket is of someone else's making, or TLS has none of our sockets beneath it.
        // Closing such a socket may wait, so another thread does it.
        jdbc.abort(Abort::inThreadOfItsOwn);
      } else {
        // TLS isn't asked to close: it would wait for its locks and try to say goodbye. So the
        // socket beneath it is cut.
        socket.cut();
        jdbc.abort(Runnable::run);
      }
    } catch (SecurityException e) {
      // Older drivers ask for a permission first, and Java 24 and newer throw at the question.
      if (socket == null) {
        inThreadOfItsOwn(() -> closeQuietly(jdbc));
      } else {
        closeQuietly(jdbc);
      }
    } catch (SQLException | IOException e) {
      // Whether the connection was cut or not, nothing more can be done about it.
    }
  }

  private static void closeQuietly(Connection jdbc) {
    try {
      jdbc.close();
    } catch (SQLException e) {
      // Nothing more can be done about this connection.
    }
  }

  private static void inThreadOfItsOwn(Runnable task) {
    Thread thread = new Thread(null, task, "everpool-abort", 0, false);
    thread.setDaemon(true);
    thread.setContextClassLoader(Abort.class.getClassLoader());
    thread.start();
  }
}
