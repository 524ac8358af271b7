package io.everpool.core.sim;

import io.everpool.api.CloseReason;
import io.everpool.api.PoolConfig;
import io.everpool.api.SleepMode;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.EngineSight;
import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.engine.WaitResult;
import io.everpool.core.engine.Waiter;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.upkeep.Environment;
import io.everpool.core.upkeep.PrimarySearch.Refusal;
import io.everpool.core.upkeep.UpkeepWithoutFaces;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** One seeded world: a pool, its clients, a server with bad days, and laws that always hold. */
final class World {
  private static final long MS = 1_000_000L;
  private static final long SECOND = 1000 * MS;
  private static final long LIFE = 150 * SECOND;

  /** After which a statement on a silent server fails. */
  private static final long SILENCE = 4 * SECOND;

  private final long seed;
  private final Universe universe;
  private final RandomGenerator random;
  private final FakeDatabase database;
  private final PoolConfig config;
  private final UpkeepWithoutFaces upkeep;
  private final Engine engine;
  private final ConnectLaws connects;
  private final boolean calm;
  private final Map<PhysicalConnection, Client> held = new HashMap<>();
  private final List<Client> clients = new ArrayList<>();
  private boolean closing;
  private long ids;
  private long served;
  private long timedOut;
  private long failedInUse;

  World(long seed) {
    this(seed, false);
  }

  private World(long seed, boolean calm) {
    this.seed = seed;
    this.calm = calm;
    universe = new Universe(seed);
    random = universe.random;
    database = new FakeDatabase(universe);
    config = randomConfig();
    Environment environment = universe.environment();
    Duration life = Duration.ofSeconds(random.nextInt(10, 90)); // of credentials that expire
    upkeep =
        new UpkeepWithoutFaces(
            config,
            database,
            database::classify,
            environment,
            random.nextBoolean() ? null : () -> database.credentials(environment.clock(), life),
            new PoolEvents("sim", List.of(this::hear)));
    engine = upkeep.engine();
    connects = new ConnectLaws(engine.slots(), upkeep.server());
  }

  /** A world in which nothing ever happens but that now and then one connection is killed. */
  static World calm(long seed) {
    return new World(seed, true);
  }

  private void hear(PoolEvent event) {
    connects.hear(event, universe.nanoTime());
  }

  private PoolConfig randomConfig() {
    int max = random.nextInt(1, 9);
    return PoolConfig.builder("fake:")
        .minSize(random.nextInt(0, Math.min(4, max + 1)))
        .maxSize(max)
        .maxLifetime(random.nextBoolean() ? Duration.ZERO : Duration.ofSeconds(40))
        .idleTimeout(Duration.ofSeconds(random.nextInt(5, 30)))
        .healthCheckInterval(Duration.ofSeconds(random.nextInt(2, 10)))
        .acquireTimeout(Duration.ofMillis(random.nextInt(200, 5000)))
        .connectTimeout(Duration.ofSeconds(3))
        .drainTimeout(Duration.ofSeconds(random.nextInt(0, 5)))
        .sleep(random.nextBoolean() ? SleepMode.ON : SleepMode.OFF)
        .sleepAfter(Duration.ofSeconds(random.nextInt(2, 20)))
        .maxWaiters(random.nextInt(3, 30))
        .build();
  }

  /** Lives to the end, and returns what happened in one line. */
  String live() {
    upkeep.start();
    for (int i = random.nextInt(1, 16); i > 0; i--) {
      Client client = new Client();
      clients.add(client);
      universe.after(random.nextLong(SECOND), client::begin);
    }
    if (calm) {
      scheduleKills();
    } else {
      scheduleFaults();
    }
    universe.run(LIFE, this::laws);
    recovers();
    close();
    return "seed "
        + seed
        + " served="
        + served
        + " timedOut="
        + timedOut
        + " failedInUse="
        + failedInUse
        + " fences="
        + connects.fences()
        + " opened="
        + database.opened()
        + " steps="
        + universe.steps();
  }

  /** So far apart that the last one is long found when the next comes. */
  private void scheduleKills() {
    universe.calm();
    database.calm();
    for (int i = 0; i < 4; i++) {
      universe.after(40L * i * SECOND + random.nextLong(15 * SECOND), database::killOne);
    }
  }

  /** Down, starting, up. */
  private void scheduleRestart() {
    long down = random.nextLong(LIFE);
    long starting = down + random.nextLong(SECOND);
    universe.after(down, () -> database.mood(FakeDatabase.Mood.DOWN));
    universe.after(starting, () -> database.mood(FakeDatabase.Mood.STARTING));
    universe.after(starting + random.nextLong(SECOND), () -> database.mood(FakeDatabase.Mood.UP));
  }

