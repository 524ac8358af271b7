package io.everpool.core.sim;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CloseReason;
import io.everpool.api.PoolConfig;
import io.everpool.api.SleepMode;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolEvent.ConnectionClosed;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.engine.WaitResult;
import io.everpool.core.engine.Waiter;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.upkeep.UpkeepWithoutFaces;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A pool before a server that is suspended when nobody uses it: what it does asleep, which is
 * nothing, and what it does when it wakes up, which is no more than it must.
 */
class SleepTest {
  private static final long MS = 1_000_000L;
  private static final long SECOND = 1000 * MS;
  private static final long MINUTE = 60 * SECOND;

  private final Universe universe = new Universe(1);
  private final FakeDatabase database = new FakeDatabase(universe);
  private final List<PoolEvent> events = new ArrayList<>();
  private final PoolEvents counted = new PoolEvents("sim", List.of(events::add));
  private final UpkeepWithoutFaces upkeep = open(20);
  private final Engine engine = upkeep.engine();
  private final List<Caller> callers = new ArrayList<>();

  private UpkeepWithoutFaces open(int maxSize) {
    universe.calm();
    database.calm();
    UpkeepWithoutFaces opened =
        new UpkeepWithoutFaces(
            PoolConfig.builder("fake:")
                .minSize(2)
                .maxSize(maxSize)
                .idleTimeout(Duration.ofSeconds(300))
                .sleep(SleepMode.ON)
                .sleepAfter(Duration.ofSeconds(60))
                .build(),
            database,
            database::classify,
            universe.environment(),
            counted);
    opened.start();
    universe.run(SECOND, () -> {});
    return opened;
  }

  private void pass(long duration) {
    universe.run(duration, () -> {});
  }

  /** Wants a connection, holds it for a time, and gives it back. */
  private final class Caller {
    private final long id = callers.size() + 1L;
    private final long holds;
    private @Nullable Patience waiter;
    private long servedAt;
    private boolean done;

    private final class Patience extends Waiter {
      Patience() {
        super(universe.nanoTime());
      }

      @Override
      protected void wake() {
        universe.after(universe.random.nextInt(60_000), Caller.this::proceed);
      }
    }

    Caller(long holds) {
      this.holds = holds;
      callers.add(this);
    }

    void begin() {
      Slot free = engine.tryAcquire(id);
      if (free != null) {
        lent(free);
        return;
      }
      Patience mine = new Patience();
      waiter = mine;
      served(engine.begin(mine, id, 1000));
    }

    private void proceed() {
      if (waiter != null) {
        served(engine.step(waiter, id));
      }
    }

    private void served(WaitResult result) {
      switch (result) {
        case SERVED -> {
          Slot found = engine.take(requireNonNull(waiter), id, universe.nanoTime());
          waiter = null;
          lent(found);
        }
        case RELOOK ->
            universe.after(
                Engine.relookNanos(),
                () -> {
                  if (waiter != null) {
                    served(engine.relook(waiter, id));
                  }
                });
        case WAIT -> {}
        default -> throw new AssertionError(result);
      }
    }

    /** As the lease manager does it. */
    private void lent(Slot found) {
      upkeep.lent(found);
      if (upkeep.sendToExamination(found)) {
        begin();
        return;
      }
      FakeDatabase.Session session = session(found);
      if (found.hadRested(found.lease) && !session.usable()) {
        engine.retire(found, found.lease, CloseReason.FOUND_DEAD);
        upkeep.suspect();
        begin();
        return;
      }
      assertThat(session.usable()).as("what is lent").isTrue();
      servedAt = universe.nanoTime();
      long lease = found.lease;
      universe.after(
          holds,
          () -> {
            engine.release(found, lease);
            done = true;
          });
    }
  }

  private static FakeDatabase.Session session(Slot slot) {
    return (FakeDatabase.Session) requireNonNull(slot.entry).physical();
  }

