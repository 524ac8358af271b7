package io.everpool.postgresql.session;

import static io.everpool.postgresql.session.SessionReset.ANYTHING;
import static io.everpool.postgresql.sql.SqlWord.OTHER;

import io.everpool.postgresql.sql.Literal;
import io.everpool.postgresql.sql.SqlScanner;
import io.everpool.postgresql.sql.SqlWord;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Finds out from the text of statements what they may leave behind in the session, as bits of
 * {@link SessionReset}.
 *
 * <p>It knows strings, quoted names, dollar quotes, comments and several statements in one text,
 * and errs on the side of clearing. If a statement uses a name, of a function say, or of a table
 * with triggers, the {@link NameTable} says what that leaves; a function that isn't in the table
 * was created since, and may do everything. The bodies of {@code DO} are taken to do everything; so
 * are the procedures of {@code CALL} as long as no table was read.
 *
 * <p>It reads the bodies of functions as well. In these a statement also begins behind {@code
 * BEGIN}, {@code THEN}, {@code ELSE} and {@code LOOP}, {@code EXECUTE} does what nobody knows, and
 * in PL/pgSQL {@code INTO} names variables.
 *
 * <p>It is long because it is one automaton: what a token means depends on what stood before it,
 * and all the fields that remember this are read and written in one place.
 */
final class SqlSideEffects {

  /** What stands before a name, as far as it tells whether a bracket behind it calls a function. */
  private enum Before {
    /** A key word, an operator, a bracket or nothing stands before: what follows may be called. */
    ANY,
    /**
     * The FN of a JDBC escape stands before: what follows is called, and may be one of the driver's
     * functions.
     */
    ESCAPE,
    /** A word stands before that makes the next name that of a table or a column. */
    NAMING,
    /** A name or the end of brackets stands before: an alias follows. */
    NAMED
  }

  private final SqlScanner scanner;
  private final String sql;
  private final NameTable names;
  private final boolean body;
  private final boolean variables;
  private int sideEffects;

  // ---- the statement so far

  /** How many words the statement had so far. */
  private int count;

  private SqlWord first = OTHER;
  private SqlWord second = OTHER;
  private boolean creates;
  private boolean updates;
  private boolean temporary;
  private boolean definesCode;

  /**
   * Whether the AS of a CREATE has passed, outside of brackets: behind it stands a query or the
   * like, or a function's body.
   */
  private boolean asPassed;

  /** Whether AS ON has passed: what a rule is for stands behind that AS. */
  private boolean rules;

  private final Set<String> mentioned = new HashSet<>(0);
  private String lastMentioned = "";

  /** Whether the name directly before is that of a procedure. */
  private boolean called;

  private final Map<String, Integer> defined = new HashMap<>(0);

  // ---- the tokens directly before

  /**
   * The word directly before, if nothing but space stood between. {@link #beforeThat} is the word
   * before it.
   */
  private SqlWord before = OTHER;

  private SqlWord beforeThat = OTHER;

  /** The symbol directly before; 0 for none. {@link #symbolBeforeThat} is the symbol before it. */
  private char symbolBefore;

  private char symbolBeforeThat;

  private Before beforeName = Before.ANY;
  private Before beforeNext = Before.ANY;

  /**
   * Whether the name directly before, whatever it may be, is not that of a function which the table
   * knows.
   */
  private boolean newIfCalled;

  private int operatorsFrom = -1;
  private int operatorsTo = -1;

  // ---- brackets

  private int depth;

  /**
   * One bit for each depth: whether the brackets that were last opened there are those of DISTINCT
   * ON or of OPERATOR. No alias follows such brackets, but a name that may be called.
   */
  private long prefixes;

  /**
   * Stands for no depth. Not even a number below 0 would do, for the depth is below 0 where a CASE
   * stood within brackets of a body.
   */
  private static final int NONE = Integer.MIN_VALUE;

  /** The depth in which the arguments of a set_config stand; NONE if no such call is open. */
  private int configDepth = NONE;

  /** What the setting of this set_config leaves, as far as its name is known. */
  private int configSideEffects;