  private void scheduleFaults() {
    for (int i = 0; i < 3; i++) {
      scheduleRestart();
    }
    for (int i = 1; i < 6; i++) {
      long at = i * (20 * SECOND) + random.nextLong(5 * SECOND);
      FakeDatabase.Mood[] moods = FakeDatabase.Mood.values();
      FakeDatabase.Mood mood = moods[random.nextInt(1, moods.length)];
      universe.after(at, () -> database.mood(mood));
      universe.after(at + random.nextLong(8 * SECOND), () -> database.mood(FakeDatabase.Mood.UP));
    }
    for (int i = 0; i < 40; i++) {
      universe.after(random.nextLong(LIFE), database::killOne);
    }
    universe.after(random.nextLong(LIFE), () -> upkeep.fence("an operator's wish"));
    for (int i = 0; i < 2; i++) {
      universe.after(random.nextLong(LIFE), database::promote);
    }
    for (int i = 0; i < 2; i++) {
      long at = random.nextLong(LIFE);
      universe.after(at, database::demote);
      Runnable end = random.nextBoolean() ? database::move : database::restore;
      universe.after(at + random.nextLong(10 * SECOND), end);
    }
    universe.after(random.nextLong(LIFE), upkeep::evictIdle);
    for (int i = 0; i < 3; i++) {
      universe.after(random.nextLong(LIFE), this::resize);
    }
    long suspended = random.nextLong(LIFE);
    universe.after(suspended, upkeep::suspend);
    universe.after(suspended + random.nextLong(8 * SECOND), upkeep::resume);
    // A lull, long enough to idle out and to fall asleep.
    universe.after(
        120 * SECOND,
        () -> clients.forEach(c -> c.pausedUntil = universe.nanoTime() + 25 * SECOND));
  }

  /** As an operator may: within the size that the pool was opened with. */
  private void resize() {
    int max = random.nextInt(1, config.maxSize() + 1);
    upkeep.resize(random.nextInt(0, max + 1), max);
  }

  // ---- laws

  private void laws() {
    String broken = connects.broken(universe.nanoTime());
    require(broken.isEmpty(), broken);
    require(!calm || connects.fences() == 0, "one killed connection dumps a healthy pool");
    int occupied = 0;
    for (Slot slot : engine.slots()) {
      occupied += slot.state() == State.EMPTY ? 0 : 1;
    }
    require(occupied <= config.maxSize(), "more slots than max-size");
    require(
        !EngineSight.forgottenWaiter(engine), "a waiter nobody told, beside an idle connection");
    for (Client client : clients) {
      require(
          client.waiter == null || universe.nanoTime() - client.deadline <= MS,
          "a waiter without an answer at its deadline");
    }
  }

  /** With the server up and nobody in the way, the pool comes back by itself. */
  private void recovers() {
    database.mood(FakeDatabase.Mood.UP);
    database.restore();
    clients.forEach(c -> c.pausedUntil = universe.nanoTime() + 1000 * SECOND);
    universe.run(90 * SECOND, this::laws);
    // A connection may just be examined or replaced, and that may hang until its deadline.
    for (int i = 0; i < 20 && !upkeep.asleep() && idle() < minSize(); i++) {
      universe.run(SECOND, this::laws);
    }
    require(upkeep.asleep() || idle() >= minSize(), "no recovery to min-size");
    require(upkeep.asleep() || idle() <= minSize(), "unused connections outlive idle-timeout");
    require(
        upkeep.asleep() || config.sleep() != SleepMode.ON, "an unused pool that may sleep doesn't");
  }

  private int minSize() {
    return upkeep.bounds().minSize();
  }

  private long idle() {
    return Arrays.stream(engine.slots()).filter(s -> s.state() == State.IDLE).count();
  }

  private void close() {
    Client last = new Client();
    clients.add(last);
    universe.after(random.nextLong(MS), last::begin);
    universe.run(random.nextLong(2 * SECOND), this::laws);
    closing = true;
    var drained = upkeep.drain();
    universe.run(300 * SECOND, this::laws);
    require(drained.isDone(), "the pool does not drain: " + List.of(engine.slots()));
    require(database.open() == 0, database.open() + " connections left open");
    for (Client client : clients) {
      require(client.waiter == null, "a waiter left behind by close");
    }
  }

  private void require(boolean holds, String law) {
    if (!holds) {
      throw new AssertionError("at step " + universe.steps() + ": " + law);
    }
  }

  // ---- clients

  private final class Client {
    private final long id = ++ids;
    private long deadline;
    private long pausedUntil = universe.nanoTime();
    private @Nullable SimWaiter waiter;

    private final class SimWaiter extends Waiter {
      private boolean relook;

      SimWaiter() {
        super(universe.nanoTime());
      }

      @Override
      protected void wake() {
        universe.after(random.nextInt(60_000), () -> proceed(this));
      }
    }

    void begin() {
      if (closing && id % 2 == 0) {
        return;
      }
      long pause = pausedUntil - universe.nanoTime();
      if (pause > 0) {
        universe.after(pause, this::begin);
        return;
      }
      deadline = universe.nanoTime() + config.acquireTimeout().toNanos();
      attempt();
    }

