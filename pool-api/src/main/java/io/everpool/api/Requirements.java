package io.everpool.api;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What settings must be, and which of it isn't met: collected, to be told all at once. Null counts
 * as a value that can't work, wherever it comes from.
 */
final class Requirements {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");
  private static final Pattern NEARLY_A_NAME = Pattern.compile("[A-Za-z0-9._ -]{0,80}");

  private final List<String> problems = new ArrayList<>();

  void require(boolean met, String problem) {
    if (!met) {
      problems.add(problem);
    }
  }

  void beSet(String key, @Nullable Object value) {
    require(value != null, key + " is null; leave it out to have its default");
  }

  /** What could be a name is shown; anything else may have come from a wrong variable. */
  void beName(String key, @Nullable String value) {
    beSet(key, value);
    if (value != null && !NAME.matcher(value).matches()) {
      problems.add(
          key
              + " is "
              + (NEARLY_A_NAME.matcher(value).matches()
                  ? "\"" + value + "\""
                  : "a text of " + value.length() + " characters")
              + "; use 1 to 64 letters, digits, dots, dashes or underscores");
    }
  }

  void bePositive(String key, @Nullable Duration value) {
    beSet(key, value);
    if (value != null
        && (value.isNegative()
            || value.isZero()
            || value.compareTo(PoolConfig.LONGEST_DURATION) > 0)) {
      problems.add(
          key + " is " + PoolConfig.text(value) + "; it must be above zero and at most 365 days");
    }
  }

  void beNotNegative(String key, @Nullable Duration value) {
    beSet(key, value);
    if (value != null && (value.isNegative() || value.compareTo(PoolConfig.LONGEST_DURATION) > 0)) {
      problems.add(key + " is " + PoolConfig.text(value) + "; it must be zero (off) to 365 days");
    }
  }

  /** A copy of what is set. */
  Map<String, String> beProperties(@Nullable Map<String, String> value) {
    beSet("properties", value);
    Map<String, String> copy = new HashMap<>();
    if (value != null) {
      value.forEach(
          (name, text) -> {
            if (name == null) {
              problems.add("properties has a null for a name");
            } else if (text == null) {
              problems.add(
                  "properties has a null as the value of "
                      + name
                      + "; leave it out to have the driver's default");
            } else {
              copy.put(name, text);
            }
          });
    }
    return Map.copyOf(copy);
  }

  void throwIfAny() {
    if (!problems.isEmpty()) {
      throw new InvalidPoolConfigException(problems);
    }
  }
}
