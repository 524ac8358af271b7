package io.everpool.api;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A setting that a pool has: what it is called, which values it takes and what it does. {@link
 * PoolConfig#settings()} lists them all, so that whoever reads settings from somewhere (a file, a
 * framework's environment, a form) knows every one there is, those of later versions as well.
 *
 * <p>There are no others than the ones listed; each is one object, compared by identity. Immutable
 * and thread-safe.
 *
 * @param <T> the type of its value, boxed if it is a primitive one
 */
public final class Setting<T> {
  private final int index;
  private final String name;
  private final String key;
  private final Kind<T> kind;
  private final @Nullable T defaultValue;
  private final Rule<T> rule;
  private final String meaning;

  /**
   * @param index its position in its table
   * @param path what stands before its key: empty, or the key of the setting that it is a part of
   *     and a dot
   */
  Setting(
      int index,
      String path,
      String name,
      Kind<T> kind,
      @Nullable T defaultValue,
      Rule<T> rule,
      String meaning) {
    this.index = index;
    this.name = name;
    this.key = path + name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    this.kind = kind;
    this.defaultValue = defaultValue;
    this.rule = rule;
    this.meaning = meaning;
  }

  int index() {
    return index;
  }

  /** Its name in camel case, as the methods of the configuration and of its builder have it. */
  public String name() {
    return name;
  }

  /**
   * Its name in kebab case ({@code min-size}), after that of the setting which it is a part of
   * ({@code retry.max-attempts}).
   */
  public String key() {
    return key;
  }

  /**
   * The type of its value, boxed if it is a primitive one: String, Integer, Long, Boolean,
   * Duration, an enum, a Map or a List of Strings, or a configuration made of {@link #parts()}.
   */
  public Class<T> type() {
    return kind.type();
  }

  /**
   * The value that it has if nobody sets it; null if it is optional, and for the URL, which has no
   * default.
   */
  public @Nullable T defaultValue() {
    return defaultValue;
  }

  /** Which values it takes, in words: {@code 1 to 10000}. */
  public String range() {
    return rule.range();
  }

  /** What it does, in a sentence or two of plain text. */
  public String meaning() {
    return meaning;
  }

  /** Whether its value is a secret or may contain one; {@link #shown} leaves that out. */
  public boolean isSecret() {
    return kind.hides();
  }

  /** The settings that its value is made of; empty if it is one value. Immutable. */
  public List<Setting<?>> parts() {
    return kind.parts();
  }

  /**
   * What is wrong with a value by itself, in sentences that begin with the {@link #key() key} (of
   * the {@link #parts() part} that is wrong, if there are parts), say what would be right, and
   * carry no secret; empty if nothing is.
   */
  public List<String> problems(@Nullable T value) {
    return rule.check().problems(key, value);
  }

  /** The value as a text that may be logged: durations as {@code 300s}, secrets left out. */
  public String shown(@Nullable T value) {
    return kind.text().of(value);
  }

  /** The value as this setting keeps it, unchangeable. */
  @Nullable T kept(@Nullable T value) {
    return value == null ? null : kind.copy().apply(value);
  }

  boolean isAtDefault(@Nullable T value) {
    return Objects.equals(defaultValue, value);
  }

  /** Its key. */
  @Override
  public String toString() {
    return key;
  }
}
