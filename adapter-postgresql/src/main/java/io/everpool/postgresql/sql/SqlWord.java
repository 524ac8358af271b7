package io.everpool.postgresql.sql;

import java.util.Arrays;

/** The words that decide what a statement leaves in its session; {@link SqlScanner} finds them. */
public enum SqlWord {
  AGGREGATE,
  ALL,
  ALTER,
  ANALYSE,
  ANALYZE,
  AS,
  ATOMIC,
  AUTHORIZATION,
  BEGIN,
  BY,
  CALL,
  CAST,
  COLLATION,
  COMMENT,
  CONFIGURATION,
  CONSTRAINTS,
  COPY,
  CREATE,
  DEALLOCATE,
  DECLARE,
  DICTIONARY,
  DISCARD,
  DISTINCT,
  DO,
  DROP,
  ELSE,
  END,
  EVENT,
  EXCLUDE,
  EXECUTE,
  EXISTS,
  EXPLAIN,
  FN,
  FUNCTION,
  GLOBAL,
  GRANT,
  HOLD,
  IMPORT,
  INSERT,
  INTO,
  LISTEN,
  LOAD,
  LOCAL,
  LOOP,
  MERGE,
  OF,
  ON,
  ONLY,
  OPERATOR,
  ORDINALITY,
  PARSER,
  PARTITION,
  PREPARE,
  PROCEDURE,
  PUBLICATION,
  READ,
  RECURSIVE,
  REFERENCES,
  REFRESH,
  REINDEX,
  REPLACE,
  RESET,
  RETURN,
  REVOKE,
  ROLE,
  ROUTINE,
  SCHEMA,
  SEARCH_PATH,
  SECURITY,
  SEQUENCES,
  SESSION,
  SET,
  STATISTICS,
  TABLE,
  TEMP,
  TEMPLATE,
  TEMPORARY,
  THEN,
  TRANSACTION,
  TRANSACTION_READ_ONLY,
  TRUE,
  TYPE,
  UESCAPE,
  UNLISTEN,
  UPDATE,
  USING,
  VACUUM,
  VERBOSE,
  VIEW,
  WITH,
  WITHOUT,
  CONNECTBY,
  PG_BACKUP_START,
  PG_COPY_LOGICAL_REPLICATION_SLOT,
  PG_COPY_PHYSICAL_REPLICATION_SLOT,
  PG_CREATE_LOGICAL_REPLICATION_SLOT,
  PG_CREATE_PHYSICAL_REPLICATION_SLOT,
  PG_REPLICATION_ORIGIN_SESSION_RESET,
  PG_REPLICATION_ORIGIN_SESSION_SETUP,
  PG_SETTINGS,
  /** The name that {@code pg_backup_start} has on servers before 15. */
  PG_START_BACKUP,
  SESSION_AUTHORIZATION,
  SET_CONFIG,
  SET_CONFIG_BY_NAME,
  SET_LIMIT,
  TS_REWRITE,
  TS_STAT,
  XPATH_TABLE,
  /** Begins {@code pg_advisory_lock}, {@code pg_advisory_lock_shared} and the like. */
  PG_ADVISORY_LOCK(true),
  PG_TRY_ADVISORY_LOCK(true),
  /** Also begins {@code pg_temp_3}. */
  PG_TEMP(true),
  /**
   * Executes the text that it is given, as do those whose names are longer, like {@code
   * query_to_xml_and_xmlschema}.
   */
  QUERY_TO_XML(true),
  /**
   * Does the same with a query for a table's rows: the table may be a view, which calls functions.
   */
  TABLE_TO_XML(true),
  /** Does the same with all tables and views of a schema. */
  SCHEMA_TO_XML(true),
  DATABASE_TO_XML(true),
  /** Does the same with the rest of a cursor's rows. */
  CURSOR_TO_XML(true),
  /** Also begins {@code crosstab4}. */
  CROSSTAB(true),
  /** Any other word. */
  OTHER;

  /** The words by their length, without those that are only the beginning of a word. */
  private static final SqlWord[][] BY_LENGTH = byLength();

  private static final SqlWord[] PREFIXES =
      Arrays.stream(values()).filter(word -> word.prefix).toArray(SqlWord[]::new);

  private final boolean prefix;

  SqlWord() {
    this(false);
  }

  SqlWord(boolean prefix) {
    this.prefix = prefix;
  }

  /** The word at this place of the text, in letters of any case; this allocates nothing. */
  public static SqlWord at(String sql, int from, int to) {
    int length = to - from;
    if (length < BY_LENGTH.length) {
      for (SqlWord word : BY_LENGTH[length]) {
        if (word.begins(sql, from)) {
          return word;
        }
      }
    }
    if (length > 6 && "pqctsd".indexOf(sql.charAt(from) | 0x20) >= 0) {
      for (SqlWord word : PREFIXES) {
        if (length >= word.name().length() && word.begins(sql, from)) {
          return word;
        }
      }
    }
    return OTHER;
  }

  private boolean begins(String sql, int from) {
    return sql.regionMatches(true, from, name(), 0, name().length());
  }

  private static SqlWord[][] byLength() {
    SqlWord[] whole =
        Arrays.stream(values())
            .filter(word -> !word.prefix && word != OTHER)
            .toArray(SqlWord[]::new);
    int longest = Arrays.stream(whole).mapToInt(word -> word.name().length()).max().orElseThrow();
    SqlWord[][] table = new SqlWord[longest + 1][];
    for (int length = 0; length <= longest; length++) {
      int wanted = length;
      table[length] =
          Arrays.stream(whole)
              .filter(word -> word.name().length() == wanted)
              .toArray(SqlWord[]::new);
    }
    return table;
  }
}
