package io.everpool.postgresql.url;

import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A URL without what people copy along with it: white space, quotes, the name of a variable, and
 * the {@code psql} that the copy buttons of consoles put before it.
 */
final class PastedUrl {
  /** White space at either end, also the invisible U+FEFF and U+200B. */
  private static final Pattern EDGES =
      Pattern.compile("^[\\s\\uFEFF\\u200B]+|[\\s\\uFEFF\\u200B]+$");

  /** {@code DATABASE_URL=postgresql://...}, {@code export DATABASE_URL=...}. */
  private static final Pattern VARIABLE =
      Pattern.compile("(?:export\\s+)?[A-Z][A-Z0-9_]*=(.*)", Pattern.DOTALL);

  /** {@code psql 'postgresql://...'}, but no call with options ({@code psql -h db}). */
  private static final Pattern PSQL = Pattern.compile("psql\\s+([^-\\s].*)", Pattern.DOTALL);

  private PastedUrl() {}

  /** The URL within the text; the text itself if there is nothing around the URL. */
  static String unwrapped(String text) {
    String inner = unquoted(text);
    for (Pattern wrapping : List.of(VARIABLE, PSQL)) {
      Matcher around = wrapping.matcher(inner);
      if (around.matches() && looksLikeUrl(unquoted(around.group(1)))) {
        inner = unquoted(around.group(1));
      }
    }
    return inner;
  }

  private static String unquoted(String text) {
    String inner = EDGES.matcher(text).replaceAll("");
    int last = inner.length() - 1;
    if (last >= 1
        && "'\"`".indexOf(inner.charAt(0)) >= 0
        && inner.charAt(last) == inner.charAt(0)) {
      return EDGES.matcher(inner.substring(1, last)).replaceAll("");
    }
    return inner;
  }

  private static boolean looksLikeUrl(String text) {
    String small = text.toLowerCase(Locale.ROOT);
    return small.startsWith("postgres")
        || small.startsWith("jdbc:")
        || small.startsWith("psql ")
        || ConnInfo.accepts(text);
  }
}
