package io.everpool.postgresql.url;

import java.util.List;
import java.util.Locale;
import java.util.TimeZone;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Refuses settings in {@code options} that pgjdbc overrules without a word: it sends its own values
 * when a connection is opened. A setting that asks for the same value that pgjdbc sends passes.
 */
final class OverruledOptions {
  /**
   * One of these settings and its value: {@code -c timezone=UTC}, {@code --client-encoding=LATIN1}.
   * A backslash in a value escapes what follows it.
   */
  private static final Pattern SETTING =
      Pattern.compile(
          "(?:-c\\s*|--)(timezone|datestyle|client[_-]encoding)\\s*=\\s*((?:\\\\.|\\S)*)",
          Pattern.CASE_INSENSITIVE);

  private OverruledOptions() {}

  static void check(@Nullable String options, List<String> problems) {
    Matcher setting = SETTING.matcher(options == null ? "" : options);
    while (setting.find()) {
      String value = setting.group(2);
      switch (setting.group(1).toLowerCase(Locale.ROOT).replace('-', '_')) {
        case "timezone" -> {
          if (!value.equalsIgnoreCase(TimeZone.getDefault().getID())) {
            problems.add(
                "options sets TimeZone, which pgjdbc sets to Java's own, whatever options says:"
                    + " start Java with -Duser.timezone, or SET it in the session");
          }
        }
        case "datestyle" -> {
          if (!value.toUpperCase(Locale.ROOT).startsWith("ISO")) {
            problems.add(
                "options sets DateStyle, which pgjdbc sets to ISO, whatever options says, for it"
                    + " reads no other");
          }
        }
        default -> {
          if (!value.replace("-", "").equalsIgnoreCase("utf8")) {
            problems.add(
                "options sets client_encoding, which pgjdbc sets to UTF8, whatever options says,"
                    + " for Java's texts need no other");
          }
        }
      }
    }
  }
}
