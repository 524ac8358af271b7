package io.everpool.it.fleet;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A process with some pools. Opens them, says so, and does what it is told, line by line: it works;
 * it says when each pool has served some more; it ends, and says of each pool what it has done.
 */
final class Ship {
  /** Of each pool, whoever's it is. */
  static final int MIN_SIZE = 2;

  static final int MAX_SIZE = 20;

  static final String READY = "ready";
  static final String SERVED = "served";
  static final String POOL = "pool ";

  private static final Duration LIMIT = Duration.ofMinutes(2);

  /** When a pool was first refused a connection, and how many in all it may be refused for that. */
  private record Told(long at, long refusals) {}

  private final String work;
  private final DataSource pool;
  private final AtomicLong served = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();
  private final AtomicReference<@Nullable Told> told = new AtomicReference<>();

  private Ship(String kind, String napSeconds) throws SQLException {
    this.work = "select pg_sleep(" + napSeconds + ")";
    this.pool = open(kind);
  }

  /**
   * Takes the kind of pool, how many there are, the threads of each, and how many seconds a caller
   * keeps a connection; the URL by LIBPQ_URL.
   */
  public static void main(String[] arguments) throws Exception {
    List<Ship> all = new ArrayList<>();
    for (int i = 0; i < Integer.parseInt(arguments[1]); i++) {
      all.add(new Ship(arguments[0], arguments[3]));
    }
    BufferedReader orders =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    say(READY);
    orders.readLine();
    AtomicBoolean over = new AtomicBoolean();
    List<Thread> threads = new ArrayList<>();
    for (Ship ship : all) {
      for (int i = 0; i < Integer.parseInt(arguments[2]); i++) {
        Thread thread = new Thread(() -> ship.work(over));
        thread.setDaemon(true); // the process ends with whoever takes the orders
        threads.add(thread);
      }
    }
    threads.forEach(Thread::start);
    for (String more; !(more = orders.readLine()).equals(Fleet.END); ) {
      awaitServed(all, Long.parseLong(more));
      say(SERVED);
    }
    over.set(true);
    for (Thread thread : threads) {
      thread.join();
    }
    for (Ship ship : all) {
      say(POOL + ship.served + " " + ship.failed + " " + ship.refusals());
    }
    System.exit(0); // the server takes their sessions back
  }

  private static void awaitServed(List<Ship> all, long more) {
    List<Long> before = all.stream().map(ship -> ship.served.get()).toList();
    for (int i = 0; i < all.size(); i++) {
      Ship ship = all.get(i);
      long goal = before.get(i) + more;
      Await.until(LIMIT, () -> ship.served.get() >= goal, more + " callers of each pool");
    }
  }

  private static void say(String line) throws IOException {
    System.out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
    System.out.flush();
  }

  /**
   * In all, of those all that it may be refused whatever it does then, and how many milliseconds
   * ago that was.
   */
  private String refusals() {
    Told first = told.get();
    return first == null
        ? "0 0 0"
        : ((Pool) pool).snapshot().connectFailures()
            + " "
            + first.refusals()
            + " "
            + Duration.ofNanos(System.nanoTime() - first.at()).toMillis();
  }

  /** What is on its way when the server is first found full was begun in good faith. */
  private void hear(PoolEvent event) {
    if (event instanceof PoolEvent.ConnectFailed && told.get() == null) {
      Pool refused = (Pool) pool;
      long underWay = refused.snapshot().connecting();
      // read afterwards: what fails in between is counted twice, and not left out
      told.set(new Told(System.nanoTime(), underWay + refused.snapshot().connectFailures()));
    }
  }

  private DataSource open(String kind) throws SQLException {
    if (kind.equals(Fleet.EVERPOOL)) {
      PoolConfig config =
          PoolConfig.builder(System.getenv("LIBPQ_URL"))
              .name("fleet")
              .minSize(MIN_SIZE)
              .maxSize(MAX_SIZE)
              .build();
      return Everpool.builder(config).listener(this::hear).open();
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
        statement.execute(work);
        served.incrementAndGet();
      } catch (SQLException e) {
        failed.incrementAndGet();
      }
    }
  }
}
