package io.everpool.it.fleet;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;

/**
 * A process with some pools. Opens them, says so, and works when it is told to, until it is told to
 * end; then it says of each pool how many callers it has served and how many it has failed.
 */
final class Ship {
  /** Of each pool, whoever's it is. */
  static final int MIN_SIZE = 2;

  static final int MAX_SIZE = 20;

  static final String READY = "ready";
  static final String POOL = "pool ";

  private final DataSource pool;
  private final AtomicLong served = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();

  private Ship(DataSource pool) {
    this.pool = pool;
  }

  /** Takes the kind of pool, how many there are, and the threads of each; the URL by LIBPQ_URL. */
  public static void main(String[] arguments) throws Exception {
    List<Ship> all = new ArrayList<>();
    for (int i = 0; i < Integer.parseInt(arguments[1]); i++) {
      all.add(new Ship(open(arguments[0])));
    }
    BufferedReader orders =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    say(READY);
    orders.readLine();
    AtomicBoolean over = new AtomicBoolean();
    List<Thread> threads = new ArrayList<>();
    for (Ship ship : all) {
      for (int i = 0; i < Integer.parseInt(arguments[2]); i++) {
        threads.add(new Thread(() -> ship.work(over)));
      }
    }
    threads.forEach(Thread::start);
    orders.readLine();
    over.set(true);
    for (Thread thread : threads) {
      thread.join();
    }
    for (Ship ship : all) {
      say(POOL + ship.served + " " + ship.failed);
    }
    System.exit(0); // the server takes their sessions back
  }

  private static void say(String line) throws IOException {
    System.out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
    System.out.flush();
  }

  private static DataSource open(String kind) throws SQLException {
    if (kind.equals(Fleet.EVERPOOL)) {
      return Everpool.open(
          PoolConfig.builder(System.getenv("LIBPQ_URL"))
              .name("fleet")
              .minSize(MIN_SIZE)
              .maxSize(MAX_SIZE)
              .build());
    }
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(System.getenv("JDBC_URL"));
    config.setUsername(System.getenv("DB_USER"));
    config.setPassword(System.getenv("DB_PASSWORD"));
    config.setMinimumIdle(MIN_SIZE);
    config.setMaximumPoolSize(MAX_SIZE);
    config.setConnectionTimeout(30_000);
    return new HikariDataSource(config);
  }

  private void work(AtomicBoolean over) {
    while (!over.get()) {
      try (Connection connection = pool.getConnection();
          Statement statement = connection.createStatement()) {
        statement.execute("select pg_sleep(0.02)");
        served.incrementAndGet();
      } catch (SQLException e) {
        failed.incrementAndGet();
      }
    }
  }
}
