package io.everpool.postgresql.sql;

import io.everpool.postgresql.sql.SqlScanner.Token;

/**
 * Finds the body of a function that is no string, as in {@code CREATE FUNCTION ... BEGIN ATOMIC
 * ...; END}: its END ends no transaction. In the grammar this END follows ATOMIC or a semicolon, so
 * an END within a statement, or a label, isn't taken for it.
 */
final class AtomicBody {
  private AtomicBody() {}

  /**
   * Whether a body begins in this statement and goes on behind its semicolon. In doubt the answer
   * is no.
   *
   * @param statement a scanner at the beginning of the statement
   */
  static boolean isBegunBy(SqlScanner statement) {
    if (!isCreateRoutine(statement)) {
      return false;
    }
    int depth = 0;
    boolean begun = false;
    while (true) {
      Token token = statement.next();
      if (token == Token.END || isSymbol(statement, token, ';')) {
        return false;
      }
      if (begun && isWord(statement, token, SqlWord.ATOMIC)) {
        return !isWord(statement, statement.next(), SqlWord.END); // the body may be empty
      }
      depth += isSymbol(statement, token, '(') ? 1 : isSymbol(statement, token, ')') ? -1 : 0;
      begun = depth == 0 && isWord(statement, token, SqlWord.BEGIN);
    }
  }

  /** Whether a body ends with this statement, which stands behind a semicolon. */
  static boolean isEndedBy(SqlScanner statement) {
    SqlScanner look = statement.ahead();
    if (!isWord(look, look.next(), SqlWord.END)) {
      return false;
    }
    Token token = look.next();
    return token == Token.END || isSymbol(look, token, ';');
  }

  /** Whether the statement begins with CREATE [OR REPLACE] FUNCTION or PROCEDURE. */
  private static boolean isCreateRoutine(SqlScanner statement) {
    if (!isWord(statement, statement.next(), SqlWord.CREATE)) {
      return false;
    }
    Token token = statement.next();
    if (isRoutine(statement, token)) {
      return true;
    }
    return token == Token.WORD
        && isWord(statement, statement.next(), SqlWord.REPLACE)
        && isRoutine(statement, statement.next());
  }

  private static boolean isRoutine(SqlScanner statement, Token token) {
    return isWord(statement, token, SqlWord.FUNCTION)
        || isWord(statement, token, SqlWord.PROCEDURE);
  }

  private static boolean isWord(SqlScanner statement, Token token, SqlWord word) {
    return token == Token.WORD && statement.word() == word;
  }

  private static boolean isSymbol(SqlScanner statement, Token token, char symbol) {
    return token == Token.SYMBOL && statement.symbol() == symbol;
  }
}
