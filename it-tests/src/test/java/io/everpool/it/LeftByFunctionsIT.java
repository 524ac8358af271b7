package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.everpool.api.Pool;
import io.everpool.api.SleepMode;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.Sampled;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What code in the database sets in the session isn't there for the next borrower. */
@Sampled
@Tag("one-jdk")
class LeftByFunctionsIT {

  @BeforeAll
  static void build() {
    PostgresServer server = Db.server();
    for (String sql :
        List.of(
            "create schema lf",
            "create function lf.set_tenant(t text) returns text language plpgsql as"
                + " $$ begin return set_config('app.tenant', t, false); end $$",
            "create function lf.nested(t text) returns text language sql as"
                + " 'select lf.set_tenant(t)'",
            "create function lf.standard(t text) returns text language sql"
                + " begin atomic select lf.nested(t); end",
            "create function lf.direct(t text) returns text language sql"
                + " begin atomic select set_config('app.tenant', t, not true); end",
            "create function lf.dynamic(t text) returns void language plpgsql as"
                + " $$ begin execute format('set app.tenant = %L', t); end $$",
            "create function lf.\"Odd \"\"name\"(t text) returns text language sql as"
                + " 'select lf.nested(t)'",
            "create procedure lf.proc(t text) language plpgsql as"
                + " $$ begin perform lf.nested(t); end $$",
            "create function lf.by_set() returns void language plpgsql as"
                + " $$ begin if true then set app.tenant = 'a'; end if; end $$",
            "create function lf.by_case(t text) returns text language sql as"
                + " $$ with v as (select case when t = '' then null else t end as x)"
                + " select set_config('app.tenant', v.x, false) from v $$",
            "create function lf.by_case_before(t text) returns text language plpgsql as"
                + " $$ begin return (select coalesce(case when t = '' then t end, '') ||"
                + " set_config('app.tenant', t, false)); end $$",
            "create function lf.by_case_atomic(t text) returns text language sql begin atomic"
                + " select coalesce(case when t = '' then t end, '') ||"
                + " set_config('app.tenant', t, false); end",
            "create function lf.up_to(t text) returns int language plpgsql as"
                + " $$ begin perform lf.set_tenant(t); return 2; end $$",
            "create function lf.in_a_range(t text) returns void language plpgsql as"
                + " $$ begin for i in 1..lf.up_to(t) loop null; end loop; end $$",
            "create function lf.with_default(x int, t text default lf.set_tenant('a'))"
                + " returns int language plpgsql as 'begin return x; end'",
            "create function lf.local(t text) returns text language sql as"
                + " $$ select set_config('app.tenant', t, true) $$",
            "create table lf.orders (id int, note text)",
            "create table lf.defaulted (id int, t text default lf.set_tenant('a'))",
            "create table lf.checked (id int check (lf.set_tenant('a') is not null))",
            "create table lf.triggered (id int)",
            "create function lf.on_insert() returns trigger language plpgsql as"
                + " $$ begin perform lf.nested('a'); return new; end $$",
            "create trigger t before insert on lf.triggered for each row"
                + " execute function lf.on_insert()",
            "create table lf.parted (id int) partition by range (id)",
            "create table lf.part partition of lf.parted for values from (0) to (10)",
            "create trigger t before insert on lf.part for each row"
                + " execute function lf.on_insert()",
            "create view lf.seen as select lf.set_tenant('a') as t",
            "create view lf.builtin as select set_config('app.tenant', 'a', false) as t",
            "create view lf.over as select * from lf.seen",
            "create view lf.updatable as select * from lf.triggered",
            "create table lf.ruled (id int)",
            "create rule r as on insert to lf.ruled do also select lf.set_tenant('a')",
            "create domain lf.checking as int check (lf.set_tenant('a') is not null)",
            "create table lf.of_domain (id lf.checking)",
            "create function lf.op(a text, b text) returns text language sql as"
                + " 'select lf.set_tenant(a)'",
            "create operator lf.@=>@ (function = lf.op, leftarg = text, rightarg = text)",
            "create type lf.pair as (t text)",
            "create function lf.to_pair(t text) returns lf.pair language sql as"
                + " 'select row(lf.set_tenant(t))::lf.pair'",
            "create function lf.sfunc(s text, t text) returns text language sql as"
                + " 'select lf.set_tenant(t)'",
            "create aggregate lf.agg(text) (sfunc = lf.sfunc, stype = text)",
            "create table lf.parent (id int primary key)",
            "create table lf.child (id int references lf.parent on delete cascade)",
            "create trigger t after delete on lf.child for each row"
                + " execute function lf.on_insert()",
            "create function lf.before_truncate() returns trigger language plpgsql as"
                + " $$ begin perform lf.nested('a'); return null; end $$",
            "create function lf.nothing() returns trigger language plpgsql as"
                + " $$ begin return null; end $$",
            "create table lf.kept (id int primary key)",
            "create table lf.keeps (id int primary key references lf.kept)",
            "create table lf.keeps_too (id int references lf.keeps on update set null)",
            "create trigger t before truncate on lf.keeps_too"
                + " execute function lf.before_truncate()",
            "create function lf.empties() returns void language plpgsql as"
                + " $$ begin truncate lf.keeps restart identity cascade; end $$",
            "create table lf.split (id int primary key) partition by range (id)",
            "create table lf.split_part partition of lf.split for values from (0) to (10)",
            "create table lf.splits (id int references lf.split) partition by range (id)",
            "create table lf.splits_part partition of lf.splits for values from (0) to (10)",
            "create trigger t after truncate on lf.splits_part"
                + " execute function lf.before_truncate()",
            "create table lf.told (id int primary key)",
            "create table lf.tells (id int references lf.told)",
            "create trigger t before truncate on lf.tells"
                + " when (set_config('app.tenant', 'a', false) is not null)"
                + " execute function lf.nothing()",
            "create table lf.guarded (tenant text, row int)",
            "insert into lf.guarded select t, i from unnest(array['a','b']) t,"
                + " generate_series(1, 5) i",
            "alter table lf.guarded enable row level security",
            "alter table lf.guarded force row level security",
            "create policy p on lf.guarded using (tenant = current_setting('app.tenant', true))",
            "create role lf_app login password 'lf'",
            "grant usage on schema lf to public",
            "grant all on all tables in schema lf to public")) {
      server.execute(sql);
    }
  }