  private boolean nameAwaited;
  private boolean nameGiven;
  private boolean trueAlone;

  /** What kind of text is read. */
  private enum Kind {
    STATEMENTS,
    SQL_BODY,
    PLPGSQL_BODY
  }

  private SqlSideEffects(String sql, boolean backslashes, NameTable names, Kind kind) {
    this.scanner = new SqlScanner(sql, backslashes);
    this.sql = sql;
    this.names = names;
    this.body = kind != Kind.STATEMENTS;
    this.variables = kind == Kind.PLPGSQL_BODY;
  }

  /**
   * What the text leaves, as bits, as far as the text alone tells; 0 for nothing. A pure function.
   */
  static int of(String sql) {
    return of(sql, NameTable.EMPTY);
  }

  /** What the text leaves, as bits; 0 for nothing. A pure function. */
  static int of(String sql, NameTable names) {
    return read(sql, names, Kind.STATEMENTS).sideEffects;
  }

  /** What a call of a function with this body may leave. */
  static int ofBody(String sql, NameTable names) {
    return read(sql, names, Kind.SQL_BODY).sideEffects;
  }

  /** Like {@link #ofBody}, for a body in PL/pgSQL. */
  static int ofPlpgsqlBody(String sql, NameTable names) {
    return read(sql, names, Kind.PLPGSQL_BODY).sideEffects;
  }

  static SqlSideEffects read(String sql, NameTable names) {
    return read(sql, names, Kind.STATEMENTS);
  }

  private static SqlSideEffects read(String sql, NameTable names, Kind kind) {
    SqlSideEffects read = new SqlSideEffects(sql, false, names, kind);
    read.scan();
    if (read.scanner.ambiguous()) {
      // A backslash stands before a quote, and escapes it or not, depending on a setting. Either
      // may be meant, so the text is read in both ways.
      SqlSideEffects other = new SqlSideEffects(sql, true, names, kind);
      other.scan();
      read.sideEffects |= other.sideEffects;
      other.defined.forEach((name, bits) -> read.defined.merge(name, bits, (a, b) -> a | b));
    }
    return read;
  }

  /** What the text leaves, as bits; 0 for nothing. */
  int sideEffects() {
    return sideEffects;
  }

  /**
   * What other statements may leave because of this one, although they were judged before it: they
   * were prepared, and use what it defines.
   */
  int leftToOthers() {
    int bits = 0;
    for (int one : defined.values()) {
      bits |= one;
    }
    return bits;
  }

  /**
   * The names to which the text's definitions may give a meaning, with the bits that they then
   * have.
   */
  Map<String, Integer> defined() {
    return defined;
  }

  private void scan() {
    sideEffects = sql.isBlank() ? 0 : names.always();
    while (true) {
      switch (scanner.next()) {
        case END -> {
          endStatement();
          return;
        }
        case WORD -> word(scanner.word(), false);
        case QUOTED -> word(scanner.word(), true);
        case SYMBOL -> symbol(scanner.symbol());
        case OTHER -> literal();
      }
    }
  }

  // ---- words

