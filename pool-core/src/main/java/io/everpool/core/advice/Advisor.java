package io.everpool.core.advice;

import static io.everpool.core.advice.Leases.percentile;

import io.everpool.api.SizeAdvice;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Tells how large a pool should be for what it was asked for. That takes some ten milliseconds. */
public final class Advisor {

  /** How many leases must have been seen; fewer say nothing. */
  private static final int ENOUGH = 100;

  private static final long UNNOTICED = TimeUnit.MILLISECONDS.toNanos(1);

  /**
   * How much of the connections' time the busiest minute may use, so that the next has some left.
   */
  private static final double FULL = 0.8;

  private Advisor() {}

  /**
   * Advises by the leases that were seen; empty while they are too few.
   *
   * @param maxSize the pool's size now
   * @param now a reading of the clock of the trace
   * @param instant the time of day then
   */
  public static Optional<SizeAdvice> advise(
      LeaseTrace trace, int maxSize, long now, Instant instant) {
    Leases leases = trace.leases();
    if (leases.count() < ENOUGH) {
      return Optional.empty();
    }
    LeaseTrace.Busiest busiest = trace.busiest(now);
    long[] uses = leases.held().clone();
    Arrays.sort(uses);
    long[] waits = leases.waited().clone();
    Arrays.sort(waits);
    int size = size(leases, Math.max(UNNOTICED, percentile(uses, 50) / 10), busiest.used());
    TreeSet<Integer> sizes = new TreeSet<>(List.of(size, maxSize));
    for (int below = size - 1; below > 0 && below >= size - 3; below--) {
      sizes.add(below);
    }
    List<SizeAdvice.Forecast> forecasts = new ArrayList<>();
    for (int each : sizes) {
      long[] forecast = leases.waits(each);
      forecasts.add(
          new SizeAdvice.Forecast(
              each, of(percentile(forecast, 99)), of(forecast[forecast.length - 1])));
    }
    long[] asked = leases.asked();
    return Optional.of(
        new Sized(
            size,
            maxSize,
            leases.count(),
            of(asked[asked.length - 1] - asked[0]),
            leases.together(),
            of(percentile(uses, 50)),
            of(percentile(uses, 99)),
            of(percentile(waits, 99)),
            List.copyOf(forecasts),
            instant.minusNanos(busiest.ago()),
            busiest.used()));
  }

  /**
   * With more connections nobody waits longer, so halving finds the smallest size that is enough.
   */
  private static int size(Leases leases, long acceptable, double busiest) {
    int least = Math.max(1, (int) Math.ceil(busiest / FULL));
    int enough = Math.max(least, leases.wanted());
    while (least < enough) {
      int middle = (least + enough) >>> 1;
      if (percentile(leases.waits(middle), 99) <= acceptable) {
        enough = middle;
      } else {
        least = middle + 1;
      }
    }
    return enough;
  }

  private static Duration of(long nanos) {
    return Duration.ofNanos(nanos);
  }

  private record Sized(
      int size,
      int maxSize,
      int leases,
      Duration observed,
      int usedTogether,
      Duration useMedian,
      Duration useP99,
      Duration waitP99,
      List<Forecast> forecasts,
      Instant busiestMinute,
      double usedThen)
      implements SizeAdvice {

    @Override
    public String toString() {
      return Sentences.of(this);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return this == other;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(this);
    }
  }
}
