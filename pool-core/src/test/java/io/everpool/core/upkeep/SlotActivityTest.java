package io.everpool.core.upkeep;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.core.engine.Move;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A pass looks at the slots where something happens, and knows of all. */
class SlotActivityTest {
  private static final long PASS = Upkeep.PASS;
  private static final List<Move> MOVES = List.of(Move.values());

  private long now = Long.MAX_VALUE - 50 * PASS;
  private Slot[] slots = {};
  private StirredSlots stirred = new StirredSlots(0);
  private SlotActivity activity = new SlotActivity(slots, stirred, now);

  private void open(int size) {
    slots = new Slot[size];
    Arrays.setAll(slots, Slot::new);
    stirred = new StirredSlots(size);
    activity = new SlotActivity(slots, stirred, now);
    for (Slot slot : slots) {
      for (Move move : new Move[] {Move.RESERVE, Move.ARRIVED, Move.OPENED}) {
        move(slot, move);
      }
    }
  }

  /** As everybody moves: one that may have been at rest is said to be stirred. */
  private void move(Slot slot, Move move) {
    long before = slot.word();
    slot.attempt(move);
    boolean rested = move == Move.ACQUIRE && !slot.hadRested(slot.word());
    if (!rested && slot.word() != before) {
      stirred.add(slot.index);
    }
  }

  private void pass() {
    now += PASS;
    activity.take(now, false);
  }

  @Test
  void what_is_at_rest_is_left_out() {
    open(5_000);
    pass();
    assertThat(activity.busyCount()).as("new").isEqualTo(5_000);
    pass();
    pass();
    assertThat(activity.busyCount()).isZero();
    assertThat(activity.atRest()).isTrue();
    assertThat(activity.count(State.IDLE)).isEqualTo(5_000);
    move(slots[4_711], Move.ACQUIRE);
    assertThat(activity.hasMoved()).isTrue();
    pass();
    assertThat(activity.busyCount()).isEqualTo(1);
    assertThat(activity.count(State.IDLE)).isEqualTo(4_999);
    assertThat(activity.count(State.LEASED)).isEqualTo(1);
    assertThat(activity.atRest()).isFalse();
    move(slots[4_711], Move.RELEASE);
    for (int i = 0; i < 3; i++) {
      pass();
    }
    assertThat(activity.busyCount()).isZero();
    assertThat(activity.idleFor(4_711, now)).isEqualTo(2 * PASS);
  }

  /**
   * An operator would be told that a connection had been held for as long as it was idle before.
   */
  @Test
  void a_slot_that_has_moved_since_it_was_seen_is_not_said_to_have_held_still() {
    open(1);
    Slot slot = slots[0];
    for (int i = 0; i < 10; i++) {
      pass();
    }
    assertThat(activity.unmovedFor(0, slot.word(), now)).isEqualTo(9 * PASS);
    move(slot, Move.ACQUIRE);
    assertThat(activity.unmovedFor(0, slot.word(), now)).isZero();
    pass();
    pass();
    assertThat(activity.unmovedFor(0, slot.word(), now)).isEqualTo(PASS);
    move(slot, Move.DOOM);
    assertThat(activity.unmovedFor(0, slot.word(), now)).as("held on").isEqualTo(PASS);
  }

  /** Whoever had not the stack to say that he has moved a slot. */
  @Test
  void all_are_looked_at_now_and_then_in_any_case() {
    open(3);
    for (int i = 0; i < 3; i++) {
      pass();
    }
    slots[1].attempt(Move.ACQUIRE);
    long until = now + 10_000_000_000L;
    while (activity.state(1) == State.IDLE) {
      pass();
      assertThat(now - until).isNotPositive();
    }
    assertThat(activity.state(1)).isEqualTo(State.LEASED);
  }

  @Test
  void and_when_somebody_waits_beside_what_looks_idle() {
    open(3);
    for (int i = 0; i < 3; i++) {
      pass();
    }
    slots[1].attempt(Move.ACQUIRE);
    activity.take(now, true);
    assertThat(activity.state(1)).isEqualTo(State.LEASED);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 63, 64, 65, 300})
  void each_pass_knows_of_every_slot(int size) {
    Random random = new Random(size);
    open(size);
    for (int round = 0; round < 3_000; round++) {
      for (int moves = random.nextInt(4); moves > 0; moves--) {
        Slot slot = slots[random.nextInt(size)];
        move(slot, MOVES.get(random.nextInt(MOVES.size())));
      }
      pass();
      boolean rests = true;
      Map<State, Integer> counts = new EnumMap<>(State.class);
      for (Slot slot : slots) {
        assertThat(activity.word(slot.index)).isEqualTo(slot.word());
        counts.merge(slot.state(), 1, Integer::sum);
        rests &=
            slot.state() == State.EMPTY
                || (slot.state() == State.IDLE && slot.restedWord == slot.word());
      }
      for (State state : State.values()) {
        assertThat(activity.count(state)).as("%s", state).isEqualTo(counts.getOrDefault(state, 0));
      }
      assertThat(activity.atRest()).isEqualTo(rests);
      assertThat(activity.hasMoved()).isFalse();
    }
  }
}
