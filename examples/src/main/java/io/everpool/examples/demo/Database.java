package io.everpool.examples.demo;

import io.everpool.servers.PostgresServer;
import io.everpool.servers.PostgresServer.Shutdown;
import io.everpool.servers.ServerSettings;

/**
 * The database of the demo: either a server that the demo starts and may restart, or one that
 * somebody has named.
 */
interface Database extends AutoCloseable {

  /** Takes the database that {@code NEON_DB_URL} names; starts a server if it names none. */
  static Database fromEnvironment() {
    String url = System.getenv("NEON_DB_URL");
    return url == null || url.isBlank() ? new Own() : new Given(url);
  }

  /** The database's URL, credentials included. */
  String url();

  /** Says which database this is, for a human. */
  String description();

  /** Whether the demo may restart the server. */
  boolean restartable();

  /** Restarts the server, and waits until it accepts sessions. */
  void restart();

  @Override
  void close();

  /** A server that comes in a Maven artifact and runs as a child of this process. */
  final class Own implements Database {
    private final PostgresServer server = PostgresServer.startEmbedded(ServerSettings.defaults());

    @Override
    public String url() {
      return server.libpqUrl();
    }

    @Override
    public String description() {
      return "an embedded PostgreSQL on port " + server.port();
    }

    @Override
    public boolean restartable() {
      return true;
    }

    @Override
    public void restart() {
      server.restart(Shutdown.FAST);
    }

    @Override
    public void close() {
      server.close();
    }
  }

  /** Somebody's database: the demo touches nothing there but its own sessions and tables. */
  record Given(String url) implements Database {

    @Override
    public String description() {
      return "the database of NEON_DB_URL, where only the demo's own sessions are killed";
    }

    @Override
    public boolean restartable() {
      return false;
    }

    @Override
    public void restart() {
      throw new UnsupportedOperationException("this database isn't ours to restart");
    }

    @Override
    public void close() {}

    /** Leaves the URL out, because it contains a password. */
    @Override
    public String toString() {
      return "Given[url=(hidden)]";
    }
  }
}
