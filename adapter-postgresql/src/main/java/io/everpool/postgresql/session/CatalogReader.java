package io.everpool.postgresql.session;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads from the system catalogues what leaves state in a session when it is used: functions by
 * their bodies, and whatever depends on them.
 *
 * <p>A function's body is read as text ({@link SqlSideEffects#ofBody}), and each name in it counts
 * with what that name leaves. What isn't text but an expression (views and rules, defaults,
 * constraints, policies, generated columns, operators, casts, aggregates, domains, bodies in
 * standard SQL) is found by the server's own list of dependencies ({@code pg_depend}). Only
 * dependencies on the server's own functions aren't in that list, so these few functions are looked
 * for in the texts of the expressions.
 *
 * <p>What can't be read is taken to leave anything: a function in a language other than SQL and
 * PL/pgSQL, or one in C that no extension brought. An extension's C functions are trusted as the
 * server's own are.
 */
final class CatalogReader {

  /** The first version of the server that has function bodies in standard SQL. */
  private static final int SQL_BODIES = 14;

  /** Objects with a smaller number came with the server. */
  private static final String OWN = " >= 16384 ";

  private static final String STATEFUL =
      """
      (select oid, proname from pg_catalog.pg_proc where oid < 16384 and (proname in
        ('set_config', 'ts_stat', 'ts_rewrite', 'pg_backup_start', 'pg_start_backup')
        or proname like 'pg\\_replication\\_origin\\_session\\_%set%'
        or proname like 'pg\\_c%\\_replication\\_slot' or proname like 'query\\_to\\_xml%'
        or proname like 'pg\\_advisory\\_lock%' or proname like 'pg\\_try\\_advisory\\_lock%')) s""";

  /** A cheap query whose answer changes whenever something changes that {@link #read} reads. */
  static final String FINGERPRINT =
      "select pg_catalog.concat_ws('/'"
          + changes("pg_proc", "oid" + OWN)
          + changes("pg_trigger", "not tgisinternal")
          + changes("pg_event_trigger", "true")
          + changes("pg_rewrite", "oid" + OWN)
          + changes("pg_attrdef", "true")
          + changes("pg_policy", "true")
          + changes("pg_operator", "oid" + OWN)
          + changes("pg_cast", "oid" + OWN)
          + changes("pg_constraint", "contype in ('c', 'f') and oid" + OWN)
          + changes("pg_type", "typtype <> 'c' and typcategory <> 'A' and oid" + OWN)
          + changes(
              "pg_class",
              "relpersistence <> 't' and relkind in ('r','v','m','p','f','c') and oid" + OWN)
          // A composite type's column may change its type without a change in pg_class.
          + ", (select pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum((a.xmin::text::bigint"
          + " * 31 + attrelid::bigint + attnum) % 2147483647)) from pg_catalog.pg_attribute a join"
          + " pg_catalog.pg_class c on c.oid = attrelid where relkind = 'c' and c.oid"
          + OWN
          + ")"
          + ", (select pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum("
          + "(inhrelid::bigint * 31 + inhparent::bigint) % 2147483647)) from pg_catalog.pg_inherits))";

  private static String changes(String catalog, String where) {
    return ", (select pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum("
        + "(xmin::text::bigint * 31 + oid::bigint) % 2147483647)) from pg_catalog."
        + catalog
        + " where "
        + where
        + ")";
  }

  /** Names that may have brackets behind them, and whether each is a key word. */
  private static final String NAMES =
      """
      select word, true from pg_catalog.pg_get_keywords()
      union all select distinct proname::text, false from pg_catalog.pg_proc
      union all select distinct typname::text, false from pg_catalog.pg_type
        where typtype <> 'c' and typcategory <> 'A'""";

  private static final String FUNCTIONS =
      """
      select p.oid::bigint, p.proname, case when l.lanname = 'internal' and (p.prosrc in (
          'range_constructor2', 'range_constructor3', 'multirange_constructor0',
          'multirange_constructor1', 'multirange_constructor2')
        or exists (select 1 from pg_catalog.pg_aggregate a where a.aggfnoid = p.oid))
        then 'none' else l.lanname end, %s, exists (select 1 from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
      from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang
      where p.oid"""
          + OWN;

  /**
   * Is put before the body of a function that has a search path of its own by which its CREATE
   * TABLE makes temporary tables. That isn't so where {@code pg_temp} comes last in the path, as is
   * advised for SECURITY DEFINER.
   */
  private static final String TEMPORARY_PATH =
      "(select 'pg_temp; ' from unnest(p.proconfig) c"
          + " where c ~* '^search_path=(\"\" *, *)*\"?pg_temp')";

