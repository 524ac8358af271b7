package io.everpool.core.engine;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.withinPercentage;

import com.sun.management.ThreadMXBean;
import io.everpool.api.CloseReason;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who gets a connection that comes back; one thread plays them all, with a clock of its own. */
class EngineTest {
  private static final int SLOTS = 4;

  private long now = 1_000_000;
  private final List<Slot> closing = new ArrayList<>();
  private int grown;
  private final Housekeeping housekeeping =
      new Housekeeping() {
        @Override
        public void close(Slot slot, long word) {
          assertThat(slot.word()).isEqualTo(word);
          closing.add(slot);
        }

        @Override
        public void grow() {
          grown++;
        }
      };
  private boolean outOfMemory;
  private final Engine engine = new Engine(SLOTS, this::time, housekeeping);

  private long time() {
    if (outOfMemory) {
      outOfMemory = false;
      throw new OutOfMemoryError("a test");
    }
    return now;
  }

  private static final class Caller extends Waiter {
    boolean woken;
    Runnable meanwhile = () -> {};

    Caller(long since) {
      super(since);
    }

    @Override
    protected void wake() {
      woken = true;
      meanwhile.run();
    }
  }

  private Slot open(int index) {
    Slot slot = engine.slots()[index];
    slot.attempt(Move.RESERVE);
    engine.opened(slot, slot.word());
    return slot;
  }

  /** Takes the pool's one connection, having waited for it. */
  private Slot holdAfterWaiting() {
    Caller waiter = new Caller(now);
    assertThat(engine.begin(waiter, 1, 10)).isEqualTo(WaitResult.WAIT);
    open(0);
    assertThat(engine.step(waiter, 1)).isEqualTo(WaitResult.SERVED);
    return engine.take(waiter, 1, now);
  }

  private Caller join() {
    Caller waiter = new Caller(now);
    assertThat(engine.begin(waiter, 2, 100)).isEqualTo(WaitResult.WAIT);
    return waiter;
  }

  @Test
  void a_wait_asks_for_growth() {
    join();
    assertThat(grown).isEqualTo(1);
  }

  /** Whoever opens it has taken it for the waiter by then, and nobody else knows of that lease. */
  @Test
  void a_place_is_not_lost_when_there_is_no_memory_to_hand_it_over() {
    Caller waiter = join();
    Slot slot = engine.slots()[0];
    slot.attempt(Move.RESERVE);
    outOfMemory = true;

    assertThatThrownBy(() -> engine.opened(slot, slot.word())).isInstanceOf(OutOfMemoryError.class);
    assertThat(slot.state()).isEqualTo(State.IDLE);
    assertThat(waiter.woken).isTrue();
    WaitResult answer = engine.step(waiter, 2);
    assertThat(answer == WaitResult.RELOOK ? engine.relook(waiter, 2) : answer)
        .isEqualTo(WaitResult.SERVED);
  }

  @Test
  void after_a_long_hold_the_first_waiter_is_handed_the_connection() {
    Slot slot = holdAfterWaiting();
    Caller waiter = join();
    now += Engine.LONG_HOLD;
    engine.release(slot, slot.lease);
    assertThat(waiter.status()).isEqualTo(Waiter.Status.HANDED);
    assertThat(waiter.woken).isTrue();
    assertThat(engine.tryAcquire(3)).as("for a newcomer").isNull();
  }

  @Test
  void after_a_short_hold_a_running_thread_may_take_it_first() {
    Slot slot = holdAfterWaiting();
    Caller waiter = join();
    now += 1_000;
    engine.release(slot, slot.lease);
    assertThat(waiter.status()).isEqualTo(Waiter.Status.WAITING);
    assertThat(waiter.woken).as("told that a connection lies idle").isTrue();
    assertThat(engine.tryAcquire(3)).as("for a newcomer").isSameAs(slot);
  }

  /** However short the holds are: the queue moves once in each gap. */
  @Test
  void but_not_for_longer_than_a_gap() {
    Slot slot = holdAfterWaiting();
    Caller waiter = join();
    long begun = now;
    while (waiter.waits()) {
      now += 1_000;
      engine.release(slot, slot.lease);
      if (waiter.waits()) {
        assertThat(engine.tryAcquire(3)).isSameAs(slot);
      }
    }
    assertThat(now - begun).isLessThanOrEqualTo(Engine.LONGEST_GAP);
  }