  /** Other tests want no warnings in their logs. */
  @AfterAll
  static void dropIt() {
    Db.server().execute("drop schema lf cascade");
    Db.server().execute("drop role lf_app");
  }

  private static Pool pool(String name, int size) throws SQLException {
    return Everpool.open(
        Db.config(name).user("lf_app").password("lf").minSize(size).maxSize(size).build());
  }

  /** Each sets the tenant, in a lease of its own. */
  static Stream<String> ways() {
    return Stream.of(
        "select lf.set_tenant('a')",
        "select LF . Set_Tenant ('a')",
        "select lf.\"set_tenant\"('a')",
        "select lf.U&\"set\\005ftenant\"('a')",
        "select lf.nested('a')",
        "select lf.standard('a')",
        "select lf.direct('a')",
        "select lf.dynamic('a')",
        "select lf.\"Odd \"\"name\"('a')",
        "select lf.by_set()",
        "select lf.by_case('a')",
        "select lf.by_case_before('a')",
        "select lf.by_case_atomic('a')",
        "select lf.in_a_range('a')",
        "select lf.with_default(1)",
        "select * from lf.set_tenant('a')",
        "call lf.proc('a')",
        "do $$ begin perform lf.set_tenant('a'); end $$",
        "insert into lf.defaulted (id) values (1)",
        "insert into lf.checked values (1)",
        "insert into lf.triggered values (1)",
        "insert into lf.parted values (1)",
        "insert into lf.updatable values (1)",
        "insert into lf.ruled values (1)",
        "insert into lf.of_domain values (1)",
        "select 1::lf.checking",
        "select * from lf.seen",
        "select * from lf.builtin",
        "table lf.over",
        "select 'a' operator(lf.@=>@) 'b'",
        "select lf.to_pair('a')",
        "select lf.agg('a')",
        "insert into lf.parent values (1); insert into lf.child values (1);"
            + " delete from lf.parent",
        "truncate lf.kept cascade",
        "truncate table only lf.keeps, lf.orders cascade",
        "select lf.empties()",
        "truncate lf.split cascade",
        "truncate lf.split_part cascade",
        "truncate lf.told cascade",
        "prepare p as select lf.set_tenant('a'); execute p",
        "begin; declare c cursor for select lf.set_tenant('a'); fetch c; commit",
        "explain analyze select lf.set_tenant('a')",
        "select set_config('app.tenant', 'a', not true)",
        "select set_config('app.' || 'tenant', 'a', 1 = 2 or false)",
        "select U&\"set_config\"('app.tenant', 'a', false)",
        "select query_to_xml('select lf.set_tenant(''a'')', true, true, '')");
  }

