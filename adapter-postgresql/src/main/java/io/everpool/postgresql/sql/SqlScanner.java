package io.everpool.postgresql.sql;

/**
 * Takes the text of SQL statements apart as PostgreSQL does (its manual: "Lexical Structure"), as
 * far as is needed to tell words from strings and comments. It never fails: what isn't finished
 * ends where the text ends. It allocates nothing but names in quotes.
 */
public final class SqlScanner {

  /** A piece of the text. */
  public enum Token {
    /** A key word or name; see {@link #word()}. */
    WORD,
    /** A name in quotes; see {@link #word()}. */
    QUOTED,
    /** A single character; see {@link #symbol()}. */
    SYMBOL,
    /** A string or a number. */
    OTHER,
    END
  }

  private final String sql;
  private final boolean backslashes;
  private int at;
  private int from;
  private int to;
  private String text = "";
  private boolean unquoted;
  private SqlWord word = SqlWord.OTHER;
  private char symbol;
  private boolean ambiguous;

  /**
   * @param backslashes whether a backslash escapes in every string (standard_conforming_strings =
   *     off), not only in E'...'
   */
  public SqlScanner(String sql, boolean backslashes) {
    this.sql = sql;
    this.backslashes = backslashes;
  }

  /** Makes another scanner that goes on from here, to look ahead. */
  public SqlScanner ahead() {
    SqlScanner ahead = new SqlScanner(sql, backslashes);
    ahead.at = at;
    return ahead;
  }

  public SqlWord word() {
    return word;
  }

  public char symbol() {
    return symbol;
  }

  /** Where the last token begins in the text of the statement, its quotes included. */
  public int from() {
    return from;
  }

  /** Where the text goes on behind the last token. */
  public int position() {
    return at;
  }

  /**
   * The text in which {@link #nameFrom()} and {@link #nameTo()} count: the statement's, or a name
   * whose escapes were resolved.
   */
  public String nameText() {
    return text;
  }

  public int nameFrom() {
    return unquoted ? from : 0;
  }

  public int nameTo() {
    return unquoted ? to : text.length();
  }

  /** Whether there was a quote behind a backslash, so that the text reads in two ways. */
  public boolean ambiguous() {
    return ambiguous;
  }

  public Token next() {
    skipSpaceAndComments();
    if (at >= sql.length()) {
      return Token.END;
    }
    char c = sql.charAt(at);
    from = at;
    if (beginsWord(c)) {
      return readWord();
    }
    switch (c) {
      case '\'' -> {
        string(backslashes);
        return Token.OTHER;
      }
      case '"' -> {
        return quotedName(false);
      }
      case '$' -> {
        if (dollarQuoted()) {
          return Token.OTHER;
        }
      }
      default -> {
        if (isDigit(c)) {
          number();
          return Token.OTHER;
        }
      }
    }
    symbol = c;
    at++;
    return Token.SYMBOL;
  }

  private Token readWord() {
    while (at < sql.length() && continuesWord(sql.charAt(at))) {
      at++;
    }
    if (at - from == 1 && at < sql.length()) {
      int letter = sql.charAt(from) | 0x20;
      if (letter == 'e' && sql.charAt(at) == '\'') {
        string(true);
        return Token.OTHER;
      }
      if (letter == 'u' && sql.startsWith("&\"", at)) {
        at++;
        return quotedName(true);
      }
    }
    text = sql;
    unquoted = true;
    to = at;
    word = SqlWord.at(sql, from, at);
    return Token.WORD;
  }

