package io.everpool.benchmarks;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.harness.Regime;
import io.everpool.benchmarks.harness.Sample;
import io.everpool.benchmarks.report.Headline;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;

/** Prints a line for each measurement, with the time that is left. */
final class Progress {

  private final PrintStream out;
  private final int total;
  private final long begin = System.nanoTime();
  private int done;

  Progress(PrintStream out, int total) {
    this.out = out;
    this.total = total;
  }

  void done(Regime regime, Contender pool, Sample sample) {
    done++;
    long gone = System.nanoTime() - begin;
    out.printf(
        "[%d/%d, %s gone, %s to go] %-12s %-13s %s%n",
        done,
        total,
        clock(gone),
        clock(gone / done * (total - done)),
        regime.key(),
        pool.label(),
        Headline.of(sample));
    out.flush();
  }

  private static String clock(long nanos) {
    Duration time = Duration.ofNanos(nanos);
    return String.format(Locale.ROOT, "%d:%02d", time.toMinutes(), time.toSecondsPart());
  }
}