  private void word(SqlWord word, boolean quoted) {
    switch (word) {
      case SET_CONFIG, SET_CONFIG_BY_NAME -> beginConfig();
      case PG_ADVISORY_LOCK, PG_TRY_ADVISORY_LOCK -> sideEffects |= SessionReset.ADVISORY_LOCK;
      case PG_TEMP -> sideEffects |= SessionReset.TEMPORARY;
      case QUERY_TO_XML,
          TABLE_TO_XML,
          SCHEMA_TO_XML,
          DATABASE_TO_XML,
          CURSOR_TO_XML,
          CROSSTAB,
          CONNECTBY,
          TS_STAT,
          TS_REWRITE,
          XPATH_TABLE ->
          sideEffects |= ANYTHING;
      case PG_BACKUP_START,
          PG_COPY_LOGICAL_REPLICATION_SLOT, // the slot may be a temporary one
          PG_COPY_PHYSICAL_REPLICATION_SLOT,
          PG_CREATE_LOGICAL_REPLICATION_SLOT,
          PG_CREATE_PHYSICAL_REPLICATION_SLOT,
          PG_REPLICATION_ORIGIN_SESSION_RESET,
          PG_REPLICATION_ORIGIN_SESSION_SETUP,
          PG_START_BACKUP ->
          sideEffects |= SessionReset.UNTIL_ITS_END;
      case SET_LIMIT -> sideEffects |= SessionReset.SETTINGS; // this is a function of pg_trgm
      case PG_SETTINGS -> {
        if (updates) {
          sideEffects |= SessionReset.SETTINGS | SessionReset.ROLE | SessionReset.PATH;
        }
      }
      default -> {
        // Such a word counts only as a key word.
      }
    }
    boolean keyword = name(quoted);
    trueAlone = word == SqlWord.TRUE && !quoted && argumentBegins();
    nameAwaited = false;
    notALiteralName();
    key(quoted ? OTHER : word, quoted);
    beforeNext = keyword ? naming(word) : symbolBefore == '{' ? escape(word) : Before.NAMED;
    symbolBefore = 0;
    symbolBeforeThat = 0;
  }

  /** Looks the name up; returns whether it is a key word. */
  private boolean name(boolean quoted) {
    if (symbolBefore != '.') {
      beforeName = beforeNext;
    }
    int meaning = names.meaning(scanner.nameText(), scanner.nameFrom(), scanner.nameTo());
    boolean keyword = (meaning & NameTable.KEYWORD) != 0 && !quoted;
    newIfCalled =
        !keyword && (meaning & NameTable.CALLABLE) == 0 && !(isDriversFunction() && !quoted);
    called = before == SqlWord.CALL || (called && symbolBefore == '.');
    sideEffects |= meaning & SessionReset.ALL;
    lastMentioned = "";
    boolean mayBeDefined =
        first == SqlWord.ALTER || (first == SqlWord.CREATE && !asPassed) || rules;
    if (depth == 0 && !keyword && mayBeDefined) {
      lastMentioned = scanner.nameText().substring(scanner.nameFrom(), scanner.nameTo());
      mentioned.add(lastMentioned);
    }
    return keyword;
  }

  private boolean isDriversFunction() {
    return beforeName == Before.ESCAPE && symbolBefore != '.' && EscapeFunctions.has(scanner);
  }

  /** What stands before the next name if this word follows the brace that begins a JDBC escape. */
  private static Before escape(SqlWord word) {
    return word == SqlWord.FN ? Before.ESCAPE : Before.ANY;
  }

  private Before naming(SqlWord word) {
    return switch (word) {
      case AS, COPY, INTO, WITH, RECURSIVE -> Before.NAMING;
      case ORDINALITY -> Before.NAMED; // as in: WITH ORDINALITY alias (columns)
      default -> namingDefined(word) ? Before.NAMING : Before.ANY;
    };
  }

  /**
   * Whether the word makes the next name that of what CREATE or ALTER defines, or that of what the
   * definition is built on.
   */
  private boolean namingDefined(SqlWord word) {
    if (first != SqlWord.CREATE && first != SqlWord.ALTER) {
      return false;
    }
    return switch (word) {
      case AGGREGATE,
          COLLATION,
          CONFIGURATION,
          DICTIONARY,
          EXISTS,
          OF,
          ONLY,
          PARSER,
          REFERENCES,
          STATISTICS,
          TABLE,
          TEMPLATE,
          TYPE,
          VIEW ->
          true;
      // Behind EXECUTE, a FUNCTION is what a trigger calls: of a new one nothing is known.
      case FUNCTION, PROCEDURE, ROUTINE -> beforeThat != SqlWord.EXECUTE;
      // CREATE INDEX ... ON names a table; behind AS it begins a join's condition
      case ON -> !asPassed;
      case BY -> beforeThat == SqlWord.PARTITION && !asPassed; // as in: PARTITION BY LIST
      // it names a method of access; in ALTER COLUMN TYPE text USING, an expression follows
      case USING -> beforeThat == SqlWord.EXCLUDE || (first == SqlWord.CREATE && !asPassed);
      default -> false;
    };
  }

