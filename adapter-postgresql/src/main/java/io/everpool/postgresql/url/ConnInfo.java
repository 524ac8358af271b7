package io.everpool.postgresql.url;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * libpq's other form, which psycopg and pgx accept as well: {@code host=db user=app password='s
 * p'}. It is read by the rules of libpq's manual ("Keyword/Value Connection Strings"). A problem is
 * described by the place of the error, never by the text there.
 */
final class ConnInfo {
  /** The first name of a text: {@code host} of {@code host=db user=app}. */
  private static final Pattern FIRST = Pattern.compile("\\s*([A-Za-z_]+)\\s*=.*", Pattern.DOTALL);

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]+");

  private ConnInfo() {}

  /** Whether the text is of this form, or of Npgsql's. */
  static boolean accepts(String text) {
    Matcher first = FIRST.matcher(text);
    return AdoString.accepts(text)
        || (first.matches() && LibpqParameter.BY_NAME.containsKey(first.group(1)));
  }

  static LibpqUrl parse(String text, List<String> problems) {
    return AdoString.accepts(text)
        ? AdoString.parse(text, problems)
        : new LibpqUrl(List.of(), List.of(), new Reader(text, problems).read());
  }

  /** Reads the text once, from the left to the right. */
  private static final class Reader {
    private final String text;
    private final List<String> problems;
    private int at;

    Reader(String text, List<String> problems) {
      this.text = text;
      this.problems = problems;
    }

    Map<String, String> read() {
      Map<String, String> parameters = new LinkedHashMap<>();
      for (int number = 1; skipBlank(); number++) {
        int from = at;
        while (at < text.length() && text.charAt(at) != '=' && !blank()) {
          at++;
        }
        String name = text.substring(from, at);
        if (!NAME.matcher(name).matches() && text.indexOf('=', from) > from) {
          problems.add(
              "name number "
                  + number
                  + " of the connection string has a character that none has; parameters are"
                  + " separated by blanks");
          return parameters; // the word may be the rest of a value
        }
        skipBlank();
        if (at >= text.length() || text.charAt(at) != '=' || name.isEmpty()) {
          problems.add(
              "word number "
                  + number
                  + " of the connection string has no name= before it; a value with spaces in it"
                  + " stands in single quotes");
          return parameters;
        }
        at++;
        skipBlank();
        boolean quoted = at < text.length() && text.charAt(at) == '\'';
        String value = value(number);
        if (!quoted && RunOn.into(name, value, false)) {
          problems.add(
              "value number "
                  + number
                  + " of the connection string has another parameter or a URL in it: parameters are"
                  + " separated by blanks, and a value with = in it stands in single quotes");
          return parameters;
        }
        parameters.remove(name);
        parameters.put(name, value);
      }
      return parameters;
    }

    private String value(int number) {
      StringBuilder value = new StringBuilder();
      boolean quoted = at < text.length() && text.charAt(at) == '\'';
      if (quoted) {
        at++;
      }
      for (; at < text.length(); at++) {
        char c = text.charAt(at);
        if (quoted ? c == '\'' : blank()) {
          break;
        }
        if (c == '\\' && at + 1 < text.length()) {
          at++;
          c = text.charAt(at);
        }
        value.append(c);
      }
      if (quoted) {
        if (at >= text.length()) {
          problems.add(
              "value number "
                  + number
                  + " of the connection string has no closing quote; a quote within is \\'");
        }
        at++;
      }
      return value.toString();
    }

    private boolean skipBlank() {
      while (at < text.length() && blank()) {
        at++;
      }
      return at < text.length();
    }

    private boolean blank() {
      return Character.isWhitespace(text.charAt(at));
    }
  }

  /** A setting of the session, as the parameter {@code options} has it. */
  static String option(String name, String value) {
    return "-c " + name + "=" + value.replace("\\", "\\\\").replace(" ", "\\ ");
  }
}
