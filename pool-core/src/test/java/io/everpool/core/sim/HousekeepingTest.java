package io.everpool.core.sim;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CloseReason;
import io.everpool.api.CredentialsProvider;
import io.everpool.api.PoolConfig;
import io.everpool.api.SleepMode;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolEvent.ConnectionClosed;
import io.everpool.api.observe.PoolEvent.LeakSuspected;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.engine.WaitResult;
import io.everpool.core.engine.Waiter;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.upkeep.HolderThreads;
import io.everpool.core.upkeep.UpkeepWithoutFaces;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the laws of a {@link World} can't see: that upkeep does its duties at all. Each of these was
 * left out once, by way of trial, and no world fell.
 */
class HousekeepingTest {
  private static final long MS = 1_000_000L;
  private static final long SECOND = 1000 * MS;

  private final Universe universe = new Universe(1);
  private final FakeDatabase database = new FakeDatabase(universe);
  private final List<PoolEvent> events = new ArrayList<>();
  private @Nullable UpkeepWithoutFaces opened;

  private static PoolConfig.Builder config() {
    return PoolConfig.builder("fake:").minSize(1).maxSize(8).sleep(SleepMode.OFF);
  }

  private UpkeepWithoutFaces open(PoolConfig.Builder config) {
    return open(config, null);
  }

  private UpkeepWithoutFaces open(
      PoolConfig.Builder config, @Nullable CredentialsProvider credentials) {
    universe.calm();
    database.calm();
    UpkeepWithoutFaces upkeep =
        new UpkeepWithoutFaces(
            config.build(),
            database,
            database::classify,
            universe.environment(),
            credentials,
            new PoolEvents("sim", List.of(events::add)));
    opened = upkeep;
    upkeep.start();
    universe.run(SECOND, () -> {});
    return upkeep;
  }

  private void pass(long duration) {
    universe.run(duration, () -> {});
  }

  private boolean passes(long atMost, BooleanSupplier until) {
    for (long passed = 0; passed < atMost && !until.getAsBoolean(); passed += MS / 100) {
      pass(MS / 100);
    }
    return until.getAsBoolean();
  }

  private Slot take(Engine engine, long thread) {
    return requireNonNull(opened).lent(requireNonNull(engine.tryAcquire(thread), "nothing idle"));
  }

  private static long count(Engine engine, State state) {
    return Arrays.stream(engine.slots()).filter(slot -> slot.state() == state).count();
  }

  private List<CloseReason> closed() {
    return events.stream()
        .filter(ConnectionClosed.class::isInstance)
        .map(event -> ((ConnectionClosed) event).reason())
        .toList();
  }

  /**
   * A burst has used every place; what comes after needs one at a time, and yet begins at another
   * place each time. It must be led back to few, or the connections of the burst stay for ever.
   */
  @Test
  void what_only_a_burst_has_needed_idles_out_beside_light_use() {
    Engine engine = open(config().minSize(8).idleTimeout(Duration.ofSeconds(5))).engine();
    assertThat(engine.width()).isEqualTo(1);
    List<Slot> burst = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      burst.add(take(engine, i));
    }
    assertThat(engine.width()).isEqualTo(8);
    pass(SECOND);
    burst.forEach(slot -> engine.release(slot, slot.lease));

    lightUse(engine, 60 * SECOND);

