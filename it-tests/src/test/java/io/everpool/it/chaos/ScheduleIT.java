package io.everpool.it.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A seed stands for one chaos. */
class ScheduleIT {
  private static final int PACK = Schedule.PACK;

  private static List<Strike> strikes(long seed) {
    Schedule schedule = new Schedule(seed);
    return Stream.generate(schedule::next).limit(3L * PACK).toList();
  }

  @Test
  void theSameSeedGivesTheSameStrikesAndAnotherOthers() {
    assertThat(strikes(7)).isEqualTo(strikes(7)).isNotEqualTo(strikes(8));
  }

  /** So no minute of it is without any of them. */
  @Test
  void everyPackHasEveryKindInIt() {
    List<Strike> strikes = strikes(7);
    for (int from = 0; from < strikes.size(); from += PACK) {
      assertThat(
              strikes.subList(from, from + PACK).stream()
                  .map(Strike::fault)
                  .collect(Collectors.toSet()))
          .containsExactlyInAnyOrder(Fault.values());
    }
  }
}
