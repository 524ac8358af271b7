package io.everpool.hocon;

import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import io.everpool.api.Setting;
import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Turns HOCON values into what a setting wants. It is strict: a doubtful value is a problem. */
final class ValueReader {

  private static final Pattern WHOLE = Pattern.compile("[+-]?\\d+");
  private static final Pattern BLANK = Pattern.compile("^[ \\t\\r\\n]+|[ \\t\\r\\n]+$");

  private final Problems problems;
  private final Secrets secrets;

  ValueReader(Problems problems, Secrets secrets) {
    this.problems = problems;
    this.secrets = secrets;
  }

  /** The value of a setting, or null after a problem was added. */
  <T> @Nullable T read(Setting<T> setting, Located located) {
    BigInteger number =
        isNumber(setting.type()) && isScalar(located)
            ? number(trimmed(text(located.value())))
            : null;
    if (number != null && !isWithin(setting.type(), number)) {
      refuse(located, "it must be " + range(setting, number.signum()));
      return null;
    }
    return read(setting.type(), located);
  }

  private <T> @Nullable T read(Class<T> type, Located located) {
    if (!isScalar(located)) {
      problems.add(located, "is " + located.kind() + "; " + wanted(type));
      return null;
    }
    Object value = scalar(type, located);
    if (value == null) {
      refuse(located, wanted(type));
    }
    return type.cast(value);
  }

  private void refuse(Located located, String wanted) {
    problems.add(located, "is " + secrets.shown(located, text(located.value())) + "; " + wanted);
  }

  private static boolean isScalar(Located located) {
    ConfigValueType kind = located.value().valueType();
    return kind != ConfigValueType.OBJECT && kind != ConfigValueType.LIST;
  }

  private static boolean isNumber(Class<?> type) {
    return type == Integer.class || type == Long.class;
  }

  private static boolean isWithin(Class<?> type, BigInteger number) {
    return number.bitLength() < (type == Integer.class ? Integer.SIZE : Long.SIZE);
  }

  /**
   * The range that a setting accepts, for a message about a number so large or small that the
   * setting's type can't hold it.
   */
  private static <T> String range(Setting<T> setting, int sign) {
    Number outermost =
        setting.type() == Integer.class
            ? (Number) (sign < 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE)
            : (Number) (sign < 0 ? Long.MIN_VALUE : Long.MAX_VALUE);
    return setting.problems(setting.type().cast(outermost)).isEmpty()
        ? (sign < 0 ? "at least " : "at most ") + outermost
        : setting.range();
  }

  private static @Nullable Object scalar(Class<?> type, Located located) {
    String text = text(located.value());
    if (type == String.class) {
      return text;
    }
    if (isNumber(type)) {
      BigInteger number = number(trimmed(text));
      return number == null
          ? null
          : type == Integer.class ? (Object) number.intValueExact() : number.longValueExact();
    }
    if (type == Boolean.class) {
      return truth(trimmed(text));
    }
    if (type == Duration.class) {
      return Durations.parse(trimmed(text));
    }
    if (type.isEnum()) {
      return constant(type, trimmed(text));
    }
    throw new IllegalStateException("no HOCON for a " + type);
  }

  private static @Nullable BigInteger number(String text) {
    return WHOLE.matcher(text).matches() ? new BigInteger(text) : null;
  }

