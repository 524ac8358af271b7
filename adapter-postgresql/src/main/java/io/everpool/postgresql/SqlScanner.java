package io.everpool.postgresql;

/**
 * Takes the text of SQL statements apart as PostgreSQL does (its manual: "Lexical Structure"), as
 * far as one must to tell words from strings and comments. Never fails: what is unfinished ends
 * with the text. Allocates nothing.
 */
final class SqlScanner {

  /** A piece of the text. */
  enum Token {
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
  private SqlWord word = SqlWord.OTHER;
  private char symbol;
  private boolean ambiguous;

  /**
   * @param backslashes whether a backslash escapes in every string (standard_conforming_strings =
   *     off), not only in E'...'
   */
  SqlScanner(String sql, boolean backslashes) {
    this.sql = sql;
    this.backslashes = backslashes;
  }

  SqlWord word() {
    return word;
  }

  char symbol() {
    return symbol;
  }

  /** Where the text goes on behind the last token. */
  int position() {
    return at;
  }

  /** Whether there was a quote behind a backslash, so that the text reads in two ways. */
  boolean ambiguous() {
    return ambiguous;
  }

  Token next() {
    skipSpaceAndComments();
    if (at >= sql.length()) {
      return Token.END;
    }
    char c = sql.charAt(at);
    if (beginsWord(c)) {
      return word(at);
    }
    switch (c) {
      case '\'' -> {
        string(backslashes);
        return Token.OTHER;
      }
      case '"' -> {
        return quotedName();
      }
      case '$' -> {
        if (dollarQuoted()) {
          return Token.OTHER;
        }
      }
      default -> {
        if (c >= '0' && c <= '9') {
          number();
          return Token.OTHER;
        }
      }
    }
    symbol = c;
    at++;
    return Token.SYMBOL;
  }

  private Token word(int from) {
    while (at < sql.length() && continuesWord(sql.charAt(at))) {
      at++;
    }
    if (at - from == 1
        && (sql.charAt(from) | 0x20) == 'e'
        && at < sql.length()
        && sql.charAt(at) == '\'') {
      string(true);
      return Token.OTHER;
    }
    word = SqlWord.at(sql, from, at);
    return Token.WORD;
  }

  private void number() {
    while (at < sql.length() && (continuesWord(sql.charAt(at)) || sql.charAt(at) == '.')) {
      at++;
    }
  }

  /** A doubled quote ends this string and begins the next: the same to us. */
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

  private Token quotedName() {
    int from = ++at;
    int end = sql.indexOf('"', from);
    end = end < 0 ? sql.length() : end;
    word = SqlWord.at(sql, from, end);
    at = Math.min(end + 1, sql.length());
    return Token.QUOTED;
  }

  /** $$...$$ or $tag$...$tag$; not $1. */
  private boolean dollarQuoted() {
    int end = at + 1;
    if (end < sql.length() && sql.charAt(end) >= '0' && sql.charAt(end) <= '9') {
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

  /** They nest. */
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
    return beginsWord(c) || (c >= '0' && c <= '9') || c == '$';
  }
}
