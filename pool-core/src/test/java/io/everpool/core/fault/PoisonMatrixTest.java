package io.everpool.core.fault;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A matrix, not examples: in every phase of a connection's life the n-th call of every method of
 * the driver, of the listeners, the recorder, the log, the classifiers, the initializer, the
 * interceptor, the provider of credentials and the unit's callback misbehaves in every way, for
 * every n until the phase is through. After each: whoever got no connection was told why, no lease
 * is out and nobody waits, as many physical connections are open as the pool says and no more than
 * {@code max-size}, what has failed is not lent again, the next caller is served within his
 * timeout, and no thread is lost.
 *
 * <p>{@code -Deverpool.fault=PHASE:method:n:FAULT} runs one of them alone (PLAIN:PHASE:... for that
 * of a driver of which only JDBC is known), {@code -Dtests.sample=N} every N-th.
 */
class PoisonMatrixTest {
  private static final int SAMPLE = Integer.getInteger("tests.sample", 1);

  /** What is thrown takes the same ways with every driver; where one hangs is another matter. */
  private static final int PLAIN_SAMPLE = 5;

  @ParameterizedTest
  @EnumSource(Phase.class)
  @Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void nothing_that_anybody_throws_or_never_returns_poisons_the_pool(Phase phase) throws Exception {
    play(phase, false);
  }

  /** Of a driver that says less of itself the pool asks other things, in other places. */
  @ParameterizedTest
  @EnumSource(Phase.class)
  @Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void nor_does_it_with_a_driver_of_which_only_jdbc_is_known(Phase phase) throws Exception {
    play(phase, true);
  }

  private static void play(Phase phase, boolean plain) throws Exception {
    String only = System.getProperty("everpool.fault", "");
    List<String> broken = new ArrayList<>();
    int cells = 0;
    int struck = 0;
    for (Map.Entry<String, Integer> calls : rehearse(phase, plain).entrySet()) {
      for (int n = 1; n <= calls.getValue(); n++) {
        for (Fault fault : Fault.values()) {
          String name =
              (plain ? "PLAIN:" : "") + phase + ":" + calls.getKey() + ":" + n + ":" + fault;
          if (fault == Fault.HANGS && !Stage.mayHang(calls.getKey())) {
            continue;
          }
          int every = plain && fault != Fault.HANGS ? PLAIN_SAMPLE * SAMPLE : SAMPLE;
          if (only.isEmpty() ? cells++ % every == 0 : only.equals(name)) {
            try (Stage stage = Stage.of(phase, plain, calls.getKey(), fault)) {
              struck += stage.play(calls.getKey(), n, fault) ? 1 : 0;
            } catch (Exception | AssertionError e) {
              broken.add(name + ": " + e.getMessage());
            }
          }
        }
      }
    }
    assertThat(broken).isEmpty();
    assertThat(struck).as("faults that came to pass").isPositive();
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

  private static Map<String, Integer> rehearse(Phase phase, boolean plain) throws Exception {
    try (Stage stage = new Stage(phase, plain)) {
      return stage.rehearse();
    }
  }
}
