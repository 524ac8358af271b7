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
 * <p>Knows strings, quoted names, dollar quotes, comments and several statements in one text, and
 * errs on the side of clearing. What a name leaves that a statement uses, a function's or a table's
 * with triggers, the {@link NameTable} says; a function that isn't in it was created since and may
 * do everything. The bodies of {@code DO} are taken to do everything, and while no table was read
 * the procedures of {@code CALL}, too.
 *
 * <p>Reads the bodies of functions as well: there a statement begins behind {@code BEGIN}, {@code
 * THEN}, {@code ELSE} and {@code LOOP}, too, {@code EXECUTE} does what nobody knows, and in
 * PL/pgSQL {@code INTO} names variables.
 *
 * <p>It is long, for it is one automaton: what a token means hangs on what stood before it, and all
 * that remembers this is read and written in one place.
 */
final class SqlSideEffects {

  /** What stands before a name, as far as it tells whether a bracket behind it calls a function. */
  private enum Before {
    /** A key word, an operator, a bracket, nothing: what follows may be called. */
    ANY,
    /** The FN of a JDBC escape: what follows is called, and may be a function of the driver's. */
    ESCAPE,
    /** What makes the next name that of a table or a column. */
    NAMING,
    /** A name or the end of brackets: an alias follows. */
    NAMED
  }

  private final SqlScanner scanner;
  private final String sql;
  private final NameTable names;
  private final boolean body;
  private final boolean variables;
  private int sideEffects;

  // ---- the statement so far

  /** Its words. */
  private int count;

  private SqlWord first = OTHER;
  private SqlWord second = OTHER;
  private boolean creates;
  private boolean updates;
  private boolean temporary;
  private boolean definesCode;

  /** Behind the AS of a CREATE, outside of brackets: a query or the like; or a function's body. */
  private boolean asPassed;

  /** AS ON: what a rule is for stands behind that AS. */
  private boolean rules;

  private final Set<String> mentioned = new HashSet<>(0);
  private String lastMentioned = "";

  /** The name directly before is that of a procedure. */
  private boolean called;

  private final Map<String, Integer> defined = new HashMap<>(0);

  // ---- the tokens directly before

  /** The two words directly before, with nothing but space between. */
  private SqlWord before = OTHER;

  private SqlWord beforeThat = OTHER;

  /** The two symbols directly before; 0 for none. */
  private char symbolBefore;

  private char symbolBeforeThat;

  private Before beforeName = Before.ANY;
  private Before beforeNext = Before.ANY;

  /** The name directly before is no function's that was there, whatever else it may be. */
  private boolean newIfCalled;

  private int operatorsFrom = -1;
  private int operatorsTo = -1;

  // ---- brackets

  private int depth;

  /**
   * One bit for each depth: whether the brackets that were opened there last are those of DISTINCT
   * ON or OPERATOR, which no alias follows, but what may be called.
   */
  private long prefixes;

  /** No depth: even one below 0 may be, where a CASE stood within brackets of a body. */
  private static final int NONE = Integer.MIN_VALUE;

  /** The depth in which the arguments of a set_config stand; NONE for none. */
  private int configDepth = NONE;

  /** What its setting is, as far as it is known by its name. */
  private int configSideEffects;

  private boolean nameAwaited;
  private boolean nameGiven;
  private boolean trueAlone;

  /** What a text is. */
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

  /** The bits, as far as the text alone tells; 0 for nothing. A pure function. */
  static int of(String sql) {
    return of(sql, NameTable.EMPTY);
  }

  /** The bits; 0 for nothing. A pure function. */
  static int of(String sql, NameTable names) {
    return read(sql, names, Kind.STATEMENTS).sideEffects;
  }

  /** What calling a function of this body may leave. */
  static int ofBody(String sql, NameTable names) {
    return read(sql, names, Kind.SQL_BODY).sideEffects;
  }

