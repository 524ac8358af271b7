package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.core.Everpool;
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
 * What sets something though no statement names it: functions behind casts, types and keys. Each in
 * a database of its own, for some of this concerns every statement there.
 */
class LeftUnnamedIT {
  private static final String ROLE = "lf_unnamed";
  private static final String SETS =
      "create function f(t text) returns text language plpgsql immutable as"
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
            "drop owned by lf_unnamed_plain; drop role lf_unnamed_plain"));
  }

  private static final String SHOWN =
      "select nullif(current_setting('app.tenant', true), '')";

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
}
