package io.everpool.it;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.SleepMode;
import io.everpool.core.Everpool;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.FaultProxy.Direction;
import io.everpool.servers.NeonStandIn;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javax.sql.DataSource;

/**
 * Prints what suspensions are to Everpool and to HikariCP, both with their defaults: first in real
 * time whether they let the database go to sleep at all, then twenty bursts of work with a
 * suspension before each, for which Everpool falls asleep sooner. README.md has the table. {@code
 * everpool.suspensions.watch} is how long they are watched, more than five minutes ({@code PT11M}).
 */
final class SuspensionsTable {
  private static final int BURSTS = 20;

  /** So many of the warnings are printed as well. */
  private static final int SHOWN = 3;

  private static final Duration WATCH = watch();

  /** How long either pool is left alone before five minutes pass. */
  private static final Duration REST = Duration.ofSeconds(2);

  /** Within which a pool has opened what it wants to have. */
  private static final long SETTLED_MILLIS = 2_000;

  private SuspensionsTable() {}

  private static Duration watch() {
    String said = System.getProperty("everpool.suspensions.watch", "");
    return said.isEmpty() ? Duration.ofMinutes(11) : Duration.parse(said);
  }

  /** A pool under test. */
  private interface Contestant extends AutoCloseable {
    String name();

    DataSource pool();

    /** Whether it has come to rest after a burst, so that the five minutes may begin. */
    BooleanSupplier atRest();

    @Override
    void close();
  }

  public static void main(String[] arguments) throws Exception {
    List<Thread> watched = new ArrayList<>();
    List<String> kept = new CopyOnWriteArrayList<>();
    for (boolean everpool : new boolean[] {true, false}) {
      Thread thread = new Thread(() -> kept.add(watch(everpool)), "watch");
      watched.add(thread);
      thread.start();
    }
    for (Thread thread : watched) {
      thread.join();
    }
    System.out.println("pool, suspended, times, woken, bytes sent");
    kept.stream().sorted().forEach(System.out::println);
    System.out.println("pool, suspensions, errors, warnings, connects each, bytes sent meanwhile");
    System.out.println(suspend(true));
    System.out.println(suspend(false));
  }

  // ---- does it sleep at all

  private static String watch(boolean everpool) {
    try (NeonStandIn neon = NeonStandIn.startInRealTime(NeonStandIn.SUSPEND_AFTER);
        FaultProxy wire = FaultProxy.before(neon.host(), neon.port());
        Contestant contestant =
            everpool
                ? everpool(neon.libpqUrl(wire.host(), wire.port()), Duration.ofSeconds(60))
                : hikari(neon, wire)) {
      try (Connection connection = contestant.pool().getConnection()) {
        Db.ask(connection, "select 1");
      }
      long begun = System.nanoTime();
      long asleep = 0;
      long sent = 0;
      while (System.nanoTime() - begun < WATCH.toNanos()) {
        TimeUnit.MILLISECONDS.sleep(200);
        asleep += neon.suspended() ? 200 : 0;
        sent = wire.bytes(Direction.TO_SERVER);
      }
      return String.format(
          Locale.ROOT,
          "| %s | %d of %d min | %d | %d | %d |",
          contestant.name(),
          Math.round(asleep / 60_000.0),
          WATCH.toMinutes(),
          neon.suspensions(),
          neon.coldStarts(),
          sent);
    } catch (SQLException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  // ---- and what if it does

  private static String suspend(boolean everpool) throws InterruptedException {
    String logger = everpool ? "io.everpool" : "com.zaxxer.hikari";
    try (Suspensions suspensions = new Suspensions();
        LogCapture log = LogCapture.of(logger);
        Contestant contestant =
            everpool
                ? everpool(suspensions.url(), REST)
                : hikari(suspensions.neon(), suspensions.wire())) {
      suspensions.burst(contestant.pool());
      TimeUnit.MILLISECONDS.sleep(SETTLED_MILLIS);
      long connects = suspensions.neon().accepted();
      for (int i = 0; i < BURSTS; i++) {
        suspensions.fiveMinutesPass(contestant.atRest());
        suspensions.burst(contestant.pool());
      }
      TimeUnit.MILLISECONDS.sleep(SETTLED_MILLIS);
      log.alarms().stream().limit(SHOWN).forEach(System.out::println);
      return String.format(
          Locale.ROOT,
          "| %s | %d of %d | %d | %d | %.1f | %d |",
          contestant.name(),
          suspensions.neon().suspensions(),
          BURSTS,
          suspensions.errors().size(),
          log.alarms().size(),
          (suspensions.neon().accepted() - connects) / (double) BURSTS,
          suspensions.sentAsleep());
    }
  }

  private static Contestant everpool(String url, Duration sleepAfter) {
    // sleep = auto is on for Neon's hosts, by name; the stand-in has an address
    PoolConfig config = PoolConfig.builder(url).sleep(SleepMode.ON).sleepAfter(sleepAfter).build();
    try {
      Pool pool = Everpool.open(config);
      return new Contestant() {
        @Override
        public String name() {
          return "Everpool";
        }

        @Override
        public DataSource pool() {
          return pool;
        }

        @Override
        public BooleanSupplier atRest() {
          return () -> {
            PoolSnapshot now = pool.snapshot();
            return now.asleep() && now.connecting() == 0 && now.idle() == now.total();
          };
        }

        @Override
        public void close() {
          pool.close();
        }
      };
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Contestant hikari(NeonStandIn neon, FaultProxy wire) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(neon.jdbcUrl().replace(":" + neon.port() + "/", ":" + wire.port() + "/"));
    config.setUsername(neon.compute().user());
    config.setPassword(neon.compute().password());
    HikariDataSource pool = new HikariDataSource(config);
    return new Contestant() {
      @Override
      public String name() {
        return "HikariCP";
      }

      @Override
      public DataSource pool() {
        return pool;
      }

      @Override
      public BooleanSupplier atRest() {
        HikariPoolMXBean now = pool.getHikariPoolMXBean();
        long since = System.nanoTime();
        return () ->
            now.getActiveConnections() == 0
                && now.getIdleConnections() == now.getTotalConnections()
                && System.nanoTime() - since > REST.toNanos();
      }

      @Override
      public void close() {
        pool.close();
      }
    };
  }
}
