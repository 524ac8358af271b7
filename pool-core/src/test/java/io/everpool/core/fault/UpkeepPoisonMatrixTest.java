package io.everpool.core.fault;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The matrix of what upkeep does, and whoever closes, with a driver that has an adapter. */
class UpkeepPoisonMatrixTest extends PoisonMatrix {
  @ParameterizedTest
  @EnumSource(value = Phase.class, mode = EnumSource.Mode.MATCH_ALL, names = OF_UPKEEP)
  @Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void nothing_that_anybody_throws_or_never_returns_poisons_the_pool(Phase phase) throws Exception {
    play(phase, false);
  }
}