  private void burst(int size, long holds) {
    List<Caller> burst = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      burst.add(new Caller(holds));
    }
    burst.forEach(Caller::begin);
  }

  private boolean allDone() {
    return callers.stream().allMatch(caller -> caller.done);
  }

  private long idle() {
    return Arrays.stream(engine.slots()).filter(slot -> slot.state() == State.IDLE).count();
  }

  private List<CloseReason> closed() {
    return events.stream()
        .filter(ConnectionClosed.class::isInstance)
        .map(event -> ((ConnectionClosed) event).reason())
        .toList();
  }

  private long happened(Class<? extends PoolEvent> kind) {
    return events.stream().filter(kind::isInstance).count();
  }

  private void fallAsleep() {
    pass(65 * SECOND);
    assertThat(upkeep.asleep()).isTrue();
  }

  private void suspendTheServer() {
    database.suspend();
  }

  /** Suspended, it takes so long to answer whoever connects first. */
  private void wakesUpIn(long nanos) {
    database.mood(FakeDatabase.Mood.FROZEN);
    universe.after(nanos, () -> database.mood(FakeDatabase.Mood.UP));
  }

  private void grow() {
    burst(20, SECOND);
    pass(3 * SECOND);
    assertThat(allDone()).isTrue();
    assertThat(idle()).isEqualTo(20);
  }

  @Test
  void ten_minutes_asleep_are_no_byte_no_connect_and_no_close() {
    grow();
    fallAsleep();
    int open = database.open();
    long opened = database.opened();
    long queries = database.queries();
    int closed = closed().size();
    long passes = universe.passes();
    pass(10 * MINUTE);
    assertThat(upkeep.asleep()).isTrue();
    assertThat(database.opened()).as("connects").isEqualTo(opened);
    assertThat(database.queries()).as("round trips").isEqualTo(queries);
    assertThat(database.open()).as("polite closes, of idle-timeout's").isEqualTo(open);
    assertThat(closed()).hasSize(closed);
    assertThat(universe.passes()).as("passes of upkeep").isEqualTo(passes);
  }

  /** A byte that waits says nothing that could not wait, too: to ask what it means wakes. */
  @Test
  void asleep_nobody_asks_what_the_server_said() {
    grow();
    fallAsleep();
    long queries = database.queries();
    database.suspend();
    upkeep.suspect();
    pass(MINUTE);
    assertThat(upkeep.asleep()).isTrue();
    assertThat(database.queries()).isEqualTo(queries);
  }

  /** What was idle for too long goes once the pool is awake. */
  @Test
  void awake_again_it_lets_go_what_is_beyond_the_minimum() {
    grow();
    fallAsleep();
    pass(10 * MINUTE);
    burst(1, MS);
    pass(SECOND);
    assertThat(upkeep.asleep()).isFalse();
    assertThat(allDone()).isTrue();
    assertThat(closed()).isNotEmpty().containsOnly(CloseReason.IDLE_TIMEOUT);
    assertThat(idle()).isBetween(2L, 3L);
  }

  @ParameterizedTest
  @ValueSource(longs = {300, 3_000})
  void a_burst_that_wakes_the_server_opens_what_it_can_use(long coldStartMillis) {
    grow();
    fallAsleep();
    suspendTheServer();
    long opened = database.opened();
    wakesUpIn(coldStartMillis * MS);
    burst(20, MS);
    pass(coldStartMillis * MS + 500 * MS);
    assertThat(allDone()).isTrue();
    assertThat(database.opened() - opened).as("connects").isBetween(1L, 3L);
  }

  /** Where everybody holds on to his, everybody gets one. */
  @Test
  void work_that_needs_twenty_connections_has_them_soon_after_the_server_is_awake() {
    fallAsleep();
    suspendTheServer();
    wakesUpIn(500 * MS);
    long begun = universe.nanoTime();
    burst(20, 10 * SECOND);
    pass(5 * SECOND);
    assertThat(callers)
        .allSatisfy(
            caller -> assertThat(caller.servedAt - begun).isBetween(500 * MS, 500 * MS + 600 * MS));
  }

  /** Twenty times, and nothing alarming is said of it: it is the life of such a pool. */
  @Test
  void a_suspension_is_no_loss() {
    for (int i = 0; i < 20; i++) {
      burst(20, 10 * MS);
      pass(2 * SECOND);
      fallAsleep();
      suspendTheServer();
      wakesUpIn(300 * MS);
    }
    burst(20, 10 * MS);
    pass(10 * SECOND);
    assertThat(allDone()).isTrue();
    assertThat(closed()).hasSizeGreaterThan(20).containsOnly(CloseReason.ASLEEP);
    assertThat(counted.lost()).as("losses").isZero();
    assertThat(happened(PoolEvent.HealthCheckFailed.class)).isZero();
    assertThat(happened(PoolEvent.Fenced.class)).isZero();
    assertThat(happened(PoolEvent.WokeUp.class)).isEqualTo(20);
  }

  /** A server that is away is told of, by the connects that fail. */
  @Test
  void an_outage_that_began_during_sleep_is_told() {
    fallAsleep();
    database.mood(FakeDatabase.Mood.DOWN);
    burst(1, MS);
    pass(10 * SECOND);
    assertThat(happened(PoolEvent.ConnectFailed.class)).isPositive();
    assertThat(upkeep.server().down()).isTrue();
    database.mood(FakeDatabase.Mood.UP);
    pass(10 * SECOND);
    assertThat(allDone()).isTrue();
    assertThat(happened(PoolEvent.Recovered.class)).isEqualTo(1);
  }

  /** Awake again, a loss is a loss. */
  @Test
  void what_is_lost_after_waking_up_counts() {
    fallAsleep();
    burst(1, MS);
    pass(10 * SECOND);
    database.killOne();
    upkeep.suspect();
    pass(SECOND);
    assertThat(closed()).containsExactly(CloseReason.FOUND_DEAD);
    assertThat(counted.lost()).isEqualTo(1);
  }

  /** Whoever waits much later is not told that the database is just being woken. */
  @Test
  void it_is_awake_when_it_has_served_somebody_be_it_between_two_passes() {
    fallAsleep();
    suspendTheServer();
    wakesUpIn(2 * SECOND);
    burst(1, MS);
    pass(SECOND);
    assertThat(upkeep.waking()).as("while nobody is served").isTrue();
    pass(10 * SECOND);
    assertThat(allDone()).isTrue();
    assertThat(upkeep.waking()).as("when somebody was").isFalse();
  }

  @Test
  void it_is_awake_when_one_that_has_slept_has_answered() {
    fallAsleep();
    burst(1, MS);
    pass(10 * SECOND);
    assertThat(allDone()).isTrue();
    assertThat(upkeep.waking()).isFalse();
  }
}
