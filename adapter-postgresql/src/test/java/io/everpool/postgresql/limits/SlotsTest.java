package io.everpool.postgresql.limits;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What is left is what the narrowest limit leaves; DoctorTest and FleetIT ask real servers. */
class SlotsTest {

  private static Slots slots(int taken) {
    return new Slots(50, 3, taken, -1, taken, -1, taken, 1, 1);
  }

  @Test
  void the_narrowest_limit_counts() {
    assertThat(slots(40).free()).isEqualTo(7);
    assertThat(new Slots(50, 3, 40, 20, 15, -1, 30, 1, 1).free()).isEqualTo(5);
    assertThat(new Slots(50, 3, 40, 20, 15, 32, 30, 1, 1).free()).isEqualTo(2);
    assertThat(new Slots(50, 3, 49, -1, 1, -1, 1, 1, 1).free()).isZero();
    assertThat(new Slots(50, 3, 1, 20, 1, 10, 1, 1, 1).usable()).isEqualTo(10);
  }

  @Test
  void there_is_nothing_to_say_where_there_is_room() {
    assertThat(slots(1).warning(20, 1)).isEmpty();
    assertThat(slots(28).warning(20, 1)).isEmpty();
  }

  @Test
  void too_little_room_is_told_in_numbers() {
    assertThat(slots(29).warning(20, 1))
        .startsWith("max-size is 20, and the server has room for 19 of these connections now")
        .contains("max_connections is 50", "3 are reserved", "29 are taken", "Lower max-size");
  }

  /** They are opened side by side, and each may be the one that asks. */
  @Test
  void the_pools_own_connections_take_no_room_from_it() {
    Slots second = new Slots(50, 3, 5, 5, 2, -1, 2, 2, 1);
    assertThat(second.warning(5, 2)).isEmpty();
    assertThat(second.warning(6, 2)).contains("room for 5");
  }

  /** Each instance on a machine of its own, and none of them has grown yet. */
  @Test
  void instances_that_may_yet_grow_are_counted() {
    Slots three = new Slots(50, 3, 5, -1, 5, -1, 5, 5, 3);
    assertThat(three.warning(15, 1)).isEmpty();
    assertThat(three.warning(20, 1))
        .contains("3 instances", "60 connections of 47", "Lower max-size to 15");
    assertThat(new Slots(100, 3, 41, -1, 41, -1, 41, 41, 1).instances(20))
        .as("more than two have, on one machine")
        .isEqualTo(3);
  }
}
