package io.everpool.hocon;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Durations as HOCON writes them, except that a number without a unit isn't read as milliseconds:
 * whoever writes 300, 1.5 or 1e3 here rarely means milliseconds. Only zero needs no unit.
 */
final class Durations {
  private static final Pattern WRITTEN =
      Pattern.compile("([+-]?)(\\d+(?:\\.\\d+)?)[ \\t]*([a-z]*)");
  private static final BigDecimal NANOS_PER_SECOND = BigDecimal.valueOf(1_000_000_000L);

  private static final BigDecimal LONGEST = BigDecimal.valueOf(Long.MAX_VALUE);

  private static final Map<String, BigDecimal> UNITS =
      Map.ofEntries(
          unit("ns", 1),
          unit("nano", 1),
          unit("nanos", 1),
          unit("nanosecond", 1),
          unit("nanoseconds", 1),
          unit("us", 1_000),
          unit("micro", 1_000),
          unit("micros", 1_000),
          unit("microsecond", 1_000),
          unit("microseconds", 1_000),
          unit("ms", 1_000_000),
          unit("milli", 1_000_000),
          unit("millis", 1_000_000),
          unit("millisecond", 1_000_000),
          unit("milliseconds", 1_000_000),
          unit("s", 1_000_000_000),
          unit("second", 1_000_000_000),
          unit("seconds", 1_000_000_000),
          unit("m", 60_000_000_000L),
          unit("minute", 60_000_000_000L),
          unit("minutes", 60_000_000_000L),
          unit("h", 3_600_000_000_000L),
          unit("hour", 3_600_000_000_000L),
          unit("hours", 3_600_000_000_000L),
          unit("d", 86_400_000_000_000L),
          unit("day", 86_400_000_000_000L),
          unit("days", 86_400_000_000_000L));

  private Durations() {}

  private static Map.Entry<String, BigDecimal> unit(String name, long nanos) {
    return Map.entry(name, BigDecimal.valueOf(nanos));
  }

  /**
   * The duration; null if the text is no duration, or one of less than a nanosecond, which would be
   * zero.
   */
  static @Nullable Duration parse(String text) {
    Matcher written = WRITTEN.matcher(text);
    if (!written.matches()) {
      return null;
    }
    BigDecimal number = new BigDecimal(written.group(2));
    if (number.signum() == 0) {
      return written.group(3).isEmpty() || UNITS.containsKey(written.group(3))
          ? Duration.ZERO
          : null;
    }
    BigDecimal nanosPerUnit = UNITS.get(written.group(3));
    if (nanosPerUnit == null) {
      return null;
    }
    BigDecimal nanos = number.multiply(nanosPerUnit);
    BigDecimal[] parts = nanos.divideAndRemainder(NANOS_PER_SECOND);
    if (nanos.compareTo(BigDecimal.ONE) < 0) {
      return null;
    }
    Duration duration =
        parts[0].compareTo(LONGEST) > 0
            ? Duration.ofSeconds(Long.MAX_VALUE) // PoolConfig refuses it as far too long
            : Duration.ofSeconds(parts[0].longValue(), parts[1].longValue());
    return written.group(1).equals("-") ? duration.negated() : duration;
  }
}
