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
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What an operator does to a pool that is at work; each in worlds of several seeds. */
class OperatorsTest {
  private static final long MS = 1_000_000L;
  private static final long SECOND = 1000 * MS;

  private final List<PoolEvent> events = new ArrayList<>();

  private static PoolConfig.Builder config() {
    return PoolConfig.builder("fake:").minSize(2).maxSize(8).sleep(SleepMode.OFF);
  }

  private UpkeepWithoutFaces open(Universe universe, FakeDatabase database, PoolConfig config) {
    universe.calm();
    database.calm();
    UpkeepWithoutFaces upkeep =
        new UpkeepWithoutFaces(
            config,
            database,
            database::classify,
            universe.environment(),
            new PoolEvents("sim", List.of(events::add)));
    upkeep.start();
    universe.run(5 * SECOND, () -> {});
    return upkeep;
  }

  private static long count(Engine engine, State... states) {
    return Arrays.stream(engine.slots())
        .filter(slot -> Arrays.asList(states).contains(slot.state()))
        .count();
  }

  private static long occupied(Engine engine) {
    return engine.slots().length - count(engine, State.EMPTY);
  }

  private static List<Slot> take(UpkeepWithoutFaces upkeep, int connections) {
    List<Slot> held = new ArrayList<>();
    for (int i = 0; i < connections; i++) {
      held.add(upkeep.lent(requireNonNull(upkeep.engine().tryAcquire(i))));
    }
    return held;
  }

  /** One whose server has refused every login for a while, so that it has no connection. */
  private UpkeepWithoutFaces openAndRefuse(Universe universe, FakeDatabase database) {
    UpkeepWithoutFaces upkeep = open(universe, database, config().build());
    database.mood(FakeDatabase.Mood.DENYING);
    upkeep.evictIdle();
    universe.run(30 * SECOND, () -> {});
    assertThat(refuses(upkeep, universe)).isTrue();
    return upkeep;
  }

  /** What the caller has waited for, if it has come. */
  private static WaitResult answer(Engine engine, Caller caller) {
    WaitResult answer = engine.step(caller, 9);
    return answer == WaitResult.RELOOK ? engine.relook(caller, 9) : answer;
  }

  /** Whether it tells everybody at once that no connection can be had. */
  private static boolean refuses(UpkeepWithoutFaces upkeep, Universe universe) {
    return upkeep.server().refusal(universe.nanoTime()) != null;
  }

  private List<CloseReason> closed() {
    return events.stream()
        .filter(ConnectionClosed.class::isInstance)
        .map(event -> ((ConnectionClosed) event).reason())
        .toList();
  }

  private static final class Caller extends Waiter {
    Caller(Universe universe) {
      super(universe.nanoTime());
    }

    @Override
    protected void wake() {}
  }