  /** However long the queue is, within limits, and beside the shortest of holds. */
  @ParameterizedTest
  @ValueSource(ints = {30, 80})
  void who_joins_a_line_is_served_when_its_patience_ends(int waiters) {
    Slot slot = holdAfterWaiting();
    for (int i = 1; i < waiters; i++) {
      join();
    }
    Caller last = join();
    long begun = now;
    while (last.waits()) {
      now += 100;
      engine.release(slot, slot.lease);
      if (engine.waiting() == waiters) {
        assertThat(engine.tryAcquire(3)).as("for a running thread").isSameAs(slot);
      } else {
        slot.lease = slot.word(); // handed over; and for the one who is served another joins
        join();
      }
    }
    assertThat(now - begun).isCloseTo(Engine.PATIENCE, withinPercentage(1));
  }

  @Test
  void a_connection_opened_for_those_who_wait_goes_to_the_first() {
    Caller first = join();
    Caller second = join();
    open(0);
    assertThat(first.status()).isEqualTo(Waiter.Status.HANDED);
    assertThat(second.status()).isEqualTo(Waiter.Status.WAITING);
  }

  /** Its examiner was kept from handing it over for so long that it counts as rested. */
  @Test
  void who_is_handed_a_connection_that_had_rested_knows_it() {
    Slot slot = open(0);
    slot.attempt(Move.PROBE);
    Caller waiter = join();
    long probing = slot.word();
    slot.restedWord = Slot.after(Move.PASS, probing);
    engine.pass(slot, probing);
    assertThat(waiter.status()).isEqualTo(Waiter.Status.HANDED);
    long lease = engine.take(waiter, 2, now).lease;
    assertThat(slot.hadRested(lease)).isTrue();
  }

  /** Nobody has looked at it: whoever waited for it was sent away meanwhile. */
  @Test
  void what_comes_back_unused_is_as_it_was() {
    Slot slot = open(0);
    slot.restedWord = slot.word();
    slot.sleptWord = slot.word();
    long lease = requireNonNull(engine.tryAcquire(1)).lease;
    join();
    engine.rejectAll();
    now += 1_000_000_000L; // long enough for the queue to be served
    engine.release(slot, lease);
    long next = requireNonNull(engine.tryAcquire(1)).lease;
    assertThat(slot.hadRested(next)).isTrue();
    assertThat(slot.hadSlept(next)).isTrue();
  }

  /** A waiter that goes when it is served already owns a connection, and has to say so. */
  @Test
  void who_was_served_first_can_leave_no_more() {
    Caller waiter = join();
    Slot slot = open(0);
    assertThat(engine.leave(waiter)).isFalse();
    assertThat(engine.step(waiter, 2)).isEqualTo(WaitResult.SERVED);
    assertThat(engine.take(waiter, 2, now)).isSameAs(slot);
  }

  @Test
  void a_second_release_does_nothing() {
    Slot slot = open(0);
    engine.tryAcquire(1);
    long lease = slot.lease;
    engine.release(slot, lease);
    Slot again = engine.tryAcquire(2);
    engine.release(slot, lease);
    assertThat(again).isSameAs(slot);
    assertThat(slot.state()).isEqualTo(State.LEASED);
  }

  @Test
  void a_doomed_connection_is_closed_when_it_comes_back() {
    Slot slot = open(0);
    engine.tryAcquire(1);
    engine.doom(slot, slot.lease, CloseReason.FENCED);
    engine.release(slot, slot.lease);
    assertThat(closing).containsExactly(slot);
    assertThat(slot.closeReason).isEqualTo(CloseReason.FENCED);
  }

  @Test
  void a_closing_pool_tells_those_who_wait_and_takes_nobody_in() {
    Caller waiter = join();
    engine.close();
    assertThat(waiter.woken).isTrue();
    assertThat(engine.step(waiter, 2)).isEqualTo(WaitResult.REJECTED);
    assertThat(engine.begin(new Caller(now), 3, 10)).isEqualTo(WaitResult.REJECTED);
    assertThat(engine.waiting()).isZero();
  }

  @Test
  void more_than_may_wait_are_refused() {
    join();
    assertThat(engine.begin(new Caller(now), 3, 1)).isEqualTo(WaitResult.QUEUE_FULL);
  }

  /** Or under light load every connection would be used now and then, and none would idle out. */
  @Test
  void leases_keep_to_the_near_slots_while_these_suffice() {
    for (int i = 0; i < SLOTS; i++) {
      open(i);
    }
    engine.narrow(2);
    Set<Integer> used = new HashSet<>();
    for (long thread = 0; thread < 1_000; thread++) {
      Slot slot = requireNonNull(engine.tryAcquire(thread));
      used.add(slot.index);
      engine.release(slot, slot.lease);
    }
    assertThat(used).isSubsetOf(0, 1);
    Slot first = requireNonNull(engine.tryAcquire(1));
    Slot second = requireNonNull(engine.tryAcquire(2));
    assertThat(List.of(first.index, second.index)).containsExactlyInAnyOrder(0, 1);
  }

