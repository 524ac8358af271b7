package io.everpool.core.fault;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The matrix with a driver of which only JDBC is known: it says less of itself, and the pool asks
 * other things, in other places.
 */
class PlainPoisonMatrixTest extends PoisonMatrix {
  @ParameterizedTest
  @EnumSource(Phase.class)
  @Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void nothing_that_a_driver_of_which_only_jdbc_is_known_does_poisons_the_pool(Phase phase)
      throws Exception {
    play(phase, true);
  }
}
