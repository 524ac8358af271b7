package io.everpool.benchmarks.report;

import static java.util.Locale.ROOT;
import static java.util.stream.Collectors.joining;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.harness.Regime;
import io.everpool.benchmarks.harness.Sample;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Writes Markdown that is also legible as plain text. */
final class Tables {

  private Tables() {}

  /** The table of a regime, the best pool first. */
  static String of(Regime regime, Results results) {
    List<Column> columns = Column.of(regime.key());
    List<Contender> rows = new ArrayList<>();
    List<String> failures = new ArrayList<>();
    for (Contender pool : regime.contenders()) {
      if (results.of(regime.key(), pool).isEmpty()) {
        continue;
      }
      if (results.failed(regime.key(), pool)) {
        failures.add(failures(regime.key(), pool, results));
      }
      if (results.failure(regime.key(), pool).isEmpty()) {
        rows.add(pool);
      }
    }
    Comparator<Contender> order =
        Comparator.comparingDouble(
            pool -> results.figure(regime.key(), pool, columns.get(0).figure()));
    rows.sort(Column.moreIsBetter(regime.key()) ? order.reversed() : order);
    List<List<String>> cells = new ArrayList<>();
    cells.add(headings(columns));
    for (Contender pool : rows) {
      cells.add(row(regime.key(), pool, columns, results));
    }
    StringBuilder text = new StringBuilder("### " + regime.key() + ": " + regime.title() + "\n\n");
    if (!rows.isEmpty()) {
      text.append(markdown(cells));
    }
    failures.forEach(failure -> text.append("\n").append(failure).append("\n"));
    return text.toString();
  }

  /** In how many of its rounds a pool failed, and why; its figures come from the other rounds. */
  private static String failures(String regime, Contender pool, Results results) {
    List<Sample> all = results.of(regime, pool);
    List<Sample> failed = all.stream().filter(sample -> sample.failure() != null).toList();
    String rounds = all.size() == 1 ? "" : " in " + failed.size() + " of " + all.size() + " rounds";
    return failed.stream()
        .map(sample -> String.valueOf(sample.failure()))
        .distinct()
        .collect(joining("; ", pool.label() + " failed" + rounds + ": ", ""));
  }

  private static List<String> headings(List<Column> columns) {
    Set<String> headings = new LinkedHashSet<>();
    headings.add("pool");
    for (Column column : columns) {
      headings.add(column.heading());
      if (column.against() != null) {
        headings.add(ratioHeading(column));
      }
    }
    return List.copyOf(headings);
  }

  private static String ratioHeading(Column column) {
    return column.heading() + " / " + column.against();
  }

  private static List<String> row(
      String regime, Contender pool, List<Column> columns, Results results) {
    List<String> cells = new ArrayList<>();
    Set<String> shown = new LinkedHashSet<>();
    cells.add((pool.label() + " " + pool.version()).trim());
    for (Column column : columns) {
      double value = results.figure(regime, pool, column.figure());
      if (shown.add(column.heading())) {
        cells.add(column.text(value));
      }
      Contender against = column.against();
      if (against != null) {
        double ratio = value / results.figure(regime, against, column.figure());
        cells.add(Double.isFinite(ratio) ? String.format(ROOT, "%.2f", ratio) : "-");
      }
    }
    return cells;
  }

  /** A table of these rows; the first one is the head. */
  static String markdown(List<List<String>> rows) {
    int[] widths = new int[rows.get(0).size()];
    for (List<String> row : rows) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    StringBuilder text = new StringBuilder();
    for (int r = 0; r < rows.size(); r++) {
      for (int i = 0; i < widths.length; i++) {
        String pad = i == 0 ? "%-" + widths[i] + "s" : "%" + widths[i] + "s";
        text.append("| ").append(String.format(ROOT, pad, rows.get(r).get(i))).append(' ');
      }
      text.append("|\n");
      if (r == 0) {
        for (int i = 0; i < widths.length; i++) {
          text.append("| ").append("-".repeat(widths[i])).append(i == 0 ? " " : ":");
        }
        text.append("|\n");
      }
    }
    return text.toString();
  }
}
