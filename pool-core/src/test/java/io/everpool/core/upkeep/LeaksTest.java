package io.everpool.core.upkeep;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.everpool.api.CloseReason;
import io.everpool.api.LeakStackTraces;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolEvent.LeakEnded;
import io.everpool.api.observe.PoolEvent.LeakSuspected;
import io.everpool.api.observe.PoolEvent.LeaseAbandoned;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Move;
import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.jdbc.FakeConnector;
import io.everpool.core.jdbc.Logged;
import io.everpool.core.jdbc.StubPhysical;
import io.everpool.core.observe.PoolEvents;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Leases that last too long, or that nobody can end any more; upkeep's looks are the test's. */
class LeaksTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long THRESHOLD = 10 * SECOND;

  private final List<PoolEvent> events = new ArrayList<>();
  private final Logged logged = new Logged();
  private long now = Long.MAX_VALUE - SECOND;
  private boolean used;
  private long number = 3;
  private SharedState shared = shared(config());
  private Leaks leaks = leaks(config());

  @AfterEach
  void stopLogging() {
    logged.close();
  }

  private static PoolConfig config() {
    return settings().build();
  }

  private static PoolConfig.Builder settings() {
    return PoolConfig.builder("fake:")
        .maxSize(2)
        .leakThreshold(Duration.ofNanos(THRESHOLD))
        .commandTimeout(Duration.ofSeconds(5));
  }

  private void use(PoolConfig config) {
    shared = shared(config);
    leaks = leaks(config);
  }

  private PoolEvents poolEvents(PoolConfig config) {
    return new PoolEvents(config.name(), List.of(events::add));
  }

  private SharedState shared(PoolConfig config) {
    PassScheduler scheduler = new Asleep();
    SharedState all =
        new SharedState(
            config,
            new FakeConnector(),
            failure -> Verdict.CONNECTION_LOST,
            new Environment(
                () -> now,
                InstantSource.system(),
                scheduler,
                task -> {},
                task -> {},
                () -> 0.5,
                nanos -> {}),
            poolEvents(config));
    open(all, all.engine().slots()[0]);
    return all;
  }

  private void open(SharedState all, Slot slot) {
    slot.attempt(Move.RESERVE);
    slot.attempt(Move.ARRIVED);
    slot.entry = new Seat(number);
    all.engine().opened(slot, slot.word());
  }

  private Leaks leaks(PoolConfig config) {
    return new Leaks(config, poolEvents(config), shared);
  }

  private final class Seat implements PooledEntry {
    private final long number;

    Seat(long number) {
      this.number = number;
    }

    @Override
    public long number() {
      return number;
    }

    @Override
    public PhysicalConnection physical() {
      return new StubPhysical();
    }

    @Override
    public boolean mayBeUsedBesides() {
      return used;
    }

    @Override
    public long queries() {
      return 0;
    }
  }

  private Engine engine() {
    return shared.engine();
  }

  /** What a borrower does, and the pool for him. */
  private Slot lend() {
    Slot slot = requireNonNull(engine().tryAcquire(Thread.currentThread().getId()));
    LeaseNotes notes = shared.leaseNotes();
    if (notes != null) {
      notes.begun(slot, slot.lease, this); // which stays reachable
    }
    return slot;
  }

  /** A lease that isn't among those which are sampled, in a slot that had others. */
  private Slot lendUnsampled() {
    Slot first = lend();
    engine().release(first, first.lease);
    return lend();
  }

  private void look(Slot slot, long heldNanos) {
    leaks.pass(now);
    leaks.look(slot, slot.word(), heldNanos, now);
  }

  private <E extends PoolEvent> List<E> told(Class<E> type) {
    return events.stream().filter(type::isInstance).map(type::cast).toList();
  }

  private static void assertIsHere(List<StackTraceElement> place) {
    assertThat(place)
        .anyMatch(
            frame ->
                frame.getClassName().equals(LeaksTest.class.getName())
                    && frame.getMethodName().equals("lend"));
  }

  private @Nullable String placeLogged() {
    return logged.only(Level.WARN).getThrowableProxy() == null
        ? null
        : logged.only(Level.WARN).getThrowableProxy().getMessage();
  }

  // ---- suspected

  @Test
  void one_over_the_threshold_is_told_once_with_where_it_was_acquired() {
    Slot slot = lend();
    look(slot, THRESHOLD - 1);
    assertThat(events).isEmpty();
    look(slot, THRESHOLD);
    look(slot, 2 * THRESHOLD);
    engine().doom(slot, slot.lease, CloseReason.FENCED);
    look(slot, 3 * THRESHOLD);
    assertThat(told(LeakSuspected.class))
        .singleElement()
        .satisfies(
            leak -> {
              assertThat(leak.connection()).isEqualTo(3);
              assertThat(leak.heldNanos()).isEqualTo(THRESHOLD);
              assertThat(leak.thread()).startsWith(Thread.currentThread().getName() + " #");
              assertIsHere(leak.acquiredAt());
            });
    assertThat(placeLogged()).isEqualTo("It was acquired here");
  }

  @Test
  void it_is_told_again_when_it_is_back() {
    Slot slot = lend();
    look(slot, THRESHOLD);
    now += 5 * SECOND;
    look(slot, THRESHOLD + 5 * SECOND);
    assertThat(told(LeakEnded.class)).isEmpty();
    engine().release(slot, slot.lease);
    now += SECOND;
    look(slot, 0);
    look(slot, SECOND);
    assertThat(told(LeakEnded.class))
        .singleElement()
        .satisfies(
            end -> {
              assertThat(end.connection()).isEqualTo(3);
              assertThat(end.heldNanos()).isEqualTo(THRESHOLD + 6 * SECOND);
            });
    assertThat(logged.messages(Level.INFO))
        .singleElement()
        .asString()
        .contains("connection 3, told of as a possible leak, is back after 16000 ms; ");
  }

  /** By a deadline, an operator, or the end of the pool. */
  @Test
  void one_that_was_taken_by_force_is_not_said_to_be_back() {
    Slot slot = lend();
    look(slot, THRESHOLD);
    engine().cut(slot, slot.lease, CloseReason.ABORTED);
    look(slot, 0);
    assertThat(told(LeakEnded.class)).hasSize(1);
    assertThat(logged.messages(Level.INFO))
        .singleElement()
        .asString()
        .contains("connection 3, told of as a possible leak, was closed after 10000 ms; ");
  }

  /** And what sits in its slot by now is another. */
  @Test
  void one_whose_successor_is_there_is_not_said_to_be_back() {
    Slot slot = lend();
    look(slot, THRESHOLD);
    engine().cut(slot, slot.lease, CloseReason.ABORTED);
    slot.attempt(Move.CLOSED);
    number = 4;
    open(shared, slot);
    look(slot, 0);
    assertThat(logged.messages(Level.INFO)).singleElement().asString().contains("was closed after");
  }

  /** The name that upkeep reads would be another's, who has it for a moment only. */
  @Test
  void one_that_ended_while_upkeep_looked_is_no_suspect() {
    Slot slot = lend();
    long word = slot.word();
    engine().release(slot, slot.lease);
    assertThat(engine().tryAcquire(7)).isSameAs(slot);
    leaks.look(slot, word, THRESHOLD, now);
    assertThat(events).isEmpty();
    assertThat(logged.messages(Level.WARN)).isEmpty();
  }

  /** Between two looks it may have been given back and be somebody else's. */
  @Test
  void the_next_lease_is_another() {
    Slot slot = lend();
    look(slot, THRESHOLD);
    engine().release(slot, slot.lease);
    Slot next = lend();
    look(next, 0);
    assertThat(told(LeakEnded.class)).hasSize(1);
    look(next, THRESHOLD);
    assertThat(told(LeakSuspected.class)).hasSize(2);
  }

  // ---- where it was acquired

  @Test
  void once_a_place_was_missing_the_next_has_one() {
    look(lendUnsampled(), THRESHOLD);
    assertThat(told(LeakSuspected.class).get(0).acquiredAt()).as("not among the sample").isEmpty();
    events.clear();

    Slot slot = shared.engine().slots()[0];
    engine().release(slot, slot.lease);
    look(slot, 0);
    look(lend(), THRESHOLD);
    assertIsHere(told(LeakSuspected.class).get(0).acquiredAt());
    events.clear();

    engine().release(slot, slot.lease);
    look(slot, 0);
    look(lend(), THRESHOLD);
    assertThat(told(LeakSuspected.class).get(0).acquiredAt()).as("a sample again").isEmpty();
  }

  @Test
  void but_not_for_ever() {
    Slot slot = lendUnsampled();
    look(slot, THRESHOLD);
    engine().release(slot, slot.lease);
    now += Leaks.NOTING;
    look(slot, 0);
    look(lend(), THRESHOLD);
    assertThat(told(LeakSuspected.class)).hasSize(2);
    assertThat(told(LeakSuspected.class).get(1).acquiredAt()).isEmpty();
  }

  @Test
  void one_in_sixty_four_is_sampled() {
    LeaseNotes notes = requireNonNull(shared.leaseNotes());
    int noted = 0;
    for (int i = 0; i < 10 * LeaseNotes.SAMPLE; i++) {
      Slot slot = lend();
      noted += notes.place(slot).isEmpty() ? 0 : 1;
      engine().release(slot, slot.lease);
    }
    assertThat(noted).isEqualTo(10);
  }

  @Test
  void on_request_each_has_one_and_on_request_none() {
    use(settings().leakStackTraces(LeakStackTraces.ALWAYS).leakThreshold(Duration.ZERO).build());
    assertIsHere(requireNonNull(shared.leaseNotes()).place(lendUnsampled()));

    use(settings().leakStackTraces(LeakStackTraces.NEVER).build());
    Slot slot = lend();
    look(slot, THRESHOLD);
    engine().release(slot, slot.lease);
    look(slot, 0);
    look(lend(), THRESHOLD);
    assertThat(told(LeakSuspected.class))
        .hasSize(2)
        .allSatisfy(leak -> assertThat(leak.acquiredAt()).isEmpty());
  }

  @Test
  void where_nobody_looks_for_leaks_nothing_is_noted() {
    use(settings().leakThreshold(Duration.ZERO).build());
    assertThat(shared.leaseNotes()).isNull();
    look(lend(), 100 * THRESHOLD);
    assertThat(events).isEmpty();
  }

  @Test
  void a_place_is_of_its_lease_and_of_no_other() {
    LeaseNotes notes = requireNonNull(shared.leaseNotes());
    Slot slot = lend();
    long lease = slot.lease;
    assertIsHere(notes.place(slot));
    engine().doom(slot, lease, CloseReason.FENCED);
    assertIsHere(notes.place(slot));
    engine().release(slot, lease);
    assertThat(slot.state()).isEqualTo(State.CLOSING);
    assertThat(notes.place(slot)).isEmpty();
  }

  // ---- abandoned

  /** As the garbage collector does it. */
  private void drop(Slot slot) {
    requireNonNull(requireNonNull(shared.leaseNotes()).of(slot, slot.word())).clear();
  }

  @Test
  void one_that_nobody_can_give_back_is_taken_back() {
    Slot slot = lend();
    drop(slot);
    look(slot, SECOND);
    assertThat(slot.state()).isEqualTo(State.CLOSING);
    assertThat(slot.closeReason).isEqualTo(CloseReason.ABANDONED);
    assertThat(told(LeaseAbandoned.class))
        .singleElement()
        .satisfies(
            it -> {
              assertThat(it.connection()).isEqualTo(3);
              assertThat(it.heldNanos()).isEqualTo(SECOND);
              assertIsHere(it.acquiredAt());
            });
    assertThat(logged.only(Level.WARN).getFormattedMessage())
        .contains("connection 3 was dropped by " + Thread.currentThread().getName())
        .contains("without being closed, and is taken back after 1000 ms")
        .contains("try-with-resources");
    assertThat(placeLogged()).isEqualTo("It was acquired here");
  }

  @Test
  void also_if_it_was_doomed_meanwhile() {
    Slot slot = lend();
    engine().doom(slot, slot.lease, CloseReason.FENCED);
    drop(slot);
    look(slot, SECOND);
    assertThat(slot.state()).isEqualTo(State.CLOSING);
    assertThat(told(LeaseAbandoned.class)).hasSize(1);
  }

  /** Whose driver's own object was handed out, or who waits for an answer. */
  @Test
  void what_may_be_in_use_is_left_alone_and_told_as_a_leak() {
    used = true;
    Slot slot = lend();
    drop(slot);
    look(slot, SECOND);
    assertThat(slot.state()).isEqualTo(State.LEASED);
    look(slot, THRESHOLD);
    assertThat(told(LeakSuspected.class)).hasSize(1);
    used = false;
    look(slot, THRESHOLD + SECOND);
    assertThat(slot.state()).isEqualTo(State.CLOSING);
    look(slot, 0);
    assertThat(events)
        .as("those that are out no longer are as many as those that were told of")
        .extracting(event -> (Object) event.getClass())
        .containsExactly(LeakSuspected.class, LeakEnded.class, LeaseAbandoned.class);
    assertThat(told(LeakEnded.class).get(0).heldNanos()).isEqualTo(THRESHOLD);
    assertThat(logged.messages(Level.INFO)).as("it has not come back").isEmpty();
  }

  /** The note of a lease that ended says nothing of the next, which has none yet. */
  @Test
  void a_connection_that_was_given_back_and_lent_again_is_left_alone() {
    Slot slot = lend();
    drop(slot);
    engine().release(slot, slot.lease);
    look(slot, 0);
    assertThat(slot.state()).isEqualTo(State.IDLE);
    assertThat(engine().tryAcquire(1)).isSameAs(slot);
    look(slot, SECOND);
    assertThat(slot.state()).isEqualTo(State.LEASED);
  }
}
