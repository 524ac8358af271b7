package io.everpool.api;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which values a setting takes, in words and as the check that does what the words say. Null counts
 * as a value that can't work, unless the setting is optional.
 *
 * @param range the words
 * @param check the check
 */
record Rule<T>(String range, Check<T> check) {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");
  private static final Pattern NEARLY_A_NAME = Pattern.compile("[A-Za-z0-9._ -]{0,80}");
  private static final Pattern VARIABLE = Pattern.compile("[^=\\s\\x00]+");
  private static final Duration LEAST_ON_THE_SERVER = Duration.ofMillis(1);

  /** Tells what is wrong with a value. */
  @FunctionalInterface
  interface Check<T> {

    /** Sentences that begin with the key and say what would be right; empty if all is well. */
    List<String> problems(String key, @Nullable T value);
  }

  /** Any value, or none. */
  static <T> Rule<T> optional(String range) {
    return new Rule<>(range, (key, value) -> List.of());
  }

  /** Any value, but there must be one. */
  static <T> Rule<T> any(String range) {
    return required(range, value -> true);
  }

  /** The name of a file, or none; it need not exist yet. */
  static Rule<String> file() {
    return unshown("the path of a file, or null", value -> !value.isBlank() && isPath(value));
  }

  /** The name of an environment variable, or none; it need not be set. */
  static Rule<String> variable() {
    return unshown(
        "the name of an environment variable, or null", value -> VARIABLE.matcher(value).matches());
  }

  private static boolean isPath(String text) {
    try {
      return !Path.of(text).toString().isEmpty();
    } catch (InvalidPathException e) {
      return false;
    }
  }

  /** An optional value that may be a secret at the wrong place. */
  private static Rule<String> unshown(String range, Predicate<String> allowed) {
    return new Rule<>(
        range,
        (key, value) ->
            value == null || allowed.test(value)
                ? List.of()
                : List.of(key + " is something else; it must be " + range));
  }

  /** A value that {@code allowed} accepts; a refusal shows the value. */
  private static <T> Rule<T> required(String range, Predicate<T> allowed) {
    return new Rule<>(
        range,
        (key, value) -> {
          if (value == null) {
            return List.of(isNull(key));
          }
          return allowed.test(value)
              ? List.of()
              : List.of(key + " is " + Kind.plain(value) + "; it must be " + range);
        });
  }

  private static String isNull(String key) {
    return key + " is null; leave it out to have its default";
  }

  /** A whole number; {@code meaning} says what the least one means, or is empty. */
  static <T extends Number> Rule<T> atLeast(long least, String meaning) {
    String range = least + (meaning.isEmpty() ? "" : " (" + meaning + ")") + " or more";
    return required(range, value -> value.longValue() >= least);
  }

  /** A whole number between two, both included. */
  static <T extends Number> Rule<T> between(long least, long most) {
    return required(
        least + " to " + most, value -> value.longValue() >= least && value.longValue() <= most);
  }

  /** A time above zero. */
  static Rule<Duration> positive() {
    return required(
        "above zero and at most 365 days",
        value -> !value.isNegative() && !value.isZero() && !isTooLong(value));
  }

  /** A time that may be switched off. */
  static Rule<Duration> zeroOrMore() {
    return required("zero (off) to 365 days", value -> !value.isNegative() && !isTooLong(value));
  }

  /** A time that the server counts; what it can't count would be no limit at all. */
  static Rule<Duration> onTheServer() {
    Rule<Duration> time = zeroOrMore();
    return new Rule<>(
        time.range() + ", in whole milliseconds",
        (key, value) -> {
          boolean lost =
              value != null
                  && !value.isZero()
                  && !value.isNegative()
                  && value.compareTo(LEAST_ON_THE_SERVER) < 0;
          return lost
              ? List.of(key + " is " + Kind.plain(value) + "; the server counts in whole ms")
              : time.check().problems(key, value);
        });
  }

  private static boolean isTooLong(Duration value) {
    return value.compareTo(PoolConfig.LONGEST_DURATION) > 0;
  }

  /**
   * The pool's name. A refusal shows what could be a name; anything else may have come from a wrong
   * variable.
   */
  static Rule<String> name() {
    String range = "1 to 64 letters, digits, dots, dashes or underscores";
    return new Rule<>(
        range,
        (key, value) -> {
          if (value == null) {
            return List.of(isNull(key));
          }
          if (NAME.matcher(value).matches()) {
            return List.of();
          }
          String shown =
              NEARLY_A_NAME.matcher(value).matches()
                  ? "\"" + value + "\""
                  : "a text of " + value.length() + " characters";
          return List.of(key + " is " + shown + "; use " + range);
        });
  }

  /** Any text but a blank one; whether the address is good is for the adapter to say. */
  static Rule<String> url() {
    return new Rule<>(
        "a JDBC URL or a libpq URL",
        (key, value) ->
            value == null || value.isBlank() ? List.of(key + " is missing; set it") : List.of());
  }

  /** Any texts but blank ones. */
  static Rule<List<String>> urls() {
    return new Rule<>(
        "a list of JDBC URLs or libpq URLs",
        (key, value) -> {
          if (value == null) {
            return List.of(isNull(key));
          }
          return value.stream().allMatch(url -> url != null && !url.isBlank())
              ? List.of()
              : List.of(key + " has one that is null or blank; each must be a URL");
        });
  }

  /** Names and values, none of them null. */
  static Rule<Map<String, String>> properties() {
    return new Rule<>(
        "names and values",
        (key, value) -> {
          List<String> problems = new ArrayList<>();
          if (value == null) {
            problems.add(isNull(key));
          } else {
            value.forEach((name, text) -> property(key, name, text, problems));
          }
          return problems;
        });
  }

  private static void property(
      String key, @Nullable String name, @Nullable String text, List<String> problems) {
    if (name == null) {
      problems.add(key + " has a null for a name");
    } else if (text == null) {
      problems.add(
          key
              + " has a null as the value of "
              + name
              + "; leave it out to have the driver's default");
    }
  }

  /** Settings of its own, each with its own rule and key. */
  static Rule<RetryConfig> retry() {
    return new Rule<>(
        "settings of its own",
        (key, value) -> value == null ? List.of(isNull(key)) : value.problems());
  }
}
