package io.everpool.postgresql.sql;

import static io.everpool.postgresql.sql.AsciiWords.ascii;
import static io.everpool.postgresql.sql.AsciiWords.find;
import static io.everpool.postgresql.sql.AsciiWords.hasWord;
import static io.everpool.postgresql.sql.AsciiWords.letter;
import static io.everpool.postgresql.sql.AsciiWords.lower;
import static io.everpool.postgresql.sql.AsciiWords.matches;
import static io.everpool.postgresql.sql.AsciiWords.space;
import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Tells the kind of the statements in a request from their first words. It works on the bytes as
 * they are sent, and allocates nothing, except for a text of several statements.
 *
 * <p>The words are those of PostgreSQL's grammar; any other word is taken to commit by itself.
 *
 * <table>
 *   <caption>Which word is which</caption>
 *   <tr><td>HARMLESS</td><td>leave nothing but state of the session, which dies with it</td></tr>
 *   <tr><td>WRITE</td><td>run in the transaction that is there, or in one of their own: an error
 *       undoes all of it. EXPLAIN may ANALYZE; DECLARE WITH HOLD runs a query; EXECUTE runs a query
 *       or DML only.</td></tr>
 *   <tr><td>QUERY</td><td>are the same, but for what they write: FETCH and MOVE run one. So are WITH
 *       and brackets without a word that changes rows, and EXPLAIN without ANALYZE</td></tr>
 *   <tr><td>DO</td><td>commits inside only by COMMIT, or by CALL of what does; so without these
 *       words, quotes that could hide them, or another language, it is a WRITE</td></tr>
 *   <tr><td>CREATE, ALTER, DROP</td><td>are a WRITE, but for those forms that use transactions of
 *       their own or none: CONCURRENTLY, DATABASE, TABLESPACE, SUBSCRIPTION, SYSTEM</td></tr>
 * </table>
 */
public final class StatementText {
  private static final byte[] ALL = ascii("all");
  private static final byte[] ANALYSE = ascii("analyse");
  private static final byte[] ANALYZE = ascii("analyze");
  private static final byte[] CALL = ascii("call");
  private static final byte[] COMMIT = ascii("commit");
  private static final byte[] CONCURRENTLY = ascii("concurrently");
  private static final byte[] DATABASE = ascii("database");
  private static final byte[] DELETE = ascii("delete");
  private static final byte[] DISCARD = ascii("discard");
  private static final byte[] ESCAPED_NAME = ascii("u&\"");
  private static final byte[] EXECUTE = ascii("execute");
  private static final byte[] HOLD = ascii("hold");
  private static final byte[] INSERT = ascii("insert");
  private static final byte[] LANGUAGE = ascii("language");
  private static final byte[] MERGE = ascii("merge");
  private static final byte[] READ = ascii("read");
  private static final byte[] READ_ONLY = ascii("read_only");
  private static final byte[] RESET = ascii("reset");
  private static final byte[] STDOUT = ascii("stdout");
  private static final byte[] SUBSCRIPTION = ascii("subscription");
  private static final byte[] SYSTEM = ascii("system");
  private static final byte[] TABLESPACE = ascii("tablespace");
  private static final byte[] UPDATE = ascii("update");
  private static final byte[] WRITE = ascii("write");

  private static final byte[][][] HARMLESS =
      byInitial("close deallocate discard listen lock release reset savepoint set show unlisten");
  private static final byte[][][] WRITES =
      byInitial(
          "comment copy declare delete execute explain grant insert merge "
              + "notify refresh return revoke truncate update with");
  private static final byte[][][] QUERIES = byInitial("fetch move select table values");
  private static final byte[][][] CHANGES = byInitial("delete insert merge update");

  private final byte[] text;
  private final int end;
  private final boolean whole;
  private int from;
  private int to;
  private @Nullable UnseenWrites words;

  StatementText(byte[] text, int from, int end, boolean whole) {
    this.text = text;
    this.end = end;
    this.whole = whole;
    this.to = from;
  }

  /**
   * The kind of a text that is a single statement.
   *
   * @param whole whether the text ends there; if false, more of it was sent and not kept
   */
  public static StatementKind of(byte[] text, int from, int end, boolean whole) {
    return new StatementText(text, from, end, whole).kind();
  }

