package io.everpool.benchmarks.harness;

import java.util.List;

/** What a JVM wrote before it ended without an answer. */
final class LastWords {

  /** How many lines are kept: a JVM that refuses a flag writes three. */
  private static final int LINES = 3;

  private LastWords() {}

  /**
   * The end of the JVM's output in one line, without the frames of stack traces; empty if it wrote
   * nothing.
   */
  static String of(String output) {
    List<String> lines =
        output
            .lines()
            .map(String::strip)
            .filter(line -> !line.isEmpty() && !line.startsWith("at "))
            .toList();
    return String.join("; ", lines.subList(Math.max(0, lines.size() - LINES), lines.size()));
  }

  /** The same text behind a text that says how the JVM ended. */
  static String after(String end, String output) {
    String words = of(output);
    return words.isEmpty() ? end : end + ": " + words;
  }
}
