package io.everpool.benchmarks.harness;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.contenders.Settings;
import io.everpool.benchmarks.stub.StubDatabase;
import java.util.concurrent.TimeUnit;

/**
 * A hundred threads on ten connections; each connection is held for a parked millisecond, over and
 * over.
 */
final class Saturated extends Regime {

  private static final int THREADS = 100;
  private static final int SIZE = 10;

  Saturated() {
    super("saturated", "100 threads on 10 connections, held for 1 ms parked");
  }

  @Override
  public Figures measure(Contender contender, Surroundings surroundings) throws Exception {
    Hold hold = Hold.parked(TimeUnit.MILLISECONDS.toNanos(1));
    try (Contender.Open pool = contender.open(Settings.of(new StubDatabase(), SIZE))) {
      Figures figures =
          Crowd.measure(
              THREADS,
              SIZE,
              Lenders.of(pool),
              Crowd.Arrivals.CLOSED_LOOP,
              hold,
              surroundings.pace().span(1));
      // If all is in order, a thread waits for all the others that stand between it and its last
      // lease.
      double ideal = figures.get(Figures.HOLD_MS) * (THREADS - SIZE) / SIZE;
      return figures.with(Figures.IDEAL_P99_MS, ideal);
    }
  }
}
