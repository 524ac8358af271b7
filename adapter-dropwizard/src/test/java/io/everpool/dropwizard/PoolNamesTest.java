package io.everpool.dropwizard;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What tells the pools of one block apart is never what is cut. */
class PoolNamesTest {
  @Test
  void aLongNameLeavesRoomForTheOther() {
    PoolNames names = new PoolNames("d".repeat(64));

    assertThat(names.of("hibernate")).isEqualTo("d".repeat(64));
    assertThat(names.of("shop")).isEqualTo("d".repeat(49) + "-shop");
    assertThat(names.of("s".repeat(80))).isEqualTo("d".repeat(26) + "-" + "s".repeat(27));
  }

  @Test
  void whatIsCalledNothingHasANameAllTheSame() {
    assertThat(new PoolNames(null).of("")).isNotEmpty();
    assertThat(new PoolNames("db").of("")).isEqualTo("db");
  }
}
