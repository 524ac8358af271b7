package io.everpool.benchmarks.contenders;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Keeps one connection per thread open. Code that measures this must not close the connection that
 * it takes.
 */
final class Bare extends PlainSource {

  private final Settings settings;
  private final Queue<Connection> all = new ConcurrentLinkedQueue<>();

  @SuppressWarnings("ThreadLocalUsage") // there is one per measurement
  private final ThreadLocal<Connection> own = new ThreadLocal<>();

  private Bare(Settings settings) {
    this.settings = settings;
  }

  static Contender.Open open(Settings settings) {
    Bare bare = new Bare(settings);
    return new Contender.Open(bare, bare::close);
  }

  @Override
  public Connection getConnection() throws SQLException {
    Connection connection = own.get();
    if (connection == null) {
      connection =
          DriverManager.getConnection(settings.url(), settings.user(), settings.password());
      all.add(connection);
      own.set(connection);
    }
    return connection;
  }

  private void close() throws SQLException {
    for (Connection connection : all) {
      connection.close();
    }
  }
}
