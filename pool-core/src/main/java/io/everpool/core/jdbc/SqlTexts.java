package io.everpool.core.jdbc;

import static java.util.Objects.requireNonNullElse;

import io.everpool.api.driver.Connector;
import io.everpool.api.driver.SideEffects;
import java.util.Arrays;
import java.util.Locale;

/**
 * Remembers what the text of a statement says about the statement, so that each text is read once
 * and not at each execution. Thread-safe.
 *
 * <p>It is a direct-mapped table: a text has one place in it and pushes out whatever was there.
 * Threads write to it without synchronization, and only a reading can get lost by that: an entry is
 * immutable, so whoever sees it sees all of it, and its text is compared before it is believed.
 */
public final class SqlTexts {

  /** Something in the text may end a transaction. */
  static final int ENDS = 1;

  /**
   * Something in the text may commit in some databases: it defines something, or it isn't a
   * statement that is known to end no transaction in any of them.
   */
  static final int MAY_END = 1 << 1;

  /** The text speaks of isolation. */
  static final int ISOLATES = 1 << 2;

  /** The text may have the server take writes again that it was told to refuse. */
  static final int LIFTS_READ_ONLY = 1 << 3;

  /** The text leaves something in the session if it is executed: it has side effects. */
  static final int LEAVES = 1 << 4;

  /** Something in the text defines an object of which a connector may have to know. */
  private static final int DEFINES = 1 << 5;

  /** A transaction may end in the text, be it by a rollback. */
  static final int ENDS_OR_UNDOES = 1 << 6;

  /** A transaction may end in the text, and something follows that is no longer in it. */
  static final int GOES_ON = 1 << 7;

  /** A text may ask for transactions that refuse writes. */
  static final int ASKS_READ_ONLY = 1 << 15;

  /** Something in the text writes, by what its statements begin with. */
  static final int WRITES = 1 << 13;

  /**
   * Something in the text may begin a transaction that JDBC knows nothing of, or say past JDBC
   * whether each statement is committed by itself.
   */
  static final int BEGINS = 1 << 14;

  /**
   * Something in the text calls a procedure, which may begin a transaction and leave it open, or
   * switch autocommit.
   */
  static final int CALLS = 1 << 26;

  /** Something in the text may write, as far as its first word tells. */
  static final int MAY_WRITE = 1 << 28;

  /** A query in the text may write: see {@link QueryTexts}. */
  static final int MAY_WRITE_IN_QUERY = 1 << 29;

  /** Only set while the text is being read: something in the text is a COPY. */
  private static final int COPIES = 1 << 30;

  /** Only set while the text is being read: a statement in it may contain one that writes. */
  private static final int MAY_CHANGE_WITHIN = 1 << 31;

  private static final int PLACES = 512;

  /** Longer texts are read each time rather than kept: 512 of them should fit in some megabytes. */
  private static final int LONGEST_KEPT = 8_192;

  /**
   * What a text says.
   *
   * @param sideEffects by {@link Connector#sideEffects}
   * @param marks a set of the constants above
   */
  record Text(String sql, SideEffects sideEffects, int marks) {}

  private static final Text NOTHING = new Text("", SideEffects.NONE, 0);
  private static final Text[] NO_TABLE = {};

  private final Connector connector;

  /**
   * The table. It is dropped whenever the connector knows better, and made by the next text, for a
   * program may have many pools that do nothing. If two threads make one at once, the readings of
   * the first are lost and nothing else.
   */
  private volatile Text[] places = NO_TABLE;

  public SqlTexts(Connector connector) {
    this.connector = connector;
    connector.whenSideEffectsChange(() -> places = NO_TABLE);
  }

  private Text[] newTable() {
    Text[] none = new Text[PLACES];
    Arrays.fill(none, NOTHING);
    places = none;
    return none;
  }

  Text of(String sql) {
    int hash = sql.hashCode();
    int place = (hash ^ (hash >>> 16)) & (PLACES - 1);
    // What is found out from now on belongs into this table, even if it was replaced meanwhile.
    Text[] table = places;
    if (table.length == 0) {
      table = newTable();
    }
    Text known = table[place];
    if (known.sql.equals(sql)) {
      return known;
    }
    SideEffects sideEffects = requireNonNullElse(connector.sideEffects(sql), SideEffects.NONE);
    Text text = new Text(sql, sideEffects, marks(sql) | (sideEffects.isNone() ? 0 : LEAVES));
    // A text that defines something is shown to the connector each time: it may learn from it.
    if (sql.length() <= LONGEST_KEPT && (text.marks & DEFINES) == 0) {
      table[place] = text;
    }
    return text;
  }