  /** Reads a truth value in letters of any case, for variables are often written in capitals. */
  private static @Nullable Boolean truth(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "true", "yes", "on" -> true;
      case "false", "no", "off" -> false;
      default -> null;
    };
  }

  /**
   * The text without the blanks that a shell or a file may leave around a value; other invisible
   * characters are no accident, and stay.
   */
  private static String trimmed(String text) {
    return BLANK.matcher(text).replaceAll("");
  }

  /**
   * Finds the constant of an enum. HOCON's {@code on} and {@code off} are strings, but {@code true}
   * and {@code false} aren't; a setting that knows on and off accepts these two as well.
   */
  private static @Nullable Object constant(Class<?> type, String text) {
    List<String> switches = List.of("on", "off");
    for (Object constant : type.getEnumConstants()) {
      String label = Keys.kebab(constant.toString());
      if (label.equals(Keys.kebab(text))
          || (switches.contains(label) && label.equals(onOff(text)))) {
        return constant;
      }
    }
    return null;
  }

  private static @Nullable String onOff(String text) {
    Boolean truth = truth(text);
    return truth == null ? null : truth ? "on" : "off";
  }

  private static String wanted(Class<?> type) {
    if (isNumber(type)) {
      return "it must be a whole number, such as 20";
    }
    if (type == Boolean.class) {
      return "it must be true or false";
    }
    if (type == Duration.class) {
      return "it must be a number with one of the units ns, us, ms, s, m, h, d, such as 300s";
    }
    if (type.isEnum()) {
      return "it must be one of "
          + Arrays.stream(type.getEnumConstants())
              .map(constant -> Keys.kebab(constant.toString()))
              .collect(Collectors.joining(", "));
    }
    return "it must be a string";
  }

  /**
   * Reads a block of free names: {@code ssl { mode = require }} is {@code ssl.mode}. A null takes
   * back what a lower layer says of that name.
   *
   * @param places receives the place of each
   */
  Map<String, String> flat(Layers layers, Map<String, String> places) {
    Map<String, @Nullable String> flat = new LinkedHashMap<>();
    for (int i = layers.layers().size() - 1; i >= 0; i--) {
      Layer layer = layers.layers().get(i);
      Map<String, Located> names = new TreeMap<>();
      collect(layer.path(), "", layer.block(), names);
      names.forEach(
          (name, located) -> {
            flat.put(name, property(located));
            places.put(name, located.place());
          });
    }
    Map<String, String> set = new LinkedHashMap<>();
    flat.forEach(
        (name, value) -> {
          if (value != null) {
            set.put(name, value);
          }
        });
    return set;
  }

  private void collect(String path, String prefix, ConfigObject block, Map<String, Located> names) {
    for (Map.Entry<String, ConfigValue> entry : new TreeMap<>(block).entrySet()) {
      String name = prefix + entry.getKey();
      if (entry.getValue() instanceof ConfigObject inner) {
        collect(path, name + ".", inner, names);
        continue;
      }
      Located located = new Located(path + "." + name, entry.getValue());
      if (names.put(name, located) != null) {
        problems.add(located, "is set twice, with dots and with blocks");
      }
    }
  }

  /**
   * Reads a list of strings; null after a problem was added. An element that is a substitution
   * without a value is left out.
   */
  @Nullable List<String> list(Located located) {
    if (!(asList(located.value()) instanceof ConfigList values)) {
      problems.add(
          located, "is " + located.kind() + "; it must be a list of strings, such as [a, b]");
      return null;
    }
    List<String> list = new ArrayList<>();
    for (ConfigValue value : values) {
      String text = read(String.class, new Located(located.path(), value));
      if (text == null) {
        return null;
      }
      list.add(text);
    }
    return list;
  }

  /**
   * Makes a list of a block of numbers, which is what HOCON makes of system properties and
   * variables like {@code readers.0}.
   */
  private static ConfigValue asList(ConfigValue value) {
    boolean numbered =
        value instanceof ConfigObject block
            && !block.isEmpty()
            && block.keySet().stream().allMatch(key -> key.matches("\\d{1,9}"));
    return numbered ? value.atKey("list").getList("list") : value;
  }

  private @Nullable String property(Located located) {
    if (located.isNull()) {
      return null;
    }
    return read(String.class, located);
  }

  /** The value as it was written. */
  static String text(ConfigValue value) {
    return value.valueType() == ConfigValueType.NULL
        ? "null"
        : value instanceof ConfigList list
            ? String.valueOf(list.unwrapped())
            : value.atKey("value").getString("value");
  }
}
