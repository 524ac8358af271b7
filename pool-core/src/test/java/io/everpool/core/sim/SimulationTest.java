package io.everpool.core.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * A thousand seeded worlds; by {@code -Dtests.sample=N} every N-th part of them. A seed that breaks
 * a law is named in the failure, and {@code -Deverpool.sim.seed=N} runs that world alone; {@code
 * -Deverpool.sim.worlds=N} runs more.
 */
class SimulationTest {
  private static final int SAMPLE = Integer.getInteger("tests.sample", 1);

  /**
   * Outages, restarts, freezes, refused and hung connects, hung closes, failing and hanging probes,
   * fences, killed connections, a server without slots, one that denies, sleep; and the laws of
   * {@link World} and {@link ConnectLaws} after every step.
   */
  @Test
  void the_laws_hold_in_a_thousand_worlds() {
    Long only = Long.getLong("everpool.sim.seed");
    LongStream seeds =
        only != null
            ? LongStream.of(only)
            : LongStream.rangeClosed(1, Long.getLong("everpool.sim.worlds", 1000) / SAMPLE);
    seeds.forEach(
        seed -> {
          try {
            new World(seed).live();
          } catch (RuntimeException e) {
            throw new AssertionError("seed " + seed + " fails", e);
          }
        });
  }

  /**
   * One killed connection must not dump a healthy pool: its neighbours would be replaced for
   * nothing, and their users wait.
   */
  @Test
  void one_killed_connection_is_replaced_and_no_other() {
    for (long seed = 1; seed <= 100 / SAMPLE; seed++) {
      World.calm(seed).live();
    }
  }

  /** Or a failing seed would be worth nothing. */
  @Test
  void a_seed_always_gives_the_same_world() {
    assertThat(new World(7).live()).isEqualTo(new World(7).live());
  }
}
