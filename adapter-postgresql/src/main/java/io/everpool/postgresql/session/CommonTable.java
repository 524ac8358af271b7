package io.everpool.postgresql.session;

import io.everpool.postgresql.sql.SqlScanner;
import io.everpool.postgresql.sql.SqlScanner.Token;
import io.everpool.postgresql.sql.SqlWord;

/**
 * Tells {@code name (columns) as (select ...)}, which names a query of a WITH, from the call of a
 * function whose columns are named: {@code function(x) as (column type)}.
 */
final class CommonTable {
  private final SqlScanner ahead;

  private CommonTable(SqlScanner ahead) {
    this.ahead = ahead;
  }

  /**
   * Whether the text goes on like the name of a query in a WITH. In doubt it is none.
   *
   * @param columns a scanner that has just read the bracket behind the name; this method doesn't
   *     move it
   */
  static boolean isNamed(SqlScanner columns) {
    return new CommonTable(columns.ahead()).isNamed();
  }

  private boolean isNamed() {
    return passBracket() && isWord(ahead.next(), "as") && isQuery();
  }

  /**
   * Goes past the closing bracket. A list of column names contains no further bracket, so at one
   * this gives up; that way no part of the text is read once more for each bracket.
   */
  private boolean passBracket() {
    while (true) {
      Token token = ahead.next();
      if (isSymbol(token, ')')) {
        return true;
      }
      if (token == Token.END || isSymbol(token, '(')) {
        return false;
      }
    }
  }

  /** Whether {@code [NOT] [MATERIALIZED] (} and a query follow. */
  private boolean isQuery() {
    Token token = ahead.next();
    if (isWord(token, "not")) {
      token = ahead.next();
    }
    if (isWord(token, "materialized")) {
      token = ahead.next();
    }
    if (!isSymbol(token, '(')) {
      return false;
    }
    while (isSymbol(token, '(')) {
      token = ahead.next();
    }
    return token == Token.WORD && beginsQuery();
  }

  /**
   * Whether a query begins with the word just read. A column may be named like some of these words,
   * but then its type follows.
   */
  private boolean beginsQuery() {
    if (isWord("select") || isWord("with") || isWord("table")) {
      return true;
    }
    if (isWord("values")) {
      return isSymbol(ahead.next(), '(');
    }
    if (isWord("insert") || isWord("merge")) {
      return isWord(ahead.next(), "into");
    }
    if (isWord("delete")) {
      return isWord(ahead.next(), "from");
    }
    return ahead.word() == SqlWord.UPDATE && sets();
  }

  private boolean sets() {
    while (true) {
      Token token = ahead.next();
      if (isWord(token, "set")) {
        return true;
      }
      if (token == Token.END || (token == Token.SYMBOL && "(),".indexOf(ahead.symbol()) >= 0)) {
        return false;
      }
    }
  }

  private boolean isSymbol(Token token, char symbol) {
    return token == Token.SYMBOL && ahead.symbol() == symbol;
  }

  private boolean isWord(Token token, String word) {
    return token == Token.WORD && isWord(word);
  }

  private boolean isWord(String word) {
    int from = ahead.nameFrom();
    return ahead.nameTo() - from == word.length()
        && ahead.nameText().regionMatches(true, from, word, 0, word.length());
  }
}
