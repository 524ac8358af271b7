package io.everpool.examples.demo;

import io.everpool.servers.PostgresServer;
import io.everpool.servers.PostgresServer.Shutdown;
import io.everpool.servers.ServerSettings;

/** The database of the demo: one of its own that it may restart, or one it was pointed to. */
interface Database extends AutoCloseable {

  /** Takes the database that {@code NEON_DB_URL} names, or starts one if it names none. */
  static Database fromEnvironment() {
    String url = System.getenv("NEON_DB_URL");
    return url == null || url.isBlank() ? new Own() : new Given(url);
  }

  /** Where it is, credentials included. */
  String url();

  /** What it is, for a human. */
  String description();

  /** Whether the demo may restart it. */
  boolean restartable();

  /** Restarts it and waits until it takes sessions. */
  void restart();

  @Override
  void close();

  /** A server out of a Maven artifact, a child of this process. */
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

  /** Somebody's database: nothing but the demo's own sessions and tables is touched. */
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

    /** Leaves the URL out: there is a password in it. */
    @Override
    public String toString() {
      return "Given[url=(hidden)]";
    }
  }
}
