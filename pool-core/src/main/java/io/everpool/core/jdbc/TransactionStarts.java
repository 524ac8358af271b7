package io.everpool.core.jdbc;

import static io.everpool.core.jdbc.SqlTexts.hasWord;

import java.util.Set;

/**
 * Texts by which a transaction may begin that JDBC knows nothing of, or by which autocommit may be
 * switched past its setter, in whatever database. Rather one too many: each costs a rollback when
 * its lease ends. What a procedure begins can't be seen, so each call of one may; what a function
 * begins that a query calls isn't looked for.
 */
final class TransactionStarts {

  /** Behind BEGIN: with anything else that is a block of PL/SQL, T-SQL or the like. */
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

  /** First words that are no procedure's name, as it stands alone in T-SQL. */
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
   * Whether a statement that begins with this word, which is of no other list, may be the call of a
   * procedure.
   *
   * @param word in small letters
   */
  static boolean mayCall(String word) {
    return !VERBS.contains(word);
  }

  /**
   * Whether a statement begins one.
   *
   * @param word its first one, in small letters
   * @param end where that ends
   */
  static boolean is(String word, String sql, int end) {
    return switch (word) {
      case "start", // TRANSACTION
          "savepoint", // in SQLite it begins one where none is open
          "xa" ->
          true;
      case "begin" -> isNoBlock(sql, SqlTexts.skipBlanks(sql, end));
      default -> false;
    };
  }

  private static boolean isNoBlock(String sql, int at) {
    return at == sql.length()
        || sql.charAt(at) == ';'
        || sql.charAt(at) == '#' // a comment of MySQL's
        || BEHIND_BEGIN.contains(SqlTexts.small(sql, at, SqlTexts.endOfWord(sql, at)));
  }

  /** Whether there is a word for it anywhere in a text, in small letters. */
  static boolean isWithin(String small) {
    return small.contains("autocommit")
        || small.contains("implicit_transactions") // T-SQL's
        || small.contains("ansi_defaults") // turns these on with others
        || hasWord(small, "chained") // Sybase's
        || hasWord(small, "chain") // COMMIT AND CHAIN, or a setting that has each do so
        || (hasWord(small, "begin") // behind another statement, in T-SQL
            && (hasWord(small, "tran") || hasWord(small, "transaction")));
  }
}
