package io.everpool.core.jdbc;

import java.util.regex.Pattern;

/**
 * Where the literals and the quoted names of a text are, if it quotes in no other way than every
 * database understands. Asked from the left to the right.
 */
final class PlainLiterals {
  /**
   * Escapes, other quotes and comments, which mean one thing here and another there: in a text that
   * has any of them nothing is taken to be a literal.
   */
  private static final Pattern OTHERWISE = Pattern.compile("[\\\\$`\\[#]|--|/\\*|[qQ]'");

  private final String sql;
  private final boolean plain;
  private int read;
  private char open;

  PlainLiterals(String sql) {
    this.sql = sql;
    // a text of one statement is never asked for more than its beginning
    this.plain = sql.indexOf(';') >= 0 && !OTHERWISE.matcher(sql).find() && isClosed(sql);
  }

  /** Every quote is closed; else it wasn't understood. */
  private static boolean isClosed(String sql) {
    return openAfter(sql, 0, sql.length(), (char) 0) == 0;
  }

  /** Whether this place is in one of them. */
  boolean contain(int at) {
    if (!plain) {
      return false;
    }
    open = openAfter(sql, read, at, open);
    read = at;
    return open != 0;
  }

  /** The quote that is open at the end; 0 for none. A doubled one closes and opens again. */
  private static char openAfter(String sql, int from, int to, char openBefore) {
    char open = openBefore;
    for (int at = from; at < to; at++) {
      char c = sql.charAt(at);
      if (open == 0 && (c == '\'' || c == '"')) {
        open = c;
      } else if (c == open) {
        open = 0;
      }
    }
    return open;
  }
}
