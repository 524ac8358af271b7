package io.everpool.hocon;

import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValueFactory;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.Setting;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A setting as files and pages write it.
 *
 * @param type its word in the README; empty of a block of settings
 * @param value how its default is written where nobody has done so
 * @param isDefault whether a text is the default, which may be written in another unit
 */
record WrittenSetting(
    String key, String type, String value, Predicate<String> isDefault, String meaning) {

  private static final Set<String> NO_PLAIN_TEXT = Set.of("true", "false", "null");

  static WrittenSetting of(Setting<?> setting) {
    boolean block = !setting.parts().isEmpty();
    return new WrittenSetting(
        setting.key(),
        block ? "" : type(setting),
        block ? "" : text(setting.defaultValue()),
        text -> means(setting, text),
        setting.meaning());
  }

  boolean isBlock() {
    return type.isEmpty();
  }

  /** The key of the block in which it stands, with a dot behind it; empty where it is none. */
  String block() {
    return key.substring(0, key.lastIndexOf('.') + 1);
  }

  /** Its default as somebody has written it. */
  WrittenSetting as(String written) {
    return new WrittenSetting(key, type, written, written::equals, meaning);
  }

  /** What must be set has no default, but a place to look for it, which is written by hand. */
  private static <T> boolean means(Setting<T> setting, String text) {
    T standard = setting.defaultValue();
    if (standard == null && !setting.problems(null).isEmpty()) {
      return true;
    }
    try {
      return Objects.equals(Hocon.pool(setting.key() + " = " + text).get(setting), standard);
    } catch (InvalidPoolConfigException e) {
      return false;
    }
  }

  private static String type(Setting<?> setting) {
    Class<?> type = setting.type();
    if (type.isEnum()) {
      return Arrays.stream(type.getEnumConstants())
          .map(constant -> "`" + Keys.kebab(constant.toString()) + "`")
          .collect(Collectors.joining(", "));
    }
    if (type == String.class) {
      return "string";
    }
    if (type == Duration.class) {
      return "duration";
    }
    if (type == List.class) {
      return "list";
    }
    return type == Map.class ? "block" : type == Boolean.class ? "boolean" : "integer";
  }

  private static String text(@Nullable Object value) {
    if (value instanceof Duration time) {
      return time.toMillis() % 1000 == 0 ? time.toSeconds() + "s" : time.toMillis() + "ms";
    }
    if (value instanceof Enum<?> constant) {
      return Keys.kebab(constant.toString());
    }
    boolean plain =
        value instanceof String text
            && text.matches("[a-zA-Z][a-zA-Z0-9-]*")
            && !NO_PLAIN_TEXT.contains(text);
    return plain
        ? String.valueOf(value)
        : ConfigValueFactory.fromAnyRef(value).render(ConfigRenderOptions.concise());
  }
}
