package io.everpool.it.chaos;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import org.jspecify.annotations.Nullable;

/**
 * How a run is to go: system properties {@code everpool.chaos.seed}, {@code .duration} (as {@code
 * PT1H}), {@code .faults} (with both, what comes first ends the run) and {@code .hikari}.
 *
 * @param seed what the strikes and the work are drawn from
 * @param duration how long it goes on; positive
 * @param faults how many faults strike at the most; positive
 * @param hikari whether HikariCP works beside, under the same faults
 */
record ChaosSettings(long seed, Duration duration, int faults, boolean hikari) {
  private static final String PREFIX = "everpool.chaos.";
  static final Duration UNLIMITED = Duration.ofDays(30);

  ChaosSettings {
    if (duration.isNegative() || duration.isZero()) {
      throw new IllegalArgumentException(
          PREFIX + "duration is " + duration + "; it must be positive");
    }
    if (faults < 1) {
      throw new IllegalArgumentException(PREFIX + "faults is " + faults + "; it must be positive");
    }
  }

  /** These, where no property says otherwise. */
  static ChaosSettings orElse(Duration duration, int most, boolean hikari) {
    String seed = property("seed");
    String faults = property("faults");
    String length = property("duration");
    String beside = property("hikari");
    try {
      return new ChaosSettings(
          seed == null ? System.nanoTime() & 0xffff_ffffL : Long.parseLong(seed),
          length != null ? Duration.parse(length) : faults != null ? UNLIMITED : duration,
          faults != null ? Integer.parseInt(faults) : length != null ? Integer.MAX_VALUE : most,
          beside == null ? hikari : Boolean.parseBoolean(beside));
    } catch (NumberFormatException | DateTimeParseException e) {
      throw new IllegalArgumentException(
          PREFIX + "seed and faults are whole numbers, duration is like PT90S or PT1H: " + e, e);
    }
  }

  private static @Nullable String property(String name) {
    String value = System.getProperty(PREFIX + name, "");
    return value.isBlank() ? null : value;
  }

  /** What repeats it. */
  @Override
  public String toString() {
    return "-D"
        + PREFIX
        + "seed="
        + seed
        + (duration.equals(UNLIMITED) ? "" : " -D" + PREFIX + "duration=" + duration)
        + (faults == Integer.MAX_VALUE ? "" : " -D" + PREFIX + "faults=" + faults);
  }
}