  /** Whoever has one keeps it; the others are new, and the minimum is kept. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void evicting_the_idle_takes_them_all_and_no_other(long seed) {
    Universe universe = new Universe(seed);
    FakeDatabase database = new FakeDatabase(universe);
    UpkeepWithoutFaces upkeep = open(universe, database, config().minSize(6).build());
    Engine engine = upkeep.engine();
    List<Slot> held = take(upkeep, 2);

    upkeep.evictIdle();
    universe.run(5 * SECOND, () -> {});

    assertThat(closed()).hasSize(4).containsOnly(CloseReason.EVICTED);
    assertThat(count(engine, State.IDLE)).isEqualTo(4);
    assertThat(held).allMatch(slot -> engine.release(slot, slot.lease));
    assertThat(count(engine, State.IDLE)).isEqualTo(6);
  }

  /** He has changed the password on the server, and wants to see whether it is right now. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void replacing_all_asks_a_server_at_once_that_refused_before(long seed) {
    Universe universe = new Universe(seed);
    FakeDatabase database = new FakeDatabase(universe);
    UpkeepWithoutFaces upkeep = openAndRefuse(universe, database);

    database.mood(FakeDatabase.Mood.UP);
    upkeep.fence("the password is another");
    universe.run(MS, () -> {}); // the next pass
    assertThat(refuses(upkeep, universe)).isFalse();
    universe.run(100 * MS, () -> {});
    assertThat(count(upkeep.engine(), State.IDLE)).isPositive();
  }

  /** At once: also for him who asks on the next line of his program. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void from_the_call_on_nobody_is_told_what_was_refused_before(long seed) {
    Universe universe = new Universe(seed);
    FakeDatabase database = new FakeDatabase(universe);
    UpkeepWithoutFaces upkeep = openAndRefuse(universe, database);

    upkeep.fence("the password is another");
    assertThat(refuses(upkeep, universe)).isFalse();
    universe.run(SECOND, () -> {});
    assertThat(refuses(upkeep, universe)).as("and it is refused again").isTrue();
    assertThat(upkeep.server().isFailing()).isTrue();
    database.mood(FakeDatabase.Mood.UP);
    universe.run(10 * SECOND, () -> {});
    assertThat(count(upkeep.engine(), State.IDLE)).as("as after a first refusal").isEqualTo(2);
  }

  /** It goes where nobody answers, or was sent with the old password. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
  void no_connect_that_began_before_holds_up_what_replaces_all(long seed) {
    Universe universe = new Universe(seed);
    FakeDatabase database = new FakeDatabase(universe);
    PoolConfig config =
        config().minSize(1).maxSize(2).connectTimeout(Duration.ofMinutes(5)).build();
    UpkeepWithoutFaces upkeep = open(universe, database, config);
    Engine engine = upkeep.engine();
    take(upkeep, 1);
    universe.hangNext(1);
    upkeep.resize(2, 2);
    universe.run(SECOND, () -> {});
    assertThat(count(engine, State.CONNECTING)).isEqualTo(1);

    Caller caller = new Caller(universe);
    assertThat(engine.begin(caller, 9, 1)).isEqualTo(WaitResult.WAIT);
    upkeep.fence("another address");
    universe.run(100 * MS, () -> {});
    assertThat(answer(engine, caller)).isEqualTo(WaitResult.SERVED);

    database.mood(FakeDatabase.Mood.DENYING); // the one that hangs is refused when it gets through
    universe.run(65 * SECOND, () -> {});
    assertThat(upkeep.server().isFailing()).isFalse();
    assertThat(count(engine, State.LEASED)).isEqualTo(1);
  }

  /** Threads that hang make a pool sparing with others; these go elsewhere. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void nor_do_so_many_that_the_pool_is_sparing(long seed) {
    Universe universe = new Universe(seed);
    FakeDatabase database = new FakeDatabase(universe);
    PoolConfig config =
        config().minSize(0).maxSize(4).connectTimeout(Duration.ofMinutes(5)).build();
    UpkeepWithoutFaces upkeep = open(universe, database, config);
    universe.hangNext(4);
    upkeep.resize(4, 4);
    universe.run(SECOND, () -> {});
    assertThat(count(upkeep.engine(), State.CONNECTING)).isEqualTo(4);

    upkeep.fence("another address");
    universe.run(200 * MS, () -> {});
    assertThat(count(upkeep.engine(), State.IDLE)).isPositive();
  }

  /** Whoever waits for a suspended pool is told nothing of what was under way before. */
  @ParameterizedTest
  @MethodSource("seeds")
  void what_is_refused_as_a_pool_is_suspended_sends_nobody_away(long seed) {
    Universe universe = new Universe(seed);
    FakeDatabase database = new FakeDatabase(universe);
    UpkeepWithoutFaces upkeep = open(universe, database, config().minSize(1).maxSize(2).build());
    Engine engine = upkeep.engine();
    take(upkeep, 1);
    upkeep.resize(2, 2);
    while (count(engine, State.CONNECTING) == 0) {
      universe.run(MS / 100, () -> {});
    }
    database.mood(FakeDatabase.Mood.DENYING);
    upkeep.suspend();
    Caller caller = new Caller(universe);
    assertThat(engine.begin(caller, 9, 1)).isEqualTo(WaitResult.WAIT);

    universe.run(5 * SECOND, () -> assertThat(engine.step(caller, 9)).isEqualTo(WaitResult.WAIT));
    assertThat(upkeep.server().isFailing()).isFalse();
  }

  /** So many that some are refused before the next pass has heard of it, and some after. */
  static LongStream seeds() {
    return LongStream.rangeClosed(1, 200);
  }

