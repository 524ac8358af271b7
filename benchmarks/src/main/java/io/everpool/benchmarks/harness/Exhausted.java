package io.everpool.benchmarks.harness;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.contenders.Settings;
import io.everpool.benchmarks.stub.StubDatabase;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Twice as many threads as connections of a large pool, so that half of them stand in the wait
 * queue.
 */
final class Exhausted extends Regime {
  private static final Hold HOLD = Hold.parked(TimeUnit.MILLISECONDS.toNanos(50));

  private final int size;

  Exhausted(int size) {
    super(
        "exhausted-" + size,
        2 * size + " threads on " + size + " connections, each held for 50 ms parked");
    this.size = size;
  }

  @Override
  public List<Contender> contenders() {
    return List.of(Contender.EVERPOOL, Contender.HIKARI);
  }

  @Override
  public Figures measure(Contender contender, Surroundings surroundings) throws Exception {
    Crowd.Span span = surroundings.pace().span(2);
    try (Contender.Open pool = contender.open(Settings.of(new StubDatabase(), size))) {
      return Crowd.measure(
          2 * size, size, Lenders.of(pool), Crowd.Arrivals.CLOSED_LOOP, HOLD, span);
    }
  }
}
