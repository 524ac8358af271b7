package io.everpool.core.engine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The word of a slot: where it is, and how often it has moved. */
class SlotTest {

  private static Slot in(State state) {
    Slot slot = new Slot(0);
    slot.word = 8L * 1_000 + state.bits;
    return slot;
  }

  @ParameterizedTest
  @EnumSource(Move.class)
  void a_move_is_made_from_where_it_begins_and_from_nowhere_else(Move move) {
    for (State state : State.values()) {
      Slot slot = in(state);
      assertThat(slot.attempt(move)).as("from %s", state).isEqualTo(state == move.from);
      assertThat(slot.state()).isEqualTo(state == move.from ? move.to : state);
    }
  }

  /** By that an old reading is known as one. */
  @ParameterizedTest
  @EnumSource(Move.class)
  void every_move_raises_the_stamp(Move move) {
    Slot slot = in(move.from);
    long before = slot.word();
    assertThat(slot.attempt(move, before)).isTrue();
    assertThat(slot.word()).isEqualTo(Slot.after(move, before));
    assertThat(slot.word() >> Slot.STATE_BITS)
        .isEqualTo((before >> Slot.STATE_BITS) + (move == Move.HAND_OVER ? 2 : 1));
    assertThat(slot.attempt(move, before)).as("by an old reading").isFalse();
  }

  /** Upkeep cuts what its holder has claimed and can't give back, and it must be his still. */
  @Test
  void a_lease_that_was_handed_over_has_not_the_name_of_a_claimed_one() {
    Slot slot = in(State.IDLE);
    long lease = slot.acquire(7);
    assertThat(slot.attempt(Move.HAND_OVER, lease)).isTrue();
    assertThat(slot.word())
        .isNotIn(lease, Slot.after(Move.CLAIM, lease))
        .isEqualTo(Slot.after(Move.ACQUIRE, Slot.after(Move.RELEASE, lease)));
  }

  @Test
  void the_hot_paths_moves_are_those_of_the_table() {
    Slot slot = in(State.IDLE);
    long idle = slot.word();
    long lease = slot.acquire(7);
    assertThat(lease).isEqualTo(Slot.after(Move.ACQUIRE, idle)).isEqualTo(slot.word());
    assertThat(slot.acquire(7)).isZero();
    assertThat(slot.release(lease)).isTrue();
    assertThat(slot.word()).isEqualTo(Slot.after(Move.RELEASE, lease));
    assertThat(slot.release(lease)).isFalse();
  }

  /** Whoever explains a pool must not name the last holder for the present one. */
  @Test
  void a_holder_is_named_only_while_the_lease_is_his() {
    Slot slot = in(State.IDLE);
    assertThat(slot.holder()).as("idle").isZero();
    long lease = slot.acquire(7);
    assertThat(slot.holder()).isEqualTo(7);
    assertThat(slot.attempt(Move.DOOM, lease)).isTrue();
    assertThat(slot.holder()).as("his still, though it is doomed").isEqualTo(7);

    Slot next = in(State.IDLE);
    next.release(next.acquire(7));
    assertThat(next.holder()).as("given back").isZero();
    assertThat(next.attempt(Move.ACQUIRE)).isTrue();
    assertThat(next.holder()).as("another's, who has not written his name yet").isZero();
    next.lend(next.word(), 8);
    assertThat(next.holder()).isEqualTo(8);
  }
}