  /** To its connection, that is, with what the server and the processor remember of it. */
  @Test
  void a_thread_comes_back_to_where_it_was_served_last() {
    for (int i = 0; i < SLOTS; i++) {
      open(i);
    }
    engine.narrow(SLOTS);
    Slot[] served = new Slot[SLOTS];
    for (int thread = 0; thread < SLOTS; thread++) {
      served[thread] = requireNonNull(engine.tryAcquire(thread));
    }
    for (int round = 0; round < 3; round++) {
      for (int thread = SLOTS - 1; thread >= 0; thread--) {
        engine.release(served[thread], served[thread].lease);
        assertThat(engine.tryAcquire(thread)).isSameAs(served[thread]);
      }
    }
    for (Slot slot : served) {
      engine.release(slot, slot.lease);
    }
    for (int thread = SLOTS - 1; thread >= 0; thread--) {
      assertThat(engine.tryAcquire(thread)).as("all are free").isSameAs(served[thread]);
    }
  }

  /** Its connection is one of those that are to idle out. */
  @Test
  void a_thread_does_not_come_back_beyond_where_leases_keep_to() {
    for (int i = 0; i < SLOTS; i++) {
      open(i);
    }
    Slot near = requireNonNull(engine.tryAcquire(1));
    Slot far = requireNonNull(engine.tryAcquire(2));
    assertThat(far.index).isEqualTo(1);
    engine.release(near, near.lease);
    engine.release(far, far.lease);
    engine.narrow(1);
    assertThat(engine.tryAcquire(2)).isSameAs(near);
  }

  @Test
  void who_has_waited_looks_first_where_he_was_served_last() {
    for (int i = 0; i < SLOTS; i++) {
      open(i);
    }
    Slot near = requireNonNull(engine.tryAcquire(1));
    Slot home = requireNonNull(engine.tryAcquire(2));
    engine.release(near, near.lease);
    engine.release(home, home.lease);
    Caller waiter = new Caller(now);
    assertThat(engine.begin(waiter, 2, 10)).isEqualTo(WaitResult.SERVED);
    assertThat(engine.take(waiter, 2, now)).isSameAs(home);
  }

  /** Makes a connection idle that nobody in line is told of, as if it had come before them. */
  private void comesUntold(int index) {
    Slot slot = engine.slots()[index];
    slot.attempt(Move.RESERVE);
    slot.attempt(Move.OPENED);
  }

  /** That one has looked, or is about to; a line of thousands need not look at thousands each. */
  @Test
  void who_joins_behind_one_who_waits_does_not_look() {
    Caller first = new Caller(now);
    Caller second = new Caller(now);
    assertThat(engine.begin(first, 1, 10)).isEqualTo(WaitResult.WAIT);
    comesUntold(0);
    assertThat(engine.begin(second, 2, 10)).isEqualTo(WaitResult.WAIT);
    assertThat(engine.leave(first)).isTrue();
    assertThat(engine.begin(new Caller(now), 3, 10))
        .as("the second waits still")
        .isEqualTo(WaitResult.WAIT);
    assertThat(engine.leave(second)).isTrue();
  }

  /** Whoever was there and has gone is not relied on. */
  @Test
  void who_joins_behind_one_who_has_gone_looks() {
    Caller first = new Caller(now);
    engine.begin(first, 1, 10);
    assertThat(engine.leave(first)).isTrue();
    comesUntold(0);
    assertThat(engine.begin(new Caller(now), 2, 10)).isEqualTo(WaitResult.SERVED);
  }

  /** Whoever published the connection had not the stack to tell him. */
  @Test
  void who_was_not_told_of_an_idle_connection_is_reminded_of_it() {
    Caller first = join();
    Caller second = join();
    engine.remind();
    assertThat(first.woken).as("of none").isFalse();
    comesUntold(0);
    engine.remind();
    assertThat(first.woken).isTrue();
    first.woken = false;
    engine.remind();
    assertThat(first.woken || second.woken).as("more than once").isFalse();
    assertThat(engine.step(first, 2)).isEqualTo(WaitResult.SERVED);
  }

