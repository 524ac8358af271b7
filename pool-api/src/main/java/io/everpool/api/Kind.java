package io.everpool.api;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What settings of one type have in common.
 *
 * @param type the type, boxed if it is a primitive one
 * @param hides whether {@code text} leaves out some or all of the value, for that may be a secret
 * @param text how a value is shown
 * @param copy makes a copy that nobody else can change
 * @param parts the settings that a value is made of; empty if it is one value
 */
record Kind<T>(
    Class<T> type, boolean hides, Text<T> text, UnaryOperator<T> copy, List<Setting<?>> parts) {

  /** Shows a value. */
  @FunctionalInterface
  interface Text<T> {
    String of(@Nullable T value);
  }

  static final Kind<String> TEXT = plain(String.class);
  static final Kind<String> URL = hiding(String.class, Kind::url);
  static final Kind<String> PASSWORD =
      hiding(String.class, value -> value == null ? "none" : Redaction.MASK);

  /** SQL, which may hold a secret, such as the key of an extension. */
  static final Kind<String> SQL =
      hiding(String.class, value -> value == null ? "none" : Redaction.MASK);

  /** The name of a file, unless it looks like what the file is to hold. */
  static final Kind<String> FILE = naming(PasswordFile::isName);

  /** The name of a variable, unless it looks like what the variable is to hold. */
  static final Kind<String> VARIABLE = naming(PasswordVariable::isName);

  static final Kind<Integer> INTEGER = plain(Integer.class);
  static final Kind<Long> LONG = plain(Long.class);
  static final Kind<Boolean> SWITCH = plain(Boolean.class);
  static final Kind<Duration> DURATION = plain(Duration.class);
  static final Kind<Map<String, String>> PROPERTIES = properties();
  static final Kind<List<String>> URLS = urls();

  /** One of the constants of an enum. */
  static <E extends Enum<E>> Kind<E> choice(Class<E> type) {
    return plain(type);
  }

  /** A configuration of its own. */
  static <T> Kind<T> block(Class<T> type, List<Setting<?>> parts) {
    return new Kind<>(type, false, Kind::plain, UnaryOperator.identity(), parts);
  }

  private static <T> Kind<T> plain(Class<T> type) {
    return new Kind<>(type, false, Kind::plain, UnaryOperator.identity(), List.of());
  }

  private static <T> Kind<T> hiding(Class<T> type, Text<T> text) {
    return new Kind<>(type, true, text, UnaryOperator.identity(), List.of());
  }

  private static Kind<String> naming(Predicate<String> isName) {
    return hiding(
        String.class,
        value -> value == null ? "none" : isName.test(value) ? value : Redaction.MASK);
  }

  /** The copy keeps a null that is in the value, so that the check can refuse it. */
  @SuppressWarnings("unchecked") // a class literal knows no type arguments
  private static Kind<Map<String, String>> properties() {
    return new Kind<>(
        (Class<Map<String, String>>) (Class<?>) Map.class,
        true,
        value -> value == null ? "null" : Redaction.properties(value).toString(),
        value ->
            value.isEmpty() ? Map.of() : Collections.unmodifiableMap(new LinkedHashMap<>(value)),
        List.of());
  }

  /** The copy keeps a null that is in the value, so that the check can refuse it. */
  @SuppressWarnings("unchecked") // a class literal knows no type arguments
  private static Kind<List<String>> urls() {
    return new Kind<>(
        (Class<List<String>>) (Class<?>) List.class,
        true,
        value -> value == null ? "null" : value.stream().map(Kind::url).toList().toString(),
        value -> value.isEmpty() ? List.of() : Collections.unmodifiableList(new ArrayList<>(value)),
        List.of());
  }

  private static String url(@Nullable String value) {
    return value == null ? "null" : Redaction.url(value);
  }

  /** A value that is no secret. */
  static String plain(@Nullable Object value) {
    return value instanceof Duration time ? Durations.text(time) : String.valueOf(value);
  }
}
