package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A max-size for which the server has no room is told when the pool opens, once, in numbers. */
class RoomIT {
  private static final String PASSWORD = "x";
  private static final String TOLD = "max-size is ";

  private static PostgresServer server;

  @BeforeAll
  static void start() {
    server = PostgresServer.start(ServerSettings.defaults().with("max_connections", "50"));
    server.execute("create role wide login password '" + PASSWORD + "'");
    server.execute("create role narrow login password '" + PASSWORD + "' connection limit 5");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static PoolConfig.Builder config(String role) {
    return PoolConfig.builder(server.jdbcUrl()).name("room").user(role).password(PASSWORD);
  }

  private static List<String> told(LogCapture log) {
    return log.lines(Level.WARN, TOLD);
  }

  @Test
  void others_hold_what_the_pool_may_want() throws Exception {
    List<Connection> others = new ArrayList<>();
    try (LogCapture log = LogCapture.open()) {
      for (int i = 0; i < 40; i++) {
        others.add(DriverManager.getConnection(server.jdbcUrl(), "wide", PASSWORD));
      }
      try (Pool pool = Everpool.open(config("wide").build())) {
        log.await(Level.WARN, TOLD); // the pool may be open before the connection that asks
        assertThat(told(log))
            .hasSize(1)
            .first()
            .asString()
            .startsWith("Pool room: max-size is 20, and the server has room for ")
            .contains("max_connections is 50", "3 are reserved", "Lower max-size");
        Db.grow(pool, 3);
        assertThat(told(log)).as("once").hasSize(1);
      }
    } finally {
      for (Connection other : others) {
        other.close();
      }
    }
  }

  @Test
  void the_role_may_have_less() throws Exception {
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(config("narrow").build())) {
      log.await(Level.WARN, TOLD);
      assertThat(told(log))
          .hasSize(1)
          .first()
          .asString()
          .contains("max-size is 20", "room for 5", "this role may have 5");
      assertThat(pool.snapshot().total()).isPositive();
    }
  }

  /**
   * Of a full server it asks, over a connection that it has, instead of connecting in order to see.
   * Until it is full a connect may be refused: while one takes so long that it might hang (beside a
   * load, here), others are begun beside it, whatever room there is.
   */
  @Test
  void what_there_is_room_for_is_found_by_asking() throws Exception {
    server.execute("create role tight login password '" + PASSWORD + "' connection limit 3");
    List<Thread> callers = new ArrayList<>();
    AtomicBoolean over = new AtomicBoolean();
    try (Pool pool = Everpool.open(config("tight").minSize(2).maxSize(8).build())) {
      for (int i = 0; i < 6; i++) {
        callers.add(new Thread(() -> work(pool, over)));
      }
      callers.forEach(Thread::start);
      Await.until(
          Db.LIMIT,
          () -> pool.snapshot().total() == 3 && pool.snapshot().connecting() == 0,
          "the role to have all it may");
      long before = refused();
      server.execute("alter role tight connection limit 5");
      Await.until(Db.LIMIT, () -> pool.snapshot().total() == 5, "the pool to have grown");
      assertThat(refused()).isEqualTo(before);
    } finally {
      over.set(true);
      for (Thread caller : callers) {
        caller.join();
      }
    }
  }

  private static void work(Pool pool, AtomicBoolean over) {
    while (!over.get()) {
      try {
        pool.run(connection -> Db.ask(connection, "select pg_sleep(0.02)"));
      } catch (SQLException e) {
        over.set(true); // the pool then doesn't grow
      }
    }
  }

  private static long refused() {
    return server
        .log()
        .lines()
        .filter(line -> line.contains("connections for role \"tight\""))
        .count();
  }

  @Test
  void there_is_room() throws Exception {
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(config("narrow").maxSize(3).build())) {
      Db.grow(pool, 3);
      assertThat(told(log)).isEmpty();
    }
  }
}
