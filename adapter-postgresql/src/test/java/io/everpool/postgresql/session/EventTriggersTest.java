package io.everpool.postgresql.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.ResetMode;
import io.everpool.api.driver.Connector;
import io.everpool.core.Everpool;
import io.everpool.postgresql.Sessions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Event triggers cost a reset where something is defined, and nothing elsewhere; in databases of
 * their own, for they concern all that is in theirs.
 */
class EventTriggersTest {

  /** As Supabase has them in each database: what they do leaves nothing in the session. */
  private static final String[] HARMLESS = {
    "create function grants() returns event_trigger language plpgsql as $$ begin"
        + " if exists (select 1 from pg_event_trigger_ddl_commands() as ev"
        + " where ev.object_identity = 'net') then"
        + " create user net_admin noinherit;"
        + " grant usage on schema public to net_admin;"
        + " alter function plain() set search_path = public;"
        + " revoke all on function plain() from public;"
        + " grant execute on function plain() to net_admin;"
        + " grant select, execute on all functions in schema public to net_admin;"
        + " create trigger t after insert on orders for each row execute function audit();"
        + " create trigger t after insert on orders for each row execute procedure audit();"
        + " end if; end $$",
    "create event trigger grants on ddl_command_end execute function grants()",
    "create function notifies() returns event_trigger language plpgsql as"
        + " $$ begin notify pgrst, 'reload schema'; end $$",
    "create event trigger notifies on sql_drop execute function notifies()"
  };

  private static final String[] STATEFUL = {
    "create function tells() returns event_trigger language plpgsql as"
        + " $$ begin perform set_config('app.ddl', tg_tag, false); end $$",
    "create event trigger tells on ddl_command_start execute function tells()"
  };

  private static final String[] LOGIN = {
    "create function enters() returns event_trigger language plpgsql as"
        + " $$ begin perform set_config('app.login', session_user, false); end $$",
    "create event trigger enters on login execute function enters()"
  };

  private static final String[] FUNCTIONS = {
    "create table orders (id int, comment text)",
    "create function plain() returns int language sql as 'select 1'",
    "create function audit() returns trigger language plpgsql as"
        + " $$ begin insert into orders select count(*), max(comment) from orders;"
        + " merge into orders using orders o on false when not matched then do nothing;"
        + " return new; end $$",
    "create function into_a_variable() returns int language plpgsql as $$ declare refresh int; begin"
        + " select count(*) into refresh from orders; if refresh > 1 then return 1; end if;"
        + " insert into orders select 1 returning id into refresh; return refresh; end $$",
    "create function into_a_table() returns void language sql as"
        + " 'select 1 as one into another from orders'",
    "create function defines() returns void language plpgsql as"
        + " $$ begin if true then comment on table orders is 'x'; end if; end $$",
    "create function executes() returns void language plpgsql as"
        + " $$ declare function text; begin execute function; end $$"
  };

  private static Connector harmless;
  private static Connector stateful;

  @BeforeAll
  static void create() throws SQLException {
    Sessions.server().execute("create role eventing login superuser password 'eventing'");
    harmless = connector("events_harmless", HARMLESS);
    stateful = connector("events_stateful", STATEFUL);
  }

  private static Connector connector(String database, String[] triggers) throws SQLException {
    Sessions.server().execute("create database " + database);
    String url = Sessions.server().jdbcUrl().replaceFirst("/[^/]*$", "/" + database);
    try (Connection admin = DriverManager.getConnection(url, "eventing", "eventing");
        Statement statement = admin.createStatement()) {
      for (String sql : FUNCTIONS) {
        statement.execute(sql);
      }
      for (String sql : triggers) {
        statement.execute(sql);
      }
    }
    Connector connector =
        Sessions.connector(url, config -> config.user("eventing").password("eventing"));
    connector.open(Sessions.TIMEOUT).close();
    return connector;
  }

