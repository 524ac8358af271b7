package io.everpool.it.chaos;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * Applications at work while fault after fault strikes. It goes in rounds: after some dozens of
 * strikes everybody finishes what he is at, the books are compared with the database, and the
 * tables are emptied, so that a long run is no more than many short ones.
 */
final class ChaosRun implements AutoCloseable {
  private static final int STRIKES_A_ROUND = 100;

  private final ChaosSettings settings;
  private final Consumer<ChaosRun> watcher;
  private final Crashes crashes = new Crashes();
  private final Arena arena = new Arena(crashes);
  private final Schedule schedule;
  private final List<Contestant> contestants = new ArrayList<>();
  private final Map<Fault, Integer> struck = new EnumMap<>(Fault.class);
  private final long begun = System.nanoTime();
  private final AtomicInteger strikes = new AtomicInteger();

  /**
   * @param watcher is shown the run after each strike
   */
  ChaosRun(ChaosSettings settings, Consumer<ChaosRun> watcher) throws SQLException {
    this.settings = settings;
    this.watcher = watcher;
    this.schedule = new Schedule(settings.seed());
    try {
      enter(new EverpoolApplication(open("everpool")));
      if (settings.hikari()) {
        enter(new HikariApplication(open("hikari")));
      }
    } catch (SQLException | RuntimeException e) {
      close();
      throw e;
    }
  }

  private Door open(String schema) throws SQLException {
    try (Connection connection = arena.connect()) {
      new Ledger(schema).create(connection);
    }
    return arena.door(schema, settings.pooler());
  }

  private void enter(Application application) {
    contestants.add(new Contestant(application, crashes));
  }

  /** Runs to the end. */
  void run() throws SQLException, InterruptedException {
    for (int round = 0; !over(); round++) {
      for (Contestant contestant : contestants) {
        contestant.start(settings.seed() + 1_000L * round);
      }
      for (int i = 0; i < STRIKES_A_ROUND && !over(); i++) {
        Strike strike = schedule.next();
        TimeUnit.MILLISECONDS.sleep(strike.pause().toMillis());
        arena.strike(strike);
        struck.merge(strike.fault(), 1, Integer::sum);
        strikes.incrementAndGet();
        watcher.accept(this);
      }
      settle();
    }
  }

  private void settle() throws SQLException, InterruptedException {
    contestants.forEach(Contestant::stop);
    for (Contestant contestant : contestants) {
      contestant.join();
    }
    arena.awaitRest();
    try (Connection connection = arena.connect()) {
      for (Contestant contestant : contestants) {
        contestant.settle(connection);
      }
    }
    crashes.forget();
  }

  private boolean over() {
    return strikes.get() >= settings.faults() || elapsed().compareTo(settings.duration()) >= 0;
  }

  Duration elapsed() {
    return Duration.ofNanos(System.nanoTime() - begun);
  }

  ChaosSettings settings() {
    return settings;
  }

  int strikes() {
    return strikes.get();
  }

  /** How often each kind struck. */
  Map<Fault, Integer> struck() {
    return struck;
  }

  List<Contestant> contestants() {
    return contestants;
  }

  /** Everpool's. */
  Score score() {
    return contestants.get(0).score();
  }

  @Override
  public void close() {
    contestants.forEach(Contestant::close);
    arena.close();
  }
}