  /** The server sleeps, and opening a connection would wake it. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void evicting_the_idle_wakes_no_pool(long seed) {
    Universe universe = new Universe(seed);
    FakeDatabase database = new FakeDatabase(universe);
    UpkeepWithoutFaces upkeep =
        open(
            universe,
            database,
            config().sleep(SleepMode.ON).sleepAfter(Duration.ofSeconds(2)).build());
    universe.run(10 * SECOND, () -> {});
    assertThat(upkeep.asleep()).isTrue();
    long opened = database.opened();

    upkeep.evictIdle();
    universe.run(60 * SECOND, () -> {});

    assertThat(upkeep.asleep()).isTrue();
    assertThat(database.opened()).isEqualTo(opened);
    assertThat(database.open()).isZero();
  }

  /** The idle go first; of the leased so many as are left, when they come back. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void a_smaller_pool_takes_nothing_from_its_holders(long seed) {
    Universe universe = new Universe(seed);
    FakeDatabase database = new FakeDatabase(universe);
    UpkeepWithoutFaces upkeep = open(universe, database, config().minSize(8).build());
    Engine engine = upkeep.engine();
    List<Slot> held = take(upkeep, 5);

    upkeep.resize(1, 3);
    universe.run(5 * SECOND, () -> {});

    assertThat(count(engine, State.IDLE, State.CONNECTING)).as("idle").isZero();
    assertThat(count(engine, State.LEASED)).as("that will be lent again").isEqualTo(3);
    assertThat(count(engine, State.DOOMED)).as("that will not").isEqualTo(2);
    assertThat(held)
        .allMatch(slot -> ((FakeDatabase.Session) requireNonNull(slot.entry).physical()).usable())
        .allMatch(slot -> engine.release(slot, slot.lease));
    universe.run(5 * SECOND, () -> {});
    assertThat(occupied(engine)).isEqualTo(3);
    assertThat(database.open()).isEqualTo(3);
    assertThat(closed()).hasSize(5).containsOnly(CloseReason.EVICTED);
  }

  /** What is full is full, though there be empty places. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void nobody_who_waits_makes_it_larger_than_it_may_be(long seed) {
    Universe universe = new Universe(seed);
    UpkeepWithoutFaces upkeep = open(universe, new FakeDatabase(universe), config().build());
    Engine engine = upkeep.engine();
    upkeep.resize(2, 2);
    universe.run(SECOND, () -> {});
    List<Slot> held = take(upkeep, 2);
    Caller caller = new Caller(universe);
    assertThat(engine.begin(caller, 9, 1)).isEqualTo(WaitResult.WAIT);

    universe.run(20 * SECOND, () -> assertThat(occupied(engine)).isLessThanOrEqualTo(2));
    assertThat(engine.step(caller, 9)).isEqualTo(WaitResult.WAIT);

    upkeep.resize(2, 8);
    universe.run(5 * SECOND, () -> {});
    assertThat(answer(engine, caller)).as("once there may be more").isEqualTo(WaitResult.SERVED);
    assertThat(held).allMatch(slot -> engine.release(slot, slot.lease));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void a_larger_minimum_is_opened_at_once_and_a_smaller_one_idles_out(long seed) {
    Universe universe = new Universe(seed);
    UpkeepWithoutFaces upkeep =
        open(
            universe,
            new FakeDatabase(universe),
            config().idleTimeout(Duration.ofSeconds(10)).build());
    Engine engine = upkeep.engine();

    upkeep.resize(7, 8);
    universe.run(5 * SECOND, () -> {});
    assertThat(count(engine, State.IDLE)).isEqualTo(7);
    universe.run(60 * SECOND, () -> {});
    assertThat(count(engine, State.IDLE)).isEqualTo(7);

    upkeep.resize(0, 8);
    universe.run(60 * SECOND, () -> {});
    assertThat(occupied(engine)).isZero();
  }

  /**
   * What is above the maximum goes, and of what has idled for long only what is above the minimum.
   */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void a_smaller_pool_keeps_its_minimum_of_those_that_have_idled_for_long(long seed) {
    Universe universe = new Universe(seed);
    UpkeepWithoutFaces upkeep =
        open(
            universe,
            new FakeDatabase(universe),
            config().minSize(8).idleTimeout(Duration.ofSeconds(10)).build());
    Engine engine = upkeep.engine();
    universe.run(60 * SECOND, () -> {});

    upkeep.resize(2, 4);
    universe.run(
        5 * SECOND,
        () ->
            assertThat(count(engine, State.IDLE, State.PROBING, State.CONNECTING))
                .isGreaterThanOrEqualTo(2));

    assertThat(closed())
        .containsExactlyInAnyOrder(
            CloseReason.EVICTED,
            CloseReason.EVICTED,
            CloseReason.EVICTED,
            CloseReason.EVICTED,
            CloseReason.IDLE_TIMEOUT,
            CloseReason.IDLE_TIMEOUT);
  }