  private void key(SqlWord word, boolean quoted) {
    if (!isPrivilegeOrTrigger(word)) {
      executeDynamically();
    }
    switch (word) {
      case BEGIN, THEN, ELSE, LOOP -> {
        if (body && first != SqlWord.MERGE) { // as in: WHEN MATCHED THEN DO NOTHING
          endStatement();
          return;
        }
      }
      case INTO -> {
        if (!variables && before != SqlWord.INSERT && before != SqlWord.MERGE) {
          sideEffects |= names.defining(); // this is a SELECT INTO
        }
      }
      case UESCAPE -> sideEffects |= ANYTHING; // names may then be written in any way
      case CREATE -> creates = true;
      case UPDATE -> updates = true;
      case AS -> asPassed |= first == SqlWord.CREATE && depth == 0;
      case ATOMIC, RETURN -> asPassed |= beginsRoutineBody(word);
      case ON -> rules |= before == SqlWord.AS && asPassed;
      case AGGREGATE, FUNCTION, PROCEDURE, ROUTINE ->
          definesCode |= before != SqlWord.EXECUTE && before != SqlWord.WITHOUT;
      case ONLY, TRANSACTION_READ_ONLY -> {
        if (first == SqlWord.SET && (word != SqlWord.ONLY || before == SqlWord.READ)) {
          refuseWrites();
        }
      }
      case TEMP, TEMPORARY -> {
        if (temporaryAfter()) {
          temporary = true;
          sideEffects |= SessionReset.TEMPORARY;
        }
      }
      case HOLD -> {
        if (first == SqlWord.DECLARE && before == SqlWord.WITH) {
          sideEffects |= SessionReset.CURSOR;
        }
      }
      default -> {
        // The word does nothing by itself.
      }
    }
    switch (count++) {
      case 0 -> {
        first = word;
        sideEffects |= left(word) | defined(word);
      }
      case 1 -> {
        second = word;
        if (first == SqlWord.SET && word != SqlWord.SESSION) {
          sideEffects |= set(word, quoted);
        } else if (first == SqlWord.RESET && word != SqlWord.SESSION) {
          sideEffects |= reset(word, quoted);
        } else if (first == SqlWord.DISCARD) {
          sideEffects |= discarded(word);
        } else if (first == SqlWord.PREPARE && word != SqlWord.TRANSACTION) {
          sideEffects |= SessionReset.PREPARED;
        }
      }
      case 2 -> {
        if (second == SqlWord.SESSION && first == SqlWord.SET) {
          sideEffects |= set(word, quoted);
        } else if (second == SqlWord.SESSION && first == SqlWord.RESET) {
          sideEffects |= reset(word, quoted);
        }
      }
      default -> {
        // All further words are data.
      }
    }
    if (first == SqlWord.EXPLAIN) {
      sideEffects |= defined(word);
    }
    if (word == SqlWord.EXECUTE && (isAnalyzed() || (creates && before == SqlWord.AS))) {
      sideEffects |= ANYTHING; // EXPLAIN ANALYZE EXECUTE, or CREATE TABLE ... AS EXECUTE
    }
    beforeThat = before;
    before = word;
  }

  /**
   * Notes that writes are to be refused, if this is a function's body. In a text of the program's
   * own the core sees this by itself.
   */
  private void refuseWrites() {
    if (body) {
      sideEffects |= SessionReset.READ_ONLY;
    }
  }

  /**
   * Whether the statement that EXPLAIN runs may begin here: behind ANALYZE, with VERBOSE or in
   * brackets.
   */
  private boolean isAnalyzed() {
    SqlWord option = before == SqlWord.VERBOSE ? beforeThat : before;
    return first == SqlWord.EXPLAIN
        && (option == SqlWord.ANALYZE || option == SqlWord.ANALYSE || symbolBefore == ')');
  }