  /** He may have left, for want of stack, before he had looked. */
  @Test
  void who_abandons_the_line_passes_on_what_he_was_not_told_of() {
    Caller first = new Caller(now);
    Caller second = new Caller(now);
    engine.begin(first, 1, 10);
    engine.begin(second, 2, 10);
    comesUntold(0);
    engine.abandon(first, 1);
    assertThat(second.woken).isTrue();
    assertThat(engine.step(second, 2)).isEqualTo(WaitResult.SERVED);
  }

  /** His end may come before he is counted: then there is nothing to count down. */
  @Test
  void who_abandons_the_line_before_he_has_joined_it_leaves_no_trace() {
    engine.abandon(new Caller(now), 1);
    assertThat(engine.waiting()).isZero();
  }

  /** He may have been handed another connection before. */
  @Test
  void who_abandons_what_he_was_handed_passes_on_that_and_more() {
    Slot held = open(1);
    long lease = requireNonNull(engine.tryAcquire(9)).lease;
    Caller first = new Caller(now);
    Caller second = new Caller(now);
    Caller third = new Caller(now);
    engine.begin(first, 1, 10);
    engine.begin(second, 2, 10);
    engine.begin(third, 3, 10);
    comesUntold(0);
    now += Engine.LONGEST_GAP;
    engine.release(held, lease);
    assertThat(first.status()).isEqualTo(Waiter.Status.HANDED);
    engine.abandon(first, 1);
    assertThat(engine.step(second, 2)).isEqualTo(WaitResult.SERVED);
    assertThat(third.woken).isTrue();
    assertThat(engine.step(third, 3)).isEqualTo(WaitResult.SERVED);
  }

  /**
   * He gives it back without memory: to hand it on would take some, beside the one who has waited
   * for longer than a gap. Nobody else knows of that lease.
   */
  @Test
  void who_abandons_what_he_was_handed_needs_no_memory_for_it() {
    Slot held = open(0);
    long lease = requireNonNull(engine.tryAcquire(9)).lease;
    Caller first = new Caller(now);
    Caller second = new Caller(now);
    engine.begin(first, 1, 10);
    engine.begin(second, 2, 10);
    now += Engine.LONGEST_GAP;
    engine.release(held, lease);
    assertThat(first.status()).isEqualTo(Waiter.Status.HANDED);
    now += Engine.LONGEST_GAP;
    engine.abandon(first, 1);
    assertThat(held.state()).as("published, and not handed on").isEqualTo(State.IDLE);
    assertThat(second.woken).isTrue();
    assertThat(engine.step(second, 2)).isEqualTo(WaitResult.SERVED);
  }

  /** He is counted still, and takes nothing more. */
  @Test
  void what_is_handed_to_one_who_is_just_leaving_is_published() {
    Slot held = open(0);
    long lease = requireNonNull(engine.tryAcquire(9)).lease;
    Caller leaving = new Caller(now);
    engine.begin(leaving, 1, 10);
    assertThat(leaving.become(Waiter.Status.LEFT)).isTrue();
    now += Engine.LONGEST_GAP;
    assertThat(engine.release(held, lease)).isTrue();
    assertThat(held.state()).isEqualTo(State.IDLE);
    assertThat(engine.tryAcquire(3)).isSameAs(held);
  }

  /** In a large pool those whose homes are taken don't all look at the same places next. */
  @Test
  void whose_home_is_taken_looks_at_places_of_his_own_and_comes_back_there() {
    Engine large = new Engine(16, () -> now, housekeeping);
    for (Slot slot : large.slots()) {
      slot.attempt(Move.RESERVE);
      large.opened(slot, slot.word());
    }
    large.narrow(16);
    Set<Slot> first = new HashSet<>();
    for (long thread = 1; thread <= 8; thread++) {
      Slot slot = requireNonNull(large.tryAcquire(thread));
      assertThat(first.add(slot)).isTrue();
      assertThat(large.release(slot, slot.lease)).isTrue();
      assertThat(large.tryAcquire(thread)).as("its home").isSameAs(slot);
    }
  }

  private Engine largeOf(int size) {
    Engine large = new Engine(size, () -> now, housekeeping);
    for (Slot slot : large.slots()) {
      slot.attempt(Move.RESERVE);
      large.opened(slot, slot.word());
    }
    large.narrow(size);
    return large;
  }

  /** Each takes one place and no second, and the places are all over the pool. */
  @Test
  void those_whose_homes_are_taken_spread_over_a_large_pool() {
    Engine large = largeOf(64);
    assertThat(large.tryAcquire(0)).as("everybody's home at first").isSameAs(large.slots()[0]);
    Set<Integer> used = new HashSet<>();
    for (long thread = 1; thread <= 200; thread++) {
      Slot slot = requireNonNull(large.tryAcquire(thread));
      used.add(slot.index);
      assertThat(slot.holderId).isEqualTo(thread);
      assertThat(large.slots()).filteredOn(s -> s.state() == State.LEASED).hasSize(2);
      large.release(slot, slot.lease);
    }
    assertThat(used).hasSizeGreaterThan(40);
  }