  @AfterAll
  static void close() {
    harmless.close();
    stateful.close();
  }

  /** A reset can't have it run again. */
  @ParameterizedTest
  @EnumSource(names = {"SMART", "DISCARD_ALL"})
  void whatWasSetAtTheLoginIsThereInEachLease(ResetMode mode) throws SQLException {
    Assumptions.assumeTrue(
        Integer.parseInt(Sessions.server().ask("show server_version_num")) >= 170_000,
        "event triggers on login are there from PostgreSQL 17 on");
    String database = "events_login_" + mode.name().toLowerCase(Locale.ROOT);
    try (Connector connector = connector(database, LOGIN)) {
      assertThat(connector.notes())
          .anySatisfy(note -> assertThat(note).contains("when it logs in"));
      assertThat(sideEffects(connector, "create table created (a int)")).isZero();
    }
    PoolConfig config =
        PoolConfig.builder(Sessions.server().jdbcUrl().replaceFirst("/[^/]*$", "/" + database))
            .user("eventing")
            .password("eventing")
            .reset(mode)
            .minSize(1)
            .maxSize(1)
            .build();
    List<String> pids = new ArrayList<>();
    try (Pool pool = Everpool.open(config)) {
      for (String sql : new String[] {"select 1", "set x.y = 1", "listen x", "reset all", ""}) {
        try (Connection connection = pool.getConnection();
            Statement statement = connection.createStatement()) {
          try (ResultSet row =
              statement.executeQuery(
                  "select pg_backend_pid(), current_setting('app.login', true)")) {
            row.next();
            pids.add(row.getString(1));
            assertThat(row.getString(2)).as("before %s", sql).isEqualTo("eventing");
          }
          statement.execute(sql);
        }
      }
    }
    assertThat(Set.copyOf(pids)).hasSize(mode == ResetMode.SMART ? 3 : 5);
  }

  private static int sideEffects(Connector by, String sql) {
    return SideEffect.bits(by.sideEffects(sql));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "insert into orders values (1, 'x')",
        "merge into orders using orders o on false when not matched then do nothing",
        "with x as (insert into orders values (1) returning id) select * from x",
        "select comment, o.refresh, import as security from orders o where comment = 'x'",
        "update orders set comment = 'x'",
        "select audit(), into_a_variable(), plain()",
        "set local app.x = 'drop'",
        "explain analyze insert into orders values (1)",
        "select 1; insert into orders (id, comment) values (1, 'create')"
      })
  void whatDefinesNothingLeavesNothing(String sql) {
    assertThat(sideEffects(harmless, sql)).isZero();
    assertThat(sideEffects(stateful, sql)).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "create table created (a int)",
        "select 1; /* a */ ALTER table others add created int",
        "drop table others",
        "comment on table others is 'x'",
        "grant select on others to public",
        "revoke select on others from public",
        "security label on table others is 'x'",
        "import foreign schema x from server y into z",
        "reindex table others",
        "refresh materialized view others",
        "select 1 as one into another",
        "select 1 as one into unlogged table another from others",
        "explain analyze create table created as select 1",
        "explain (analyze, costs off) create table created as select 1",
        "explain analyze verbose refresh materialized view x",
        "select into_a_table()",
        "select defines()"
      })
  void whatDefinesLeavesWhatTheirFunctionsDo(String sql) {
    assertThat(sideEffects(harmless, sql)).isZero();
    assertThat(sideEffects(stateful, sql)).isEqualTo(SessionReset.SETTINGS);
  }

  /** What is executed there nobody knows. */
  @ParameterizedTest
  @ValueSource(strings = {"select executes()", "do $$ begin drop table orders; end $$"})
  void whatNobodyKnowsMayLeaveAnything(String sql) {
    assertThat(sideEffects(harmless, sql)).isEqualTo(SessionReset.ANYTHING);
    assertThat(sideEffects(stateful, sql)).isEqualTo(SessionReset.ANYTHING);
  }
}
