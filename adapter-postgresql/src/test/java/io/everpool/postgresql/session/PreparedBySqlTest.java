package io.everpool.postgresql.session;

import static io.everpool.postgresql.session.SessionReset.ANYTHING;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What EXECUTE runs nobody has seen: it may have been prepared where the session was set up. */
class PreparedBySqlTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "execute p",
        "EXECUTE \"P\"",
        "/* a */ execute p (1, 'a')",
        "prepare p as select 1; execute p",
        "explain analyze execute p",
        "explain analyse verbose execute p(1)",
        "explain (verbose, analyze on) execute p",
        "create table t as execute p",
        "create table if not exists s.t (a, b) as execute p(1)",
        "create unlogged table t with (fillfactor = 70) as execute p with data",
        "create temp table t as execute p",
        "explain analyze create table t as execute p"
      })
  void mayLeaveAnything(String sql) {
    assertThat(SqlSideEffects.of(sql)).isEqualTo(ANYTHING);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "explain execute p",
        "explain verbose execute p",
        "explain analyze select execute from t",
        "grant execute on function f() to joe",
        "grant select, execute on all routines in schema s to joe",
        "revoke execute on procedure p from joe",
        "alter default privileges grant execute on functions to joe",
        "create trigger t before insert on x for each row execute function f()",
        "create or replace trigger t after insert on x execute procedure f()",
        "create event trigger e on ddl_command_end execute procedure f()",
        "create rule r as on insert to execute do nothing",
        "create view v as select execute from t",
        "create table execute (execute int)",
        "select a as execute, \"execute\" from t",
        "insert into execute (execute) values ('execute p')",
        "alter table t rename to execute",
        "-- execute p\nselect 'execute p'"
      })
  void isNoneOfThese(String sql) {
    assertThat(SqlSideEffects.of(sql)).isZero();
    assertThat(SqlSideEffects.of("select 1; " + sql)).isZero();
  }
}