  // ---- who has what

  /** In a large pool only where he was served last; he may have another one besides. */
  @Test
  void what_a_thread_holds_is_found() {
    for (int size : new int[] {3, 64, 1000}) {
      Engine any = largeOf(size);
      assertThat(any.heldBy(7)).isNull();
      Slot slot = requireNonNull(any.tryAcquire(7));
      assertThat(any.heldBy(7)).isSameAs(slot);
      assertThat(any.heldBy(8)).isNull();
      any.release(slot, slot.lease);
      assertThat(any.heldBy(7)).as("given back, " + size).isNull();
    }
  }

  @Test
  void of_a_small_pool_all_places_are_looked_at() {
    Engine small = largeOf(3);
    Slot first = requireNonNull(small.tryAcquire(7));
    Slot second = requireNonNull(small.tryAcquire(7));
    small.release(second, second.lease);
    assertThat(small.heldBy(7)).isSameAs(first);
  }

  /** Where there are hardly more places than one's own, the next free one is as good. */
  @Test
  void in_a_small_pool_they_go_to_the_next_place() {
    Engine small = largeOf(12);
    for (int i = 0; i < 12; i++) {
      assertThat(requireNonNull(small.tryAcquire(i)).index).isEqualTo(i);
    }
    assertThat(small.tryAcquire(99)).isNull();
  }

  /** What it would find, the first in the queue finds or is told. */
  @Test
  void who_runs_by_while_others_wait_does_not_look_everywhere() {
    Engine wide = new Engine(2 * Engine.LOOKS_BESIDE_WAITERS, () -> now, housekeeping);
    Slot[] slots = wide.slots();
    for (Slot slot : slots) {
      slot.attempt(Move.RESERVE);
      slot.attempt(Move.OPENED);
    }
    for (int i = 0; i < slots.length; i++) {
      assertThat(wide.tryAcquire(1)).isSameAs(slots[i]);
    }
    assertThat(wide.tryAcquire(1)).isNull();
    Caller waiter = new Caller(now);
    assertThat(wide.begin(waiter, 2, 10)).isEqualTo(WaitResult.WAIT);
    Slot last = slots[slots.length - 1];
    last.attempt(Move.RETIRE);
    last.attempt(Move.CLOSED);
    last.attempt(Move.RESERVE);
    last.attempt(Move.OPENED); // idle, and nobody was told: beyond what a runner looks at
    assertThat(wide.tryAcquire(3)).isNull();
    assertThat(wide.relook(waiter, 2)).isEqualTo(WaitResult.SERVED);
    assertThat(wide.take(waiter, 2, now)).isSameAs(last);
  }

  /** A pause, or it would look for ever; and then what came while it was marked is found. */
  @Test
  void who_was_told_and_found_nothing_looks_once_more_after_a_pause() {
    Slot slot = holdAfterWaiting();
    Caller waiter = join();
    assertThat(engine.step(waiter, 2)).as("woken for nothing").isEqualTo(WaitResult.WAIT);
    engine.release(slot, slot.lease);
    assertThat(waiter.woken).isTrue();
    assertThat(engine.tryAcquire(3)).isSameAs(slot);
    assertThat(engine.step(waiter, 2)).isEqualTo(WaitResult.RELOOK);
    assertThat(Engine.relookNanos()).isEqualTo(Engine.RELOOK);
    engine.release(slot, slot.lease);
    assertThat(engine.relook(waiter, 2)).isEqualTo(WaitResult.SERVED);
  }

  @Test
  void who_looked_once_more_in_vain_is_told_of_the_next() {
    Slot slot = holdAfterWaiting();
    Caller waiter = join();
    engine.release(slot, slot.lease);
    assertThat(engine.tryAcquire(3)).isSameAs(slot);
    assertThat(engine.step(waiter, 2)).isEqualTo(WaitResult.RELOOK);
    assertThat(engine.relook(waiter, 2)).isEqualTo(WaitResult.WAIT);
    waiter.woken = false;
    engine.release(slot, slot.lease);
    assertThat(waiter.woken).isTrue();
  }

