package io.everpool.benchmarks.report;

import static java.util.Locale.ROOT;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.harness.Regime;
import io.everpool.benchmarks.harness.Sample;
import java.util.List;

/**
 * Percentiles of the wait, with a line for each pool. Upwards is the wait, on a logarithmic scale;
 * to the right the waits become ever rarer.
 */
final class WaitChart {

  private static final int WIDTH = 860;
  private static final int HEIGHT = 440;
  private static final int LEFT = 70;
  private static final int RIGHT = 150;
  private static final int TOP = 44;
  private static final int BOTTOM = 56;
  private static final String GRID = "#dee2e6";

  /** How far the scale goes, in nines: percent is 100 x (1 - 10^-nines). */
  private static final double MOST_NINES = 4;

  private final Svg svg = new Svg(WIDTH, HEIGHT);
  private double low = Double.MAX_VALUE;
  private double high;

  private WaitChart() {}

  static String of(Regime regime, Results results, String foot) {
    return new WaitChart().draw(regime, results, foot);
  }

  private String draw(Regime regime, Results results, String foot) {
    List<Contender> pools =
        regime.contenders().stream()
            .filter(pool -> pool.pool() && !results.waits(regime.key(), pool).isEmpty())
            .toList();
    for (Contender pool : pools) {
      for (Sample.Quantile quantile : results.waits(regime.key(), pool)) {
        if (quantile.percent() < 100) {
          low = Math.min(low, Math.max(quantile.millis(), 1e-3));
          high = Math.max(high, quantile.millis());
        }
      }
    }
    low = Math.pow(10, Math.floor(Math.log10(low)));
    high = Math.pow(10, Math.ceil(Math.log10(Math.max(high, low * 1.01))));
    grid(regime.title());
    double legend = TOP + 12;
    for (Contender pool : pools) {
      double thickness = pool == Contender.EVERPOOL ? 3 : 1.5;
      svg.path(points(results.waits(regime.key(), pool)), Svg.colour(pool), thickness);
      svg.rectangle(WIDTH - RIGHT + 16, legend - 8, 14, 8, Svg.colour(pool), 1);
      svg.text(WIDTH - RIGHT + 36, legend, "start", 12, pool.label());
      legend += 20;
    }
    svg.text(WIDTH - 8, HEIGHT - 8, "end", 10, foot);
    return svg.toString();
  }

  private void grid(String title) {
    svg.text(LEFT, 24, "start", 14, title + ": wait in ms by percentile");
    for (double ms = low; ms <= high * 1.001; ms *= 10) {
      svg.line(LEFT, y(ms), WIDTH - RIGHT, y(ms), GRID);
      svg.text(LEFT - 8, y(ms) + 4, "end", 11, ms < 1 ? String.valueOf((float) ms) : mark(ms));
    }
    for (double percent : new double[] {0, 50, 90, 99, 99.9, 99.99}) {
      double x = x(percent);
      svg.line(x, TOP, x, HEIGHT - BOTTOM, GRID);
      String mark = percent == Math.rint(percent) ? mark(percent) : String.valueOf(percent);
      svg.text(x, HEIGHT - BOTTOM + 18, "middle", 11, "p" + mark);
    }
  }

  private static String mark(double whole) {
    return String.format(ROOT, "%,.0f", whole);
  }

  private String points(List<Sample.Quantile> waits) {
    StringBuilder points = new StringBuilder();
    for (Sample.Quantile quantile : waits) {
      if (quantile.percent() < 100) {
        points.append(
            String.format(
                ROOT, "%.1f,%.1f ", x(quantile.percent()), y(Math.max(quantile.millis(), low))));
      }
    }
    return points.toString().trim();
  }

  private static double x(double percent) {
    double nines = -Math.log10(1 - percent / 100);
    return LEFT + Math.min(nines, MOST_NINES) / MOST_NINES * (WIDTH - LEFT - RIGHT);
  }

  private double y(double millis) {
    double share = Math.log10(millis / low) / Math.log10(high / low);
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
  }
}
