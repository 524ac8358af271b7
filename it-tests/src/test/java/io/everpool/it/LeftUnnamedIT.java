package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.core.Everpool;
import io.everpool.servers.Sampled;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What sets something though no statement names it: functions behind casts, types and keys, and
 * what was defined since the catalogue was read. Each in a database of its own, for some of this
 * concerns every statement there.
 */
@Sampled
class LeftUnnamedIT {
  private static final String ROLE = "lf_unnamed";
  private static final String SETS =
      "create function f(t text) returns text language plpgsql immutable as"
          + " $$ begin perform set_config('app.tenant', t, false); return t; end $$";
  private static final String NEWER =
      "create function newer(t text) returns text language plpgsql immutable as"
          + " $$ begin perform set_config('app.tenant', t, false); return t; end $$";
  private static final AtomicInteger DATABASES = new AtomicInteger();

  @BeforeAll
  static void create() {
    Db.server().execute("create role " + ROLE + " login superuser password 'lf'");
  }

  @AfterAll
  static void drop() {
    for (int i = 1; i <= DATABASES.get(); i++) {
      Db.server().execute("drop database if exists " + ROLE + i + " with (force)");
    }
    Db.server().execute("drop role " + ROLE);
  }

  /** The URL of a new one, after these statements. */
  private static String database(List<String> statements) throws SQLException {
    String name = ROLE + DATABASES.incrementAndGet();
    Db.server().execute("create database " + name + " owner " + ROLE);
    String url = Db.server().jdbcUrl().replaceFirst("/[^/]*$", "/" + name);
    execute(url, statements);
    return url;
  }

