package io.everpool.benchmarks.harness;

import java.util.List;

/** What a JVM said before it ended without an answer. */
final class LastWords {

  /** A refusal of a flag takes the JVM three. */
  private static final int LINES = 3;

  private LastWords() {}

  /** The end of its output in one line, frames of stack traces left out; empty if there is none. */
  static String of(String output) {
    List<String> lines =
        output
            .lines()
            .map(String::strip)
            .filter(line -> !line.isEmpty() && !line.startsWith("at "))
            .toList();
    return String.join("; ", lines.subList(Math.max(0, lines.size() - LINES), lines.size()));
  }

  /** The same after what ended it. */
  static String after(String end, String output) {
    String words = of(output);
    return words.isEmpty() ? end : end + ": " + words;
  }
}