  /**
   * Goes past a number. It ends before a name that follows without a space, and before the two dots
   * of a range.
   */
  private void number() {
    while (at < sql.length()
        && (isDigit(sql.charAt(at))
            || sql.charAt(at) == '_'
            || (sql.charAt(at) == '.' && !sql.startsWith("..", at)))) {
      at++;
    }
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  /**
   * Goes past a string. A doubled quote ends this string and begins the next one, which is all the
   * same here.
   */
  private void string(boolean escapes) {
    at++;
    while (at < sql.length()) {
      char c = sql.charAt(at++);
      if (c == '\'') {
        return;
      }
      if (c == '\\') {
        if (escapes) {
          at++;
        } else if (at < sql.length() && sql.charAt(at) == '\'') {
          ambiguous = true;
        }
      }
    }
    at = Math.min(at, sql.length());
  }

  /** Reads what is within the quotes, as the server understands it. */
  private Token quotedName(boolean escapes) {
    int begin = ++at;
    boolean plain = true;
    while (at < sql.length()) {
      char c = sql.charAt(at);
      if (c == '"') {
        if (at + 1 < sql.length() && sql.charAt(at + 1) == '"') {
          plain = false;
          at++;
        } else {
          break;
        }
      }
      plain &= !escapes || c != '\\';
      at++;
    }
    at = Math.min(at, sql.length());
    String name = sql.substring(begin, at);
    text = plain ? name : unescaped(name, escapes);
    unquoted = false;
    at = Math.min(at + 1, sql.length());
    word = SqlWord.at(text, 0, text.length());
    return Token.QUOTED;
  }

  /**
   * The name with doubled quotes made single ones, and, if {@code escapes} is true, with {@code
   * \XXXX}, {@code \+XXXXXX} and {@code \\} replaced.
   */
  private static String unescaped(String name, boolean escapes) {
    StringBuilder plain = new StringBuilder();
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c == '"') {
        i++;
      } else if (escapes && c == '\\') {
        boolean six = name.startsWith("+", i + 1);
        int digits = six ? i + 2 : i + 1;
        int end = Math.min(digits + (six ? 6 : 4), name.length());
        int point = codePoint(name.substring(Math.min(digits, end), end));
        if (point >= 0) {
          plain.appendCodePoint(point);
          i = end - 1;
          continue;
        }
        i++; // it is a doubled backslash, or something that the server refuses
      }
      plain.append(c);
    }
    return plain.toString();
  }

  private static int codePoint(String digits) {
    try {
      int point = Integer.parseInt(digits, 16);
      return Character.isValidCodePoint(point) ? point : -1;
    } catch (NumberFormatException e) {
      return -1;
    }
  }

  /**
   * Goes past $$...$$ or $tag$...$tag$ if such a string begins here; a parameter like $1 is none.
   */
  private boolean dollarQuoted() {
    int end = at + 1;
    if (end < sql.length() && isDigit(sql.charAt(end))) {
      return false;
    }
    while (end < sql.length() && sql.charAt(end) != '$' && continuesWord(sql.charAt(end))) {
      end++;
    }
    if (end >= sql.length() || sql.charAt(end) != '$') {
      return false;
    }
    int length = end + 1 - at;
    int from = at;
    at = sql.length();
    for (int close = end + 1; (close = sql.indexOf('$', close)) >= 0; close++) {
      if (sql.regionMatches(close, sql, from, length)) {
        at = close + length;
        break;
      }
    }
    return true;
  }

  private void skipSpaceAndComments() {
    while (at < sql.length()) {
      char c = sql.charAt(at);
      char following = at + 1 < sql.length() ? sql.charAt(at + 1) : 0;
      if (c <= ' ') {
        at++;
      } else if (c == '-' && following == '-') {
        while (at < sql.length() && sql.charAt(at) != '\n' && sql.charAt(at) != '\r') {
          at++;
        }
      } else if (c == '/' && following == '*') {
        blockComment();
      } else {
        return;
      }
    }
  }

  /** Goes past a comment between slashes and asterisks; such comments nest. */
  private void blockComment() {
    int depth = 0;
    do {
      if (sql.startsWith("/*", at)) {
        depth++;
        at += 2;
      } else if (sql.startsWith("*/", at)) {
        depth--;
        at += 2;
      } else {
        at++;
      }
    } while (depth > 0 && at < sql.length());
    at = Math.min(at, sql.length());
  }

  private static boolean beginsWord(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
  }

  private static boolean continuesWord(char c) {
    return beginsWord(c) || isDigit(c) || c == '$';
  }
}
