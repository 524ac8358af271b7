package io.everpool.hocon;

import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Decides which values a message may show. Whoever writes {@code max-size = ${?WRONG_VARIABLE}} has
 * put a value there that he has never seen himself. So a value that came from elsewhere isn't
 * shown; and a value that was written down is shown only if it looks like an attempt at a number, a
 * duration or a word.
 */
final class Secrets {

  private static final Pattern ATTEMPT =
      Pattern.compile("[+-]?\\d[\\d.,_]*(?: ?[A-Za-z]{1,12}[\\d.]*){0,2}|[A-Za-z][A-Za-z_-]{0,23}");
  private static final Pattern LONG_NUMBER = Pattern.compile("\\d{1,40}");

  /**
   * How the origin of a value tells that the value was looked up, or was put together from several.
   */
  private static final Pattern ELSEWHERE =
      Pattern.compile("^env |environment|env variables|^merge of|: \\d+-\\d+$");

  private static final Pattern SOUNDS_SECRET =
      Pattern.compile("pass|pwd|^pw$|secret|token|key|url|uri");

  /** The path of a named pool: the name of a pool doesn't tell what its settings are about. */
  private static final Pattern POOL =
      Pattern.compile("^everpool\\.pools\\.(?:\"[^\"]*\"|[^.]*)\\.");

  /**
   * A secret of at most so many characters is compared with the whole value only, because it is in
   * many texts by chance.
   */
  private static final int SHORT = 3;

  /**
   * Values that stand under a name that sounds secret. {@link #outside} has all values from outside
   * of our block, whatever their names are, with their origin.
   */
  private final Set<String> secret = new HashSet<>();

  private final Set<String> outside = new HashSet<>();

  Secrets(ConfigObject root) {
    for (Map.Entry<String, ConfigValue> entry : root.entrySet()) {
      collect(entry.getKey(), entry.getValue(), !entry.getKey().equals(EverpoolConfig.ROOT));
    }
  }

  private void collect(String name, ConfigValue value, boolean isOutside) {
    if (value instanceof ConfigObject block) {
      block.forEach((key, inner) -> collect(key, inner, isOutside));
    } else if (value instanceof ConfigList list) {
      list.forEach(inner -> collect(name, inner, isOutside));
    } else if (value.valueType() != ConfigValueType.NULL) {
      String text = String.valueOf(value.unwrapped());
      if (SOUNDS_SECRET.matcher(name.toLowerCase(Locale.ROOT)).find() && !text.isEmpty()) {
        secret.add(text);
      }
      if (isOutside) {
        outside.add(identity(text, value));
      }
    }
  }

  /** Whether the value of a setting may be shown. */
  boolean mayShow(Located located, String text) {
    return !cameFromElsewhere(located, text)
        && (ATTEMPT.matcher(text).matches() || LONG_NUMBER.matcher(text).matches());
  }

  /** Whether the value may be a secret that a reference to something else has brought here. */
  boolean cameFromElsewhere(Located located, String text) {
    return ELSEWHERE.matcher(located.value().origin().description()).find()
        || outside.contains(identity(text, located.value()))
        || secret.stream()
            .anyMatch(each -> each.length() > SHORT ? text.contains(each) : text.equals(each))
        || SOUNDS_SECRET
            .matcher(POOL.matcher(located.path()).replaceFirst("").toLowerCase(Locale.ROOT))
            .find();
  }

  /** The value in quotes, or words that say that it isn't shown. */
  String shown(Located located, String text) {
    return mayShow(located, text)
        ? "\"" + text + "\""
        : "a text that isn't shown, for it may be a secret";
  }

  private static String identity(String text, ConfigValue value) {
    return value.origin().description() + "\n" + text;
  }
}