  /**
   * Looks at the word that each statement of the text begins with. In doubt something counts as a
   * statement. So what follows a semicolon in a literal or a function body counts as well, unless
   * it is a word of no list and surely in a literal. What may be a statement in a database that
   * needs no semicolons counts, too, and what is one if comments are read as another database reads
   * them. What a function does that a query calls can't be seen, only that the query calls one.
   */
  static int marks(String sql) {
    String small = small(sql);
    int marks = small.contains("isolation") ? ISOLATES : 0;
    if (liftsReadOnly(small)) {
      marks |= LIFTS_READ_ONLY;
    }
    if (small.contains("read_only") || (hasWord(small, "read") && hasWord(small, "only"))) {
      marks |= ASKS_READ_ONLY;
    }
    if (TransactionStarts.isWithin(small)) {
      marks |= BEGINS;
    }
    PlainLiterals literals = new PlainLiterals(sql);
    boolean queries = false;
    int at = 0;
    while (at >= 0 && at < sql.length()) {
      int begin = at;
      boolean inLiteral = begin > 0 && literals.contain(begin - 1);
      // a literal may have in it what looks like a comment that goes on behind it
      at = skipBlanks(sql, begin, inLiteral ? literals.end() : sql.length());
      if (!inLiteral && !literals.areClear(at)) {
        marks |= ofComments(sql, begin, at);
      }
      int end = endOfWord(sql, at);
      boolean empty = at == sql.length() || sql.charAt(at) == ';';
      if ((marks & ENDS_OR_UNDOES) != 0 && !empty) {
        marks |= ENDS | GOES_ON; // some databases commit what follows with the request
      }
      String word = small(sql, at, end);
      if (!inLiteral && endsOrUndoes(word, sql, end)) {
        marks |= ENDS_OR_UNDOES;
      }
      if (!inLiteral && TransactionStarts.is(word, sql, end)) {
        marks |= BEGINS;
      }
      queries |= QueryTexts.beginWith(word);
      marks |=
          switch (word) {
            case "commit", "end", "prepare" -> ENDS;
            case "create", "alter", "drop", "truncate", "grant", "revoke", "rename", "comment" ->
                MAY_END | DEFINES | WRITES;
            case "insert", "update", "delete", "merge", "replace" -> WRITES;
            case "call", "exec", "execute" -> MAY_END | WRITES | CALLS;
            case "do" -> MAY_END | WRITES;
            case "copy" -> MAY_END | COPIES;
            case "with", "explain", "declare" -> MAY_CHANGE_WITHIN;
            case "select",
                "values",
                "table",
                "savepoint",
                "release",
                "rollback", // undoes everything, so that nothing can be done twice
                "show",
                "fetch" ->
                0;
            case "" -> inLiteral || empty ? 0 : MAY_END | WRITES | CALLS; // {? = call f()}
            default -> inLiteral ? 0 : ofOther(word, TransactionStarts.is(word, sql, end));
          };
      int semicolon = sql.indexOf(';', end);
      at = semicolon < 0 ? -1 : semicolon + 1;
    }
    marks = ofWordsWithin(marks, small);
    int unseparated = Unseparated.marks(sql);
    if ((marks & ENDS_OR_UNDOES) != 0 && (unseparated & WRITES) != 0) {
      marks |= MAY_END; // what is written behind the end may be committed by itself
    }
    if (queries && QueryTexts.mayWrite(sql, small)) {
      marks |= MAY_WRITE_IN_QUERY;
    }
    marks |= unseparated;
    return (marks & WRITES) == 0 ? marks : marks | MAY_WRITE;
  }

  /**
   * What a statement may do that begins with a word of no other list.
   *
   * @param begins whether it begins a transaction, and is no block
   */
  private static int ofOther(String word, boolean begins) {
    int calls = TransactionStarts.mayCall(word) ? CALLS : 0;
    return switch (word) {
      case "begin" -> MAY_END | (begins ? 0 : MAY_WRITE);
      case "abort",
          "close",
          "deallocate",
          "describe",
          "discard",
          "listen",
          "lock",
          "pragma",
          "reset",
          "set",
          "start",
          "unlisten",
          "unlock",
          "use" ->
          MAY_END | calls; // none of these writes anything itself
      default -> MAY_END | MAY_WRITE | calls;
    };
  }

  /**
   * What the comments may do that a statement seems to begin with, if databases don't read them
   * alike: MySQL executes what is in some, and it differs where one ends.
   */
  private static int ofComments(String sql, int from, int to) {
    int semicolon = sql.indexOf(';', from);
    if (semicolon >= 0 && semicolon < to) {
      return ENDS | WRITES | BEGINS;
    }
    return new PlainLiterals(sql, from).areClear(to) ? 0 : MAY_END | WRITES | BEGINS;
  }

  /** Looks for the words that some kinds of statements depend on, once for the whole text. */
  private static int ofWordsWithin(int marks, String small) {
    boolean writes =
        ((marks & COPIES) != 0 && hasWord(small, "from"))
            || ((marks & MAY_CHANGE_WITHIN) != 0 && writesWithin(small));
    return (marks & ~(COPIES | MAY_CHANGE_WITHIN)) | (writes ? WRITES : 0);
  }

