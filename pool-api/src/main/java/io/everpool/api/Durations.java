package io.everpool.api;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Durations as people write them. */
final class Durations {
  private static final int LONGEST_DAYS = 100_000; // milliseconds can count them

  private Durations() {}

  /** The text of a duration, such as {@code 300s} or {@code 1500ms}. */
  static String text(@Nullable Duration value) {
    if (value == null) {
      return "null";
    }
    if (value.toNanosPart() == 0) {
      return value.toSeconds() + "s";
    }
    boolean millis =
        value.toNanosPart() % 1_000_000 == 0
            && value.toDays() < LONGEST_DAYS
            && value.toDays() > -LONGEST_DAYS;
    return millis ? value.toMillis() + "ms" : value.toString();
  }
}