  /**
   * Whether the word, {@code BEGIN ATOMIC} or {@code RETURN}, begins a function's body, and is no
   * part of the function's name.
   */
  private boolean beginsRoutineBody(SqlWord word) {
    return definesCode
        && first == SqlWord.CREATE
        && depth == 0
        && symbolBefore != '.'
        && (word == SqlWord.ATOMIC
            ? before == SqlWord.BEGIN
            : before != SqlWord.FUNCTION
                && before != SqlWord.PROCEDURE
                && before != SqlWord.AGGREGATE);
  }

  /**
   * What a statement leaves if it begins with this word, whatever follows.
   *
   * <p>A statement that takes something away (UNLISTEN, DEALLOCATE) counts like the one that makes
   * it. The initialization of the session may have made what is taken away, and it runs again only
   * after a reset. In a lease that does both, this costs nothing more. Giving up a lock or a cursor
   * counts for nothing, because an initialization makes none: if every new connection took the same
   * lock, the second would wait for the first.
   */
  private int left(SqlWord word) {
    return switch (word) {
      // EXECUTE runs what was prepared, perhaps when the session was set up
      case DO, EXECUTE -> ANYTHING;
      case CALL -> names.isComplete() ? 0 : ANYTHING;
      case LISTEN, UNLISTEN -> SessionReset.LISTEN;
      case DEALLOCATE -> SessionReset.PREPARED;
      case LOAD -> SessionReset.SETTINGS;
      default -> 0;
    };
  }

  /** What a statement that begins with this word leaves because it defines something. */
  private int defined(SqlWord word) {
    return switch (word) {
      case CREATE, ALTER, DROP, COMMENT, GRANT, REVOKE, SECURITY, IMPORT, REINDEX, REFRESH ->
          names.defining();
      default -> 0;
    };
  }

  /**
   * Whether this word shows that the EXECUTE before it is a privilege's name, or part of a
   * trigger's definition.
   */
  private boolean isPrivilegeOrTrigger(SqlWord word) {
    return switch (word) {
      case ON -> true;
      case FUNCTION, PROCEDURE -> first == SqlWord.CREATE;
      default -> false;
    };
  }

  /** Notes an EXECUTE that stands in a function's body and runs a text. */
  private void executeDynamically() {
    if (body && before == SqlWord.EXECUTE) {
      sideEffects |= ANYTHING;
    }
  }

  /** What SET or SET SESSION leaves, according to the word after it. */
  private static int set(SqlWord name, boolean quoted) {
    return switch (name) {
      case LOCAL, TRANSACTION, CONSTRAINTS -> 0;
      case SESSION -> SessionReset.SETTINGS | SessionReset.ROLE; // as in: SET SESSION SESSION ...
      case ROLE, AUTHORIZATION, SESSION_AUTHORIZATION -> SessionReset.ROLE;
      case SEARCH_PATH, SCHEMA -> SessionReset.SETTINGS | SessionReset.PATH;
      default ->
          quoted
              ? SessionReset.SETTINGS | SessionReset.ROLE | SessionReset.PATH
              : SessionReset.SETTINGS;
    };
  }

  /**
   * Notes that the word that was taken for a key word is the beginning of a setting's name, as in
   * {@code SET local.x}.
   */
  private void nameOfSetting() {
    boolean ofSession = count == 2 || (count == 3 && second == SqlWord.SESSION);
    if (ofSession && (first == SqlWord.SET || first == SqlWord.RESET)) {
      sideEffects |= SessionReset.SETTINGS;
    }
  }

  /**
   * What RESET or RESET SESSION leaves, according to the word after it: the same as SET with that
   * name.
   */
  private static int reset(SqlWord name, boolean quoted) {
    return name == SqlWord.ALL ? SessionReset.SETTINGS | SessionReset.PATH : set(name, quoted);
  }

  /** What DISCARD leaves, according to the word after it; plans are made again by themselves. */
  private static int discarded(SqlWord what) {
    return switch (what) {
      case ALL -> ANYTHING;
      case TEMP, TEMPORARY -> SessionReset.TEMPORARY;
      case SEQUENCES -> SessionReset.SEQUENCES;
      default -> 0;
    };
  }