    assertThat(engine.width()).as("places that leases keep to").isEqualTo(2);
  }

  /** The same, seen from the server: the connections beyond the minimum go. */
  @Test
  void connections_beyond_the_minimum_go_after_idle_timeout() {
    UpkeepWithoutFaces upkeep = open(config().minSize(1).idleTimeout(Duration.ofSeconds(5)));
    Engine engine = upkeep.engine();
    // All eight at once: each waiter that is not served makes the pool grow.
    List<Slot> burst = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      Slot next = engine.tryAcquire(i);
      while (next == null) {
        PatientCaller caller = new PatientCaller(universe.nanoTime());
        engine.begin(caller, i, 10);
        pass(SECOND);
        engine.step(caller, i);
        next = engine.take(caller, i, universe.nanoTime());
      }
      burst.add(next);
    }
    assertThat(database.open()).isEqualTo(8);
    burst.forEach(slot -> engine.release(slot, slot.lease));

    lightUse(engine, 60 * SECOND);

    assertThat(database.open()).isBetween(1, 2);
    assertThat(closed()).hasSizeGreaterThanOrEqualTo(6).containsOnly(CloseReason.IDLE_TIMEOUT);
  }

  /** One lease at a time, from another thread each. */
  private void lightUse(Engine engine, long duration) {
    for (long thread = 1; thread <= duration / (50 * MS); thread++) {
      Slot slot = take(engine, thread);
      pass(25 * MS);
      engine.release(slot, slot.lease);
      pass(25 * MS);
    }
  }

  private static final class PatientCaller extends Waiter {
    PatientCaller(long since) {
      super(since);
    }

    @Override
    protected void wake() {}
  }

  /** Its holder keeps it; but nobody else gets it after him. */
  @Test
  void a_connection_that_grows_too_old_while_it_is_lent_is_closed_when_it_comes_back() {
    Engine engine = open(config().maxLifetime(Duration.ofSeconds(30))).engine();
    Slot slot = take(engine, 1);
    long lease = slot.lease;
    pass(26 * SECOND - 100 * MS); // the jitter takes a tenth off at the most
    assertThat(slot.state()).as("before its time").isEqualTo(State.LEASED);
    pass(5 * SECOND);
    assertThat(slot.state()).isEqualTo(State.DOOMED);
    assertThat(closed()).isEmpty();
    engine.release(slot, lease);
    pass(SECOND);
    assertThat(closed()).containsExactly(CloseReason.MAX_LIFETIME);
    assertThat(count(engine, State.IDLE)).isEqualTo(1);
  }

  /**
   * Idle, it goes when there is another in its place: the pool doesn't fall below its minimum for
   * it, nor does it keep both.
   */
  @Test
  void a_connection_that_grows_too_old_idle_is_replaced_before_it_goes() {
    Engine engine = open(config().minSize(2).maxLifetime(Duration.ofSeconds(30))).engine();
    universe.run(
        33 * SECOND,
        () ->
            assertThat(count(engine, State.IDLE) + count(engine, State.PROBING))
                .isGreaterThanOrEqualTo(2));
    assertThat(closed()).hasSize(2).containsOnly(CloseReason.MAX_LIFETIME);
    assertThat(count(engine, State.IDLE)).isEqualTo(2);
  }

  private CredentialsProvider credentialsFor(Duration life) {
    InstantSource clock = universe.environment().clock();
    return () -> database.credentials(clock, life);
  }

  /** As by its age, though no age is limited. */
  @Test
  void a_connection_whose_credentials_expire_while_it_is_lent_is_closed_when_it_comes_back() {
    Engine engine =
        open(config().maxLifetime(Duration.ZERO), credentialsFor(Duration.ofSeconds(30))).engine();
    Slot slot = take(engine, 1);
    long lease = slot.lease;
    pass(26 * SECOND - 100 * MS);
    assertThat(slot.state()).as("before its time").isEqualTo(State.LEASED);
    pass(4 * SECOND);
    assertThat(slot.state()).as("before they expire").isEqualTo(State.DOOMED);
    assertThat(closed()).isEmpty();
    engine.release(slot, lease);
    pass(SECOND);
    assertThat(closed()).containsExactly(CloseReason.CREDENTIALS_EXPIRED);
    assertThat(count(engine, State.IDLE)).isEqualTo(1);
  }

  /** With fresh credentials, or it would have to go at once as well. */
  @Test
  void a_connection_whose_credentials_expire_idle_is_replaced_before_it_goes() {
    Engine engine = open(config().minSize(2), credentialsFor(Duration.ofSeconds(30))).engine();
    universe.run(
        33 * SECOND,
        () ->
            assertThat(count(engine, State.IDLE) + count(engine, State.PROBING))
                .isGreaterThanOrEqualTo(2));
    assertThat(closed()).hasSize(2).containsOnly(CloseReason.CREDENTIALS_EXPIRED);
    assertThat(count(engine, State.IDLE)).isEqualTo(2);
  }

  /** It is replaced because of its age or its credentials, and nobody has asked for anything. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void a_pool_whose_connections_live_short_lives_sleeps_all_the_same(boolean byAge) {
    Duration life = Duration.ofSeconds(10);
    PoolConfig.Builder config =
        config()
            .sleep(SleepMode.ON)
            .sleepAfter(Duration.ofSeconds(30))
            .maxLifetime(byAge ? life : Duration.ZERO);
    UpkeepWithoutFaces upkeep = open(config, byAge ? null : credentialsFor(life));
    pass(28 * SECOND);
    assertThat(upkeep.asleep()).isFalse();
    assertThat(closed()).hasSizeGreaterThan(1);
    pass(3 * SECOND);
    assertThat(upkeep.asleep()).isTrue();
    int replaced = closed().size();
    pass(60 * SECOND);
    assertThat(closed()).hasSize(replaced);
  }

  /** Whichever comes first. */
  @Test
  void an_age_below_the_life_of_the_credentials_counts() {
    open(
        config().minSize(2).maxLifetime(Duration.ofSeconds(30)),
        credentialsFor(Duration.ofHours(1)));
    pass(33 * SECOND);
    assertThat(closed()).hasSize(2).containsOnly(CloseReason.MAX_LIFETIME);
  }

  /**
   * A connect that is under way when a fence falls brings a connection to the server that was given
   * up. It must not even be idle for the moment until the next pass: somebody may wait for it.
   */
  @Test
  void what_arrives_from_before_a_fence_is_never_to_be_had() {
    int caught = 0;
    for (int i = 0; i < 50; i++) {
      UpkeepWithoutFaces upkeep = open(config().minSize(0));
      Engine engine = upkeep.engine();
      PatientCaller caller = new PatientCaller(universe.nanoTime());
      engine.begin(caller, 1, 10);
      if (!passes(SECOND, () -> count(engine, State.CONNECTING) == 1)) {
        continue; // it took less than a step
      }
      caught++;
      long numbered = database.opened();
      upkeep.fence("an operator's wish");
      universe.run(
          SECOND,
          () -> {
            for (Slot slot : engine.slots()) {
              boolean lendable = slot.state() == State.IDLE || slot.state() == State.LEASED;
              assertThat(lendable && slot.generation == 0 && fenced())
                  .as("an old connection is to be had after connect " + numbered)
                  .isFalse();
            }
          });
      assertThat(fenced()).isTrue();
      assertThat(engine.step(caller, 1)).isEqualTo(WaitResult.SERVED);
      events.clear();
    }
    assertThat(caught).isGreaterThan(40);
  }

  private boolean fenced() {
    return events.stream().anyMatch(PoolEvent.Fenced.class::isInstance);
  }

  /** The look before it is lent, and the clean-up when it comes back. */
  @ParameterizedTest
  @EnumSource(names = {"FOUND_DEAD", "FAILED"})
  void what_the_pool_does_on_a_lent_connection_is_cut_after_reset_timeout(CloseReason reason) {
    UpkeepWithoutFaces upkeep = open(config().resetTimeout(Duration.ofSeconds(2)));
    Engine engine = upkeep.engine();
    Slot slot = take(engine, 1);
    long lease = slot.lease;
    upkeep.resets().started(slot, lease, reason);
    pass(2 * SECOND - 50 * MS);
    assertThat(slot.word()).as("within its time").isEqualTo(lease);
    pass(SECOND);
    assertThat(closed()).containsExactly(reason);
    assertThat(engine.release(slot, lease)).as("the lease is over").isFalse();
  }

  /**
   * After the look its holder has the connection, under the same lease, for as long as he likes.
   */
  @Test
  void what_has_ended_within_reset_timeout_is_let_be() {
    UpkeepWithoutFaces upkeep = open(config().resetTimeout(Duration.ofSeconds(2)));
    Slot slot = take(upkeep.engine(), 1);
    long lease = slot.lease;
    upkeep.resets().started(slot, lease, CloseReason.FOUND_DEAD);
    pass(SECOND);
    upkeep.resets().ended(slot, lease);
    pass(10 * SECOND);
    assertThat(slot.word()).isEqualTo(lease);
    assertThat(closed()).isEmpty();
  }

  /** It was cut, and its thread comes back when the next holder's is under way. */
  @Test
  void what_ends_late_leaves_the_next_one_watched() {
    UpkeepWithoutFaces upkeep =
        open(config().minSize(1).maxSize(1).resetTimeout(Duration.ofSeconds(2)));
    Engine engine = upkeep.engine();
    Slot slot = take(engine, 1);
    long late = slot.lease;
    upkeep.resets().started(slot, late, CloseReason.FAILED);
    pass(10 * SECOND);
    assertThat(closed()).hasSize(1);
    assertThat(take(engine, 1)).isSameAs(slot);
    long lease = slot.lease;
    upkeep.resets().started(slot, lease, CloseReason.FAILED);

    upkeep.resets().ended(slot, late);
    pass(10 * SECOND);
    assertThat(closed()).hasSize(2);
    assertThat(engine.release(slot, lease)).as("the lease is over").isFalse();
  }

  /** What is due then is one examination of each connection in 30 s. */
  @Test
  void at_rest_upkeep_runs_only_for_what_is_due() {
    open(config().minSize(4).healthCheckInterval(Duration.ofSeconds(30)));
    pass(60 * SECOND);
    long before = universe.passes();
    pass(600 * SECOND);
    assertThat(universe.passes() - before).isBetween(20L, 20 * 12L);
  }

  @Test
  void asleep_upkeep_does_not_run_at_all() {
    UpkeepWithoutFaces upkeep =
        open(config().minSize(4).sleep(SleepMode.ON).sleepAfter(Duration.ofSeconds(60)));
    pass(65 * SECOND);
    assertThat(upkeep.asleep()).isTrue();
    long before = universe.passes();
    long queries = database.queries();
    pass(600 * SECOND);
    assertThat(universe.passes() - before).isZero();
    assertThat(database.queries() - queries).isZero();
    take(upkeep.engine(), 1);
    pass(SECOND);
    assertThat(upkeep.asleep()).as("the first lease wakes it").isFalse();
  }

  /** Its holder had no stack left to say so; whoever wants a connection next wakes upkeep. */
  @Test
  void a_lease_that_nobody_told_of_at_rest_is_seen_when_somebody_waits() {
    UpkeepWithoutFaces upkeep =
        open(config().maxSize(1).sleep(SleepMode.ON).sleepAfter(Duration.ofSeconds(60)));
    pass(65 * SECOND);
    assertThat(upkeep.asleep()).isTrue();
    long before = universe.passes();
    requireNonNull(upkeep.engine().tryAcquire(1));
    upkeep.engine().begin(new PatientCaller(universe.nanoTime()), 2, 10);
    pass(SECOND);
    assertThat(universe.passes() - before).isPositive();
    assertThat(upkeep.asleep()).isFalse();
  }

  /** Each lease of a pool at rest is seen by a pass of its own. */
  @Test
  void a_lease_that_begins_at_rest_is_watched() {
    UpkeepWithoutFaces upkeep = open(config().healthCheckInterval(Duration.ofHours(1)));
    for (int i = 0; i < 20; i++) {
      pass(10 * SECOND);
      long before = universe.passes();
      Slot slot = take(upkeep.engine(), 1);
      pass(SECOND);
      assertThat(universe.passes() - before).as("while it is out").isBetween(9L, 12L);
      assertThat(upkeep.unmovedFor(slot)).isBetween(SECOND - 10 * MS, SECOND + 10 * MS);
      upkeep.engine().release(slot, slot.lease);
    }
  }

  private static FakeDatabase.Session session(Slot slot) {
    return (FakeDatabase.Session) requireNonNull(slot.entry).physical();
  }

  @Test
  void a_deadline_is_told_once_it_has_passed_and_again_as_often_as_is_asked_for() {
    UpkeepWithoutFaces upkeep = open(config());
    take(upkeep.engine(), 1);
    List<Long> told = new ArrayList<>();
    long now = universe.nanoTime();
    upkeep
        .unitDeadlines()
        .watch(
            now + 2 * SECOND,
            () -> {
              told.add(universe.nanoTime() - now);
              return told.size() < 3 ? SECOND : 0;
            });
    pass(2 * SECOND - 50 * MS);
    assertThat(told).isEmpty();
    pass(60 * SECOND);
    assertThat(told).hasSize(3);
    assertThat(told.get(0)).isBetween(2 * SECOND, 2 * SECOND + 150 * MS);
    assertThat(told.get(2)).isBetween(4 * SECOND, 4 * SECOND + 450 * MS);
  }

  @Test
  void a_unit_that_ends_before_its_deadline_is_told_nothing() {
    UpkeepWithoutFaces upkeep = open(config());
    Runnable end =
        upkeep
            .unitDeadlines()
            .watch(
                universe.nanoTime() + SECOND,
                () -> {
                  throw new AssertionError("it has ended");
                });
    end.run();
    pass(10 * SECOND);
  }

  @Test
  void what_is_cancelled_goes_on_until_it_comes_back_and_is_never_lent_again() {
    UpkeepWithoutFaces upkeep = open(config());
    Engine engine = upkeep.engine();
    Slot slot = take(engine, 1);
    long lease = slot.lease;
    session(slot).busy = true;
    FakeDatabase.Session session = session(slot);
    upkeep.unitDeadlines().cancel(slot, lease);
    pass(10 * SECOND);
    assertThat(session.cancels).isEqualTo(1);
    assertThat(session.usable()).as("its holder hears of it by the server's answer").isTrue();
    engine.release(slot, lease);
    pass(SECOND);
    assertThat(session.closed()).isTrue();
    assertThat(closed()).containsExactly(CloseReason.ABORTED);
  }

  @Test
  void what_is_not_at_anything_is_cut_at_its_deadline() {
    UpkeepWithoutFaces upkeep = open(config());
    Slot slot = take(upkeep.engine(), 1);
    long lease = slot.lease;
    FakeDatabase.Session session = session(slot);
    upkeep.unitDeadlines().cancel(slot, lease);
    pass(SECOND);
    assertThat(session.closed()).isTrue();
    assertThat(upkeep.engine().release(slot, lease)).as("the lease is over").isFalse();
    assertThat(closed()).containsExactly(CloseReason.ABORTED);
  }

  /** A fence has doomed it already. */
  @Test
  void a_doomed_connection_is_cancelled_too() {
    UpkeepWithoutFaces upkeep = open(config());
    Slot slot = take(upkeep.engine(), 1);
    long lease = slot.lease;
    FakeDatabase.Session session = session(slot);
    session.busy = true;
    upkeep.fence("by way of trial");
    pass(SECOND / 10);
    upkeep.unitDeadlines().cancel(slot, lease);
    pass(SECOND / 10);
    assertThat(session.cancels).isEqualTo(1);
  }

  /** The next lease of the same connection, or the next connection in the same slot. */
  @Test
  void a_deadline_that_comes_too_late_hits_nobody() {
    UpkeepWithoutFaces upkeep = open(config());
    Engine engine = upkeep.engine();
    Slot slot = take(engine, 1);
    long lease = slot.lease;
    FakeDatabase.Session session = session(slot);
    engine.release(slot, lease);
    Slot next = take(engine, 1);
    assertThat(next).isSameAs(slot);
    upkeep.unitDeadlines().cancel(slot, lease);
    pass(10 * SECOND);
    assertThat(session.cancels).isZero();
    assertThat(session.usable()).isTrue();
    assertThat(engine.release(next, next.lease)).isTrue();
  }

  @Test
  void a_lease_held_past_leak_threshold_is_reported_once_with_who_holds_it() {
    Engine engine = open(config().leakThreshold(Duration.ofSeconds(3))).engine();
    long me = HolderThreads.id(Thread.currentThread());
    Slot slot = take(engine, me);
    long number = requireNonNull(slot.entry).number();
    pass(3 * SECOND - 50 * MS);
    assertThat(leaks()).as("not yet").isEmpty();
    pass(60 * SECOND);
    assertThat(leaks())
        .singleElement()
        .satisfies(
            leak -> {
              assertThat(leak.connection()).isEqualTo(number);
              assertThat(leak.thread()).contains(Thread.currentThread().getName());
              assertThat(leak.heldNanos()).isBetween(3 * SECOND, 3 * SECOND + 300 * MS);
            });
    engine.release(slot, slot.lease);

    slot = take(engine, me);
    pass(4 * SECOND);
    assertThat(leaks()).as("the next lease is another").hasSize(2);
    engine.release(slot, slot.lease);
  }

  @Test
  void no_leak_is_suspected_of_leases_that_come_back_nor_without_a_threshold() {
    Engine engine = open(config().leakThreshold(Duration.ofSeconds(3))).engine();
    for (int i = 0; i < 10; i++) {
      Slot slot = take(engine, 1);
      pass(SECOND);
      engine.release(slot, slot.lease);
    }
    assertThat(leaks()).isEmpty();
    Engine without = open(config().leakThreshold(Duration.ZERO)).engine();
    take(without, 1);
    pass(60 * SECOND);
    assertThat(leaks()).isEmpty();
  }

  private List<LeakSuspected> leaks() {
    return events.stream()
        .filter(LeakSuspected.class::isInstance)
        .map(LeakSuspected.class::cast)
        .toList();
  }
}