  /** Whether one within may write; yes also for a query that locks, or has such a column. */
  private static boolean writesWithin(String small) {
    return hasWord(small, "insert")
        || hasWord(small, "update")
        || hasWord(small, "delete")
        || hasWord(small, "merge");
  }

  private static boolean endsOrUndoes(String word, String sql, int end) {
    return switch (word) {
      case "commit", "end", "prepare", "abort" -> true;
      case "rollback" -> !isToSavepoint(sql, end);
      default -> false;
    };
  }

  /** Whether [WORK | TRANSACTION] TO follows, behind a ROLLBACK. */
  private static boolean isToSavepoint(String sql, int from) {
    int at = skipBlanks(sql, from);
    int end = endOfWord(sql, at);
    String word = small(sql, at, end);
    if (word.equals("work") || word.equals("transaction")) {
      at = skipBlanks(sql, end);
      end = endOfWord(sql, at);
      word = small(sql, at, end);
    }
    return word.equals("to");
  }

  static int endOfWord(String sql, int from) {
    int end = from;
    while (end < sql.length() && Character.isLetter(sql.charAt(end))) {
      end++;
    }
    return end;
  }

  static String small(String sql, int from, int end) {
    return small(sql.substring(from, end));
  }

  /**
   * The text in small letters. Two capitals are replaced first, for with them Java takes a time
   * that grows with the square of the text: it makes two characters of the one, and looks at the
   * whole text for what becomes of the other. No word that is looked for has them.
   */
  static String small(String text) {
    return text.replace('\u0130', 'i').replace('\u03a3', '\u03c3').toLowerCase(Locale.ROOT);
  }

  /**
   * Whether a text may lift read-only: by the setting's name, which may be written in escapes; with
   * all that was set (RESET ALL, DISCARD ALL); or by what read-only doesn't forbid (COMMIT
   * PREPARED). The words count wherever they stand, for what they stand in may be executed. They
   * are words of several databases, each of which takes those of the others for an error; so nobody
   * needs to know which database it is.
   */
  private static boolean liftsReadOnly(String small) {
    return small.contains("read_only")
        || small.contains("u&\"")
        || (hasWord(small, "prepared") && (hasWord(small, "commit") || hasWord(small, "rollback")))
        || (small.contains("read") && small.contains("write"))
        || (hasWord(small, "all") && (hasWord(small, "reset") || hasWord(small, "discard")));
  }

  /** Whether the word is there, and not as a part of another word. */
  static boolean hasWord(String small, String word) {
    for (int at = small.indexOf(word); at >= 0; at = small.indexOf(word, at + 1)) {
      int after = at + word.length();
      if ((at == 0 || !inWord(small.charAt(at - 1)))
          && (after == small.length() || !inWord(small.charAt(after)))) {
        return true;
      }
    }
    return false;
  }

  private static boolean inWord(char c) {
    return Character.isLetterOrDigit(c) || c == '_' || c == '$';
  }

  /** Where the next word begins: behind blanks, comments and opening parentheses. */
  static int skipBlanks(String sql, int from) {
    return skipBlanks(sql, from, sql.length());
  }

  /** As {@link #skipBlanks(String, int)}, but doesn't go beyond {@code end}. */
  private static int skipBlanks(String sql, int from, int end) {
    int at = from;
    while (at < end) {
      if (sql.startsWith("--", at)) {
        at = endOfLine(sql, at, end);
      } else if (sql.startsWith("/*", at)) {
        at = afterComment(sql, at, end);
      } else if (Character.isWhitespace(sql.charAt(at)) || sql.charAt(at) == '(') {
        at++;
      } else {
        break;
      }
    }
    return Math.min(at, end);
  }

  /** Where the line ends: as in some databases, a carriage return alone ends it, too. */
  private static int endOfLine(String sql, int from, int end) {
    int at = from;
    while (at < end && sql.charAt(at) != '\n' && sql.charAt(at) != '\r') {
      at++;
    }
    return at;
  }

  /**
   * Where a block comment ends. Block comments nest here, as in the SQL standard. The scanner of
   * PostgreSQL's adapter has these few lines as well. They are not shared: the scanner reads
   * PostgreSQL's tokens, of which the core must know nothing, and this reads for any driver.
   */
  private static int afterComment(String sql, int from, int end) {
    int depth = 0;
    int at = from;
    while (at < end) {
      if (sql.startsWith("/*", at)) {
        depth++;
        at += 2;
      } else if (sql.startsWith("*/", at)) {
        depth--;
        at += 2;
        if (depth == 0) {
          return at;
        }
      } else {
        at++;
      }
    }
    return Math.min(at, end);
  }
}
