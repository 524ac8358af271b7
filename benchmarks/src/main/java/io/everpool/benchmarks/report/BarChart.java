package io.everpool.benchmarks.report;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.harness.Regime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A bar for each pool, for each regime of a group. A bar that would make the others look tiny is
 * cut off, which its open end shows; the figure beside it is the whole value.
 */
final class BarChart {

  private static final int WIDTH = 860;
  private static final int LEFT = 190;
  private static final int RIGHT = 110;
  private static final int BAR = 16;
  private static final int GAP = 6;
  private static final int HEAD = 46;
  private static final String CUT = "#ffffff";

  /** How many times the median's length a bar may have. */
  private static final double LONGEST = 3;

  private BarChart() {}

  private record Row(Contender pool, double value) {}

  /** Draws the first column of each regime's table. */
  static String of(List<Regime> regimes, Results results, String foot) {
    List<List<Row>> panels = new ArrayList<>();
    for (Regime regime : regimes) {
      panels.add(rows(regime, results));
    }
    int rows = panels.stream().mapToInt(List::size).sum();
    Svg svg = new Svg(WIDTH, rows * (BAR + GAP) + regimes.size() * HEAD + 30);
    double y = 0;
    for (int i = 0; i < regimes.size(); i++) {
      Regime regime = regimes.get(i);
      Column column = Column.of(regime.key()).get(0);
      y += HEAD;
      svg.text(LEFT, y - 14, "start", 14, regime.title() + ": " + column.heading());
      y = panel(svg, y, panels.get(i), column);
    }
    svg.text(WIDTH - 8, y + 22, "end", 10, foot);
    return svg.toString();
  }

  private static double panel(Svg svg, double top, List<Row> rows, Column column) {
    double longest = longest(rows);
    double y = top;
    for (Row row : rows) {
      double length = Math.min(row.value(), longest) / longest * (WIDTH - LEFT - RIGHT);
      svg.text(LEFT - 8, y + BAR - 3, "end", 13, row.pool().label());
      svg.rectangle(LEFT, y, Math.max(length, 1), BAR, Svg.colour(row.pool()), 1);
      if (row.value() > longest) {
        svg.rectangle(LEFT + length - 14, y, 4, BAR, CUT, 1);
        svg.rectangle(LEFT + length - 7, y, 4, BAR, CUT, 1);
      }
      svg.text(LEFT + length + 6, y + BAR - 3, "start", 12, column.text(row.value()));
      y += BAR + GAP;
    }
    return y;
  }

  private static double longest(List<Row> rows) {
    double[] sorted = rows.stream().mapToDouble(Row::value).sorted().toArray();
    if (sorted.length == 0) {
      return 1;
    }
    double most = sorted[sorted.length - 1];
    double cut = sorted[sorted.length / 2] * LONGEST;
    return Math.max(cut > 0 ? Math.min(most, cut) : most, Double.MIN_NORMAL);
  }

  private static List<Row> rows(Regime regime, Results results) {
    String figure = Column.of(regime.key()).get(0).figure();
    Comparator<Row> order = Comparator.comparingDouble(Row::value);
    return regime.contenders().stream()
        .map(pool -> new Row(pool, results.figure(regime.key(), pool, figure)))
        .filter(row -> Double.isFinite(row.value()))
        .sorted(Column.moreIsBetter(regime.key()) ? order.reversed() : order)
        .toList();
  }
}
