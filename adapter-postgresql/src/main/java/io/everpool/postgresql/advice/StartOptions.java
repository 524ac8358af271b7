package io.everpool.postgresql.advice;

import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads the start-up parameter {@code options}: {@code -c name=value} and {@code --name=value}. */
final class StartOptions {
  /** A name and its value; a backslash in the value escapes a space: {@code search_path=a,\ b}. */
  private static final Pattern SETTING =
      Pattern.compile("(?:-c\\s*|--)([A-Za-z_.-]+)\\s*=\\s*((?:\\\\.|\\S)*)");

  /**
   * A time: {@code 30s}, {@code 5 min}; a number without a unit, as in {@code 1500}, is in
   * milliseconds, as in {@code postgresql.conf}.
   */
  private static final Pattern TIME = Pattern.compile("(\\d{1,10})\\s*(us|ms|s|min|h|d)?");

  private StartOptions() {}

  /**
   * The value of a parameter; if it is set several times, the last one counts. Null if it isn't
   * set.
   */
  static @Nullable String value(String options, String parameter) {
    String value = null;
    Matcher setting = SETTING.matcher(options);
    while (setting.find()) {
      if (setting.group(1).replace('-', '_').equalsIgnoreCase(parameter)) {
        value = setting.group(2).replace("'", "");
      }
    }
    return value;
  }

  /** The value as a time; zero if there is no limit, and if the value is no time. */
  static Duration time(@Nullable String value) {
    Matcher time = TIME.matcher(value == null ? "" : value.toLowerCase(Locale.ROOT));
    if (!time.matches()) {
      return Duration.ZERO;
    }
    long number = Long.parseLong(time.group(1));
    String unit = time.group(2) == null ? "ms" : time.group(2);
    return switch (unit) {
      case "us" -> Duration.ofNanos(number * 1000);
      case "s" -> Duration.ofSeconds(number);
      case "min" -> Duration.ofMinutes(number);
      case "h" -> Duration.ofHours(number);
      case "d" -> Duration.ofDays(number);
      default -> Duration.ofMillis(number);
    };
  }
}
