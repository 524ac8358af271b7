package io.everpool.postgresql.session;

import static io.everpool.postgresql.session.SessionReset.ADVISORY_LOCK;
import static io.everpool.postgresql.session.SessionReset.ANYTHING;
import static io.everpool.postgresql.session.SessionReset.CURSOR;
import static io.everpool.postgresql.session.SessionReset.LISTEN;
import static io.everpool.postgresql.session.SessionReset.PATH;
import static io.everpool.postgresql.session.SessionReset.PREPARED;
import static io.everpool.postgresql.session.SessionReset.ROLE;
import static io.everpool.postgresql.session.SessionReset.SEQUENCES;
import static io.everpool.postgresql.session.SessionReset.SETTINGS;
import static io.everpool.postgresql.session.SessionReset.TEMPORARY;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the text of a statement betrays; that the server agrees is shown by SessionResetTest. */
class SqlSideEffectsTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ";;",
        "select 1",
        "insert into orders (id, note) values (?, 'set x = 1')",
        "update t set x = 1, role = 2 where y = 3",
        "merge into t using s on true when matched then update set x = 1",
        "BEGIN; SET LOCAL statement_timeout = 1; COMMIT",
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "set local app.tenant = 'x'",
        "set local session.tenant = 'x'",
        "set local session authorization joe",
        "set constraints all deferred",
        "start transaction read only",
        "discard plans",
        "reset transaction isolation level",
        "select reset, discard from t where unlisten = all (select 1)",
        "alter table t reset (fillfactor)",
        "alter role joe reset all",
        "-- reset all\nselect 'discard all; reset all'",
        "close all",
        "notify x, 'y'",
        "PREPARE TRANSACTION 'set x'",
        "commit prepared 'x'",
        "declare c cursor for select 1",
        "declare c cursor without hold for select 1",
        "select pg_advisory_xact_lock(1), pg_try_advisory_xact_lock_shared(2)",
        "select pg_advisory_unlock(1), pg_advisory_unlock_all()",
        "select set_config('app.user', ?, true)",
        "select set_config('app.user', 'x', is_local := true)",
        "select pg_catalog.set_config('app.user', (select max(x) from t), is_local => TRUE)",
        "create table t (temp int)",
        "create table temp (x int)",
        "select temp, temporary from sensors where temp > 3",
        "select replace(temp, 'a', 'b') from t",
        "insert into temp values (1)",
        "insert into temporary (x) select 1",
        "merge into temp using s on true when matched then do nothing",
        "with x as (insert into temp values (1) returning *) select * from x",
        "create function f() returns void language sql set search_path = x as $$ set y = 1 $$",
        "alter role joe set work_mem = '1MB'",
        "alter database d set work_mem = '1MB'",
        "alter table t alter x set default 1",
        "select 'it''s; set x = 1'",
        "select \"set\"; select \"a;set x = 1\"",
        "select $$; set x = 1 $$, $tag$ ; set x = $$1$$ $tag$",
        "select E'\\'; set x = 1; --'",
        "-- set x = 1\nselect 1",
        "/* set x /* ; listen y */ ; do */ select 1",
        "select 1 -- ; listen x",
        "select $1::text, $2; select ?",
        "select data ->> 'set', a ? 'b' from t",
        "explain analyze select 1",
        "select * from pg_settings",
        "select * from listen",
        "copy t from stdin"
      })
  void leavesNothing(String sql) {
    assertThat(SqlSideEffects.of(sql)).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SET x = 1",
        "Set Session work_mem = '1MB'",
        "set time zone 'UTC'",
        "set names 'utf8'",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "set local.tenant = 'x'",
        "set transaction . tenant to 'x'",
        "set constraints.tenant = 'x'",
        "set session local.tenant = 'x'",
        "set session.local = 'x'",
        "load 'auto_explain'",
        "select set_limit(0.9)",
        "select \"set_limit\"(?)",
        "reset x",
        "RESET app.tenant",
        "Reset Session work_mem",
        "reset time zone",
        "/* a */ reset -- b\n work_mem",
        "select 1; reset x",
        "select 1; set x = 1",
        "begin;\n  set x = 1;\ncommit",
        "/* a */ -- b\n set x = 1",
        "set/**/x = 1",
        "select $$;$$;set x=1",
        "select 'a\\'; set x = 1; --'",
        "select 'a\\'; select 'b'; set x = 1"
      })
  void leavesSettings(String sql) {
    assertThat(SqlSideEffects.of(sql)).isEqualTo(SETTINGS);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "set role joe",
        "set session role joe",
        "SET SESSION AUTHORIZATION joe",
        "set role to joe",
        "set session_authorization = joe",
        "reset role",
        "RESET SESSION AUTHORIZATION",
        "reset session_authorization",
        "select 1; /**/ reset/**/role"
      })
  void leavesARole(String sql) {
    assertThat(SqlSideEffects.of(sql)).isEqualTo(ROLE);
  }

  /** The first SESSION says for how long, and the second is a setting's name or a part of it. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "set session session authorization joe",
        "SET/**/Session SESSION Authorization 'joe'",
        "select 1; set session session authorization default",
        "set role.tenant = 'x'",
        "set session role.tenant = 'x'",
        "set session.role = 'x'",
        "reset session.role"
      })
  void leavesSettingsAndARole(String sql) {
    assertThat(SqlSideEffects.of(sql)).isEqualTo(SETTINGS | ROLE);
    assertThat(SqlSideEffects.ofBody("begin " + sql + "; end", NameTable.EMPTY))
        .isEqualTo(SETTINGS | ROLE);
  }

  /** Another path may make other tables of the same names, and a plan must not outlive that. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "set search_path to a, b",
        "set session search_path = ''",
        "set schema 'x'",
        "reset search_path",
        "reset session search_path",
        "RESET ALL",
        "/* a */ reset -- b\n all",
        "select 1; Reset All; select 2",
        "select set_config('search_path', ?, false)",
        "select set_config('SEARCH_PATH', 'a', false)"
      })
  void leavesAPath(String sql) {
    assertThat(SqlSideEffects.of(sql)).isEqualTo(SETTINGS | PATH);
  }

  /** The first argument says which; the last must be the word true, and nothing but that. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "select set_config('x', 'y', false)",
        "select \"set_config\"('x', 'y', false)",
        "select U&\"set\\005fconfig\"('x', 'y', false)",
        "select U&\"\\+000073et_config\"('x', 'y', false)",
        "with c as (select set_config('x', 'y', true), set_config('x', 'y', false)) select * from"
            + " c",
        "select set_config('x', set_config('y', 'z', false), true)",
        "select set_config('x', 'y'",
        "insert into t select set_config('x', 'y', not true or false)",
        "select set_config('x', '1', not true)",
        "select set_config('x', '1', false and true)",
        "select set_config('x', '1', 1 = 2 or not true)",
        "select set_config('x', '1', a > true)",
        "select set_config('x', '1', a = true)",
        "select set_config('x', '1', \"true\")",
        "select set_config('x', '1', is_true)",
        "select set_config('x', '1', (true))",
        "select set_config('x', coalesce(y, true)::text)"
      })
  void leavesTheSettingThatIsNamed(String sql) {
    assertThat(SqlSideEffects.of(sql) & ~ROLE & ~PATH).isEqualTo(SETTINGS);
  }

  /** Which of them is in the arguments. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "select set_config(?, ?, ?)",
        "select pg_catalog . set_config ('x' || y, f(true), $1)",
        "select set_config(E'search\\137path', 'y', false)",
        "select set_config('search' '_path', 'y', false)",
        "select set_config(setting_name => 'x', new_value => 'y', is_local => false)",
        "update pg_settings set setting = 'x' where name = 'y'",
        "update pg_catalog.pg_settings set setting = 'x'",
        "set \"role\" to joe",
        "reset \"role\"",
        "reset \"Search_Path\""
      })
  void leavesSettingsARoleOrAPath(String sql) {
    assertThat(SqlSideEffects.of(sql)).isEqualTo(SETTINGS | ROLE | PATH);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "create temp table t (x int)",
        "CREATE TEMPORARY TABLE IF NOT EXISTS t AS SELECT 1",
        "create local temp table t (x int)",
        "create or replace temp view v as select 1",
        "create global temporary sequence s",
        "create temp recursive view v as select 1",
        "explain analyze create temp table t as select 1",
        "select * into temp t from x",
        "select * into local temporary t from x",
        "create table pg_temp.t (x int)",
        "create function pg_temp.f() returns int language sql return 1",
        "insert into pg_temp_3.t values (1)",
        "alter table t set schema pg_temp",
        "discard temp",
        "DISCARD TEMPORARY"
      })
  void leavesSomethingTemporary(String sql) {
    assertThat(SqlSideEffects.of(sql)).isEqualTo(TEMPORARY);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select pg_advisory_lock(1)",
        "SELECT PG_TRY_ADVISORY_LOCK(1, 2)",
        "select pg_catalog.pg_advisory_lock_shared(?)",
        "select 1 where pg_try_advisory_lock_shared(3)",
        "select U&\"pg_advisory\\005flock\"(1)",
        "select u&\"pg\\005Fadvisory\\005Flock\" ( 1 )",
        "update t set x = 1 where \"pg_advisory_lock\"(1) is null"
      })
  void leavesAnAdvisoryLock(String sql) {
    assertThat(SqlSideEffects.of(sql)).isEqualTo(ADVISORY_LOCK);
  }

  @Test
  void leavesAListener() {
    assertThat(SqlSideEffects.of("listen \"channel\"")).isEqualTo(LISTEN);
    assertThat(SqlSideEffects.of("select 1;LISTEN x")).isEqualTo(LISTEN);
    assertThat(SqlSideEffects.of("unlisten *")).isEqualTo(LISTEN);
    assertThat(SqlSideEffects.of("select 1; UNLISTEN x")).isEqualTo(LISTEN);
  }

  @Test
  void leavesACursor() {
    assertThat(SqlSideEffects.of("declare c cursor with hold for select 1")).isEqualTo(CURSOR);
    assertThat(SqlSideEffects.of("DECLARE \"c\" NO SCROLL CURSOR WITH /* */ HOLD FOR SELECT 1"))
        .isEqualTo(CURSOR);
  }

  @Test
  void leavesAPreparedStatement() {
    assertThat(SqlSideEffects.of("prepare p as select 1")).isEqualTo(PREPARED);
    assertThat(SqlSideEffects.of("PREPARE \"transaction\" AS SELECT 1")).isEqualTo(PREPARED);
    assertThat(SqlSideEffects.of("deallocate p")).isEqualTo(PREPARED);
    assertThat(SqlSideEffects.of("DEALLOCATE ALL")).isEqualTo(PREPARED);
  }

  @Test
  void leavesValuesOfSequences() {
    assertThat(SqlSideEffects.of("discard sequences")).isEqualTo(SEQUENCES);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "do $$ begin execute 'set x = 1'; end $$",
        "DO LANGUAGE plpgsql 'begin end'",
        "call p(1)",
        "{call p(?)}",
        "select U&\"!0070g\" UESCAPE '!'",
        "select query_to_xml('x', true, true, '')",
        "select query_to_xml_and_xmlschema('x', true, true, '')",
        "select query_to_xmlschema('x', true, true, '')",
        "select table_to_xml('x', true, true, '')",
        "select TABLE_TO_XML_AND_XMLSCHEMA('x', true, true, '')",
        "select pg_catalog.schema_to_xml('x', true, true, '')",
        "select schema_to_xml_and_xmlschema('x', true, true, '')",
        "select \"database_to_xml\"(true, true, '')",
        "select database_to_xml_and_xmlschema(true, true, '')",
        "select cursor_to_xml('x', 1, true, true, '')",
        "select cursor_to_xmlschema('x', true, true, '')",
        "select U&\"table\\005fto_xml\"('x', true, true, '')",
        "discard all",
        "/* a */ DISCARD -- b\n All",
        "select 1; discard all; select 2",
        "select * from ts_stat('select ...')",
        "select * from xpath_table('id', 'doc', 'x', '/a', 'true') as t (id int)",
        "{? = call f(?)}",
        "select 1; call p()"
      })
  void codeMayLeaveAnything(String sql) {
    assertThat(SqlSideEffects.of(sql)).isEqualTo(ANYTHING);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select pg_replication_origin_session_setup('x')",
        "select pg_catalog.PG_REPLICATION_ORIGIN_SESSION_RESET()",
        "select * from \"pg_create_physical_replication_slot\"('x', false, true)",
        "select pg_create_logical_replication_slot('x', 'y', true)",
        "select pg_copy_physical_replication_slot('x', 'y', true)",
        "select pg_copy_logical_replication_slot('x', 'y', true)",
        "select pg_backup_start('x')",
        "select pg_start_backup('x', false, false)"
      })
  void someStaysAsLongAsTheSession(String sql) {
    assertThat(SqlSideEffects.of(sql)).isEqualTo(SessionReset.UNTIL_ITS_END);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select pg_replication_origin_session_is_setup()",
        "select pg_replication_origin_session_progress(false)",
        "select pg_replication_origin_create('x')",
        "select pg_drop_replication_slot('x')",
        "select * from pg_replication_slots",
        "select pg_switch_wal()"
      })
  void mostOfReplicationIsNotTheSessions(String sql) {
    assertThat(SqlSideEffects.of(sql)).isZero();
  }

  @Test
  void severalStatementsAddUp() {
    assertThat(SqlSideEffects.of("set x = 1; listen y; create temp table z (a int); select 1"))
        .isEqualTo(SETTINGS | LISTEN | TEMPORARY);
  }

  /** One of its two readings ends within the name of a setting. */
  @Test
  void aTextMayEndWithTheNameOfASetting() {
    String sql = "select * from t where path = 'C:\\' and q like '%set_config('";
    assertThat(SqlSideEffects.of(sql)).isBetween(0, ANYTHING);
    assertThat(SqlSideEffects.ofBody(sql, NameTable.EMPTY)).isBetween(0, ANYTHING);
  }

  /** Whatever the text, it ends without an exception; most texts of noise are no SQL at all. */
  @Test
  void anyTextIsRead() {
    String[] pieces = {
      "set ",
      "'",
      "\"",
      "$$",
      "$a$",
      "/*",
      "*/",
      "--",
      "\n",
      ";",
      "\\",
      "E'",
      "(",
      ")",
      "x",
      "$",
      "set_config",
      "set_config('",
      "temp ",
      "into ",
      "ü",
      "1",
      "\0"
    };
    Random random = new Random(42);
    for (int i = 0; i < 20_000; i++) {
      StringBuilder sql = new StringBuilder();
      for (int n = random.nextInt(12); n >= 0; n--) {
        sql.append(pieces[random.nextInt(pieces.length)]);
      }
      assertThat(SqlSideEffects.of(sql.toString())).isBetween(0, ANYTHING);
    }
  }
}
