package io.everpool.core.jdbc;

/**
 * Finds the literals, the quoted names and the comments of a text, as far as every database reads
 * them alike. From the first position on at which databases differ (escapes, other quotes, comments
 * that nest in one and not in another), nothing is known. Must be asked from left to right.
 */
final class PlainLiterals {

  /**
   * Characters that end a line in some databases, or in some reader of Unicode, and not in others.
   */
  private static final String ODD_LINE_ENDS = "\r\f\u000b\u0085\u2028\u2029";

  private final String sql;

  /**
   * The piece that was read last goes from here to {@link #end}; every database reads all before
   * that end alike.
   */
  private int begin;

  private int end;

  /** Whether that piece is a literal, a quoted name or a comment. */
  private boolean quoted;

  /** Whether only blanks and comments were read of a statement yet. */
  private boolean fresh = true;

  private boolean lost;

  /** The next backslash; beyond the text if there is none. */
  private int escape = -1;

  PlainLiterals(String sql) {
    this(sql, 0);
  }

  /**
   * @param from where a statement begins, if the text before it is to be left out
   */
  PlainLiterals(String sql, int from) {
    this.sql = sql;
    this.begin = from;
    this.end = from;
  }

  /** Whether this position surely is within a literal, a quoted name or a comment. */
  boolean contain(int place) {
    readTo(place);
    return quoted && begin <= place && place < end;
  }

  /** The end of the piece that {@link #contain contains} the position asked for last. */
  int end() {
    return end;
  }

  /** Whether every database reads all before this position alike. */
  boolean areClear(int place) {
    readTo(place - 1);
    return end >= place;
  }

  private void readTo(int place) {
    while (!lost && end <= place && end < sql.length()) {
      int after = after(end);
      if (after < 0) {
        lost = true;
      } else {
        begin = end;
        end = after;
      }
    }
  }

  /**
   * Where the piece ends that begins at this position; below 0 if that isn't the same everywhere.
   */
  private int after(int at) {
    char c = sql.charAt(at);
    quoted = false;
    return switch (c) {
      case '\'', '"' -> afterQuote(at, c);
      // Without a blank behind it MySQL reads two minus signs, and fails if a statement begins so.
      case '-' -> isThere("--", at) ? afterLine(at, fresh) : afterOther(at, c);
      case '/' -> isThere("//", at) ? -1 : isThere("/*", at) ? afterBlock(at) : afterOther(at, c);
      case '\\', '$', '`', '[', '#', '{' -> -1;
      default -> afterOther(at, c);
    };
  }

  private int afterOther(int at, char c) {
    fresh = c == ';' || (fresh && Character.isWhitespace(c));
    return at + 1;
  }

  /** A doubled quote counts as the end of one literal and the beginning of the next. */
  private int afterQuote(int at, char quote) {
    int close = sql.indexOf(quote, at + 1);
    boolean otherwise = at > 0 && "qQ".indexOf(sql.charAt(at - 1)) >= 0; // q'[it's]'
    if (close < 0 || otherwise || nextEscape(at) < close) {
      return -1;
    }
    fresh = false;
    quoted = true;
    return close + 1;
  }

  private int nextEscape(int from) {
    if (escape < from) {
      int found = sql.indexOf('\\', from);
      escape = found < 0 ? Integer.MAX_VALUE : found;
    }
    return escape;
  }

  private int afterLine(int at, boolean anyway) {
    int text = at + 2;
    if (!anyway && text < sql.length() && !Character.isWhitespace(sql.charAt(text))) {
      return -1;
    }
    quoted = true;
    return afterLine(sql, at);
  }

  /** MySQL executes what is in some block comments. */
  private int afterBlock(int at) {
    if (isThere("/*!", at) || isThere("/*M!", at)) {
      return -1;
    }
    quoted = true;
    return afterBlock(sql, at);
  }

  private boolean isThere(String what, int at) {
    return sql.startsWith(what, at);
  }

  /**
   * Where a comment ends that goes to the end of its line; below 0 if the line may end earlier in
   * some database.
   */
  static int afterLine(String sql, int from) {
    int at = from;
    while (at < sql.length() && sql.charAt(at) != '\n') {
      if (ODD_LINE_ENDS.indexOf(sql.charAt(at)) >= 0 && !sql.startsWith("\r\n", at)) {
        return -1;
      }
      at++;
    }
    return at;
  }

  /** Where a block comment ends; below 0 if it has no end, or may have another comment in it. */
  static int afterBlock(String sql, int from) {
    int close = sql.indexOf("*/", from + 2);
    int nested = sql.indexOf("/*", from + 2);
    return close < 0 || (nested >= 0 && nested < close) ? -1 : close + 2;
  }
}