    private void attempt() {
      Slot slot = engine.tryAcquire(id);
      if (slot != null) {
        use(slot);
        return;
      }
      SimWaiter mine = new SimWaiter();
      waiter = mine;
      handle(mine, engine.begin(mine, id, config.maxWaiters()));
      if (waiter == mine) {
        universe.after(deadline - universe.nanoTime(), () -> giveUp(mine));
        if (random.nextInt(50) == 0) {
          universe.after(random.nextLong(200 * MS), () -> giveUp(mine)); // an interrupt
        }
      }
    }

    private void proceed(SimWaiter mine) {
      if (waiter == mine) {
        handle(mine, mine.relook ? engine.relook(mine, id) : engine.step(mine, id));
      }
    }

    private void giveUp(SimWaiter mine) {
      if (waiter != mine) {
        return;
      }
      if (engine.leave(mine)) {
        waiter = null;
        timedOut++;
        later();
      } else {
        handle(mine, engine.step(mine, id));
      }
    }

    private void handle(SimWaiter mine, WaitResult result) {
      mine.relook = result == WaitResult.RELOOK;
      switch (result) {
        case SERVED -> {
          waiter = null;
          use(engine.take(mine, id, universe.nanoTime()));
        }
        case REJECTED, QUEUE_FULL -> {
          waiter = null;
          later();
        }
        case RELOOK -> universe.after(Engine.relookNanos(), () -> proceed(mine));
        case WAIT -> {}
      }
    }

    private void use(Slot slot) {
      long lease = slot.lease;
      upkeep.lent(slot);
      if (slot.word() != lease) {
        engine.release(slot, lease);
        retryOrLater();
        return;
      }
      if (upkeep.sendToExamination(slot)) {
        retryOrLater();
        return;
      }
      FakeDatabase.Session session = (FakeDatabase.Session) seat(slot).physical();
      if (slot.hadRested(lease) && !alive(slot, lease, session)) {
        retryOrLater();
        return;
      }
      require(!session.closed(), "leased a connection that the pool has closed");
      require(held.put(session, this) == null, "leased twice");
      served++;
      long hold = random.nextInt(4) == 0 ? 0 : (long) (random.nextExponential() * 20 * MS);
      universe.after(
          random.nextInt(200) == 0 ? 6 * SECOND : hold, () -> finish(slot, lease, session));
    }

    /** As the lease manager does it. */
    private boolean alive(Slot slot, long lease, FakeDatabase.Session session) {
      try {
        Look look = session.look();
        if (look == Look.ALIVE) {
          return true;
        }
        if (look != Look.DEAD) {
          session.validate(config.validationTimeout().toNanos());
          return true;
        }
      } catch (SQLException e) {
        engine.retire(slot, lease, CloseReason.FOUND_DEAD);
        upkeep.failed(seat(slot), database.classify(e), "gone");
        return false;
      }
      engine.retire(slot, lease, CloseReason.FOUND_DEAD);
      upkeep.suspect();
      return false;
    }

    private void retryOrLater() {
      if (universe.nanoTime() - deadline < 0) {
        attempt();
      } else {
        timedOut++;
        later();
      }
    }

    private void finish(Slot slot, long lease, FakeDatabase.Session session) {
      if (database.frozen() && session.usable()) {
        universe.after(random.nextLong(2 * SILENCE), () -> end(slot, lease, session));
      } else {
        end(slot, lease, session);
      }
    }

    private void end(Slot slot, long lease, FakeDatabase.Session session) {
      require(held.remove(session) == this, "someone else's lease");
      boolean silent = database.frozen();
      if (silent || !session.usable()) {
        failedInUse++;
        if (engine.doom(slot, lease, CloseReason.FAILED)) {
          upkeep.failed(seat(slot), silent ? Verdict.CONNECTION_LOST : Verdict.SERVER_DOWN, "gone");
        }
        engine.release(slot, lease);
      } else if (session.readOnly
          && random.nextInt(3) == 0
          && upkeep.writeRefused(slot) == Refusal.REPLACED) {
        engine.doom(slot, lease, CloseReason.FAILED);
        engine.release(slot, lease);
      } else if (random.nextInt(100) == 0) {
        engine.retire(slot, lease, CloseReason.MAX_QUERIES);
      } else {
        engine.release(slot, lease);
      }
      if (random.nextInt(20) == 0) {
        engine.release(slot, lease); // a second close must do nothing
      }
      later();
    }

    private PooledEntry seat(Slot slot) {
      PooledEntry entry = slot.entry;
      if (entry == null) {
        throw new AssertionError("seed " + seed + ": leased without a connection");
      }
      return entry;
    }

    private void later() {
      // of a closed pool there is no more to see than that it says so
      long pause = closing ? SECOND : 10 * MS;
      universe.after((long) (random.nextExponential() * pause), this::begin);
    }
  }
}
