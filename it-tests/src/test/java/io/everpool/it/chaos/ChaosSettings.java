package io.everpool.it.chaos;

import io.everpool.servers.PgBouncer.Kind;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How a run is to go: system properties {@code everpool.chaos.seed}, {@code .duration} (as {@code
 * PT1H}), {@code .faults} (with both, what comes first ends the run), {@code .hikari} and {@code
 * .pooler} ({@code forgets} or {@code keeps_track}).
 *
 * @param seed what the strikes and the work are drawn from
 * @param duration how long it goes on; positive
 * @param faults how many faults strike at the most; positive
 * @param hikari whether HikariCP works beside, under the same faults
 * @param pooler the PgBouncer through which they work; null for none
 */
record ChaosSettings(
    long seed, Duration duration, int faults, boolean hikari, @Nullable Kind pooler) {
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
    String pooler = property("pooler");
    try {
      return new ChaosSettings(
          seed == null ? System.nanoTime() & 0xffff_ffffL : Long.parseLong(seed),
          length != null ? Duration.parse(length) : faults != null ? UNLIMITED : duration,
          faults != null ? Integer.parseInt(faults) : length != null ? Integer.MAX_VALUE : most,
          beside == null ? hikari : Boolean.parseBoolean(beside),
          pooler == null ? null : Kind.valueOf(pooler.toUpperCase(Locale.ROOT)));
    } catch (IllegalArgumentException | DateTimeParseException e) {
      throw new IllegalArgumentException(
          PREFIX
              + "seed and faults are whole numbers, duration is like PT90S or PT1H, pooler is"
              + " forgets or keeps_track: "
              + e,
          e);
    }
  }

  /** The same through a pooler. */
  ChaosSettings through(Kind kind) {
    return new ChaosSettings(seed, duration, faults, hikari, kind);
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
        + (faults == Integer.MAX_VALUE ? "" : " -D" + PREFIX + "faults=" + faults)
        + (pooler == null ? "" : " -D" + PREFIX + "pooler=" + pooler);
  }
}