  /**
   * Stands in place of a language, for functions without a body of their own: the constructors of
   * ranges, and aggregates, which leave what the functions leave that they are made of.
   */
  private static final String HARMLESS = "none";

  /** All other objects that have names: the kind, the number and the name of each. */
  private static final String OBJECTS =
      "select 'c', oid::bigint, relname::text from pg_catalog.pg_class"
          + " where relkind in ('r','v','m','p','f') and relpersistence <> 't' and oid"
          + OWN
          + "union all select 't', oid::bigint, typname::text from pg_catalog.pg_type"
          + " where (typtype in ('d','b','r','m') or typrelid in"
          + " (select oid from pg_catalog.pg_class where relkind = 'c')) and oid"
          + OWN
          + "union all select 'o', oid::bigint, oprname::text from pg_catalog.pg_operator where oid"
          + OWN;

  /**
   * Pairs of objects, each as a kind and a number: the first one leaves what the second leaves.
   *
   * <p>The kinds are p (function), c (table, view and the like), t (type), o (operator), and u: a
   * table that TRUNCATE ... CASCADE empties because a foreign key leads from it to another,
   * whatever the key says of DELETE; there only the triggers on TRUNCATE fire, whose bit in {@code
   * tgtype} is 32. Three kinds have no number: a (every statement), e (every statement that defines
   * something, by an event trigger), l (the beginning of a session, by a login trigger). A cast
   * counts for every statement, because it may be used without being named, and its types may be
   * the server's own. The row type of a table leaves what the types of its columns leave, and not
   * what the table's triggers do.
   */
  private static final String DEPENDENCIES =
      """
      with d as (
        select classid as class, objid, case refclassid
            when 'pg_catalog.pg_proc'::regclass then 'p'
            when 'pg_catalog.pg_operator'::regclass then 'o'
            when 'pg_catalog.pg_type'::regclass then 't' else 'c' end as kind, refobjid
        from pg_catalog.pg_depend
        where deptype in ('n', 'a', 'i') and refobjid >= 16384 and (
          refclassid in ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)
          or (refclassid = 'pg_catalog.pg_class'::regclass
            and classid in ('pg_catalog.pg_rewrite'::regclass, 'pg_catalog.pg_proc'::regclass,
              'pg_catalog.pg_policy'::regclass))
          or (refclassid = 'pg_catalog.pg_type'::regclass
            and refobjid in (select oid from pg_catalog.pg_type
              where typtype in ('d','b','c','r','m'))))),
      u as (
        select confrelid, conrelid from pg_catalog.pg_constraint where contype = 'f' and exists
          (select 1 from pg_catalog.pg_trigger where not tgisinternal and tgtype & 32 <> 0))
      select 'c', ev_class::bigint, kind, refobjid::bigint
        from d join pg_catalog.pg_rewrite r on class = 'pg_catalog.pg_rewrite'::regclass and objid = r.oid
      union all select 'c', adrelid::bigint, kind, refobjid::bigint
        from d join pg_catalog.pg_attrdef a on class = 'pg_catalog.pg_attrdef'::regclass and objid = a.oid
      union all select 'c', tgrelid::bigint, kind, refobjid::bigint
        from d join pg_catalog.pg_trigger t on class = 'pg_catalog.pg_trigger'::regclass and objid = t.oid
      union all select 'c', polrelid::bigint, kind, refobjid::bigint
        from d join pg_catalog.pg_policy p on class = 'pg_catalog.pg_policy'::regclass and objid = p.oid
      union all select 'c', indrelid::bigint, kind, refobjid::bigint
        from d join pg_catalog.pg_index i on class = 'pg_catalog.pg_class'::regclass and objid = i.indexrelid
      union all select case when conrelid = 0 then 't' else 'c' end,
          (case when conrelid = 0 then contypid else conrelid end)::bigint, kind, refobjid::bigint
        from d join pg_catalog.pg_constraint c on class = 'pg_catalog.pg_constraint'::regclass and objid = c.oid
      union all select 'c', objid::bigint, kind, refobjid::bigint from d where class = 'pg_catalog.pg_class'::regclass
      union all select 'a', 0, 'p', castfunc::bigint from pg_catalog.pg_cast where castfunc >= 16384
      union all select case class when 'pg_catalog.pg_proc'::regclass then 'p'
            when 'pg_catalog.pg_type'::regclass then 't' else 'o' end,
          objid::bigint, kind, refobjid::bigint
        from d where class in ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_type'::regclass,
          'pg_catalog.pg_operator'::regclass)
      union all select case evtevent when 'login' then 'l' else 'e' end, 0, 'p', evtfoid::bigint
        from pg_catalog.pg_event_trigger where evtenabled <> 'D'
      union all select 'c', inhparent::bigint, 'c', inhrelid::bigint from pg_catalog.pg_inherits
      union all select 'c', inhrelid::bigint, 'c', inhparent::bigint from pg_catalog.pg_inherits
      union all select 'c', confrelid::bigint, 'c', conrelid::bigint from pg_catalog.pg_constraint
        where contype = 'f' and (confdeltype in ('c','n','d') or confupdtype in ('c','n','d'))
      union all select unnest(array['c', 'u']), confrelid::bigint, 'u', conrelid::bigint from u
      union all select 'u', unnest(array[inhparent, inhrelid])::bigint,
          'u', unnest(array[inhrelid, inhparent])::bigint
        from pg_catalog.pg_inherits where exists (select 1 from u)
      union all select 'u', tgrelid::bigint, kind, refobjid::bigint
        from d join pg_catalog.pg_trigger t on class = 'pg_catalog.pg_trigger'::regclass and objid = t.oid
        where tgtype & 32 <> 0
      union all select unnest(array['c', 't']), unnest(array[attrelid, reltype])::bigint,
          't', atttypid::bigint
        from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = atttypid
          join pg_catalog.pg_class c on c.oid = attrelid
        where attnum > 0 and t.oid >= 16384 and t.typtype in ('d','b','c','r','m')""";

