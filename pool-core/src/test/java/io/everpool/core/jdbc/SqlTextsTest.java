package io.everpool.core.jdbc;

import static io.everpool.core.jdbc.SqlTexts.ENDS;
import static io.everpool.core.jdbc.SqlTexts.ENDS_OR_UNDOES;
import static io.everpool.core.jdbc.SqlTexts.GOES_ON;
import static io.everpool.core.jdbc.SqlTexts.LIFTS_READ_ONLY;
import static io.everpool.core.jdbc.SqlTexts.MAY_END;
import static io.everpool.core.jdbc.SqlTexts.MAY_WRITE;
import static io.everpool.core.jdbc.SqlTexts.WRITES;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SqlTextsTest {
  private final FakeConnector connector = new FakeConnector();
  private final SqlTexts texts = new SqlTexts(connector);

  @ParameterizedTest
  @ValueSource(
      strings = {
        "COMMIT",
        "  commit and chain",
        "end;",
        "insert into t values (1); commit",
        "insert into t values (1);\n -- done\n/* now /* nested */ */ Commit",
        "-- done\rcommit",
        "insert into t values (1);-- done\r\ncommit",
        "prepare transaction 'x'",
        "commit prepared 'x'"
      })
  void seesWhatMayEndATransaction(String sql) {
    assertThat(SqlTexts.marks(sql) & ENDS).isEqualTo(ENDS);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "call p()",
        "{call p()}",
        "{ ? = call p(?) }",
        "exec p",
        "EXECUTE PROCEDURE p",
        "my_procedure 1, 2",
        "insert into t values (1) exec p",
        "update t set i = 1; call p()",
        "begin exec p end",
        "declare @i int exec @i = p",
        "if exists (select 1 from t) exec p"
      })
  void seesThatAProcedureIsCalled(String sql) {
    assertThat(SqlTexts.marks(sql) & SqlTexts.CALLS).isEqualTo(SqlTexts.CALLS);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select 1",
        "select call from t",
        "select f(1)",
        "values (1)",
        "with x as (select 1) select * from x",
        "insert into t values (1)",
        "update t set execute = 1",
        "delete from t where i = 1",
        "merge into t using s on t.i = s.i when matched then delete",
        "replace into t values (1)",
        "set a = 1",
        "use db",
        "analyze t",
        "create table t (i int)",
        "begin proc(1); end;",
        "declare i int; begin proc(i); end;",
        "lock tables t write",
        "pragma user_version",
        "explain select 1",
        "commit",
        "rollback",
        ""
      })
  void otherStatementsCostNoRollback(String sql) {
    assertThat(SqlTexts.marks(sql) & SqlTexts.CALLS).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select case when a then b end from commits",
        "insert into commit_log values ('commit')",
        "-- commit\nselect 1",
        "/* commit; */ select 1",
        "rollback",
        "",
        "   ",
        "select 1 -- commit"
      })
  void isNotMisledByWordsInside(String sql) {
    assertThat(SqlTexts.marks(sql) & ~(ENDS_OR_UNDOES | WRITES | MAY_WRITE)).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "rollback; insert into t values (1)",
        "ROLLBACK WORK ; /* a */ insert into t values (1)",
        "select 1; abort;; -- b\ninsert into t values (1);",
        "commit; insert into t values (1)",
        "end; insert into t values (1)",
        "prepare transaction 'x'; insert into t values (1)"
      })
  void seesWhatGoesOnBehindTheEndOfATransaction(String sql) {
    assertThat(SqlTexts.marks(sql) & (GOES_ON | ENDS)).isEqualTo(GOES_ON | ENDS);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "rollback",
        "rollback; -- insert\n ;",
        "commit;",
        "insert into t values (1); commit",
        "rollback to s; insert into t values (1)",
        "Rollback /* a */ Work To Savepoint s; insert into t values (1)",
        "rollback transaction to s; insert into t values (1)",
        "insert into t values ('a; rollback; b'); insert into t values (2)"
      })
  void seesNothingBehindTheEndOfATransaction(String sql) {
    assertThat(SqlTexts.marks(sql) & GOES_ON).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "set default_transaction_read_only = off",
        "set session characteristics as transaction read write",
        "reset default_transaction_read_only",
        "set U&\"transaction_re\\0061d_only\" = off",
        "SET u&\"x!0064\" uescape '!' = off",
        "reset all",
        "DISCARD ALL",
        "/* a */ Reset -- b\n/**/All",
        "select 1; discard all; select 2",
        "commit prepared 'x'",
        "do $$begin reset all; end$$",
        "do $$begin execute'discard all'; end$$"
      })
  void seesWhatMayLiftABarToWriting(String sql) {
    assertThat(SqlTexts.marks(sql) & LIFTS_READ_ONLY).isEqualTo(LIFTS_READ_ONLY);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "reset statement_timeout",
        "discard plans",
        "prepare transaction 'x'",
        "select prepared from t where state = 'prepared'",
        "select password_reset from users union all select all_resets from discarded",
        "select read from t"
      })
  void seesNoBarLiftedByWhatResetsAnythingElse(String sql) {
    assertThat(SqlTexts.marks(sql) & LIFTS_READ_ONLY).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "insert into t values (1)",
        "-- a\n Update t set a = 1",
        "(delete from t)",
        "merge into t using s on t.id = s.id when matched then delete",
        "replace into t values (1)",
        "truncate t",
        "create table t (id int)",
        "select 1; insert into t values (1)",
        "with x as (insert into t values (1) returning id) select * from x",
        "explain analyze delete from t",
        "{call enter()}",
        "{? = call enter()}",
        "do $$ begin insert into t values (1); end $$",
        "execute entering(1)",
        "copy t from stdin"
      })
  void seesWhatWrites(String sql) {
    assertThat(SqlTexts.marks(sql) & WRITES).isEqualTo(WRITES);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select updated from t for update",
        "values ('insert')",
        "with inserted as (select 1) select * from inserted",
        "explain select 1",
        "declare c cursor for select 1",
        "table t",
        "copy t to stdout",
        "set statement_timeout = 1",
        "show all"
      })
  void seesNoWriteInWhatReads(String sql) {
    assertThat(SqlTexts.marks(sql) & WRITES).isZero();
  }

  @Test
  void seesWhatDefines() {
    assertThat(SqlTexts.marks("create table t (a int)") & (MAY_END | ENDS)).isEqualTo(MAY_END);
    assertThat(SqlTexts.marks("select 1; DROP TABLE t; end") & (MAY_END | ENDS))
        .isEqualTo(MAY_END | ENDS);
  }

  /** As far as is known, and so they may not be repeated where the driver doesn't know better. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "set autocommit on",
        "/* a */ SET autocommit true",
        "call cmt()",
        "{call cmt()}",
        "{? = call cmt()}",
        "? = call cmt()",
        "execute immediate 'commit'",
        "begin insert into t values (1); commit; end;",
        "begin",
        "analyze",
        "script",
        "set exclusive 0",
        "lock tables t write",
        "insert into t values (1); analyze",
        "insert into t values ('a'); set autocommit = 1; insert into t values ('b')",
        "insert into t values ('a\\'); set autocommit = 1; -- ')",
        "insert into t values (q'[it's]'); analyze; insert into t values ('s')",
        "insert into `it's` values (1); analyze; insert into `it's` values (1)",
        "insert into t values (1); -- it's\nanalyze; select 1 -- it's",
        "insert into t values ('a; b"
      })
  void whatIsNotKnownToEndNoTransactionMayCommitInSomeDatabase(String sql) {
    assertThat(SqlTexts.marks(sql) & (ENDS | MAY_END)).isNotZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select 1",
        "(select 1) union (select 2)",
        "VALUES (1)",
        "with x as (select 1) select * from x",
        "table t",
        "insert into t values (1)",
        "/* a */ update t set x = 1",
        "-- a\ndelete from t",
        "merge into t using s on a = b when matched then delete",
        "replace into t values (1)",
        "savepoint s",
        "release savepoint s",
        "rollback to savepoint s",
        "show tables",
        "explain select 1",
        "fetch c",
        "insert into t values (1); insert into t values (2);",
        "insert into t values ('set x; analyze')",
        "insert into t values ('it''s; analyze', 'b;c'); select 1",
        "insert into \"it's; a\" values (1); select 1"
      })
  void whatIsKnownToEndNoneDoesNot(String sql) {
    assertThat(SqlTexts.marks(sql) & (ENDS | MAY_END)).isZero();
  }

  @Test
  void aTextIsReadOnce() {
    for (int i = 0; i < 5; i++) {
      assertThat(texts.of(new String("set x = 1").intern()).sideEffects())
          .isEqualTo(FakeConnector.SET);
    }
    assertThat(connector.read).hasValue(1);
  }

  /** "Aa" and "BB" have the same hash. */
  @Test
  void textsOfTheSameHashAreNotConfused() {
    String one = "set Aa";
    String other = "sEt BB".replace('E', 'e');
    assertThat(one.hashCode()).isEqualTo(other.hashCode());
    assertThat(texts.of(one).sql()).isEqualTo(one);
    assertThat(texts.of(other).sql()).isEqualTo(other);
    assertThat(texts.of(one).sql()).isEqualTo(one);
  }

  @Test
  void hugeTextsAreNotKept() {
    String huge = "select '" + "x".repeat(10_000) + "'";
    texts.of(huge);
    texts.of(huge);
    assertThat(connector.read).hasValue(2);
  }
}