  /** As {@link #ofBody}, of one in PL/pgSQL. */
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
      // where a backslash may escape a quote or not, depending on a setting: either may be meant
      SqlSideEffects other = new SqlSideEffects(sql, true, names, kind);
      other.scan();
      read.sideEffects |= other.sideEffects;
      other.defined.forEach((name, bits) -> read.defined.merge(name, bits, (a, b) -> a | b));
    }
    return read;
  }

  /** The bits; 0 for nothing. */
  int sideEffects() {
    return sideEffects;
  }

  /**
   * What statements may leave, because of this one, of which was judged before it what they leave:
   * they were prepared, and use what it defines.
   */
  int leftToOthers() {
    int bits = 0;
    for (int one : defined.values()) {
      bits |= one;
    }
    return bits;
  }

  /** The names that what the text defines may give a meaning, with the bits that they then have. */
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
          PG_COPY_LOGICAL_REPLICATION_SLOT, // it may be a temporary one
          PG_COPY_PHYSICAL_REPLICATION_SLOT,
          PG_CREATE_LOGICAL_REPLICATION_SLOT,
          PG_CREATE_PHYSICAL_REPLICATION_SLOT,
          PG_REPLICATION_ORIGIN_SESSION_RESET,
          PG_REPLICATION_ORIGIN_SESSION_SETUP,
          PG_START_BACKUP ->
          sideEffects |= SessionReset.UNTIL_ITS_END;
      case SET_LIMIT -> sideEffects |= SessionReset.SETTINGS; // pg_trgm's
      case PG_SETTINGS -> {
        if (updates) {
          sideEffects |= SessionReset.SETTINGS | SessionReset.ROLE | SessionReset.PATH;
        }
      }
      default -> {
        // counts only as a key word
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

  /** Looks the word up; returns whether it is a key word. */
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

  /** Behind the brace that begins a JDBC escape. */
  private static Before escape(SqlWord word) {
    return word == SqlWord.FN ? Before.ESCAPE : Before.ANY;
  }

  private Before naming(SqlWord word) {
    return switch (word) {
      case AS, COPY, INTO, WITH, RECURSIVE -> Before.NAMING;
      case ORDINALITY -> Before.NAMED; // WITH ORDINALITY alias (columns)
      default -> namingDefined(word) ? Before.NAMING : Before.ANY;
    };
  }

  /**
   * What makes the next name that of what CREATE or ALTER defines, or that of what it is built on.
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
      // EXECUTE FUNCTION: of what a trigger does nobody knows anything, either
      case FUNCTION, PROCEDURE, ROUTINE -> beforeThat != SqlWord.EXECUTE;
      case ON -> !asPassed; // CREATE INDEX ... ON a table; behind AS it is a join's condition
      case BY -> beforeThat == SqlWord.PARTITION && !asPassed; // PARTITION BY LIST
      case USING -> // a method of access; but ALTER COLUMN TYPE text USING an expression
          beforeThat == SqlWord.EXCLUDE || (first == SqlWord.CREATE && !asPassed);
      default -> false;
    };
  }

  private void key(SqlWord word, boolean quoted) {
    if (!isPrivilegeOrTrigger(word)) {
      executeDynamically();
    }
    switch (word) {
      case BEGIN, THEN, ELSE, LOOP -> {
        if (body && first != SqlWord.MERGE) { // WHEN MATCHED THEN DO NOTHING
          endStatement();
          return;
        }
      }
      case INTO -> {
        if (!variables && before != SqlWord.INSERT && before != SqlWord.MERGE) {
          sideEffects |= names.defining(); // SELECT INTO
        }
      }
      case UESCAPE -> sideEffects |= ANYTHING; // names may be written in any way
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
        // nothing by itself
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
        // the rest is data
      }
    }
    if (first == SqlWord.EXPLAIN) {
      sideEffects |= defined(word);
    }
    if (word == SqlWord.EXECUTE && (isAnalyzed() || (creates && before == SqlWord.AS))) {
      sideEffects |= ANYTHING; // CREATE TABLE ... AS EXECUTE
    }
    beforeThat = before;
    before = word;
  }

  /** Of a text of the program's own the core knows. */
  private void refuseWrites() {
    if (body) {
      sideEffects |= SessionReset.READ_ONLY;
    }
  }

  /** Whether here may begin what EXPLAIN runs: behind ANALYZE, with VERBOSE or in brackets. */
  private boolean isAnalyzed() {
    SqlWord option = before == SqlWord.VERBOSE ? beforeThat : before;
    return first == SqlWord.EXPLAIN
        && (option == SqlWord.ANALYZE || option == SqlWord.ANALYSE || symbolBefore == ')');
  }

  /** {@code BEGIN ATOMIC} or {@code RETURN}, and no part of the function's name. */
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
   * What a statement leaves that begins with this word, whatever follows.
   *
   * <p>What takes something away (UNLISTEN, DEALLOCATE) counts like what makes it: the
   * initialization of the session may have made it, and is run again only after a reset. In a lease
   * that does both it costs nothing more. Giving up a lock or a cursor counts for nothing, for an
   * initialization makes none: if every new connection took the same lock, the second would wait
   * for the first.
   */
  private int left(SqlWord word) {
    return switch (word) {
      case DO, EXECUTE -> ANYTHING; // what was prepared, perhaps where the session was set up
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

  /** Whether EXECUTE stands before it as the name of a privilege, or of what a trigger does. */
  private boolean isPrivilegeOrTrigger(SqlWord word) {
    return switch (word) {
      case ON -> true;
      case FUNCTION, PROCEDURE -> first == SqlWord.CREATE;
      default -> false;
    };
  }

  /** In a body EXECUTE has a text behind it, or else it is told by what follows. */
  private void executeDynamically() {
    if (body && before == SqlWord.EXECUTE) {
      sideEffects |= ANYTHING;
    }
  }

  /** What SET or SET SESSION leaves, by the word after it. */
  private static int set(SqlWord name, boolean quoted) {
    return switch (name) {
      case LOCAL, TRANSACTION, CONSTRAINTS -> 0;
      case SESSION -> SessionReset.SETTINGS | SessionReset.ROLE; // SET SESSION SESSION ...
      case ROLE, AUTHORIZATION, SESSION_AUTHORIZATION -> SessionReset.ROLE;
      case SEARCH_PATH, SCHEMA -> SessionReset.SETTINGS | SessionReset.PATH;
      default ->
          quoted
              ? SessionReset.SETTINGS | SessionReset.ROLE | SessionReset.PATH
              : SessionReset.SETTINGS;
    };
  }

  /** The word that was taken for a key word begins the name of a setting: {@code SET local.x}. */
  private void nameOfSetting() {
    boolean ofSession = count == 2 || (count == 3 && second == SqlWord.SESSION);
    if (ofSession && (first == SqlWord.SET || first == SqlWord.RESET)) {
      sideEffects |= SessionReset.SETTINGS;
    }
  }

  /** What RESET or RESET SESSION leaves, by the word after it: what SET of the same name does. */
  private static int reset(SqlWord name, boolean quoted) {
    return name == SqlWord.ALL ? SessionReset.SETTINGS | SessionReset.PATH : set(name, quoted);
  }

  /** What DISCARD leaves, by the word after it; plans are made again by themselves. */
  private static int discarded(SqlWord what) {
    return switch (what) {
      case ALL -> ANYTHING;
      case TEMP, TEMPORARY -> SessionReset.TEMPORARY;
      case SEQUENCES -> SessionReset.SEQUENCES;
      default -> 0;
    };
  }

  /** CREATE [OR REPLACE] [LOCAL | GLOBAL] TEMP, or INTO [LOCAL | GLOBAL] TEMP but of an INSERT. */
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
        && !Literal.contains(sql, scanner.from(), scanner.position(), "%")) { // a pattern's
      // as a path, of one transaction even, it makes temporary what CREATE TABLE doesn't call so
      sideEffects |= SessionReset.TEMPORARY;
    }
    if (nameAwaited && sql.charAt(scanner.from()) == '\'') {
      int from = scanner.from() + 1;
      int to = Math.max(from, scanner.position() - 1); // the text may end with the quote
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
      nameGiven = false; // and so the setting's name was all of the first argument
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
        mentioned.remove(lastMentioned); // a schema
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
          endStatement(); // a label
        }
      }
      default -> {
        // separates words
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

  /** A bracket behind a name that is no function's: one that was created since. */
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

  /** Where names are those of tables, with their columns, and nothing is called but in brackets. */
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

  /** Rather yes: so deep that nobody has counted. */
  private boolean closesPrefix() {
    return depth < 0 || depth >= Long.SIZE || (prefixes >>> depth & 1) != 0;
  }

  /** {@code {call p}} */
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

  /** set_config(name, value, is_local) leaves nothing if its last argument is the word true. */
  private void beginConfig() {
    if (configDepth != NONE) {
      endConfig(false);
    }
    configDepth = depth;
    configSideEffects = ofSetting("search_path") | ofSetting("role");
    nameGiven = false;
  }

  /** What was taken for the setting's name was the beginning of an expression. */
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

  /** Behind a comma, or {@code name =>} or {@code name :=}. */
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

  /** Whether what is defined does something where no name of it is. */
  private boolean countsUnnamed() {
    return switch (second) {
      case OPERATOR, EVENT -> true;
      case CAST -> definesCode; // others have no function
      default -> false;
    };
  }

  /** A function may do everything, and a table, a view or the like what the text says it uses. */
  private void define() {
    int bits = definesCode ? ANYTHING : sideEffects;
    if (bits != 0 && !temporary) {
      mentioned.forEach(name -> defined.merge(name, bits, (a, b) -> a | b));
    }
  }
}