  private static void execute(String url, List<String> statements) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url, ROLE, "lf");
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  private static Pool pool(String url) throws SQLException {
    return Everpool.open(
        Db.config("left-unnamed", url).user(ROLE).password("lf").minSize(1).maxSize(1).build());
  }

  /** The last one sets the tenant, the others make it possible. */
  static Stream<List<String>> ways() {
    return Stream.of(
        List.of(
            SETS,
            "create type pair as (t text)",
            "create function to_pair(t text) returns pair language sql as 'select row(f(t))::pair'",
            "create cast (text as pair) with function to_pair(text)",
            "select 'a'::text::pair"),
        List.of(
            SETS,
            "create type mood as enum ('a')",
            "create function to_mood(int) returns mood language sql as 'select f(''a'')::mood'",
            "create cast (int as mood) with function to_mood(int) as assignment",
            "select 1::mood"),
        List.of(
            SETS,
            "create type mood as enum ('a')",
            "create function to_mood(int) returns mood language sql as 'select f(''a'')::mood'",
            "create cast (int as mood) with function to_mood(int) as assignment",
            "create table tm (m mood)",
            "insert into tm values (1)"),
        List.of(
            SETS,
            "create function to_int(t text) returns int language sql as"
                + " 'select pg_catalog.length(f(t))'",
            "create cast (text as int) with function to_int(text) as implicit",
            "select 'a'::text::int"),
        List.of(
            SETS,
            "create function to_int(t text) returns int language sql as"
                + " 'select pg_catalog.length(f(t))'",
            "create cast (text as int) with function to_int(text) as assignment",
            "create table ti (i int)",
            "insert into ti select 'a'::text"),
        List.of(
            SETS,
            "create domain d as int check (f('a') is not null)",
            "create type comp as (x d)",
            "select row(1)::comp"),
        List.of(
            SETS,
            "create domain d as int check (f('a') is not null)",
            "create type comp as (x d)",
            "create type outer_comp as (c comp[])",
            "create table oc (o outer_comp)",
            "insert into oc values ('(\"{(1)}\")')"),
        List.of(
            SETS,
            "create domain d as int check (f('a') is not null)",
            "create table td (x d)",
            "create domain over_row as td check (true)",
            "select row(1)::over_row"),
        List.of(
            SETS,
            "create domain d as int check (f('a') is not null)",
            "create view v as select (x::d)::int as y from (values (1)) w (x)",
            "select y from v"),
        List.of(
            SETS,
            "create domain d as int check (f('a') is not null)",
            "create table dt (x int, y int default (1::d)::int)",
            "insert into dt (x) values (1)"),
        List.of(
            SETS,
            "create table p (t text) partition by list ((f(t)))",
            "create table p1 partition of p default",
            "insert into p values ('a')"),
        List.of(
            SETS,
            "create table g (t text, u text generated always as (f(t)) stored)",
            "insert into g values ('a')"),
        List.of(
            SETS,
            "create view v as select f('a') as t",
            "create table guarded (t text)",
            "insert into guarded values ('a')",
            "create policy q on guarded using (t = (select v.t from v))",
            "alter table guarded enable row level security",
            "create role lf_unnamed_plain",
            "grant select on guarded, v to lf_unnamed_plain",
            "begin; set local role lf_unnamed_plain; table guarded; commit",
            "drop owned by lf_unnamed_plain; drop role lf_unnamed_plain"),
        List.of("create extension pg_trgm", "select set_limit(0.9)"),
        List.of(
            "create extension xml2",
            SETS,
            "create table x (id int, doc text)",
            "insert into x values (1, '<a/>')",
            "select * from xpath_table('id', 'doc', 'x', '/a', 'f(''a'') is not null')"
                + " as t (id int, a text)"));
  }

  private static final String SHOWN =
      "select coalesce(nullif(current_setting('app.tenant', true), ''), case when"
          + " current_setting('pg_trgm.similarity_threshold', true) = '0.9' then 'a' end)";

  @ParameterizedTest
  @MethodSource("ways")
  void theNextBorrowerIsNobody(List<String> way) throws SQLException {
    boolean tidied = way.get(way.size() - 1).startsWith("drop");
    int last = way.size() - (tidied ? 2 : 1);
    String url = database(way.subList(0, last));
    try (Pool pool = pool(url)) {
      leaves(pool, way.get(last));
    }
    execute(url, way.subList(last + 1, way.size()));
  }

  private static void leaves(Pool pool, String way) throws SQLException {
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(way);
      assertThat(Db.ask(connection, SHOWN)).as("sets it").isEqualTo("a");
    }
    try (Connection connection = pool.getConnection()) {
      assertThat(Db.ask(connection, SHOWN)).as("is left").isEqualTo("null");
    }
  }

  /** What others have made since the catalogue was read is executed within definitions, too. */
  @ParameterizedTest
  @MethodSource("definitions")
  void aFunctionThatIsNewIsNotTrustedInDefinitions(String way) throws SQLException {
    String url = database(List.of("create table t (c text)", "insert into t values ('a')"));
    try (Pool pool = pool(url)) {
      pool.getConnection().close();
      execute(url, List.of(NEWER));
      leaves(pool, way);
    }
  }

  static Stream<String> definitions() {
    return Stream.of(
        "create table x as select newer('a') as v",
        "create table x (v) as select newer('a')",
        "create table x as select 1 as one from t join t u on newer('a') = 'a'",
        "alter table t alter column c type text using newer(c)",
        "alter table t add column n text default newer('a')",
        "alter table t add constraint c check (newer(c) is not null)",
        "alter table t add u text generated always as (newer(c)) stored");
  }

  /** The first is one lease's, the second the next one's. */
  static Stream<List<String>> uses() {
    return Stream.of(
        List.of(
            "create operator @@@ (function = f2, leftarg = text, rightarg = text)",
            "select 'a'::text @@@ 'b'::text"),
        List.of("create cast (text as int) with function f1(text)", "select 'a'::text::int"),
        List.of(
            "create event trigger e on ddl_command_end execute function on_event()",
            "create table made (a int)"),
        List.of(
            "create trigger g before insert on t for each row execute function on_insert()",
            "insert into t values ('a')"),
        List.of(
            "create table made (a text default newer('a'), b int)",
            "insert into made (b) values (1)"));
  }

  @ParameterizedTest
  @MethodSource("uses")
  void whatWasDefinedALeaseBeforeIsNotTrusted(List<String> steps) throws SQLException {
    String url =
        database(
            List.of(
                SETS,
                "create table t (c text)",
                "create function f1(t text) returns int language sql as"
                    + " 'select pg_catalog.length(f(t))'",
                "create function f2(t text, u text) returns text language sql as 'select f(t)'"));
    try (Pool pool = pool(url)) {
      pool.getConnection().close();
      execute(
          url,
          List.of(
              NEWER,
              "create function on_event() returns event_trigger language plpgsql as"
                  + " $$ begin perform f('a'); end $$",
              "create function on_insert() returns trigger language plpgsql as"
                  + " $$ begin perform f('a'); return new; end $$"));
      try (Connection connection = pool.getConnection();
          Statement statement = connection.createStatement()) {
        statement.execute(steps.get(0));
      }
      leaves(pool, steps.get(1));
    }
  }
}