  /**
   * Whether TEMP makes a temporary table here: in CREATE [OR REPLACE] [LOCAL | GLOBAL] TEMP, and in
   * INTO [LOCAL | GLOBAL] TEMP unless that is an INSERT's or a MERGE's INTO.
   */
  private boolean temporaryAfter() {
    return switch (before) {
      case CREATE -> true;
      case REPLACE -> creates;
      case LOCAL, GLOBAL -> creates || beforeThat == SqlWord.INTO;
      case INTO -> beforeThat != SqlWord.INSERT && beforeThat != SqlWord.MERGE;
      default -> false;
    };
  }

  // ---- everything else

  private void literal() {
    if (Literal.contains(sql, scanner.from(), scanner.position(), "pg_temp")
        // with a % it is a pattern
        && !Literal.contains(sql, scanner.from(), scanner.position(), "%")) {
      // The literal may become a search path, even for one transaction only. Such a path makes
      // tables temporary that CREATE TABLE doesn't call so.
      sideEffects |= SessionReset.TEMPORARY;
    }
    if (nameAwaited && sql.charAt(scanner.from()) == '\'') {
      int from = scanner.from() + 1;
      int to = Math.max(from, scanner.position() - 1); // the text may end with the opening quote
      configSideEffects = ofSetting(sql.substring(from, to));
      nameGiven = true;
      if (SqlWord.at(sql, from, to) == SqlWord.TRANSACTION_READ_ONLY) {
        refuseWrites();
      }
    } else {
      notALiteralName();
    }
    nameAwaited = false;
    newIfCalled = false;
    beforeNext = Before.ANY;
    symbolBefore = 0;
    forgetBefore();
  }

  private void symbol(char symbol) {
    operator(symbol);
    if (nameGiven && symbol == ',') {
      nameGiven = false; // the comma shows that the setting's name was all of the first argument
    }
    notALiteralName();
    nameAwaited = symbol == '(' && depth == configDepth;
    switch (symbol) {
      case ';' -> {
        endStatement();
        return;
      }
      case '(' -> {
        called = false;
        call();
        openPrefix();
        depth++;
      }
      case '.' -> {
        mentioned.remove(lastMentioned); // the name before the dot was a schema's
        nameOfSetting();
      }
      case ')' -> {
        depth--;
        if (configDepth != NONE && depth <= configDepth) {
          endConfig(before == SqlWord.TRUE && trueAlone);
        }
      }
      case '>' -> {
        if (body && symbolBefore == '>') {
          endStatement(); // it was the end of a label
        }
      }
      default -> {
        // The symbol only separates words.
      }
    }
    if (symbol != '.') {
      callWithoutBrackets();
      beforeNext = symbol == ')' && !closesPrefix() ? Before.NAMED : Before.ANY;
    }
    newIfCalled = false;
    symbolBeforeThat = symbolBefore;
    symbolBefore = symbol;
    forgetBefore();
  }

  /**
   * Handles an opening bracket: if the name before it isn't that of a known function, it may call a
   * function that was created since.
   */
  private void call() {
    if (newIfCalled
        && (beforeName == Before.ANY || beforeName == Before.ESCAPE)
        && names.isComplete()
        && !body
        && !listsTables()
        && (sideEffects & ANYTHING) != ANYTHING
        && !CommonTable.isNamed(scanner)) {
      sideEffects |= ANYTHING;
    }
  }

  /**
   * Whether the names here are those of tables, with their columns in brackets, so that nothing is
   * called unless it stands in brackets itself.
   */
  private boolean listsTables() {
    return depth == 0
        && switch (first) {
          case ANALYSE, ANALYZE, VACUUM -> true;
          case CREATE, ALTER -> second == SqlWord.PUBLICATION;
          default -> false;
        };
  }