  /**
   * Objects that use one of those functions of the server that leave something: the object's kind
   * and number, and the function's name. Dependencies on these functions are not in {@code
   * pg_depend}, so the texts of expressions are searched: each text first for any of the functions
   * at once, and then, if it has one, for each of them. With thousands of views that is several
   * times faster.
   */
  private static final String DIRECT =
      "select kind, number::bigint, s.proname::text from (select * from ("
          + expressions(
              "'c', ev_class", "pg_rewrite where oid" + OWN, "ev_action::text || ev_qual::text")
          + " union all "
          + expressions("'p', oid", "pg_proc where oid" + OWN, "proargdefaults")
          + " union all "
          + expressions("'c', adrelid", "pg_attrdef", "adbin")
          + " union all "
          + expressions("'c', tgrelid", "pg_trigger", "tgqual")
          + " union all "
          + expressions("'u', tgrelid", "pg_trigger where tgtype & 32 <> 0", "tgqual")
          + " union all "
          + expressions(
              "'c', polrelid", "pg_policy", "pg_catalog.concat(polqual::text, polwithcheck::text)")
          + " union all "
          + expressions(
              "case when conrelid = 0 then 't' else 'c' end,"
                  + " case when conrelid = 0 then contypid else conrelid end",
              "pg_constraint where contype = 'c'",
              "conbin")
          + " union all "
          + expressions("'t', oid", "pg_type where typtype = 'd'", "typdefaultbin")
          + ") all_of_them (kind, number, expression) where expression collate \"C\" ~ (select"
          + " 'funcid (' || pg_catalog.string_agg(s.oid::text, '|') || ') ' from "
          + STATEFUL
          + ") offset 0) found, "
          + STATEFUL
          + " where expression like '%funcid ' || s.oid || ' %'"
          + " union all select 'o', o.oid::bigint, s.proname::text from pg_catalog.pg_operator o, "
          + STATEFUL
          + " where o.oid"
          + OWN
          + "and o.oprcode = s.oid"
          + " union all select 'a', 0, s.proname::text from pg_catalog.pg_cast, "
          + STATEFUL
          + " where castfunc = s.oid"
          + " union all select 'p', aggfnoid::oid::bigint, s.proname::text"
          + " from pg_catalog.pg_aggregate, "
          + STATEFUL
          + " where aggfnoid"
          + OWN
          + "and s.oid in (aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn,"
          + " aggmtransfn, aggminvtransfn, aggmfinalfn)";

  private static String expressions(String what, String catalog, String expression) {
    return "select " + what + ", (" + expression + ")::text from pg_catalog." + catalog;
  }

  /** A function of the database, with its body. */
  private record Function(
      long number, String name, String language, String body, boolean ofExtension) {}

  private final CatalogQueries queries;

  /** What each object leaves; the keys are its kind and number. */
  private final Map<String, Integer> left = new HashMap<>();

  private final Map<String, String> nameOf = new HashMap<>();
  private final List<String[]> dependencies = new ArrayList<>();
  private final Map<String, Integer> meanings = new HashMap<>();

