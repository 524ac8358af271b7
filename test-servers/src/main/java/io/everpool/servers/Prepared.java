package io.everpool.servers;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The statements that pgjdbc has prepared on a connection: when it runs one again it sends no more
 * than its name. Belongs to one thread.
 */
final class Prepared {
  /** Parse: a name and a text, both ended by a zero byte (PostgreSQL: "Message Formats"). */
  private static final Pattern PARSE = Pattern.compile("(S_\\d+)\0([^\0]+)\0");

  /** Bind: a portal and a name, both ended by a zero byte. */
  private static final Pattern BIND = Pattern.compile("\0(S_\\d+)\0");

  /** The type of a message, a byte, and its length, four. */
  private static final int HEAD = 5;

  private final Map<String, String> texts = new HashMap<>();

  /** Remembers what a request prepares. */
  void see(String request) {
    if (request.contains("S_")) {
      for (Matcher parse = PARSE.matcher(request); parse.find(); ) {
        if (request.charAt(Math.max(0, parse.start() - HEAD)) == 'P') {
          texts.put(parse.group(1), parse.group(2));
        }
      }
    }
  }

  /** The request, and the texts of the statements that it names. */
  String withTexts(String request) {
    StringBuilder all = new StringBuilder(request);
    for (Matcher bind = BIND.matcher(request); bind.find(); ) {
      all.append('\0').append(texts.getOrDefault(bind.group(1), ""));
    }
    return all.toString();
  }
}
