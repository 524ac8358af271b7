package io.everpool.it;

import io.everpool.api.CloseReason;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.servers.Await;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The server that the tests share, and the few words in which they talk to it. */
final class Db {
  /** For what another thread or a server must bring about; nothing takes nearly as long. */
  static final Duration LIMIT = Duration.ofSeconds(60);

  private Db() {}

  /** Started when first wanted; it ends with this JVM. */
  private static final class Shared {
    private static final PostgresServer SERVER =
        PostgresServer.start(
            ServerSettings.defaults()
                .with("max_connections", "120")
                .with("deadlock_timeout", "100ms"));

    private Shared() {}
  }

  static PostgresServer server() {
    return Shared.SERVER;
  }

  /** The defaults, for the shared server; the server knows the sessions by the pool's name. */
  static PoolConfig.Builder config(String name) {
    return config(name, server().jdbcUrl());
  }

  static PoolConfig.Builder config(String name, String url) {
    return PoolConfig.builder(url)
        .name(name)
        .user(server().user())
        .password(server().password())
        .properties(Map.of("ApplicationName", name));
  }

  /** The server processes of a pool's connections, oldest first. */
  static List<Integer> pids(Pool pool) {
    return server().backendPids(pool.name());
  }

  /** Waits until the server has this many sessions of a pool. */
  static void awaitSessions(Pool pool, int count) {
    Await.until(LIMIT, () -> pids(pool).size() == count, count + " sessions of " + pool.name());
  }

  /** Waits until the pool itself has this many idle connections and no others. */
  static void awaitIdle(Pool pool, int count) {
    Await.until(
        LIMIT,
        () -> pool.snapshot().idle() == count && pool.snapshot().total() == count,
        () -> count + " idle connections in " + pool.snapshot());
  }

  /**
   * Waits until the pool has this many idle connections or more, none on its way, and none in use.
   * A pool that has grown may have one more than was asked for: who waited was served by another
   * one before the one begun for him came.
   */
  static void awaitRest(Pool pool, int atLeast) {
    Await.until(
        LIMIT,
        () -> {
          PoolSnapshot now = pool.snapshot();
          return now.idle() >= atLeast
              && now.idle() == now.total()
              && now.connecting() == 0
              && now.waiting() == 0
              && now.opened() - now.closedTotal() == now.total(); // counted a moment later
        },
        "rest with " + atLeast + " idle connections in " + pool.name());
  }

  /**
   * Waits until the pool has counted this many connections as closed for a reason. Each is counted
   * a moment after its slot is free, and so after its successor may be there.
   */
  static void awaitClosed(Pool pool, CloseReason reason, long count) {
    Await.until(
        LIMIT,
        () -> pool.snapshot().closed().getOrDefault(reason, 0L) == count,
        () -> count + " closed as " + reason + ", and not " + pool.snapshot().closed());
  }

  /** The server process behind a connection; a query. */
  static int pid(Connection connection) throws SQLException {
    return Integer.parseInt(ask(connection, "select pg_backend_pid()"));
  }

  /** The first value of a query, as text. */
  static String ask(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return String.valueOf(rows.getString(1));
    }
  }

  /**
   * The same under a command-timeout so short that on a busy machine even this may run into it:
   * asked again then.
   */
  static String askAgain(Connection connection, String sql) throws SQLException {
    for (long begun = System.nanoTime(); ; ) {
      try {
        return ask(connection, sql);
      } catch (SQLException e) {
        if (!"57014".equals(e.getSQLState()) || System.nanoTime() - begun >= LIMIT.toNanos()) {
          throw e;
        }
      }
    }
  }

  /** What fails once its time is over. */
  @FunctionalInterface
  interface Limited {
    void within(Duration time) throws Exception;
  }

  /**
   * How it fails in a short time, or a longer one if it wasn't {@code ripe} then: on a busy machine
   * what it is to fail of may come too late.
   */
  static Throwable failure(Limited call, Predicate<Throwable> ripe) {
    for (long seconds = 1; ; seconds *= 2) {
      Duration time = Duration.ofSeconds(seconds);
      try {
        call.within(time);
      } catch (Throwable e) {
        if (ripe.test(e) || seconds >= 32) {
          return e;
        }
        continue;
      }
      throw new AssertionError("it doesn't fail");
    }
  }

  /** Takes this many connections at once and gives them back, so that the pool has grown. */
  static void grow(Pool pool, int count) throws SQLException {
    List<Connection> held = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        held.add(pool.getConnection());
      }
    } finally {
      for (Connection connection : held) {
        connection.close();
      }
    }
  }

  /** The SQLStates of a failure and of its causes. */
  static List<String> sqlStates(@Nullable Throwable failure) {
    List<String> states = new ArrayList<>();
    for (Throwable at = failure; at != null; at = at.getCause()) {
      if (at instanceof SQLException sql) {
        states.add(String.valueOf(sql.getSQLState()));
      }
    }
    return states;
  }

  /** Holds {@code condition} for this long, looked at again and again. */
  static void staysTrue(Duration time, BooleanSupplier condition, String what) {
    long end = System.nanoTime() + time.toNanos();
    do {
      if (!condition.getAsBoolean()) {
        throw new AssertionError("not any more: " + what);
      }
      LockSupport.parkNanos(10_000_000);
    } while (System.nanoTime() - end < 0);
  }
}
