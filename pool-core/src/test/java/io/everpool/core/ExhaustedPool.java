package io.everpool.core;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.AcquireTimeoutException;
import io.everpool.api.PoolClosedException;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.PoolState;
import io.everpool.api.TooManyWaitersException;
import io.everpool.api.Verdict;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Move;
import io.everpool.core.engine.Slot;
import io.everpool.core.jdbc.Asking;
import io.everpool.core.jdbc.EngineLeaseManager;
import io.everpool.core.jdbc.FakeConnector;
import io.everpool.core.jdbc.Initialization;
import io.everpool.core.jdbc.Session;
import io.everpool.core.jdbc.StubPhysical;
import io.everpool.core.jdbc.WaitKind;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.upkeep.Environment;
import io.everpool.core.upkeep.HolderThreads;
import io.everpool.core.upkeep.HolderThreads.Found;
import io.everpool.core.upkeep.PassScheduler;
import io.everpool.core.upkeep.SharedState;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A pool all of whose connections are held. One thread plays all holders, by their ids; threads are
 * not looked at, but it is noted that they would be, and time passes when a test says so.
 */
final class ExhaustedPool implements PassScheduler, HolderThreads.Finder {
  static final int FIRST_HOLDER = 1_000_000;

  /** For so long one look at the holders is good for all. */
  static final long A_WHILE = 100_000_000L;

  private static final long HOUR = 3_600_000_000_000L;

  /** Who sends a caller away. */
  enum Way {
    HE_WAITS_NOT_AT_ALL,
    HIS_TIME_IS_UP,
    THE_POOLS_OWN_TIME_IS_UP,
    TOO_MANY_WAIT,
    IT_IS_IN_VAIN,
    THE_POOL_IS_CLOSED
  }

  final long self = HolderThreads.id(Thread.currentThread());
  final Engine engine;
  final SharedState shared;
  final Snapshots snapshots;
  final EngineLeaseManager leases;

  /** How many threads were looked at, each time that the process was stopped for it. */
  final List<Integer> stops = new ArrayList<>();

  /** How often it was asked for names. */
  int names;

  /** What happens while the process stands. */
  Runnable meanwhile = () -> {};

  boolean inVain;
  long now = Long.MAX_VALUE - A_WHILE;
  private long tick;

  ExhaustedPool(PoolConfig.Builder builder) {
    PoolConfig config = builder.build();
    FakeConnector connector = new FakeConnector();
    PoolEvents events = new PoolEvents(config.name(), List.of());
    Environment environment =
        new Environment(
            this::look,
            InstantSource.system(),
            this,
            task -> {},
            task -> {},
            () -> 0.5,
            nanos -> {});
    shared =
        new SharedState(config, connector, failure -> Verdict.CONNECTION_LOST, environment, events);
    engine = shared.engine();
    snapshots = new Snapshots(config, shared, events, () -> PoolState.OPEN, this);
    leases =
        new EngineLeaseManager(
            config,
            connector,
            failure -> Verdict.CONNECTION_LOST,
            shared,
            this::look,
            events,
            snapshots,
            null,
            null,
            List.of());
    for (Slot slot : engine.slots()) {
      slot.attempt(Move.RESERVE);
      slot.attempt(Move.ARRIVED);
      slot.entry =
          new Session(slot, slot.index + 1, new StubPhysical(), leases, Initialization.NONE);
      engine.opened(slot, slot.word());
      lend(FIRST_HOLDER + slot.index);
    }
  }

  private long look() {
    now += tick;
    return now;
  }

  Slot lend(long to) {
    return requireNonNull(engine.tryAcquire(to));
  }

  /** A connection goes back, and to another. */
  Slot pass(int slot, long to) {
    Slot it = engine.slots()[slot];
    engine.release(it, it.lease);
    return lend(to);
  }

  @Override
  public Map<Long, Found> find(Collection<Long> ids, int depth) {
    Map<Long, Found> found = new HashMap<>();
    if (ids.isEmpty()) {
      return found;
    }
    List<StackTraceElement> where =
        depth == 0
            ? List.of()
            : List.of(new StackTraceElement("shop.Orders", "list", "Orders.java", 12));
    String me = Thread.currentThread().getName();
    ids.forEach(
        id -> found.put(id, new Found(id == self ? me : "web-" + (id - FIRST_HOLDER), where)));
    if (depth == 0) {
      names++;
    } else {
      stops.add(ids.size());
      Runnable once = meanwhile;
      meanwhile = () -> {};
      once.run();
    }
    return found;
  }

  private void ask(Way way) throws SQLException {
    switch (way) {
      case HE_WAITS_NOT_AT_ALL -> leases.acquire(0).close();
      case HIS_TIME_IS_UP -> {
        tick = 1;
        leases.acquire(2).close();
      }
      case THE_POOLS_OWN_TIME_IS_UP -> leases.acquire(0, WaitKind.UNTOLD, new Asking(now)).close();
      case TOO_MANY_WAIT -> leases.acquire(HOUR).close();
      case IT_IS_IN_VAIN -> {
        inVain = true;
        leases.acquire(HOUR).close();
      }
      case THE_POOL_IS_CLOSED -> {
        engine.close();
        leases.acquire(HOUR).close();
      }
    }
  }

  Throwable refused(Way way) {
    Throwable thrown = catchThrowable(() -> ask(way));
    tick = 0;
    assertThat(thrown)
        .isInstanceOf(
            switch (way) {
              case TOO_MANY_WAIT -> TooManyWaitersException.class;
              case THE_POOL_IS_CLOSED -> PoolClosedException.class;
              default -> AcquireTimeoutException.class;
            });
    return thrown;
  }

  String told(Way way) {
    return String.valueOf(refused(way).getMessage());
  }

  @Override
  public void start(Pass pass) {}

  @Override
  public void hurry() {
    if (inVain) {
      engine.rejectAll();
    }
  }

  @Override
  public void stop() {}

  static PoolConfig.Builder config(int size) {
    return PoolConfig.builder("fake:").name("shed").minSize(0).maxSize(size);
  }

  static PoolConfig.Builder config(int size, Way way) {
    return config(size).maxWaiters(way == Way.TOO_MANY_WAIT ? 0 : 100);
  }

  static PoolSnapshot snapshot(Throwable told) {
    return told instanceof TooManyWaitersException many
        ? many.snapshot()
        : ((AcquireTimeoutException) told).snapshot();
  }
}