  /** Two signals for one connection would wake a second one for nothing. */
  @Test
  void one_is_told_of_an_idle_connection_and_no_second() {
    Slot slot = holdAfterWaiting();
    Caller first = join();
    Caller second = join();
    engine.release(slot, slot.lease);
    assertThat(engine.tryAcquire(3)).isSameAs(slot);
    first.woken = false;
    engine.release(slot, slot.lease);
    assertThat(first.woken).as("it knows").isFalse();
    assertThat(second.woken).isFalse();
  }

  @Test
  void who_leaves_after_he_was_told_passes_it_on_where_a_connection_lies_idle() {
    Slot slot = holdAfterWaiting();
    Caller first = join();
    Caller second = join();
    engine.release(slot, slot.lease);
    assertThat(engine.leave(first)).isTrue();
    assertThat(second.woken).isTrue();
    assertThat(engine.step(second, 2)).isEqualTo(WaitResult.SERVED);
  }

  @Test
  void and_wakes_nobody_where_none_does() {
    Slot slot = holdAfterWaiting();
    Caller first = join();
    Caller second = join();
    engine.release(slot, slot.lease);
    assertThat(engine.tryAcquire(3)).isSameAs(slot);
    assertThat(engine.leave(first)).isTrue();
    assertThat(second.woken).isFalse();
  }

  /** He has looked whether he was told just before he was; then the teller has to see him gone. */
  @Test
  void who_is_leaving_when_he_is_told_is_told_for_nothing_and_the_next_is_told() {
    Slot slot = holdAfterWaiting();
    Caller leaving = join();
    Caller second = join();
    leaving.meanwhile = () -> leaving.become(Waiter.Status.LEFT);
    engine.release(slot, slot.lease);
    assertThat(second.woken).isTrue();
    assertThat(engine.step(second, 2)).isEqualTo(WaitResult.SERVED);
  }

  /** It was told of the one, is handed the other, and looks for the first no more. */
  @Test
  void who_was_told_and_is_handed_another_passes_on_what_he_was_told_of() {
    Slot slot = holdAfterWaiting();
    Slot other = engine.slots()[1];
    other.attempt(Move.RESERVE);
    Caller first = join();
    Caller second = join();
    engine.release(slot, slot.lease);
    assertThat(first.woken).isTrue();
    assertThat(engine.opened(other, other.word())).isTrue();
    assertThat(first.status()).isEqualTo(Waiter.Status.HANDED);
    assertThat(second.woken).isTrue();
    assertThat(engine.step(second, 2)).isEqualTo(WaitResult.SERVED);
    assertThat(engine.take(second, 2, now)).isSameAs(slot);
  }

  /** He may be relied on by one who joined just before. */
  @Test
  void who_is_sent_away_passes_on_what_he_has_not_looked_for() {
    Caller first = join();
    engine.rejectAll();
    Caller second = join();
    comesUntold(0);
    assertThat(engine.step(first, 1)).isEqualTo(WaitResult.REJECTED);
    assertThat(second.woken).isTrue();
    assertThat(engine.step(second, 2)).isEqualTo(WaitResult.SERVED);
  }

  @Test
  void since_when_the_first_waits_is_told() {
    assertThat(engine.firstWaitsSince(-7)).isEqualTo(-7);
    Caller first = join();
    now += 5;
    join();
    assertThat(engine.firstWaitsSince(-7)).isEqualTo(first.since);
  }

  private long lease(Slot slot) {
    assertThat(engine.tryAcquire(1)).isSameAs(slot);
    return slot.lease;
  }

  /** By that a recorder counts each use once. */
  @Test
  void who_ends_a_lease_is_told_so_and_nobody_else() {
    Slot slot = open(0);
    long released = lease(slot);
    assertThat(engine.release(slot, released)).isTrue();
    assertThat(engine.release(slot, released)).isFalse();

    long doomed = lease(slot);
    assertThat(engine.doom(slot, doomed, CloseReason.FAILED)).isTrue();
    assertThat(engine.release(slot, doomed)).isTrue();
    assertThat(engine.release(slot, doomed)).isFalse();
    slot.attempt(Move.CLOSED);

    long retired = lease(open(0));
    assertThat(engine.retire(slot, retired, CloseReason.MAX_QUERIES)).isTrue();
    assertThat(engine.retire(slot, retired, CloseReason.MAX_QUERIES)).isFalse();
    slot.attempt(Move.CLOSED);

    long retiredDoomed = lease(open(0));
    engine.doom(slot, retiredDoomed, CloseReason.FAILED);
    assertThat(engine.retire(slot, retiredDoomed, CloseReason.MAX_QUERIES)).isTrue();
    assertThat(slot.closeReason).isEqualTo(CloseReason.FAILED);
    slot.attempt(Move.CLOSED);

    long cut = lease(open(0));
    assertThat(engine.cut(slot, cut, CloseReason.ABORTED)).isTrue();
    assertThat(engine.cut(slot, cut, CloseReason.ABORTED)).isFalse();
  }

