package io.everpool.core.jdbc;

import static io.everpool.core.jdbc.SqlTexts.CALLS;
import static io.everpool.core.jdbc.SqlTexts.MAY_END;
import static io.everpool.core.jdbc.SqlTexts.WRITES;

import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds statements that follow others with nothing in between, as in T-SQL ({@code insert into t
 * values (1) commit}), which SQL Server, Sybase and SQL Anywhere speak. The text is read as these
 * databases read it; if a quote or a comment has no sure end then, every word of the text is looked
 * at. In databases that need separators such a word is a name or a part of something else; what
 * surely is a name is left out.
 */
final class Unseparated {

  /** What a statement may do that begins with this word, as marks of {@link SqlTexts}. */
  private static final Map<String, Integer> VERBS =
      Map.ofEntries(
          Map.entry("commit", MAY_END),
          Map.entry("rollback", MAY_END),
          // A SET of this one, or of the next, decides what is committed when.
          Map.entry("implicit_transactions", MAY_END),
          Map.entry("chained", MAY_END),
          Map.entry("exec", MAY_END | WRITES | CALLS),
          Map.entry("execute", MAY_END | WRITES | CALLS),
          Map.entry("call", MAY_END | WRITES | CALLS),
          Map.entry("create", MAY_END | WRITES),
          Map.entry("alter", MAY_END | WRITES),
          Map.entry("drop", MAY_END | WRITES),
          Map.entry("truncate", MAY_END | WRITES),
          Map.entry("grant", MAY_END | WRITES),
          Map.entry("revoke", MAY_END | WRITES),
          Map.entry("insert", WRITES),
          Map.entry("update", WRITES),
          Map.entry("delete", WRITES),
          Map.entry("merge", WRITES));

  private static final int LONGEST = "implicit_transactions".length();

  /** The verbs that need nothing behind them. */
  private static final Set<String> ALONE = Set.of("commit", "rollback");

  /** Verbs that are also functions, which queries call. */
  private static final Set<String> FUNCTIONS = Set.of("insert", "truncate", "update");

  /**
   * Words that may follow a name, of a column say, but follow no verb; only FROM follows DELETE.
   */
  private static final Set<String> BEHIND_NAMES =
      Set.of(
          "from", "where", "having", "order", "limit", "union", "join", "as", "asc", "desc", "is",
          "in", "like", "between", "and", "or");

  /**
   * Pairs of words whose second is no verb: FOR UPDATE, ON DUPLICATE KEY UPDATE, SHOW CREATE TABLE.
   */
  private static final Set<String> NO_VERBS = Set.of("for update", "key update", "show create");

  private final String sql;
  private int marks;
  private String before = "";

  private Unseparated(String sql) {
    this.sql = sql;
  }

  /** What statements may do that begin behind others, as marks of {@link SqlTexts}. */
  static int marks(String sql) {
    Unseparated read = new Unseparated(sql);
    if (!read.read(true)) {
      read = new Unseparated(sql);
      read.read(false);
    }
    return read.marks;
  }

  /**
   * Reads the whole text.
   *
   * @param quotes whether what is in quotes and comments is left out
   * @return whether each of those quotes and comments has an end beyond doubt
   */
  private boolean read(boolean quotes) {
    boolean first = true; // the next word is a statement's first, which SqlTexts itself looks at
    int at = 0;
    while (at < sql.length()) {
      int after = quotes ? afterQuoted(at) : at;
      if (after < 0) {
        return false;
      }
      char c = after > at ? ' ' : sql.charAt(at);
      if (inWord(c)) {
        after = endOfWord(at);
        word(at, after, first);
        first = false;
      } else if (after == at) {
        first |= c == ';';
        after++;
      }
      at = after;
    }
    return true;
  }

  /**
   * Where a quoted name, a literal or a comment ends that begins here; below 0 if there is a doubt.
   */
  private int afterQuoted(int at) {
    return switch (sql.charAt(at)) {
      case '\'' -> afterQuote('\'', at);
      case '"' -> afterQuote('"', at);
      case '[' -> afterQuote(']', at);
      case '-' -> sql.startsWith("--", at) ? PlainLiterals.afterLine(sql, at) : at;
      case '/' -> sql.startsWith("/*", at) ? PlainLiterals.afterBlock(sql, at) : at;
      default -> at;
    };
  }

  private int afterQuote(char quote, int from) {
    int close = sql.indexOf(quote, from + 1);
    while (close >= 0 && close + 1 < sql.length() && sql.charAt(close + 1) == quote) {
      close = sql.indexOf(quote, close + 2); // a doubled quote ends nothing
    }
    return close < 0 ? -1 : close + 1;
  }

  private void word(int from, int end, boolean first) {
    String word = verb(from, end);
    @Nullable Integer does = first ? null : VERBS.get(word);
    if (does != null && !isName(word, from, end)) {
      marks |= does;
    }
    before = word;
  }

  /**
   * The word in small letters. If it begins with a number, which needs no blank behind it, only the
   * verb at its end.
   */
  private String verb(int from, int end) {
    if (Character.isDigit(sql.charAt(end - 1))) {
      return ""; // a long text has many numbers
    }
    String word = sql.substring(Math.max(from, end - LONGEST), end).toLowerCase(Locale.ROOT);
    if (Character.isDigit(sql.charAt(from))) {
      for (String verb : VERBS.keySet()) {
        if (word.endsWith(verb)) {
          return verb;
        }
      }
    }
    return word;
  }

  /** Whether the word surely isn't a verb here. */
  private boolean isName(String word, int from, int end) {
    if (NO_VERBS.contains(before + " " + word) || isQualified(from)) {
      return true;
    }
    int next = end;
    while (next < sql.length() && Character.isWhitespace(sql.charAt(next))) {
      next++;
    }
    if (next == sql.length()) {
      return !ALONE.contains(word);
    }
    char c = sql.charAt(next);
    if (Character.isLetter(c)) {
      String behind = SqlTexts.small(sql, next, endOfWord(next));
      return BEHIND_NAMES.contains(behind) && !(word.equals("delete") && behind.equals("from"));
    }
    return c == '(' ? FUNCTIONS.contains(word) : ",)=<>.`]|".indexOf(c) >= 0;
  }

  /** Whether a dot stands before the word that isn't the dot of a number. */
  private boolean isQualified(int from) {
    if (from == 0 || sql.charAt(from - 1) != '.') {
      return false;
    }
    int begin = from - 1;
    while (begin > 0 && inWord(sql.charAt(begin - 1))) {
      begin--;
    }
    return !Character.isDigit(sql.charAt(begin));
  }

  private int endOfWord(int from) {
    int end = from;
    while (end < sql.length() && inWord(sql.charAt(end))) {
      end++;
    }
    return end;
  }

  private static boolean inWord(char c) {
    return Character.isLetterOrDigit(c) || c == '_' || c == '$' || c == '@' || c == '#';
  }
}
