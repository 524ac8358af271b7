package io.everpool.core.jdbc;

import static io.everpool.core.jdbc.SqlTexts.BEGINS;
import static io.everpool.core.jdbc.SqlTexts.ENDS;
import static io.everpool.core.jdbc.SqlTexts.MAY_END;
import static io.everpool.core.jdbc.SqlTexts.WRITES;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Texts that say something else in another dialect than the one that they are read in first: by a
 * driver without an adapter any may be spoken. What may end a transaction in one of them may have;
 * what is ordinary in all of them hasn't.
 */
class OtherDialectsTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        // T-SQL separates statements by nothing
        "insert into t values (1) commit",
        "insert into t values (1)commit",
        "insert into t values (1)\nCOMMIT TRAN",
        "update t set a = 1 COMMIT TRANSACTION",
        "update t set a = 1 where b = 'x'commit work",
        "update t set a = 1 where b = 2commit",
        "update t set a = 1 where b = 1e5commit",
        "update t set a = 1 where b = 2.commit",
        "update t set a = t1.b commit",
        "delete from [t] where [a]=1 commit insert into [u] values (2)",
        "select 1 commit",
        "select 1 commit -- done",
        "select 1 commit /* done */",
        "select 1 /* , */ commit",
        "select 1 -- a,\ncommit",
        "select 1 -- it's\ncommit -- isn't it",
        "select 1 /* it's */ commit /* isn't it */",
        "select 'a; -- b' commit",
        "select [it's] commit select [it's]",
        "select [it's]]s] commit select [it's]",
        "select \"it's\" commit select \"it's\"",
        "select 'a\\' commit select 'b'",
        "insert into t values ('[') commit insert into t values (']')",
        "insert into t values ('--') commit",
        "insert into t values ('/*') commit",
        "declare @a int = 1 insert into t values (@a) commit",
        "with x as (select 1 a) insert into t select a from x commit",
        "merge into t using s on t.a = s.a when matched then delete; insert into t values (1) commit",
        "insert into t values (1) rollback insert into t values (2) commit",
        "insert into t values (1) rollback",
        "rollback insert into t values (2)",
        "rollback tran insert into t values (2)",
        "insert into t values (1) exec p",
        "insert into t exec p",
        "select 1 execute ('commit')",
        "select 1 exec(@sql)",
        "select 1 {call p}",
        "declare @a int set implicit_transactions off",
        "select 1 set chained off",
        "insert into t values (1) create table u (a int)", // SQL Anywhere commits at that
        "select a into #t from t drop table #t",
        "select 1 truncate table t",
        // comments that nest in some
        "/* /* */ commit",
        "/* /* */ commit -- */ */ select 1",
        "/* /* */ set autocommit = 1 /* */ */ select 1",
        "select 1; /* /* */ lock tables t write",
        "insert into t values (1) /* /* */ commit",
        "/* /* */ ; set autocommit = 1 /* */ */ select 1",
        // comments that MySQL and MariaDB execute
        "/*! commit */",
        "/*!40101 set autocommit = 1 */",
        "/*M!100100 commit */ select 1",
        "select 1; /*!50000 lock tables t write */",
        // lines that end elsewhere
        "-- a\rselect 1\nset autocommit = 1",
        "-- a\rset autocommit = 1",
        "select 1 -- a\rcommit",
        "-- a\u2028set autocommit = 1",
        // comments of MySQL's, H2's and Informix's own
        "# a\nset autocommit = 1",
        "// a\nset autocommit = 1",
        "{ select } set autocommit = 1",
        "select 1 # it's\n; set autocommit = 1; select 1 # it's",
        "select 1 // it's\n; set autocommit = 1; select 1 // it's",
        "select 1 { it's } ; set autocommit = 1; select 1 { it's }",
        "select 1--'; set autocommit = 1; select 1--'",
        // what looks as a comment is in a literal, or in another comment
        "insert into t values ('a; -- b'); set autocommit = 1",
        "insert into t values ('a; /* b'); set autocommit = 1",
        "insert into t values ('a; -- b'); commit",
        "insert into t values (1) /* ; -- */ ; set autocommit = 1",
        "insert into t values ('\\'; -- b'); set autocommit = 1",
        "insert into `a; -- b` values (1); set autocommit = 1",
        "insert into [a; -- b] values (1); set autocommit = 1",
        "insert into t values (q'[it's; -- ]'); set autocommit = 1",
        "insert into t values ($$it's; -- $$); set autocommit = 1",
        // other quotes
        "insert into t values ('it\\'s'); set autocommit = 1; insert into t values ('s')",
        "insert into t values (\"it\\\"s\"); set autocommit = 1; insert into t values (\"s\")",
        "insert into `it's` values (1); set autocommit = 1; insert into `it's` values (1)",
        "insert into [it's] values (1); set autocommit = 1; insert into [it's] values (1)",
        "insert into t values (nq'{it's}'); set autocommit = 1; insert into t values ('s')",
        "insert into t values ($$it's$$); set autocommit = 1; insert into t values ('s')"
      })
  void whatMayEndATransactionInOneOfThem(String sql) {
    assertThat(SqlTexts.marks(sql) & (ENDS | MAY_END)).isNotZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select a, b from t where a = ? order by b",
        "select [a], [order].[commit] from [t] where [b] = ?",
        "select `a`, `commit` from `t` where `b` = ?",
        "select \"commit\" from t",
        "select commit, t.commit, t1.commit from t where commit = ? and t1.commit > 1",
        "select commit from t",
        "select (commit) from t where commit in (1, 2) or t.commit is null",
        "select id from commits where commit_id = ? and precommit = 1",
        "select @commit, :commit, #commit, $commit from t",
        "select t.grant, call, alter from t where alter between 1 and 2 order by alter",
        "insert into t (a, commit) values (?, ?)",
        "insert into t (a) values ('commit')",
        "insert into t (a) values ('it''s a commit, rollback or exec')",
        "insert into t (a) values ('[1, 2]')",
        "insert into t (a) values ('{\"a\": \"x; y -- z\"}')",
        "insert into t (a) values (N'commit')",
        "insert into t (a) values (1) on duplicate key update a = 2",
        "insert into t (a) values (1) on conflict (a) do update set a = 2",
        "insert into t select insert(a, 1, 1, 'x'), truncate(b, 2) from u",
        "update [t] set [a] = ? where [b] = ?",
        "update `t` set `a` = ? where `b` = ?",
        "delete from t where a like '%/*%'",
        "select a from t where b = '--' and c = '/*'",
        "select * from t for update",
        "select * from t where a = 1 for no key update skip locked",
        "select * from a inner merge join b on a.id = b.id",
        "show create table t",
        "/* OrderService.commit(); it is \"exec\" */ select 1",
        "select 1 /* OrderService.commit() */",
        "--noinspection SqlResolve\nselect 1",
        "-- commit\r\nselect 1",
        "select 1 -- commit\r\nfrom t -- rollback",
        "select 1; -- a; commit; b\nselect 2",
        "select 1; /* a; b */ select 2",
        "select 1 /* a; b */; select 2",
        "select `a` from t;;",
        "/*+ index(t i) */ select 1",
        "select /*+ index(t i) */ 1 from t",
        "insert into t values ({ts '2024-01-01 00:00:00'})",
        "rollback",
        "rollback to savepoint s",
        "rollback tran s",
        "savepoint s"
      })
  void whatIsOrdinaryInAllOfThem(String sql) {
    assertThat(SqlTexts.marks(sql) & (ENDS | MAY_END)).isZero();
  }

  /** By which who has promised to read only is found to write. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "select 1 insert into t values (1)",
        "select 1 insert t values (1)",
        "select 1 insert [t] values (1)",
        "select 1 update t set a = 1",
        "select 1 delete from t",
        "select 1 delete t",
        "select 1 merge into t using s on t.a = s.a when matched then delete;",
        "declare @a int update t set a = @a",
        "select 1 exec p",
        "select 1 drop table t",
        "/* /* */ insert into t values (1)",
        "/*! insert into t values (1) */"
      })
  void whatWritesInOneOfThem(String sql) {
    assertThat(SqlTexts.marks(sql) & WRITES).isEqualTo(WRITES);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select * from t for update",
        "select * from t for no key update",
        "select insert(a, 1, 1, 'x'), truncate(b, 2), update(c) from t",
        "select t.update, t.delete from t",
        "select 'please delete from t' -- and update",
        "select /* insert into */ 1",
        "show create table t",
        "select * from a inner merge join b on a.id = b.id"
      })
  void whatReadsInAllOfThem(String sql) {
    assertThat(SqlTexts.marks(sql) & WRITES).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "begin",
        "BEGIN;",
        "begin # at last",
        "-- a\nBegin Work",
        "begin transaction isolation level serializable",
        "begin isolation level serializable",
        "begin immediate",
        "start transaction read only",
        "select 1; begin",
        "commit; start transaction",
        "commit and chain",
        "rollback work and chain",
        "set completion_type = 'CHAIN'",
        "savepoint a",
        "xa start 'x'",
        "set autocommit off",
        "SET @@session.autocommit = 0",
        "set names utf8, autocommit = 0",
        "set implicit_transactions on",
        "set ansi_defaults on",
        "set chained on",
        "insert into t values (1) begin tran",
        "declare @a int begin transaction",
        "exec('begin tran')",
        "/*!50000 start transaction */"
      })
  void whatMayBeginATransactionUnseen(String sql) {
    assertThat(SqlTexts.marks(sql) & BEGINS).isEqualTo(BEGINS);
  }

  /** Each of these would cost round trips when its lease ends. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "select 1",
        "insert into t values ('it begins; begin')",
        "begin p(1); end;",
        "begin :1 := f(); end;",
        "declare a int; begin p(a); end;",
        "begin try insert into t values (1) end try begin catch throw end catch",
        "call p()",
        "{call p()}",
        "commit",
        "rollback",
        "rollback to a",
        "release savepoint a",
        "set search_path = a",
        "set transaction isolation level serializable",
        "select started, transaction from t where beginning = 1",
        "select chain_id from unchained",
        "/* begin */ select 1 -- start"
      })
  void whatBeginsNone(String sql) {
    assertThat(SqlTexts.marks(sql) & BEGINS).isZero();
  }
}
