package io.everpool.core.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.LongFunction;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * A thousand seeded worlds; by {@code -Dtests.sample=N} every N-th part of them. A seed that breaks
 * a law is named in the failure, and {@code -Deverpool.sim.seed=N} runs that world alone, of the
 * test that {@code -Dtest=SimulationTest#...} names; {@code -Deverpool.sim.worlds=N} runs more.
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
    seeds(Integer.getInteger("everpool.sim.worlds", 1000))
        .forEach(seed -> live("seed " + seed, seed, World::new));
  }

  /**
   * One killed connection must not dump a healthy pool: its neighbours would be replaced for
   * nothing, and their users wait.
   */
  @Test
  void one_killed_connection_is_replaced_and_no_other() {
    seeds(100).forEach(seed -> live("seed " + seed + " (calm)", seed, World::calm));
  }

  /** The one that is asked for, or all. */
  private static LongStream seeds(int most) {
    Long only = Long.getLong("everpool.sim.seed");
    return only != null ? LongStream.of(only) : LongStream.rangeClosed(1, most / SAMPLE);
  }

  /** Whatever goes wrong, the seed is told: without it nobody sees it again. */
  private static void live(String name, long seed, LongFunction<World> kind) {
    try {
      kind.apply(seed).live();
    } catch (RuntimeException | Error e) {
      throw new AssertionError(name + ": " + e, e);
    }
  }

  /** Or a failing seed would be worth nothing. */
  @Test
  void a_seed_always_gives_the_same_world() {
    assertThat(new World(7).live()).isEqualTo(new World(7).live());
  }
}
