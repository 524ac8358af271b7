package io.everpool.core.jdbc;

/**
 * Where the literals, the quoted names and the comments of a text are, as far as every database
 * reads them alike: from the first place on at which one reads on otherwise (escapes, other quotes,
 * comments that nest here and don't there) nothing is known. Asked from the left to the right.
 */
final class PlainLiterals {

  /** Ends of a line in some databases, or in some reader of Unicode, and not in others. */
  private static final String ODD_LINE_ENDS = "\r\f\u000b\u0085\u2028\u2029";

  private final String sql;

  /** What was read last begins and ends here; all before its end is read alike by everybody. */
  private int begin;

  private int end;

  /** Whether that is a literal, a quoted name or a comment. */
  private boolean quoted;

  /** Whether nothing but blanks and comments was read of a statement yet. */
  private boolean fresh = true;

  private boolean lost;

  /** The next backslash; beyond the text if there is none. */
  private int escape = -1;

  PlainLiterals(String sql) {
    this(sql, 0);
  }

  /**
   * @param from where a statement begins, if what is before it is left aside
   */
  PlainLiterals(String sql, int from) {
    this.sql = sql;
    this.begin = from;
    this.end = from;
  }

  /** Whether this place surely is in one of them. */
  boolean contain(int place) {
    readTo(place);
    return quoted && begin <= place && place < end;
  }

  /** The end of the one that {@link #contain contains} the place asked for last. */
  int end() {
    return end;
  }

  /** Whether all that is before this place is read alike by every database. */
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

  /** Where what begins here ends; below 0 if that isn't the same everywhere. */
  private int after(int at) {
    char c = sql.charAt(at);
    quoted = false;
    return switch (c) {
      case '\'', '"' -> afterQuote(at, c);
      // without a blank behind it MySQL subtracts twice; where a statement begins it fails at that
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

  /** A doubled quote ends one and begins the next. */
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

  /** MySQL executes what is in some. */
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

  /** Where the comment ends that this line ends with; below 0 if the line may end before. */
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

  /** Where a block comment ends; below 0 if it has none, or may have another one in it. */
  static int afterBlock(String sql, int from) {
    int close = sql.indexOf("*/", from + 2);
    int nested = sql.indexOf("/*", from + 2);
    return close < 0 || (nested >= 0 && nested < close) ? -1 : close + 2;
  }
}
