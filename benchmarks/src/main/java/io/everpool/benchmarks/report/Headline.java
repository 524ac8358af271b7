package io.everpool.benchmarks.report;

import static java.util.stream.Collectors.joining;

import io.everpool.benchmarks.harness.Sample;

/** A sample in a few words. */
public final class Headline {

  private static final int COLUMNS = 4;

  private Headline() {}

  /** The first columns of the regime's table, or why there are none. */
  public static String of(Sample sample) {
    if (sample.failure() != null) {
      return "failed: " + sample.failure();
    }
    return Column.of(sample.regime()).stream()
        .filter(column -> sample.figures().containsKey(column.figure()))
        .map(
            column ->
                column.heading()
                    + " "
                    + column.text(sample.figures().getOrDefault(column.figure(), Double.NaN)))
        .distinct()
        .limit(COLUMNS)
        .collect(joining(", "));
  }
}