  /** The kinds of all statements of a text, in their order. */
  public static void each(
      byte[] text, int from, int end, boolean whole, Consumer<StatementKind> kinds) {
    if (!whole) {
      kinds.accept(StatementKind.ANYTHING);
      return;
    }
    if (single(text, from, end)) {
      kinds.accept(of(text, from, end, true));
      return;
    }
    // Each byte becomes one character; those of a multi-byte character are letters to the scanner.
    SqlScanner scanner = new SqlScanner(new String(text, from, end - from, ISO_8859_1), false);
    SqlScanner statement = scanner.ahead();
    boolean body = false; // whether this is within a function's body
    int begin = from;
    for (; ; ) {
      SqlScanner.Token token = scanner.next();
      boolean over = token == SqlScanner.Token.END;
      if (over || (token == SqlScanner.Token.SYMBOL && scanner.symbol() == ';')) {
        int semicolon = over ? end : from + scanner.position() - 1;
        if (scanner.ambiguous()) {
          kinds.accept(StatementKind.ANYTHING);
        } else if (body && AtomicBody.isEndedBy(statement)) {
          body = false;
        } else {
          kinds.accept(of(text, begin, semicolon, true));
          body |= AtomicBody.isBegunBy(statement);
        }
        begin = semicolon + 1;
        statement = scanner.ahead();
      }
      if (over) {
        return;
      }
    }
  }

  /**
   * Whether the text may lift the ban on writing of a read-only transaction or session: by its
   * name, which may be written in escapes, or together with all that was set (RESET ALL, DISCARD
   * ALL). It doesn't matter where the words stand, because what they stand in may be executed.
   */
  public static boolean mayAllowWrites(byte[] text, int from, int end) {
    return find(text, from, end, ESCAPED_NAME) >= 0
        || (find(text, from, end, READ) >= 0
            && (find(text, from, end, READ_ONLY) >= 0 || find(text, from, end, WRITE) >= 0))
        || (hasWord(text, from, end, ALL)
            && (hasWord(text, from, end, RESET) || hasWord(text, from, end, DISCARD)));
  }

  /**
   * Whether the text may write though its transaction has no id, and its answer counts no rows that
   * were written. It may write into a foreign table from within another statement, or by the query
   * of a cursor WITH HOLD, which is run by the COMMIT. In doubt the answer is yes: what follows any
   * semicolon is taken for a statement.
   *
   * @param whole whether the text ends there
   */
  public static boolean mayWriteUnseen(byte[] text, int from, int end, boolean whole) {
    if (new StatementText(text, from, end, whole).writesUnseen(null)) {
      return true;
    }
    if (single(text, from, end)) {
      return false;
    }
    int semicolon = from;
    while (text[semicolon] != ';') {
      semicolon++;
    }
    return new UnseenWrites(text, semicolon + 1, end, whole).any();
  }

  /** Whether the server's answer to the text counts the rows that it has written. */
  public static boolean countsChanges(byte[] text, int from, int end) {
    StatementText first = new StatementText(text, from, end, true);
    int initial = first.next() ? lower(text[first.from]) - 'a' : -1;
    return initial >= 0 && initial < 26 && first.isOneOf(CHANGES[initial]);
  }

  /**
   * Whether the statement that begins here may write unseen.
   *
   * @param known what is known of the words of the text; null if they are to be looked for
   */
  boolean writesUnseen(@Nullable UnseenWrites known) {
    words = known;
    boolean more = next();
    while (more && from == to && text[from] == '(') {
      to++;
      more = next();
    }
    if (!more || from == to) {
      return false;
    }
    return switch (lower(text[from])) {
      case 'c' -> is("call") || (is("copy") && (modifies() || !contains(STDOUT)));
      case 'd' -> is("do") || (is("declare") && (!whole || contains(HOLD)));
      case 'e' -> is("execute") || (is("explain") && executes() && modifies());
      case 'w' -> is("with") && modifies();
      default -> false;
    };
  }

  /** Whether an EXPLAIN executes its statement. */
  private boolean executes() {
    return !whole || contains(ANALYZE) || contains(ANALYSE);
  }

  private boolean modifies() {
    return !whole
        || contains(INSERT)
        || contains(UPDATE)
        || contains(DELETE)
        || contains(MERGE)
        || contains(EXECUTE);
  }

  private boolean contains(byte[] word) {
    return words != null ? words.follows(word, to) : hasWord(text, to, end, word);
  }

  /** Whether nothing but space follows the first semicolon, wherever that is. */
  private static boolean single(byte[] text, int from, int end) {
    int at = from;
    while (at < end && text[at] != ';') {
      at++;
    }
    while (at < end && (text[at] == ';' || space(text[at]))) {
      at++;
    }
    return at == end;
  }