  /** The threads hang still, but the server answers: they show nothing of it any more. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void a_connect_that_succeeds_ends_the_sparing(long seed) {
    Universe universe = new Universe(seed);
    PoolConfig config =
        config().minSize(0).maxSize(4).connectTimeout(Duration.ofSeconds(10)).build();
    UpkeepWithoutFaces upkeep = open(universe, new FakeDatabase(universe), config);
    universe.hangNext(4);
    upkeep.resize(4, 4);

    universe.run(30 * SECOND, () -> {});
    assertThat(count(upkeep.engine(), State.IDLE)).isEqualTo(4);
  }

  /** There is no room for a substitute, so that an old connection must go without one. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void a_smaller_pool_replaces_its_old_connections_and_stays_small(long seed) {
    Universe universe = new Universe(seed);
    FakeDatabase database = new FakeDatabase(universe);
    UpkeepWithoutFaces upkeep =
        open(
            universe,
            database,
            config()
                .maxLifetime(Duration.ofSeconds(60))
                .connectTimeout(Duration.ofSeconds(30))
                .build());
    Engine engine = upkeep.engine();
    upkeep.resize(2, 2);

    universe.run(70 * SECOND, () -> assertThat(occupied(engine)).isLessThanOrEqualTo(2));

    assertThat(closed()).hasSize(2).containsOnly(CloseReason.MAX_LIFETIME);
    assertThat(count(engine, State.IDLE)).isEqualTo(2);
  }

  /** Nor of a connection that was on its way, nor of one that comes back. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
  void nobody_is_lent_anything_by_a_suspended_pool(long seed) {
    Universe universe = new Universe(seed);
    FakeDatabase database = new FakeDatabase(universe);
    UpkeepWithoutFaces upkeep = open(universe, database, config().minSize(3).build());
    Engine engine = upkeep.engine();
    List<Slot> held = take(upkeep, 2);
    upkeep.resize(8, 8); // so that some are being opened
    universe.run(universe.random.nextLong(20 * MS), () -> {});

    upkeep.suspend();
    universe.run(MS, () -> {}); // the next pass
    Caller caller = new Caller(universe);
    assertThat(engine.tryAcquire(9)).isNull();
    assertThat(engine.begin(caller, 9, 1)).isEqualTo(WaitResult.WAIT);
    universe.run(
        10 * SECOND,
        () -> {
          assertThat(count(engine, State.IDLE, State.LEASED)).isZero();
          assertThat(engine.step(caller, 9)).isEqualTo(WaitResult.WAIT);
        });
    assertThat(held)
        .as("gently")
        .allMatch(slot -> ((FakeDatabase.Session) requireNonNull(slot.entry).physical()).usable())
        .allMatch(slot -> engine.release(slot, slot.lease));
    universe.run(60 * SECOND, () -> assertThat(engine.step(caller, 9)).isEqualTo(WaitResult.WAIT));
    assertThat(database.open()).as("left open").isZero();
    assertThat(occupied(engine)).isZero();

    upkeep.resume();
    universe.run(5 * SECOND, () -> {});
    assertThat(answer(engine, caller)).isEqualTo(WaitResult.SERVED);
    engine.take(caller, 9, universe.nanoTime());
    universe.run(10 * SECOND, () -> {});
    assertThat(count(engine, State.IDLE, State.LEASED)).isEqualTo(8);
    assertThat(upkeep.bounds().suspended()).isFalse();
  }

  /** It is as good as it was, but it was opened before. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void what_is_examined_when_the_pool_is_suspended_is_not_lent(long seed) {
    Universe universe = new Universe(seed);
    FakeDatabase database = new FakeDatabase(universe);
    UpkeepWithoutFaces upkeep = open(universe, database, config().minSize(1).maxSize(1).build());
    Engine engine = upkeep.engine();
    universe.run(SECOND, () -> {});
    database.mood(FakeDatabase.Mood.FROZEN);
    upkeep.suspect();
    universe.run(200 * MS, () -> {});
    assertThat(count(engine, State.PROBING)).isOne();

    upkeep.suspend();
    Caller caller = new Caller(universe);
    assertThat(engine.begin(caller, 9, 1)).isEqualTo(WaitResult.WAIT);
    universe.run(200 * MS, () -> {});
    database.mood(FakeDatabase.Mood.UP);
    universe.run(10 * SECOND, () -> assertThat(engine.step(caller, 9)).isEqualTo(WaitResult.WAIT));
    assertThat(database.open()).isZero();
  }

  /** Twice the same says it once, and a resize is kept for afterwards. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void a_suspended_pool_keeps_its_sizes_and_may_be_closed(long seed) {
    Universe universe = new Universe(seed);
    FakeDatabase database = new FakeDatabase(universe);
    UpkeepWithoutFaces upkeep = open(universe, database, config().build());
    upkeep.resume();
    upkeep.suspend();
    upkeep.suspend();
    upkeep.resize(4, 5);
    universe.run(5 * SECOND, () -> {});
    assertThat(events).filteredOn(PoolEvent.Fenced.class::isInstance).hasSize(1);
    assertThat(database.open()).isZero();
    assertThat(upkeep.bounds().maxSize()).isEqualTo(5);

    Caller caller = new Caller(universe);
    assertThat(upkeep.engine().begin(caller, 9, 1)).isEqualTo(WaitResult.WAIT);
    var drained = upkeep.drain();
    universe.run(5 * SECOND, () -> {});
    assertThat(drained).isDone();
    assertThat(upkeep.engine().step(caller, 9)).isEqualTo(WaitResult.REJECTED);
  }
}
