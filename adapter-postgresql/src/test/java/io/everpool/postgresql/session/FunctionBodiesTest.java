package io.everpool.postgresql.session;

import static io.everpool.postgresql.session.SessionReset.ADVISORY_LOCK;
import static io.everpool.postgresql.session.SessionReset.ANYTHING;
import static io.everpool.postgresql.session.SessionReset.PATH;
import static io.everpool.postgresql.session.SessionReset.READ_ONLY;
import static io.everpool.postgresql.session.SessionReset.SETTINGS;
import static io.everpool.postgresql.session.SessionReset.TEMPORARY;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.ResetMode;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the body of a function betrays. */
class FunctionBodiesTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "begin reset all; end",
        "begin if x then RESET ALL; else null; end if; end",
        "begin loop reset search_path; end loop; end",
        "select 1; reset all"
      })
  void aBodyLeavesWhatItResets(String body) {
    assertThat(SqlSideEffects.ofBody(body, NameTable.EMPTY)).isEqualTo(SETTINGS | PATH);
  }

  /** A CASE within brackets has the words that begin a statement elsewhere. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "with v as (select case when t = '' then null else t end as x)"
            + " select set_config('app.tenant', v.x, false) from v",
        "select coalesce(case when a then b end, ''), set_config('app.tenant', t, false)",
        "select ((case when a then b else c end)), set_config('app.tenant', t, false)",
        "select max((case a when 1 then b end)), (set_config('app.tenant', t, false))",
        "declare x text := (case when a then b end); begin perform set_config('app.tenant', x,"
            + " false); end",
        "begin return coalesce(case when a then b else c end) || set_config('app.tenant', t,"
            + " false); end",
        "begin atomic select coalesce((case when a then b end), set_config('app.tenant', t,"
            + " false)); end",
        "select set_config('app.tenant', coalesce(case when a then b end, ''), false)",
        "begin for i in 1..set_config('app.tenant', t, false)::int loop end loop; end"
      })
  void aBodyLeavesTheSettingThatIsNamed(String body) {
    assertThat(SqlSideEffects.ofBody(body, NameTable.EMPTY)).isEqualTo(SETTINGS);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "begin execute 'set x = 1'; end",
        "begin execute(x); end",
        "begin execute function; end",
        "begin execute procedure using on_what; end",
        "begin return query execute x; end",
        "begin execute \"on\"; end",
        "begin execute $$set x = 1$$; end",
        "begin for r in execute /* a */ x loop end loop; end",
        "execute"
      })
  void whatABodyExecutesNobodyKnows(String body) {
    assertThat(SqlSideEffects.ofBody(body, NameTable.EMPTY)).isEqualTo(ANYTHING);
    assertThat(SqlSideEffects.ofPlpgsqlBody(body, NameTable.EMPTY)).isEqualTo(ANYTHING);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "begin set transaction read only; end",
        "begin SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ /* a */ ONLY; end",
        "begin if x then set local Transaction_Read_Only = on; end if; end",
        "begin perform set_config('transaction_read_only', 'on', true); end",
        "select 1; select pg_catalog.set_config('TRANSACTION_READ_ONLY', x, true)",
      })
  void aBodyAsksForATransactionThatReads(String body) {
    assertThat(SqlSideEffects.ofBody(body, NameTable.EMPTY)).isEqualTo(READ_ONLY);
    assertThat(SqlSideEffects.ofPlpgsqlBody(body, NameTable.EMPTY)).isEqualTo(READ_ONLY);
    assertThat(SessionReset.sql(ResetMode.SMART, READ_ONLY)).as("to be cleared").isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "begin if current_setting('transaction_read_only') = 'on' then return; end if; end",
        "begin set transaction read write; end",
        "begin perform 1; -- set transaction read only\n end",
        "select 'set transaction read only'",
        "select read from only t",
        "begin perform set_config('app.x', 'transaction_read_only', true); end",
      })
  void aBodyThatOnlySpeaksOfItDoesNot(String body) {
    assertThat(SqlSideEffects.ofBody(body, NameTable.EMPTY)).isZero();
  }

  /** The core reads these itself. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "set transaction read only",
        "set local transaction_read_only = on",
        "select set_config('transaction_read_only', 'on', true)"
      })
  void norDoesATextOfTheProgramsOwn(String sql) {
    assertThat(SqlSideEffects.of(sql)).isZero();
  }

  /** It leaves nothing, and nobody is to be told that it does. */
  @Test
  void itsNameIsNoneOfThoseThatLeaveSomething() {
    NameTable names =
        new NameTable(Map.of("reads", READ_ONLY, "sets", READ_ONLY | SETTINGS), List.of(), 0, 0, 0);
    assertThat(SqlSideEffects.of("select reads()", names)).isEqualTo(READ_ONLY);
    assertThat(names.tracing()).containsExactly("sets");
  }

  @Test
  void aNumberEndsBeforeAName() {
    NameTable names = new NameTable(Map.of("locks", ADVISORY_LOCK), List.of(), 0, 0, 0);
    for (String body :
        new String[] {
          "begin for i in 1..locks() loop null; end loop; end",
          "begin for i in 1..s.locks() loop null; end loop; end",
          "begin for i in reverse 10 .. locks() loop null; end loop; end",
          "begin for i in a[1]..locks() loop null; end loop; end",
          "select 1.5e-3, 1e5, 0x1F, 1_000, .5, 1., 1union select locks()"
        }) {
      assertThat(SqlSideEffects.ofBody(body, names)).as(body).isEqualTo(ADVISORY_LOCK);
    }
    assertThat(SqlSideEffects.of("select 1into temp t")).isEqualTo(TEMPORARY);
    assertThat(SqlSideEffects.of("select 1e'\\'; set x = 1; --'")).isZero();
  }
}