  private CatalogReader(CatalogQueries queries) {
    this.queries = queries;
  }

  /** Reads the catalogues. This costs some round trips, and the server some milliseconds. */
  static NameTable read(CatalogQueries queries) throws SQLException {
    return new CatalogReader(queries).read();
  }

  private NameTable read() throws SQLException {
    queries.each(
        NAMES,
        row ->
            meanings.merge(
                row.getString(1),
                row.getBoolean(2) ? NameTable.KEYWORD : NameTable.CALLABLE,
                (a, b) -> a | b));
    queries.each(OBJECTS, row -> nameOf.put(row.getString(1) + row.getLong(2), row.getString(3)));
    queries.each(
        DEPENDENCIES,
        row ->
            dependencies.add(
                new String[] {
                  row.getString(1) + row.getLong(2), row.getString(3) + row.getLong(4)
                }));
    queries.each(
        DIRECT,
        row ->
            leaves(
                row.getString(1) + row.getLong(2),
                SqlSideEffects.ofBody(row.getString(3) + "()", NameTable.EMPTY)));
    List<Function> functions = functions();
    boolean grown = true;
    while (grown) {
      // Only functions need the table, and with thousands of names it takes a while to build.
      NameTable known = functions.isEmpty() ? NameTable.EMPTY : table();
      grown = false;
      for (Function function : functions) {
        grown |= leaves("p" + function.number, of(function, known));
      }
      grown |= follow();
    }
    return table();
  }

  private List<Function> functions() throws SQLException {
    String body =
        queries.connection().getMetaData().getDatabaseMajorVersion() >= SQL_BODIES
            ? "coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc)"
            : "p.prosrc";
    List<Function> functions = new ArrayList<>();
    queries.each(
        String.format(FUNCTIONS, "pg_catalog.concat(" + TEMPORARY_PATH + ", " + body + ")"),
        row -> {
          Function function =
              new Function(
                  row.getLong(1),
                  row.getString(2),
                  row.getString(3),
                  row.getString(4),
                  row.getBoolean(5));
          functions.add(function);
          nameOf.put("p" + function.number, function.name);
        });
    return functions;
  }

  private static int of(Function function, NameTable known) {
    return switch (function.language) {
      case "sql" -> SqlSideEffects.ofBody(function.body, known);
      case "plpgsql" -> SqlSideEffects.ofPlpgsqlBody(function.body, known);
      case HARMLESS -> 0;
      case "c", "internal" ->
          function.ofExtension
              ? SqlSideEffects.ofBody(function.name + "()", NameTable.EMPTY)
              : SessionReset.ANYTHING;
      default -> SessionReset.ANYTHING;
    };
  }

  /** Notes what an object leaves; returns whether that is more than was known before. */
  private boolean leaves(String object, int bits) {
    int before = left.getOrDefault(object, 0);
    left.put(object, before | bits);
    return (before | bits) != before;
  }

  /** Passes what objects leave on along the dependencies; returns whether anything was new. */
  private boolean follow() {
    boolean any = false;
    boolean grown = true;
    while (grown) {
      grown = false;
      for (String[] dependency : dependencies) {
        grown |= leaves(dependency[0], left.getOrDefault(dependency[1], 0));
      }
      any |= grown;
    }
    return any;
  }

  /** Operators that the server uses also where the text has none, or a word instead (LIKE). */
  private static final Set<String> SILENT =
      Set.of("=", "<>", "<", ">", "<=", ">=", "~~", "~~*", "!~~", "!~~*", "~");

  private NameTable table() {
    Map<String, Integer> all = new HashMap<>(meanings);
    Set<String> operators = new HashSet<>();
    int always = 0;
    int defining = 0;
    int login = 0;
    for (Map.Entry<String, Integer> entry : left.entrySet()) {
      int bits = entry.getValue();
      String name = nameOf.get(entry.getKey());
      if (bits == 0) {
        continue;
      }
      switch (entry.getKey().charAt(0)) {
        case 'o' -> {
          if (SILENT.contains(name)) {
            always |= bits;
          } else if (name != null) {
            operators.add(name);
          }
        }
        case 'e' -> defining |= bits;
        case 'l' -> login |= bits & ~SessionReset.READ_ONLY; // READ_ONLY ends with the login
        case 'a' -> always |= bits;
        default -> {
          if (name != null) {
            all.merge(name, bits, (a, b) -> a | b);
          }
        }
      }
    }
    return new NameTable(all, List.copyOf(operators), always, defining, login);
  }
}
