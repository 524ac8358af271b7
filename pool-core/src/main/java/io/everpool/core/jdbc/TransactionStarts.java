package io.everpool.core.jdbc;

import static io.everpool.core.jdbc.SqlTexts.hasWord;

import java.util.Set;

/**
 * Finds the texts that may begin a transaction of which JDBC knows nothing, or may switch
 * autocommit past its setter, in any database. In doubt a text counts as one of them, for that
 * costs only a rollback when its lease ends. What a procedure begins can't be seen, so each call of
 * a procedure counts. What is begun by a function that a query calls isn't looked for.
 */
final class TransactionStarts {

  /**
   * Words that may follow a BEGIN which begins a transaction. Before any other word BEGIN opens a
   * block of PL/SQL, T-SQL or the like.
   */
  private static final Set<String> BEHIND_BEGIN =
      Set.of(
          "work",
          "tran",
          "transaction",
          "deferred",
          "immediate",
          "exclusive",
          "concurrent",
          "distributed",
          "isolation",
          "read",
          "not",
          "deferrable");

  /**
   * First words of statements that aren't the name of a procedure. (In T-SQL a procedure's name
   * alone is a call.)
   */
  private static final Set<String> VERBS =
      Set.of(
          "abort",
          "analyze",
          "attach",
          "backup",
          "begin",
          "check",
          "checkpoint",
          "close",
          "cluster",
          "commit",
          "copy",
          "declare",
          "desc",
          "describe",
          "detach",
          "discard",
          "end",
          "flush",
          "help",
          "if",
          "import",
          "kill",
          "listen",
          "load",
          "lock",
          "move",
          "notify",
          "optimize",
          "pragma",
          "prepare",
          "print",
          "refresh",
          "reindex",
          "repair",
          "reset",
          "script",
          "set",
          "shutdown",
          "start",
          "unlisten",
          "unlock",
          "update",
          "upsert",
          "use",
          "vacuum",
          "waitfor",
          "while",
          "xa");

  private TransactionStarts() {}

  /**
   * Whether a statement may be the call of a procedure that begins with this word, if the word is
   * in no other list.
   *
   * @param word in small letters
   */
  static boolean mayCall(String word) {
    return !VERBS.contains(word);
  }

  /**
   * Whether a statement begins a transaction.
   *
   * @param word its first word, in small letters
   * @param end where that word ends in {@code sql}
   */
  static boolean is(String word, String sql, int end) {
    return switch (word) {
      case "start", // START TRANSACTION
          "savepoint", // in SQLite it begins a transaction if none is open
          "xa" ->
          true;
      case "begin" -> isNoBlock(sql, SqlTexts.skipBlanks(sql, end));
      default -> false;
    };
  }

  private static boolean isNoBlock(String sql, int at) {
    return at == sql.length()
        || sql.charAt(at) == ';'
        || sql.charAt(at) == '#' // it begins a comment in MySQL
        || BEHIND_BEGIN.contains(SqlTexts.small(sql, at, SqlTexts.endOfWord(sql, at)));
  }

  /** Whether a text, given in small letters, contains a word for this anywhere. */
  static boolean isWithin(String small) {
    return small.contains("autocommit")
        || small.contains("implicit_transactions") // a setting of T-SQL
        || small.contains("ansi_defaults") // it turns that setting on, among others
        || hasWord(small, "chained") // a mode of Sybase
        || hasWord(small, "chain") // COMMIT AND CHAIN, or a setting that chains each COMMIT
        || (hasWord(small, "begin") // T-SQL allows it behind another statement
            && (hasWord(small, "tran") || hasWord(small, "transaction")));
  }
}