  private StatementKind kind() {
    if (!next()) {
      return whole ? StatementKind.HARMLESS : StatementKind.ANYTHING;
    }
    if (from == to) { // neither a word nor the end stands here
      return text[from] == '(' ? writeOrQuery() : StatementKind.ANYTHING;
    }
    if (to == end && !whole) {
      return StatementKind.ANYTHING;
    }
    int initial = lower(text[from]) - 'a';
    if (initial < 0 || initial >= 26) {
      return StatementKind.ANYTHING;
    }
    if (isOneOf(WRITES[initial])) {
      return is("with") || (is("explain") && !executes()) ? writeOrQuery() : StatementKind.WRITE;
    }
    if (isOneOf(QUERIES[initial])) {
      return StatementKind.QUERY;
    }
    if (isOneOf(HARMLESS[initial])) {
      return StatementKind.HARMLESS;
    }
    return switch (initial + 'a') {
      case 'a' -> is("abort") ? rollback() : is("alter") ? definition() : other();
      case 'b' -> is("begin") ? StatementKind.BEGIN : other();
      case 'c' -> is("commit") ? commit() : is("create") ? definition() : other();
      case 'd' -> is("do") ? block() : is("drop") ? definition() : other();
      case 'e' -> is("end") ? StatementKind.COMMIT : other();
      case 'p' -> is("prepare") ? prepare() : other();
      case 'r' -> is("rollback") ? rollback() : other();
      case 's' -> is("start") && next() && is("transaction") ? StatementKind.BEGIN : other();
      default -> other();
    };
  }

  /** The kind of a statement whose first word doesn't tell whether it changes rows. */
  private StatementKind writeOrQuery() {
    return modifies() ? StatementKind.WRITE : StatementKind.QUERY;
  }

  private static StatementKind other() {
    return StatementKind.SELF_COMMITTING;
  }

  private StatementKind commit() {
    return next() && is("prepared") ? StatementKind.SELF_COMMITTING : StatementKind.COMMIT;
  }

  private StatementKind rollback() {
    boolean more = next();
    if (more && is("prepared")) {
      return StatementKind.SELF_COMMITTING;
    }
    if (more && (is("work") || is("transaction"))) {
      more = next();
    }
    return more && is("to") ? StatementKind.ROLLBACK_TO : StatementKind.ROLLBACK;
  }

  private StatementKind prepare() {
    return next() && is("transaction") ? StatementKind.COMMIT : StatementKind.HARMLESS;
  }

  /** The kind of a DO. In quotes a word may be escaped or in pieces, between dollars it can't. */
  private StatementKind block() {
    int body = skip(to);
    boolean inDollars = body < end && text[body] == '$';
    return !whole || !inDollars || has(COMMIT) || has(CALL) || has(LANGUAGE)
        ? StatementKind.SELF_COMMITTING
        : StatementKind.WRITE;
  }

  private StatementKind definition() {
    return !whole
            || has(CONCURRENTLY)
            || has(DATABASE)
            || has(TABLESPACE)
            || has(SUBSCRIPTION)
            || has(SYSTEM)
        ? StatementKind.SELF_COMMITTING
        : StatementKind.WRITE;
  }

  private boolean has(byte[] word) {
    return find(text, to, end, word) >= 0;
  }

  /** Goes on to the next word, or to an empty one before another sign; false at the end. */
  private boolean next() {
    int at = skip(to);
    from = at;
    while (at < end && letter(text[at])) {
      at++;
    }
    to = at;
    return from < end;
  }

  /** Goes past space, comments, and semicolons before a statement. */
  private int skip(int at) {
    while (at < end) {
      byte c = text[at];
      byte following = at + 1 < end ? text[at + 1] : 0;
      if (space(c) || c == ';') {
        at++;
      } else if (c == '-' && following == '-') {
        while (at < end && text[at] != '\n' && text[at] != '\r') {
          at++;
        }
      } else if (c == '/' && following == '*') {
        at = afterComment(at);
      } else {
        break;
      }
    }
    return at;
  }

  /** The place behind a comment; such comments nest. */
  private int afterComment(int begin) {
    int at = begin;
    int depth = 0;
    do {
      byte following = at + 1 < end ? text[at + 1] : 0;
      if (text[at] == '/' && following == '*') {
        depth++;
        at += 2;
      } else if (text[at] == '*' && following == '/') {
        depth--;
        at += 2;
      } else {
        at++;
      }
    } while (depth > 0 && at < end);
    return Math.min(at, end);
  }

  private boolean is(String word) {
    int length = to - from;
    if (length != word.length()) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if (lower(text[from + i]) != word.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private boolean isOneOf(byte[][] words) {
    for (byte[] word : words) {
      if (word.length == to - from && matches(text, from, word)) {
        return true;
      }
    }
    return false;
  }

  private static byte[][][] byInitial(String words) {
    byte[][][] table = new byte[26][][];
    for (int i = 0; i < table.length; i++) {
      int initial = 'a' + i;
      table[i] =
          Arrays.stream(words.split(" "))
              .filter(word -> word.charAt(0) == initial)
              .map(AsciiWords::ascii)
              .toArray(byte[][]::new);
    }
    return table;
  }
}
