package io.everpool.postgresql.session;

import static io.everpool.postgresql.session.SessionReset.TEMPORARY;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.driver.Connector;
import io.everpool.postgresql.Sessions;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** On a path that begins with pg_temp a CREATE TABLE makes what outlives the path. */
class TemporaryPathTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "set local search_path to 'pg_temp'",
        "set local search_path = PG_Temp",
        "set local search_path = U&\"pg\\005ftemp\"",
        "select set_config('search_path', 'pg_temp', true)",
        "select set_config('search_path', '\"pg_temp\", public', true)",
        "select set_config('search_path', 'PG_TEMP_3', true)",
        "select set_config('search_path', $$pg_temp$$, true)",
        "select set_config('search_path', $a$ pg_temp$a$, is_local => true)",
        "select set_config('search_path', E'pg\\137temp', true)",
        "select set_config('search_path', 'pg\\137temp', true)",
        "select set_config('search_path', e'\\x70\\x67_\\u0074\\U00000065mp', true)",
        "select set_config('search_path', E'p\\g_tem\\p', true)",
        "select set_config('search_path', U&'pg\\005ftemp', true)",
        "select set_config('search_path', u&'\\+000050g_tem\\0070', true)",
        "select set_config('search_path', path, true) from (values ('pg_temp')) v(path)",
        "select path_of_mine('pg_temp')"
      })
  void aPathOfATransactionMayLeaveTables(String sql) {
    assertThat(SqlSideEffects.of(sql)).isEqualTo(TEMPORARY);
    assertThat(SqlSideEffects.ofBody("begin " + sql + "; end", NameTable.EMPTY))
        .isEqualTo(TEMPORARY);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select set_config('search_path', ?, true)",
        "select set_config('search_path', 'tenant, public', true)",
        "select set_config('app.tenant', 'pg', true), 'temp'",
        "select nspname from pg_namespace where nspname not like 'pg_temp%'",
        "select 'pgtemp', E'pg\\temp', E'pg\\x', E'pg\\', E'\\', U&'pg\\005', 'pg_tem'",
        "select E'pg\\05ftemp', U&'\\0440\\0433\\005f\\0442\\0435\\043c\\043f', 1.5"
      })
  void anotherPathLeavesNone(String sql) {
    assertThat(SqlSideEffects.of(sql)).isZero();
  }

  /** A function may have a path of its own; SECURITY DEFINER is advised to end with pg_temp. */
  @Test
  void aFunctionsOwnPathMayLeaveTables() throws SQLException {
    Sessions.server().execute("create schema tp");
    for (String[] function :
        new String[][] {
          {"first", "pg_temp"},
          {"quoted", "'pg_temp', public"},
          {"nowhere", "'', pg_temp"},
          {"last", "tp, pg_temp"},
          {"elsewhere", "tp"}
        }) {
      Sessions.server()
          .execute(
              "create function tp.makes_"
                  + function[0]
                  + "() returns void language plpgsql set search_path = "
                  + function[1]
                  + " as 'begin create table left_t (x int); end'");
    }
    Connector connector = Sessions.connector(Sessions.server().libpqUrl(), config -> config);
    connector.open(Sessions.TIMEOUT).close();
    for (String name : new String[] {"first", "quoted", "nowhere"}) {
      assertThat(SideEffect.bits(connector.sideEffects("select tp.makes_" + name + "()")))
          .as(name)
          .isEqualTo(TEMPORARY);
    }
    for (String name : new String[] {"last", "elsewhere"}) {
      assertThat(SideEffect.bits(connector.sideEffects("select tp.makes_" + name + "()")))
          .as(name)
          .isZero();
    }
    connector.close();
  }
}