  @Test
  void and_beside_waiters_as_well() {
    Slot slot = holdAfterWaiting();
    long shortHeld = slot.lease;
    join();
    assertThat(engine.release(slot, shortHeld)).isTrue();
    assertThat(engine.release(slot, shortHeld)).isFalse();
    long longHeld = lease(slot);
    now += Engine.LONGEST_GAP;
    assertThat(engine.release(slot, longHeld)).as("handed over").isTrue();
    join();
    assertThat(engine.release(slot, longHeld)).isFalse();
    now += Engine.LONGEST_GAP;
    assertThat(engine.release(slot, longHeld)).isFalse();

    long doomed = slot.word();
    engine.doom(slot, doomed, CloseReason.FAILED);
    assertThat(engine.release(slot, doomed)).isTrue();
    assertThat(engine.release(slot, doomed)).isFalse();
  }

  @Test
  void a_doomed_connection_is_not_handed_to_those_who_wait() {
    Slot slot = holdAfterWaiting();
    long lease = slot.lease;
    Caller waiter = join();
    engine.doom(slot, lease, CloseReason.FENCED);
    now += 1_000; // neither held long nor is a gap over
    assertThat(engine.release(slot, lease)).isTrue();
    assertThat(waiter.status()).isEqualTo(Waiter.Status.WAITING);
    assertThat(closing).containsExactly(slot);
    assertThat(slot.closeReason).isEqualTo(CloseReason.FENCED);
  }

  @Test
  void what_is_retired_goes_to_the_closer_for_its_reason() {
    Slot slot = open(0);
    engine.retire(slot, lease(slot), CloseReason.MAX_QUERIES);
    assertThat(closing).containsExactly(slot);
    assertThat(slot.closeReason).isEqualTo(CloseReason.MAX_QUERIES);
    assertThat(slot.cut).isFalse();
  }

  @Test
  void what_is_cut_goes_to_the_closer_to_be_cut() {
    Slot slot = open(0);
    engine.cut(slot, lease(slot), CloseReason.ABORTED);
    assertThat(closing).containsExactly(slot);
    assertThat(slot.closeReason).isEqualTo(CloseReason.ABORTED);
    assertThat(slot.cut).isTrue();
  }

  /** Whoever acts on an old reading loses, and learns of it. */
  @Test
  void a_move_of_upkeeps_tells_whether_it_was_made() {
    Slot slot = open(0);
    long idle = slot.word();
    long lease = lease(slot);
    assertThat(engine.evict(slot, idle, CloseReason.IDLE_TIMEOUT)).isFalse();
    assertThat(engine.giveUp(slot, idle, CloseReason.FENCED)).isFalse();
    assertThat(engine.abort(slot, lease)).isFalse();
    assertThat(closing).isEmpty();
    engine.doom(slot, lease, CloseReason.FENCED);
    long doomed = slot.word();
    assertThat(engine.giveUp(slot, doomed, CloseReason.FENCED)).isFalse();
    assertThat(engine.abort(slot, doomed)).isTrue();
    assertThat(closing).containsExactly(slot);
    slot.attempt(Move.CLOSED);

    slot.attempt(Move.RESERVE);
    long connecting = slot.word();
    assertThat(engine.opened(slot, connecting)).isTrue();
    assertThat(engine.opened(slot, connecting)).isFalse();
    assertThat(engine.evict(slot, slot.word(), CloseReason.IDLE_TIMEOUT)).isTrue();
  }

  @Test
  void what_is_found_dead_is_closed_by_him_who_examined_it() {
    Slot slot = open(0);
    slot.attempt(Move.PROBE);
    long probing = slot.word();
    assertThat(engine.fail(slot, probing, CloseReason.FOUND_DEAD, true)).isTrue();
    assertThat(closing).containsExactly(slot);
    assertThat(slot.closeReason).isEqualTo(CloseReason.FOUND_DEAD);
    assertThat(slot.cut).isTrue();
    assertThat(engine.fail(slot, probing, CloseReason.ASLEEP, false)).isFalse();
    assertThat(closing).hasSize(1);
    assertThat(slot.closeReason).isEqualTo(CloseReason.FOUND_DEAD);
  }