  @ParameterizedTest
  @MethodSource("ways")
  void theNextBorrowerIsNobody(String way) throws SQLException {
    try (Pool pool = pool("left-by", 1)) {
      int session;
      try (Connection connection = pool.getConnection();
          Statement statement = connection.createStatement()) {
        session = Db.pid(connection);
        statement.execute(way);
        assertThat(Db.ask(connection, "select current_setting('app.tenant', true)")).isEqualTo("a");
      }
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.ask(connection, "select current_setting('app.tenant', true)"))
            .isIn("", "null");
        assertThat(Db.pid(connection)).isEqualTo(session);
      }
    }
  }

  @Test
  void noRowOfAnotherTenantInAThousandLeases() throws Exception {
    int threads = 4;
    try (Pool pool = pool("left-tenants", 3)) {
      ExecutorService workers = Executors.newFixedThreadPool(threads);
      List<Future<Integer>> foreign = new ArrayList<>();
      List<String> ways =
          List.of(
              "select lf.set_tenant('%s')",
              "select lf.standard('%s')",
              "call lf.proc('%s')",
              "select lf.dynamic('%s')",
              "do $$ begin perform lf.nested('%s'); end $$");
      for (int t = 0; t < threads; t++) {
        String tenant = t % 2 == 0 ? "a" : "b";
        foreign.add(
            workers.submit(
                () -> {
                  int wrong = 0;
                  for (int i = 0; i < 250; i++) {
                    try (Connection connection = pool.getConnection()) {
                      String rows = "select count(*) from lf.guarded";
                      wrong += Db.ask(connection, rows).equals("0") ? 0 : 1;
                      try (Statement statement = connection.createStatement()) {
                        statement.execute(String.format(ways.get(i % ways.size()), tenant));
                      }
                      String others = rows + " where tenant <> '" + tenant + "'";
                      wrong += Db.ask(connection, others).equals("0") ? 0 : 1;
                    }
                  }
                  return wrong;
                }));
      }
      for (Future<Integer> count : foreign) {
        assertThat(count.get()).isZero();
      }
      workers.shutdown();
      assertThat(pool.snapshot().opened()).isEqualTo(3);
    }
  }

  @Test
  void theWarningComesOncePerPool() throws SQLException {
    try (LogCapture log = LogCapture.open();
        Pool pool = pool("left-warned", 3)) {
      Await.until(Db.LIMIT, () -> pool.snapshot().total() == 3, "the pool is full");
      assertThat(log.lines(Level.WARN, "leave state in a session"))
          .singleElement()
          .asString()
          .startsWith("Pool left-warned: ")
          .contains("Odd \"name", "...", "docs/session-state.md");
    }
  }

  /** By others, since the catalogue was read: it isn't known, so it may do everything. */
  @ParameterizedTest
  @ValueSource(strings = {"newer", "orders", "seen", "parted"})
  void aFunctionThatIsNewIsNotTrusted(String name) throws SQLException {
    try (Pool pool = pool("left-new", 1)) {
      pool.getConnection().close();
      Db.server()
          .execute(
              "create function lf."
                  + name
                  + "(t text) returns text language sql as"
                  + " 'select set_config(''app.tenant'', t, false)'");
      try (Connection connection = pool.getConnection()) {
        Db.ask(connection, "select lf." + name + "('a')");
      }
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.ask(connection, "select current_setting('app.tenant', true)"))
            .isIn("", "null");
      }
    }
  }

  /** By others, in place of one that left nothing: known at the next health check. */
  @ParameterizedTest
  @EnumSource(names = {"ON", "OFF"})
  void aFunctionThatOthersChangeIsKnownSoon(SleepMode sleep) throws SQLException {
    Db.server()
        .execute(
            "create or replace function lf.changed() returns text language sql as 'select '''''");
    try (Pool pool =
        Everpool.open(
            Db.config("left-changed")
                .user("lf_app")
                .password("lf")
                .minSize(1)
                .maxSize(1)
                .healthCheckInterval(Duration.ofMillis(200))
                .sleep(sleep)
                .build())) {
      try (Connection connection = pool.getConnection()) {
        Db.ask(connection, "select lf.changed()");
      }
      Db.server()
          .execute(
              "create or replace function lf.changed() returns text language sql as"
                  + " 'select set_config(''app.tenant'', ''a'', false)'");
      Await.until(
          Db.LIMIT,
          () -> {
            try {
              try (Connection connection = pool.getConnection()) {
                Db.ask(connection, "select lf.changed()");
              }
              try (Connection connection = pool.getConnection()) {
                return !Db.ask(connection, "select current_setting('app.tenant', true)")
                    .equals("a");
              }
            } catch (SQLException e) {
              throw new AssertionError(e);
            }
          },
          "the changed function is known");
    }
  }

  /** What passes through the pool itself is known from its text at once. */
  @Test
  void aFunctionThatThePoolChangesIsKnownAtOnce() throws SQLException {
    Db.server().execute("create function lf.mine() returns text language sql as 'select '''''");
    Db.server().execute("grant create on schema lf to public");
    Db.server().execute("alter function lf.mine owner to lf_app");
    try (Pool pool = pool("left-mine", 1)) {
      try (Connection connection = pool.getConnection()) {
        Db.ask(connection, "select lf.mine()");
        try (Statement statement = connection.createStatement()) {
          statement.execute(
              "create or replace function lf.mine() returns text language sql as"
                  + " $$ select set_config('app.tenant', 'a', false) $$");
        }
      }
      try (Connection connection = pool.getConnection()) {
        Db.ask(connection, "select lf.mine()");
      }
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.ask(connection, "select current_setting('app.tenant', true)"))
            .isIn("", "null");
      }
    }
  }
}