  private void openPrefix() {
    boolean prefix =
        before == SqlWord.OPERATOR || (before == SqlWord.ON && beforeThat == SqlWord.DISTINCT);
    long bit = depth >= 0 && depth < Long.SIZE ? 1L << depth : 0;
    prefixes = prefix ? prefixes | bit : prefixes & ~bit;
  }

  /**
   * Whether the bracket just closed was one of {@link #prefixes}. Beyond the depths that are
   * counted, the answer is yes, to be on the safe side.
   */
  private boolean closesPrefix() {
    return depth < 0 || depth >= Long.SIZE || (prefixes >>> depth & 1) != 0;
  }

  /** Handles a call without brackets: {@code {call p}}. */
  private void callWithoutBrackets() {
    if (called && newIfCalled && names.isComplete() && !body) {
      sideEffects |= ANYTHING;
    }
    called = false;
  }

  private void operator(char symbol) {
    if (!names.hasOperators() || "+-*/<>=~!@#%^&|`?".indexOf(symbol) < 0) {
      return;
    }
    int at = scanner.from();
    operatorsFrom = at == operatorsTo ? operatorsFrom : at;
    operatorsTo = at + 1;
    sideEffects |= names.ofOperators(sql, operatorsFrom, operatorsTo);
  }

  private void forgetBefore() {
    executeDynamically();
    before = OTHER;
    beforeThat = OTHER;
  }

  // ---- set_config

  /**
   * Begins a call of set_config(name, value, is_local), which leaves nothing if its last argument
   * is the word true.
   */
  private void beginConfig() {
    if (configDepth != NONE) {
      endConfig(false);
    }
    configDepth = depth;
    configSideEffects = ofSetting("search_path") | ofSetting("role");
    nameGiven = false;
  }

  /** Forgets the setting's name: what was taken for it was only the beginning of an expression. */
  private void notALiteralName() {
    if (nameGiven) {
      nameGiven = false;
      configSideEffects = ofSetting("search_path") | ofSetting("role");
    }
  }

  private static int ofSetting(String name) {
    return switch (SqlWord.at(name, 0, name.length())) {
      case SEARCH_PATH -> SessionReset.SETTINGS | SessionReset.PATH;
      case ROLE, SESSION_AUTHORIZATION -> SessionReset.SETTINGS | SessionReset.ROLE;
      default -> SessionReset.SETTINGS;
    };
  }

  /**
   * Whether an argument begins here: behind a comma, or behind {@code name =>} or {@code name :=}.
   */
  private boolean argumentBegins() {
    return symbolBefore == ','
        || (symbolBeforeThat == '=' && symbolBefore == '>')
        || (symbolBeforeThat == ':' && symbolBefore == '=');
  }

  private void endConfig(boolean local) {
    configDepth = NONE;
    if (!local) {
      sideEffects |= configSideEffects;
    }
  }

  // ---- statements

  private void endStatement() {
    callWithoutBrackets();
    if (configDepth != NONE) {
      endConfig(false);
    }
    if (first == SqlWord.CREATE && countsUnnamed()) {
      defined.merge(NameTable.ALWAYS, ANYTHING, (a, b) -> a | b);
    }
    if (!mentioned.isEmpty()) {
      define();
      mentioned.clear();
    }
    count = 0;
    depth = 0;
    first = OTHER;
    second = OTHER;
    creates = false;
    updates = false;
    temporary = false;
    definesCode = false;
    asPassed = false;
    rules = false;
    symbolBefore = 0;
    beforeNext = Before.ANY;
    newIfCalled = false;
    forgetBefore();
  }

  /** Whether what is defined has an effect also where its name isn't used. */
  private boolean countsUnnamed() {
    return switch (second) {
      case OPERATOR, EVENT -> true;
      case CAST -> definesCode; // other casts have no function
      default -> false;
    };
  }

  /**
   * Notes what the defined names leave: a function may do everything; a table, a view or the like
   * does what the text says it uses.
   */
  private void define() {
    int bits = definesCode ? ANYTHING : sideEffects;
    if (bits != 0 && !temporary) {
      mentioned.forEach(name -> defined.merge(name, bits, (a, b) -> a | b));
    }
  }
}