  @Test
  void all_that_is_idle_or_leased_is_given_up_and_counted() {
    Slot leased = open(0);
    lease(leased);
    Slot idle = open(1);
    Slot examined = open(2);
    examined.attempt(Move.PROBE);
    assertThat(engine.giveUpAll(CloseReason.FENCED)).isEqualTo(2);
    assertThat(leased.state()).isEqualTo(State.DOOMED);
    assertThat(closing).containsExactly(idle);
    assertThat(examined.state()).isEqualTo(State.PROBING);
    assertThat(engine.giveUpAll(CloseReason.FENCED)).isZero();
  }

  /** From then on a release by the old name does nothing, and a long hold is still known as one. */
  @Test
  void a_claim_renames_the_lease() {
    Slot slot = holdAfterWaiting();
    long lease = slot.lease;
    long claimed = engine.claim(slot, lease);
    assertThat(claimed).isNotZero().isEqualTo(slot.word()).isEqualTo(slot.lease);
    assertThat(engine.claim(slot, lease)).isZero();
    assertThat(engine.release(slot, lease)).isFalse();
    Caller waiter = join();
    now += Engine.LONG_HOLD;
    assertThat(engine.release(slot, claimed)).isTrue();
    assertThat(waiter.status()).isEqualTo(Waiter.Status.HANDED);
  }

  /** It may be a lease of which nobody has taken the time. */
  @Test
  void a_claim_does_not_make_an_old_time_its_own() {
    Slot slot = holdAfterWaiting();
    engine.release(slot, slot.lease);
    now += Engine.LONG_HOLD;
    long claimed = engine.claim(slot, lease(slot));
    assertThat(slot.timedLease).isNotEqualTo(claimed);
  }

  @Test
  void what_is_mistrusted_while_idle_is_looked_at_by_the_next_and_by_no_other() {
    Slot leased = open(0);
    long before = lease(leased);
    Slot idle = open(1);
    engine.mistrustIdle();
    assertThat(leased.hadRested(before)).isFalse();
    Slot next = requireNonNull(engine.tryAcquire(2));
    assertThat(next).isSameAs(idle);
    assertThat(next.hadRested(next.lease)).isTrue();
    engine.release(next, next.lease);
    engine.tryAcquire(2);
    assertThat(next.hadRested(next.lease)).isFalse();
  }

  @Test
  void what_may_be_lent_now_or_later_counts_as_live() {
    assertThat(engine.anyLive()).isFalse();
    Slot slot = open(0);
    assertThat(engine.anyLive()).as("idle").isTrue();
    slot.attempt(Move.PROBE);
    assertThat(engine.anyLive()).as("examined").isTrue();
    engine.pass(slot, slot.word());
    long lease = lease(slot);
    assertThat(engine.anyLive()).as("leased").isTrue();
    engine.doom(slot, lease, CloseReason.FENCED);
    assertThat(engine.anyLive()).as("doomed").isFalse();
  }

  @Test
  void and_reach_beyond_when_they_do_not() {
    for (int i = 0; i < SLOTS; i++) {
      open(i);
    }
    engine.narrow(1);
    for (int i = 0; i < SLOTS; i++) {
      assertThat(engine.tryAcquire(i)).isNotNull();
    }
    assertThat(engine.width()).isEqualTo(SLOTS);
  }

  /** What explains a wait finds those few among however many. */
  @Test
  void the_holders_among_those_who_wait_are_found() {
    open(0);
    open(1);
    Slot first = requireNonNull(engine.tryAcquire(7));
    requireNonNull(engine.tryAcquire(8));
    Caller nested = new Caller(now);
    assertThat(engine.begin(nested, 7, 10_000)).isEqualTo(WaitResult.WAIT);
    for (int other = 100; other < 110; other++) {
      assertThat(engine.begin(new Caller(now), other, 10_000)).isEqualTo(WaitResult.WAIT);
    }
    assertThat(engine.waitingHolders()).containsOnlyKeys(7L).containsValue(nested);
    long few = bytesToFindThem();
    for (int other = 1_000; other < 6_000; other++) {
      assertThat(engine.begin(new Caller(now), other, 10_000)).isEqualTo(WaitResult.WAIT);
    }
    assertThat(bytesToFindThem()).as("with five thousand more in line").isLessThan(few + 1_000);
    engine.leave(nested);
    assertThat(engine.waitingHolders()).isEmpty();
    engine.release(first, first.lease);
  }

  private long bytesToFindThem() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    assertThat(engine.waitingHolders()).hasSize(1); // all is loaded
    long before = threads.getCurrentThreadAllocatedBytes();
    Object found = engine.waitingHolders();
    long after = threads.getCurrentThreadAllocatedBytes();
    assertThat(found).isNotNull();
    return after - before;
  }
}
