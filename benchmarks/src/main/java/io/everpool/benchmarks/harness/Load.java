package io.everpool.benchmarks.harness;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.contenders.Settings;
import io.everpool.benchmarks.stub.StubDatabase;
import java.util.concurrent.TimeUnit;

/**
 * A load of four fifths of what ten connections can bear, if each is held for a parked millisecond.
 *
 * <p>Each of a hundred threads has a timetable, drawn beforehand from an exponential distribution
 * and the same for every pool. Together they are a Poisson process at 0.8 x 10 / (the real length
 * of a 1 ms park). A thread that is late goes at once and doesn't shift its timetable, so a slow
 * pool is offered the same load.
 */
final class Load extends Regime {

  private static final int THREADS = 100;
  private static final int SIZE = 10;
  private static final double SHARE = 0.8;

  Load() {
    super("load80", "100 threads on 10 connections at 80 % load, held for 1 ms parked");
  }

  @Override
  public Figures measure(Contender contender, Surroundings surroundings) throws Exception {
    Crowd.Span span = surroundings.pace().span(1);
    long length = span.warmUpNanos() + span.windowNanos();
    double meanGap = surroundings.parkNanos() * THREADS / (SHARE * SIZE);
    Timetables timetables = Timetables.drawn(THREADS, meanGap, length, surroundings.seed());
    Hold hold = Hold.parked(TimeUnit.MILLISECONDS.toNanos(1));
    try (Contender.Open pool = contender.open(Settings.of(new StubDatabase(), SIZE))) {
      Figures figures =
          Crowd.measure(THREADS, SIZE, Lenders.of(pool), timetables.arrivals(), hold, span);
      var ideal =
          timetables.idealWaits(
              SIZE, (long) (figures.get(Figures.HOLD_MS) * 1e6), span.warmUpNanos());
      return figures
          .with(Figures.IDEAL_P99_MS, ideal.getValueAtPercentile(99) / 1e6)
          .with(Figures.IDEAL_P999_MS, ideal.getValueAtPercentile(99.9) / 1e6);
    }
  }
}
