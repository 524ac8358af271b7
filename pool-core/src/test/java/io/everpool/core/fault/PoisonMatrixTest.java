package io.everpool.core.fault;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The matrix of what borrowers do, with a driver that has an adapter. */
class PoisonMatrixTest extends PoisonMatrix {
  @ParameterizedTest
  @EnumSource(value = Phase.class, mode = EnumSource.Mode.MATCH_NONE, names = OF_UPKEEP)
  @Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void nothing_that_anybody_throws_or_never_returns_poisons_the_pool(Phase phase) throws Exception {
    play(phase, false);
  }

  /** What an interceptor finds lost is replaced for a unit as it is for whoever acquires. */
  @ParameterizedTest
  @EnumSource(
      value = Phase.class,
      names = {"OPEN", "LOOK", "UNIT", "RENEW", "WAIT"})
  void a_connection_lost_in_an_interceptor_costs_the_borrower_nothing(Phase phase)
      throws Exception {
    try (Stage stage = Stage.of(phase, false, "interceptor.acquired", Fault.CONNECTION_LOST)) {
      assertThat(stage.play("interceptor.acquired", 1, Fault.CONNECTION_LOST)).isTrue();
      assertThat(stage.told()).as("what the borrower is told").isNull();
    }
  }
}
