package io.everpool.postgresql.protocol;

import static io.everpool.api.driver.Effects.COMMITTED;
import static io.everpool.api.driver.Effects.IN_DOUBT;
import static io.everpool.api.driver.Effects.NONE;
import static io.everpool.api.driver.Effects.UNPROVEN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.everpool.api.driver.Effects;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What the tap makes of the messages that pass, wherever the buffers cut them. */
class ProtocolTapTest {

  private static Arguments row(String what, Effects expected, UnaryOperator<Conversation> said) {
    return arguments(what, expected, said);
  }

  /** One statement by the simple protocol, and whether its answers came. */
  private static Conversation simple(Conversation c, String sql, String tag, char status) {
    return c.query(sql).complete(tag).ready(status);
  }

  private static Conversation begun(Conversation c) {
    return simple(c, "begin", "BEGIN", 'T');
  }

  /**
   * A BEGIN without its Sync, a savepoint by the simple protocol, and a statement: pgjdbc up to
   * 42.7.5 with autosave. The first round is answered.
   */
  private static Conversation joined(Conversation c) {
    return c.extended("BEGIN")
        .query("savepoint a")
        .extended("insert")
        .sync()
        .bound()
        .complete("BEGIN")
        .complete("SAVEPOINT")
        .ready('T');
  }

  private static Conversation written(Conversation c) {
    return simple(begun(c), "insert into t values (1)", "INSERT 0 1", 'T');
  }

  /** What PgBouncer says to who binds a name that it doesn't know, and to who describes one. */
  private static Conversation unknownToPgBouncer(Conversation c) {
    return c.errorOf("SFATAL", "C08P01", "Mprepared statement did not exist");
  }

  static Stream<Arguments> answered() {
    return Stream.of(
        row("nothing at all", NONE, c -> c),
        row("a write in autocommit", COMMITTED, c -> simple(c, "insert", "INSERT 0 1", 'I')),
        row(
            "a query may call what writes",
            COMMITTED,
            c -> simple(c, "select f()", "SELECT 1", 'I')),
        row("a setting", NONE, c -> simple(c, "set x = 1", "SET", 'I')),
        row("a message to others", COMMITTED, c -> simple(c, "notify x", "NOTIFY", 'I')),
        row("an unknown tag", COMMITTED, c -> simple(c, "frobnicate", "FROBNICATE", 'I')),
        row("an empty query", NONE, c -> c.query("").answer('I', new byte[0]).ready('I')),
        row("an open transaction", NONE, ProtocolTapTest::written),
        row("a commit", COMMITTED, c -> simple(written(c), "commit", "COMMIT", 'I')),
        row("a commit of nothing", NONE, c -> simple(begun(c), "commit", "COMMIT", 'I')),
        row("a commit outside", NONE, c -> simple(c, "commit", "COMMIT", 'I')),
        row("a rollback", NONE, c -> simple(written(c), "rollback", "ROLLBACK", 'I')),
        row(
            "a commit of a failed transaction",
            NONE,
            c ->
                simple(
                    written(c).query("x").error("ERROR", "42601").ready('E'),
                    "commit",
                    "ROLLBACK",
                    'I')),
        row(
            "a commit that fails",
            NONE,
            c -> written(c).query("commit").error("ERROR", "23503").ready('I')),
        row(
            "a commit behind a rollback to a savepoint",
            COMMITTED,
            c ->
                simple(
                    simple(written(c), "rollback to a", "ROLLBACK", 'T'), "commit", "COMMIT", 'I')),
        row(
            "two-phase",
            COMMITTED,
            c -> simple(written(c), "prepare transaction 'x'", "PREPARE TRANSACTION", 'I')),
        row(
            "the second phase",
            COMMITTED,
            c -> simple(c, "commit prepared 'x'", "COMMIT PREPARED", 'I')),
        row(
            "the second phase undone",
            COMMITTED,
            c -> simple(c, "rollback prepared 'x'", "ROLLBACK PREPARED", 'I')),
        row(
            "commit and chain",
            COMMITTED,
            c -> simple(written(c), "commit and chain", "COMMIT", 'T')),
        row(
            "rollback and chain, then a commit",
            COMMITTED,
            c ->
                simple(
                    simple(
                        simple(written(c), "rollback and chain", "ROLLBACK", 'T'),
                        "insert",
                        "INSERT 0 1",
                        'T'),
                    "commit",
                    "COMMIT",
                    'I')),
        row(
            "a failed write in autocommit",
            NONE,
            c -> c.query("insert").error("ERROR", "40001").ready('I')),
        row(
            "several statements",
            COMMITTED,
            c ->
                c.query("set x = 1; insert; show x")
                    .complete("SET")
                    .complete("INSERT 0 1")
                    .complete("SHOW")
                    .ready('I')),
        row(
            "several statements, the last fails",
            NONE,
            c ->
                c.query("insert; insert")
                    .complete("INSERT 0 1")
                    .error("ERROR", "23505")
                    .ready('I')),
        row(
            "a commit among several, the last fails",
            COMMITTED,
            c ->
                c.query("insert; commit; insert")
                    .complete("INSERT 0 1")
                    .complete("COMMIT")
                    .error("ERROR", "23505")
                    .ready('I')),
        row(
            "a rollback among several",
            COMMITTED,
            c ->
                c.query("insert; rollback; insert")
                    .complete("INSERT 0 1")
                    .complete("ROLLBACK")
                    .complete("INSERT 0 1")
                    .ready('I')),
        row(
            "a rollback at the end of several",
            NONE,
            c ->
                c.query("insert; rollback; show x")
                    .complete("INSERT 0 1")
                    .complete("ROLLBACK")
                    .complete("SHOW")
                    .ready('I')),
        row(
            "a begin makes what came before part of it",
            NONE,
            c ->
                c.query("insert; begin; insert")
                    .complete("INSERT 0 1")
                    .complete("BEGIN")
                    .complete("INSERT 0 1")
                    .ready('T')),
        row(
            "and a commit commits it",
            COMMITTED,
            c ->
                simple(
                    c.query("insert; begin").complete("INSERT 0 1").complete("BEGIN").ready('T'),
                    "commit",
                    "COMMIT",
                    'I')),
        row(
            "a block's rollback, then a write, in one text",
            COMMITTED,
            c ->
                written(c)
                    .query("rollback; insert")
                    .complete("ROLLBACK")
                    .complete("INSERT 0 1")
                    .ready('I')),
        row(
            "a block's rollback and a begin, in one text",
            NONE,
            c ->
                written(c)
                    .query("rollback; begin; insert")
                    .complete("ROLLBACK")
                    .complete("BEGIN")
                    .complete("INSERT 0 1")
                    .ready('T')),
        row("a procedure", COMMITTED, c -> simple(c, "call p()", "CALL", 'I')),
        row(
            "a procedure that fails may have committed",
            COMMITTED,
            c -> c.query("call p()").error("ERROR", "40001").ready('I')),
        row(
            "a procedure that fails in a block has not",
            NONE,
            c -> begun(c).query("call p()").error("ERROR", "40001").ready('E')),
        row(
            "a DO that fails and commits nothing",
            NONE,
            c -> c.query("do $$begin insert into t; end$$").error("ERROR", "40001").ready('I')),
        row(
            "a DO that fails and commits",
            COMMITTED,
            c -> c.query("do $$begin Commit; end$$").error("ERROR", "40001").ready('I')),
        row(
            "a DO that fails and commits in two pieces",
            COMMITTED,
            c -> c.query("do 'begin com'\n'mit; end'").error("ERROR", "40001").ready('I')),
        row(
            "a DO that fails and commits in escapes",
            COMMITTED,
            c -> c.query("do /* $ */ e'begin \\x63ommit; end'").error("ERROR", "40001").ready('I')),
        row(
            "a procedure, then a begin, and a rollback",
            COMMITTED,
            c ->
                simple(
                    c.extended("call p()")
                        .extended("begin")
                        .sync()
                        .bound()
                        .complete("CALL")
                        .bound()
                        .complete("BEGIN")
                        .ready('T'),
                    "rollback",
                    "ROLLBACK",
                    'I')),
        row(
            "an index built concurrently fails",
            COMMITTED,
            c ->
                c.query("create index concurrently i on t (a)").error("ERROR", "40P01").ready('I')),
        row(
            "a table that is there already",
            NONE,
            c -> c.query("create table t()").error("ERROR", "42P07").ready('I')),
        row("a function", COMMITTED, c -> c.function().answer('V', new byte[4]).ready('I')),
        row(
            "a function in a block",
            NONE,
            c -> begun(c).function().answer('V', new byte[4]).ready('T')),
        row("a function that fails", NONE, c -> c.function().error("ERROR", "42883").ready('I')),
        row(
            "the extended protocol",
            COMMITTED,
            c -> c.extended("insert").sync().bound().complete("INSERT 0 1").ready('I')),
        row(
            "a batch that fails",
            NONE,
            c ->
                c.extended("insert")
                    .extended("insert")
                    .sync()
                    .bound()
                    .complete("INSERT 0 1")
                    .bound()
                    .error("ERROR", "23505")
                    .ready('I')),
        row(
            "a constraint that fails at the end",
            NONE,
            c ->
                c.extended("insert")
                    .sync()
                    .bound()
                    .complete("INSERT 0 1")
                    .error("ERROR", "23503")
                    .ready('I')),
        row(
            "a begin in front of it, as JDBC sends it",
            NONE,
            c ->
                c.extended("BEGIN")
                    .extended("insert")
                    .sync()
                    .bound()
                    .complete("BEGIN")
                    .bound()
                    .complete("INSERT 0 1")
                    .ready('T')),
        row(
            "a failure after a begin that was joined with a savepoint",
            NONE,
            c -> joined(c).bound().error("ERROR", "23505").ready('E')),
        row(
            "and a commit after it is still understood",
            COMMITTED,
            c ->
                simple(
                    simple(
                        joined(c).bound().error("ERROR", "23505").ready('E'),
                        "rollback to a; insert",
                        "INSERT 0 1",
                        'T'),
                    "commit",
                    "COMMIT",
                    'I')),
        row(
            "a portal of which rows have come",
            COMMITTED,
            c ->
                simple(
                    begun(c)
                        .extended("insert returning")
                        .sync()
                        .bound()
                        .rows(3)
                        .answer('s', new byte[0])
                        .ready('T'),
                    "commit",
                    "COMMIT",
                    'I')),
        row(
            "a copy in",
            COMMITTED,
            c ->
                c.query("copy t from stdin")
                    .answer('G', new byte[3])
                    .send('d', new byte[100])
                    .send('c', new byte[0])
                    .complete("COPY 9")
                    .ready('I')),
        row(
            "a copy in that is called off",
            NONE,
            c ->
                c.query("copy t from stdin")
                    .answer('G', new byte[3])
                    .send('d', new byte[100])
                    .send('f', new byte[1])
                    .error("ERROR", "57014")
                    .ready('I')),
        row(
            "a copy in by the extended protocol, whose sync is passed over",
            NONE,
            c ->
                c.extended("copy t from stdin")
                    .sync()
                    .bound()
                    .answer('G', new byte[3])
                    .send('f', new byte[1])
                    .sync()
                    .error("ERROR", "57014")
                    .ready('I')),
        row(
            "what comes after it is still understood",
            COMMITTED,
            c ->
                simple(
                    c.extended("copy t from stdin")
                        .sync()
                        .bound()
                        .answer('G', new byte[3])
                        .send('f', new byte[1])
                        .sync()
                        .error("ERROR", "57014")
                        .ready('I'),
                    "insert",
                    "INSERT 0 1",
                    'I')),
        row(
            "a copy out",
            COMMITTED,
            c ->
                c.query("copy f() to stdout")
                    .answer('H', new byte[3])
                    .answer('d', new byte[70])
                    .answer('c', new byte[0])
                    .complete("COPY 9")
                    .ready('I')),
        row(
            "notices and notifications, in between and alone",
            NONE,
            c ->
                begun(c.answer('A', new byte[9]).answer('N', new byte[30]))
                    .answer('S', new byte[8])),
        row(
            "rows that look like tags",
            NONE,
            c ->
                begun(c)
                    .query("select")
                    .answer('T', new byte[20])
                    .rows(50)
                    .complete("SELECT 50")
                    .ready('T')),
        row("a farewell", NONE, c -> c.error("FATAL", "57P01")),
        row("a good-bye", NONE, c -> written(c).send('X', new byte[0])));
  }

  static Stream<Arguments> unanswered() {
    return Stream.of(
        row("a write in autocommit", IN_DOUBT, c -> c.query("insert")),
        row("with its tag", IN_DOUBT, c -> c.query("insert").complete("INSERT 0 1")),
        row("a setting", NONE, c -> c.query("set x = 1")),
        row("a transaction's write", NONE, c -> begun(c).query("insert")),
        row("a transaction's commit", IN_DOUBT, c -> written(c).query("commit")),
        row("in capitals", IN_DOUBT, c -> written(c).query("COMMIT")),
        row("commented", IN_DOUBT, c -> written(c).query("/* a /* b */ */ -- c\n commit")),
        row("as end", IN_DOUBT, c -> written(c).query("; End work")),
        row("two-phase", IN_DOUBT, c -> written(c).query("prepare transaction 'x'")),
        row("the second phase", IN_DOUBT, c -> c.query("commit prepared 'x'")),
        row("the second phase undone", IN_DOUBT, c -> c.query("rollback prepared 'x'")),
        row("a prepare of a statement", NONE, c -> c.query("prepare x as insert")),
        row("a rollback", NONE, c -> written(c).query("rollback")),
        row("a rollback, then a write", IN_DOUBT, c -> written(c).query("rollback; insert")),
        row("a rollback to, then a write", NONE, c -> written(c).query("rollback to a; insert")),
        row("several", IN_DOUBT, c -> written(c).query("insert; commit")),
        row(
            "a function's body",
            NONE,
            c ->
                begun(c)
                    .query("create function f() returns int begin atomic select 1; select 2; end")),
        row(
            "a procedure's body",
            NONE,
            c ->
                begun(c)
                    .query(
                        "/* a */ Create Or Replace Procedure s.p(begin int) Begin /* b */ Atomic"
                            + " insert into t values (case when true then 1 end); End ; insert")),
        row(
            "a body of one value",
            NONE,
            c ->
                begun(c)
                    .query(
                        "create function f() returns int begin atomic select 1; return 2; end;")),
        row(
            "a commit behind a body",
            IN_DOUBT,
            c ->
                begun(c)
                    .query(
                        "create function f() returns int begin atomic select 1 case; end; commit;"
                            + " select 1 end")),
        row(
            "an end behind a body",
            IN_DOUBT,
            c -> begun(c).query("create function f() returns int begin atomic select 1; end; end")),
        row(
            "an end behind an empty body",
            IN_DOUBT,
            c -> begun(c).query("create procedure p() begin atomic end; end")),
        row(
            "an end behind a parameter that looks like a body",
            IN_DOUBT,
            c ->
                begun(c)
                    .query(
                        "create function f(begin atomic) returns int language sql as 'select 1';"
                            + " end")),
        row(
            "an end behind a body in a string",
            IN_DOUBT,
            c -> begun(c).query("create function f() returns int as 'begin atomic select 1'; end")),
        row(
            "an end behind what isn't a function",
            IN_DOUBT,
            c -> begun(c).query("create view v as select begin atomic from t; end")),
        row(
            "a body of two readings",
            IN_DOUBT,
            c ->
                begun(c)
                    .query(
                        "create function f() returns text begin atomic select '\\'; end; commit;"
                            + " --'; end")),
        row("commit in a string", NONE, c -> written(c).query("insert '; commit'; insert")),
        row("commit in a comment", NONE, c -> written(c).query("insert; /* ; commit; */ insert")),
        row(
            "commit in dollars",
            NONE,
            c -> written(c).query("do $a$ begin null; end; $a$; insert $$; commit$$")),
        row("a text of two readings", IN_DOUBT, c -> written(c).query("select '\\'; commit; --'")),
        row("a begin among several", NONE, c -> c.query("begin; insert")),
        row("a begin behind a write", NONE, c -> c.query("insert; begin; insert")),
        row("a begin and its commit", IN_DOUBT, c -> c.query("begin; insert; commit")),
        row(
            "a commit of a failed transaction",
            NONE,
            c -> begun(c).query("x").error("ERROR", "42601").ready('E').query("commit")),
        row("a procedure", IN_DOUBT, c -> c.query("call p()")),
        row("a procedure in a block", NONE, c -> begun(c).query("call p()")),
        row("a function call", IN_DOUBT, Conversation::function),
        row("a function call in a block", NONE, c -> begun(c).function()),
        row("a pipeline without its sync", NONE, c -> c.extended("insert")),
        row("a pipeline", IN_DOUBT, c -> c.extended("insert").sync()),
        row(
            "a begin in front of it, as JDBC sends it",
            NONE,
            c -> c.extended("BEGIN").extended("insert").sync()),
        row(
            "the same in rounds of their own",
            NONE,
            c -> c.query("BEGIN").extended("insert").sync()),
        row(
            "the same with a commit",
            IN_DOUBT,
            c -> c.extended("BEGIN").extended("insert").extended("COMMIT").sync()),
        row("a commit without its sync", IN_DOUBT, c -> written(c).extended("commit")),
        row(
            "a commit prepared by name",
            IN_DOUBT,
            c ->
                written(c.parse("S_1", "commit").sync().answer('1', new byte[0]).ready('I'))
                    .bind("", "S_1")
                    .execute("")
                    .sync()),
        row(
            "a write prepared by a long name",
            NONE,
            c ->
                begun(
                        c.parse("a_statement_of_a_long_name", "insert")
                            .parse("a_statement_of_a_long_name_2", "commit")
                            .sync()
                            .answer('1', new byte[0])
                            .answer('1', new byte[0])
                            .ready('I'))
                    .bind("C_1", "a_statement_of_a_long_name")
                    .execute("C_1")
                    .sync()),
        row("a name that isn't known", IN_DOUBT, c -> begun(c).bind("", "S_7").execute("").sync()),
        row(
            "a name that was closed",
            IN_DOUBT,
            c ->
                begun(c.parse("S_1", "insert").send('C', "SS_1\0".getBytes(StandardCharsets.UTF_8)))
                    .bind("", "S_1")
                    .execute("")
                    .sync()),
        row("a copy before its answer", IN_DOUBT, c -> c.query("copy t from stdin")),
        row(
            "a copy without its end",
            NONE,
            c -> c.query("copy t from stdin").answer('G', new byte[3]).send('d', new byte[100])),
        row(
            "a copy with its end",
            IN_DOUBT,
            c -> c.query("copy t from stdin").answer('G', new byte[3]).send('c', new byte[0])),
        row(
            "a copy that is called off",
            NONE,
            c -> c.query("copy t from stdin").answer('G', new byte[3]).send('f', new byte[1])),
        row(
            "an error is a farewell until the server is ready",
            IN_DOUBT,
            c -> written(c).query("commit").error("FATAL", "57P01")),
        row(
            "the word of a pooler in between",
            IN_DOUBT,
            c -> c.query("insert").error("ERROR", "08P01")),
        row(
            "a commit for which the server has waited too long",
            NONE,
            c -> written(c).query("commit").ended("25P03", "ProcessInterrupts")),
        row(
            "an insert for which it has",
            NONE,
            c -> c.extended("insert").sync().ended("57P05", "ProcessInterrupts")),
        row(
            "two rounds for which it has",
            NONE,
            c -> c.query("insert").query("call p()").ended("57P05", "ProcessInterrupts")),
        row(
            "a query that is sent after that, of which it says nothing",
            IN_DOUBT,
            c -> c.ended("57P05", "ProcessInterrupts").query("select f()")),
        row(
            "a COMMIT after that, which is kept back",
            NONE,
            c -> written(c).ended("25P03", "ProcessInterrupts").query("commit")),
        row(
            "what was committed before that",
            COMMITTED,
            c ->
                simple(c, "insert", "INSERT 0 1", 'I')
                    .query("insert")
                    .ended("57P05", "ProcessInterrupts")),
        row(
            "a limit that may pass at work",
            IN_DOUBT,
            c -> written(c).query("commit").ended("25P04", "ProcessInterrupts")),
        row(
            "an end that may come at work",
            IN_DOUBT,
            c -> written(c).query("commit").ended("57P01", "ProcessInterrupts")),
        row(
            "a wait that is over elsewhere",
            IN_DOUBT,
            c -> written(c).query("commit").ended("25P03", "somewhere")),
        row(
            "a wait of which a pooler tells",
            IN_DOUBT,
            c -> written(c).query("commit").errorOf("SFATAL", "C25P03", "Mno")),
        row(
            "a wait that doesn't end the session",
            IN_DOUBT,
            c ->
                written(c)
                    .query("commit")
                    .errorOf("SERROR", "VERROR", "C25P03", "Mno", "RProcessInterrupts")),
        row(
            "a wait that can't be, for it has answered",
            IN_DOUBT,
            c ->
                c.query("insert; insert")
                    .complete("INSERT 0 1")
                    .ended("57P05", "ProcessInterrupts")),
        row(
            "a wait in too many words",
            IN_DOUBT,
            c ->
                written(c)
                    .query("commit")
                    .errorOf(
                        "SFATAL", "VFATAL", "C25P03", "M" + "x".repeat(600), "RProcessInterrupts")),
        row(
            "an insert that PgBouncer had no server for",
            NONE,
            c -> c.query("insert").errorOf("SFATAL", "C08P01", "Mquery_wait_timeout")),
        row(
            "one that it had none for within query_timeout",
            NONE,
            c -> c.extended("insert").sync().errorOf("SFATAL", "C08P01", "Mquery_timeout")),
        row(
            "one of a client that it has given up",
            NONE,
            c -> c.query("insert").errorOf("SFATAL", "C08P01", "Mclient_idle_timeout")),
        row(
            "one that came when it ended",
            NONE,
            c -> c.query("insert").errorOf("SFATAL", "C08P01", "Mserver shutting down")),
        row(
            "one that came when it could log in nowhere",
            NONE,
            c ->
                c.query("insert")
                    .errorOf(
                        "SFATAL",
                        "C08P01",
                        "Mserver login has been failing, cached error: connect failed"
                            + " (server_login_retry)")),
        row(
            "the same in the words of before 1.24",
            NONE,
            c ->
                c.query("insert")
                    .errorOf(
                        "SFATAL",
                        "C08P01",
                        "Mserver login has been failing, try again later (server_login_retry)")),
        row(
            "and in those of before 1.17",
            NONE,
            c ->
                c.query("insert")
                    .errorOf("SFATAL", "C08P01", "Mpgbouncer cannot connect to server")),
        row(
            "one by a name that it doesn't know since it was taken over by another",
            NONE,
            c ->
                c.extended("insert")
                    .sync()
                    .errorOf("SFATAL", "C08P01", "Mprepared statement did not exist")),
        row(
            "one by such a name in a block that has written",
            NONE,
            c -> unknownToPgBouncer(written(c).extended("insert").sync())),
        row(
            "several in one transaction, the last by such a name",
            NONE,
            c ->
                unknownToPgBouncer(
                    c.extended("BEGIN").extended("insert").extended("insert").sync())),
        row(
            "one by such a name behind a round that may be done",
            IN_DOUBT,
            c -> unknownToPgBouncer(c.extended("insert").sync().extended("insert").sync())),
        row(
            "one by such a name behind a simple query that may be done",
            IN_DOUBT,
            c -> unknownToPgBouncer(c.query("insert").extended("select 1").sync())),
        row(
            "one by such a name behind a COMMIT of the same round",
            IN_DOUBT,
            c ->
                unknownToPgBouncer(
                    written(c).extended("insert").extended("commit").extended("insert").sync())),
        row(
            "one by such a name behind a transaction of the same round",
            IN_DOUBT,
            c ->
                unknownToPgBouncer(
                    c.extended("begin")
                        .extended("insert")
                        .extended("commit")
                        .extended("insert")
                        .sync())),
        row(
            "one by such a name behind what commits itself",
            IN_DOUBT,
            c -> unknownToPgBouncer(c.extended("vacuum t").extended("insert").sync())),
        row(
            "a COMMIT by such a name, which could be one behind another",
            IN_DOUBT,
            c -> unknownToPgBouncer(written(c).extended("commit").sync())),
        row(
            "one by such a name behind a procedure that may commit",
            IN_DOUBT,
            c -> unknownToPgBouncer(c.extended("call p()").extended("insert").sync())),
        row(
            "one by such a name behind a block of code that may commit",
            IN_DOUBT,
            c ->
                unknownToPgBouncer(
                    c.extended("do $$ begin commit; end $$").extended("insert").sync())),
        row(
            "one by such a name behind who knows what",
            IN_DOUBT,
            c -> unknownToPgBouncer(c.extended("frobnicate").extended("insert").sync())),
        row(
            "one by such a name behind another one",
            IN_DOUBT,
            c ->
                c.extended("insert")
                    .extended("insert")
                    .sync()
                    .complete("INSERT 0 1")
                    .errorOf("SFATAL", "C08P01", "Mprepared statement did not exist")),
        row(
            "one whose server's login has failed, who knows when",
            IN_DOUBT,
            c -> c.query("insert").errorOf("SFATAL", "C08P01", "Mserver login failed")),
        row(
            "a failed login in PostgreSQL's mouth",
            IN_DOUBT,
            c ->
                c.query("insert")
                    .errorOf(
                        "SFATAL",
                        "VFATAL",
                        "C08P01",
                        "Mserver login has been failing, try again later",
                        "Relog")),
        row(
            "one that it has broken off",
            IN_DOUBT,
            c -> c.query("insert").errorOf("SFATAL", "C08P01", "Mquery timeout")),
        row(
            "one whose server is gone",
            IN_DOUBT,
            c -> c.query("insert").errorOf("SFATAL", "C08P01", "Mserver conn crashed?")),
        row(
            "PgBouncer's words in PostgreSQL's mouth",
            IN_DOUBT,
            c ->
                c.query("insert")
                    .errorOf("SFATAL", "VFATAL", "C08P01", "Mquery_wait_timeout", "Relog")),
        row(
            "an early commit counts more than a late doubt",
            COMMITTED,
            c -> simple(c, "insert", "INSERT 0 1", 'I').query("insert")));
  }

  static Stream<Arguments> misunderstood() {
    return Stream.of(
        row("an unknown answer", UNPROVEN, c -> c.answer('?', new byte[3])),
        row("an unknown request", UNPROVEN, c -> c.send('?', new byte[3])),
        row(
            "a length that can't be",
            UNPROVEN,
            c -> c.raw(false, (byte) 'D', (byte) 0, (byte) 0, (byte) 0, (byte) 3)),
        row(
            "a negative length",
            UNPROVEN,
            c -> c.raw(true, (byte) 'Q', (byte) -1, (byte) 0, (byte) 0, (byte) 9)),
        row("a status that isn't one", UNPROVEN, c -> c.query("x").ready('X')),
        row("an answer that nobody asked for", UNPROVEN, c -> c.ready('I')),
        row("a query without a text", UNPROVEN, c -> c.send('Q', new byte[0])),
        row("a tag without a text", UNPROVEN, c -> c.answer('C', new byte[0])),
        row("a bind without names", UNPROVEN, c -> c.send('B', new byte[] {'a'})),
        row(
            "an error of a pipeline that a query ended",
            UNPROVEN,
            c -> c.extended("x").query("insert").error("ERROR", "42601")),
        row(
            "the same with more behind it",
            UNPROVEN,
            c -> c.extended("BEGIN").query("savepoint a").extended("x").sync().error("ERROR", "1")),
        row(
            "an error of the second of two such pipelines",
            UNPROVEN,
            c ->
                c.extended("x")
                    .query("y")
                    .extended("x")
                    .query("y")
                    .bound()
                    .complete("SELECT 1")
                    .complete("SELECT 1")
                    .ready('I')
                    .error("ERROR", "42601")),
        row(
            "an error of a pipeline that a function call ended",
            UNPROVEN,
            c -> c.extended("x").function().error("ERROR", "42601")),
        row(
            "a copy amid a pipeline",
            UNPROVEN,
            c -> c.extended("copy").extended("insert").sync().bound().answer('G', new byte[3])));
  }

  static Stream<Arguments> all() {
    return Stream.of(answered(), unanswered(), misunderstood()).flatMap(rows -> rows);
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("all")
  void isToldWhereverTheBytesAreCut(
      String what, Effects expected, UnaryOperator<Conversation> said) {
    Conversation conversation = said.apply(Conversation.begin());
    ProtocolTap whole = new ProtocolTap(() -> {}, () -> false);
    conversation.play(whole);
    assertThat(whole.log().effectsSince(0)).as(what).isEqualTo(expected);
    for (int cut = 0; cut < conversation.length(); cut++) {
      ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
      conversation.play(tap, cut);
      assertThat(tap.log().effectsSince(0)).as("%s, cut at %d", what, cut).isEqualTo(expected);
    }
    for (int seed = 0; seed < 50; seed++) {
      ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
      conversation.play(tap, new Random(seed));
      assertThat(tap.log().effectsSince(0)).as("%s, seed %d", what, seed).isEqualTo(expected);
    }
  }

  /** A query writes only by what it calls, of which its kind says nothing. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "select 1                                                   | NONE",
        "values (1)                                                 | NONE",
        "fetch all from c                                           | NONE",
        "with a as (select 1) select * from a                       | NONE",
        "(select 1) union (select 2)                                | NONE",
        "explain select 1                                           | NONE",
        "with a as (select 1) (select * from a)                     | NONE",
        "with a as (delete from t returning 1) select * from a      | IN_DOUBT",
        "with a as (select 1) insert into t select * from a         | IN_DOUBT",
        "with a as (merge into t using u on true) select 1          | IN_DOUBT",
        "(with a as (update t set x = 1 returning 1) select 1)      | IN_DOUBT",
        "explain analyze insert into t values (1)                   | IN_DOUBT",
        "explain (analyze) create table t as select 1               | IN_DOUBT",
        "insert into t values (1)                                   | IN_DOUBT",
      })
  void aQueryWritesOnlyByWhatItCalls(String text, Effects asQuery) {
    ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
    Conversation.begin().query(text).play(tap);
    assertThat(tap.log().unanswered(false)).isEqualTo(asQuery);
    assertThat(tap.log().unanswered(true)).isEqualTo(IN_DOUBT);
  }

  /** Nothing of what came before a moment counts, answered or not. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("all")
  void isOnlyOfWhatCameSinceTheMoment(
      String what, Effects expected, UnaryOperator<Conversation> said) {
    ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
    said.apply(Conversation.begin()).play(tap);
    assertThat(tap.log().effectsSince(tap.log().moment()))
        .as(what)
        .isEqualTo(expected == UNPROVEN ? UNPROVEN : NONE);
  }

  @Test
  void anUnopenedSessionProvesNothing() {
    ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
    assertThat(tap.log().effectsSince(0)).isEqualTo(UNPROVEN);
    Conversation.unopened().startup().answer('R', new byte[4]).play(tap);
    assertThat(tap.log().effectsSince(0)).isEqualTo(UNPROVEN);
  }

  /** A request for TLS or GSS that the server declines is followed by the same start-up. */
  @Test
  void aDeclinedEncryptionIsNoHindrance() {
    ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
    Conversation.unopened()
        .rawInts(8, 80877104)
        .raw(false, (byte) 'N')
        .rawInts(8, 80877103)
        .raw(false, (byte) 'N')
        .startup()
        .ready('I')
        .query("insert")
        .play(tap);
    assertThat(tap.log().effectsSince(0)).isEqualTo(IN_DOUBT);
  }

  /** As far as it is read, wherever the bytes are cut; what ends a session is none of a login. */
  @Test
  void anErrorBeforeTheSessionIsReadyIsKeptUntilItIs() {
    byte[] fields = "SFATAL\0VFATAL\0C28P01\0Mno\0\0".getBytes(StandardCharsets.UTF_8);
    Conversation refused =
        Conversation.unopened().startup().answer('R', new byte[4]).answer('E', fields);
    for (int cut = 0; cut < refused.length(); cut++) {
      ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
      refused.play(tap, cut);
      assertThat(tap.log().loginError()).isEqualTo(fields);
    }
    byte[] endless = new byte[3 * Farewell.LONGEST];
    Arrays.fill(endless, (byte) 'M');
    ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
    Conversation.unopened().startup().answer('E', endless).play(tap);
    assertThat(tap.log().loginError()).hasSize(Farewell.LONGEST);
    Conversation.unopened().ready('I').play(tap);
    assertThat(tap.log().loginError()).isNull();
    Conversation.unopened().query("select 1").answer('E', fields).ready('I').play(tap);
    assertThat(tap.log().loginError()).isNull();
  }

  static Stream<Arguments> lastWords() {
    return Stream.of(
        over("while nobody asks", true, c -> c.ended("57P01", "ProcessInterrupts")),
        over("of what was asked", true, c -> c.query("select 1").error("FATAL", "57P01")),
        over("of a server that panics", true, c -> c.query("select 1").error("PANIC", "XX000")),
        over("in another language", true, c -> c.errorOf("SFATAL_", "VFATAL", "C57P01", "Mno")),
        over("of a pooler", true, c -> c.errorOf("SFATAL", "C08P01", "Mno")),
        over("an error", false, c -> c.query("select").error("ERROR", "42601").ready('I')),
        over("an error's text", false, c -> c.errorOf("SERROR", "VERROR", "C42601", "MFATAL")),
        over("no end", false, c -> c.query("a").error("FATAL", "57P01").ready('I')));
  }

  private static Arguments over(String what, boolean over, UnaryOperator<Conversation> said) {
    return arguments(what, over, said);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("lastWords")
  void theEndOfTheSessionIsHeard(
      String what, boolean over, UnaryOperator<Conversation> conversation) {
    Conversation said = conversation.apply(Conversation.begin());
    for (int cut = 0; cut < said.length(); cut++) {
      ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
      said.play(tap, cut);
      assertThat(tap.log().isOver()).as("%s, cut at %d", what, cut).isEqualTo(over);
    }
  }

  /** After a time-out it goes on: a notification was waited for in vain. */
  @Test
  void theEndOfTheStreamIsHeard() {
    ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
    Conversation.begin().play(tap);
    tap.returned();
    tap.failed(new SocketTimeoutException());
    assertThat(tap.log().isOver()).isFalse();
    tap.received(new byte[1], 0, -1);
    assertThat(tap.log().isOver()).isTrue();
    ProtocolTap reset = new ProtocolTap(() -> {}, () -> false);
    reset.failed(new IOException("Connection reset"));
    assertThat(reset.log().isOver()).isTrue();
  }

  @Test
  void onlyTheFirstFailureBeforeTheDriverHasReturnedItsConnectionIsKept() {
    ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
    IOException first = new IOException("reset");
    tap.failed(first);
    tap.received(new byte[1], 0, -1);
    assertThat(tap.failure()).isSameAs(first);
    ProtocolTap ended = new ProtocolTap(() -> {}, () -> false);
    ended.received(new byte[1], 0, -1);
    assertThat(ended.failure()).isInstanceOf(EOFException.class);
    ProtocolTap open = new ProtocolTap(() -> {}, () -> false);
    Conversation.begin().play(open);
    open.failed(first);
    open.received(new byte[1], 0, -1);
    assertThat(open.failure()).isSameAs(first);
    open.returned();
    assertThat(open.failure()).as("kept as long as the connection").isNull();
    open.failed(first);
    open.received(new byte[1], 0, -1);
    assertThat(open.failure()).isNull();
  }

  /** Of a stream that isn't understood nobody knows whether the login is over. */
  @Test
  void noFailureIsKeptOfAStreamThatIsNotUnderstood() {
    for (boolean encrypted : new boolean[] {true, false}) {
      ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
      if (encrypted) {
        Conversation.unopened().rawInts(8, 80877104).raw(false, (byte) 'G').play(tap);
      } else {
        Conversation.unopened().startup().play(tap);
        tap.log().lose();
      }
      tap.failed(new IOException("reset"));
      tap.received(new byte[1], 0, -1);
      assertThat(tap.failure()).isNull();
    }
  }

  @Test
  void whatIsEncryptedAboveProvesNothing() {
    for (char answer : new char[] {'S', 'G', 'E'}) {
      ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
      Conversation.unopened().rawInts(8, 80877104).raw(false, (byte) answer).play(tap);
      Conversation.unopened().raw(true, new byte[100]).raw(false, new byte[100]).play(tap);
      assertThat(tap.log().effectsSince(0)).isEqualTo(UNPROVEN);
    }
    ProtocolTap direct = new ProtocolTap(() -> {}, () -> false);
    Conversation.unopened()
        .raw(true, (byte) 0x16, (byte) 3, (byte) 1, (byte) 2, (byte) 0)
        .raw(true, new byte[512])
        .play(direct);
    assertThat(direct.log().isLost()).isTrue();
  }

  /** Noise of any kind makes it blind, and never throws. */
  @Test
  void noiseIsNeverAnExceptionNorAProof() throws IOException {
    for (int seed = 0; seed < 2000; seed++) {
      Random random = new Random(seed);
      byte[] noise = new byte[random.nextInt(200)];
      random.nextBytes(noise);
      ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
      Conversation.begin().query("insert").play(tap);
      tap.received(noise, 0, noise.length);
      tap.sent(noise, 0, noise.length);
      assertThat(tap.log().effectsSince(0)).as("seed %d", seed).isNotEqualTo(NONE);
    }
  }

  @Test
  void aLargeTextIsUnderstoodAndAVeryLargeOneMayDoAnything() {
    ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
    begun(Conversation.begin()).query("insert '" + "x".repeat(900_000) + "'").play(tap, 500);
    assertThat(tap.log().effectsSince(0)).isEqualTo(NONE);
    ProtocolTap larger = new ProtocolTap(() -> {}, () -> false);
    begun(Conversation.begin()).query("insert '" + "x".repeat(1_100_000) + "'").play(larger, 500);
    assertThat(larger.log().effectsSince(0)).isEqualTo(IN_DOUBT);
    ProtocolTap prepared = new ProtocolTap(() -> {}, () -> false);
    begun(Conversation.begin())
        .extended("insert '" + "x".repeat(1_100_000) + "'")
        .sync()
        .play(prepared, 500);
    assertThat(prepared.log().effectsSince(0)).isEqualTo(NONE);
  }

  /** For a COMMIT outside of units of work, and for what ends a request that still runs. */
  @Test
  void aCommitThatTheServerHasNotReadIsNotUnanswered() {
    ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
    written(Conversation.begin()).query("commit").play(tap);
    assertThat(tap.log().commitUnanswered()).isTrue();
    assertThat(tap.log().mayStillRun()).isTrue();
    Conversation.unopened().ended("25P03", "ProcessInterrupts").play(tap);
    assertThat(tap.log().commitUnanswered()).isFalse();
    assertThat(tap.log().mayStillRun()).isFalse();
    assertThat(tap.log().isInStep()).as("it is of no use any more").isFalse();
  }

  /** A text of two readings may be one; but what stands outside of a transaction ends none. */
  @Test
  void aTextThatMayDoAnythingMayBeACommitInATransaction() {
    String twoReadings = "select '\\'; commit; --'";
    for (Conversation in :
        new Conversation[] {
          written(Conversation.begin()).query(twoReadings),
          begun(Conversation.begin()).query(twoReadings),
          Conversation.begin().query("begin; " + twoReadings),
          begun(Conversation.begin()).query("savepoint a").query(twoReadings),
          begun(Conversation.begin())
              .query("x")
              .error("ERROR", "42601")
              .ready('E')
              .query(twoReadings),
          begun(Conversation.begin()).bind("", "S_7").execute("").sync(),
          begun(Conversation.begin()).query("insert '" + "x".repeat(1_100_000) + "'") // too long
        }) {
      ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
      in.play(tap);
      assertThat(tap.log().commitUnanswered()).isTrue();
    }
    for (Conversation out :
        new Conversation[] {
          Conversation.begin().query(twoReadings),
          Conversation.begin().query(twoReadings).query(twoReadings),
          Conversation.begin().query("insert '" + "x".repeat(1_100_000) + "'"),
          Conversation.begin().bind("", "S_7").execute("").sync(),
          begun(Conversation.begin()).query("insert; call p()"),
          written(Conversation.begin()).query(twoReadings).ended("25P03", "ProcessInterrupts")
        }) {
      ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
      out.play(tap);
      assertThat(tap.log().commitUnanswered()).isFalse();
    }
  }

  private static final String RELEASE = "RELEASE SAVEPOINT PGJDBC_AUTOSAVE";

  /** pgjdbc sends this and reads the answer with that to whatever it sends next. */
  @Test
  void whatTheDriverLeavesUnreadItselfIsInStep() {
    ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
    written(Conversation.begin()).query(RELEASE).play(tap);
    assertThat(tap.log().isInStep()).isTrue();
    assertThat(tap.log().outstandingRequests()).isEqualTo(1);
    assertThat(tap.log().mayStillRun()).as("strictly").isTrue();
    Conversation.unopened().query("ROLLBACK").play(tap);
    assertThat(tap.log().isInStep()).isFalse();
    Conversation.unopened().complete("RELEASE").ready('T').play(tap);
    assertThat(tap.log().isInStep()).as("one answer too few").isFalse();
    Conversation.unopened().complete("ROLLBACK").ready('I').play(tap);
    assertThat(tap.log().isInStep()).isTrue();
  }

  @Test
  void whatElseIsUnreadIsOutOfStep() {
    for (Conversation unread :
        new Conversation[] {
          Conversation.begin().query(RELEASE),
          written(Conversation.begin()).query("release savepoint a"),
          written(Conversation.begin()).query(RELEASE + "; insert"),
          written(Conversation.begin()).query(RELEASE).query(RELEASE),
          written(Conversation.begin()).query("insert").query(RELEASE),
          written(Conversation.begin()).extended("insert").query(RELEASE),
          written(Conversation.begin()).query(RELEASE).extended("insert"),
          written(Conversation.begin()).query(RELEASE).sync(),
          written(Conversation.begin()).extended(RELEASE).sync(),
          written(Conversation.begin()).query(RELEASE).error("ERROR", "3B001"),
          written(Conversation.begin()).query("lock t")
        }) {
      ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
      unread.play(tap);
      assertThat(tap.log().isInStep()).isFalse();
    }
  }

  @Test
  void whatIsOutstandingIsCounted() {
    ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
    Conversation.begin().query("insert").extended("insert").play(tap);
    assertThat(tap.log().outstandingRequests()).isEqualTo(2);
    Conversation.unopened().sync().function().play(tap);
    assertThat(tap.log().outstandingRequests()).isEqualTo(3);
    Conversation.unopened()
        .complete("INSERT 0 1")
        .ready('I')
        .complete("INSERT 0 1")
        .ready('I')
        .play(tap);
    assertThat(tap.log().outstandingRequests()).isEqualTo(1);
    Conversation.unopened().answer('V', new byte[4]).ready('I').play(tap);
    assertThat(tap.log().outstandingRequests()).isZero();
    assertThat(tap.log().status()).isEqualTo('I');
  }

  @Test
  void anOpenCopyAndAReplicationStreamAreSeen() {
    ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
    Conversation.begin().query("copy t from stdin").answer('G', new byte[3]).play(tap);
    assertThat(tap.log().isStreaming()).isTrue();
    Conversation.unopened().send('c', new byte[0]).complete("COPY 1").ready('I').play(tap);
    assertThat(tap.log().isStreaming()).isFalse();
    Conversation.unopened().query("START_REPLICATION").answer('W', new byte[3]).play(tap);
    assertThat(tap.log().isStreaming()).isTrue();
  }

  /** Whoever waits while none is owed may wait in vain. */
  @Test
  void anAnswerIsOwedToWhateverWasAskedAndBeforeTheLogin() {
    ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
    assertThat(tap.log().isAnswerOwed()).as("the session has not begun").isTrue();
    Conversation.begin().play(tap);
    assertThat(tap.log().isAnswerOwed()).isFalse();
    Conversation.unopened().query("listen x").play(tap);
    assertThat(tap.log().isAnswerOwed()).isTrue();
    Conversation.unopened().complete("LISTEN").play(tap);
    assertThat(tap.log().isAnswerOwed()).as("to its end").isTrue();
    Conversation.unopened().ready('I').play(tap);
    assertThat(tap.log().isAnswerOwed()).isFalse();
    Conversation.unopened().extended("select 1").sync().play(tap);
    assertThat(tap.log().isAnswerOwed()).isTrue();
    Conversation.unopened().complete("SELECT 1").ready('I').play(tap);
    Conversation.unopened().query("begin").complete("BEGIN").ready('T').play(tap);
    assertThat(tap.log().isAnswerOwed()).isFalse();
    Conversation.unopened().query(RELEASE).play(tap);
    assertThat(tap.log().isAnswerOwed()).as("whoever may read it").isTrue();
    Conversation.unopened().complete("RELEASE").ready('T').play(tap);
    Conversation.unopened().query("copy t to stdout").answer('H', new byte[3]).play(tap);
    assertThat(tap.log().isAnswerOwed()).isTrue();
    Conversation.unopened().complete("COPY 1").ready('T').play(tap);
    assertThat(tap.log().isAnswerOwed()).isFalse();
    tap.log().lose();
    assertThat(tap.log().isAnswerOwed()).as("nobody knows").isTrue();
  }

  /** pgjdbc's timeout for its stream is one by which it reads on, and nobody takes it back. */
  @Test
  void whereItReplicatesNoneIsOwed() {
    ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
    Conversation.begin().query("START_REPLICATION").play(tap);
    assertThat(tap.log().isAnswerOwed()).isTrue();
    Conversation.unopened().answer('W', new byte[3]).play(tap);
    assertThat(tap.log().isAnswerOwed()).isFalse();
    Conversation.unopened().send('c', new byte[0]).play(tap);
    assertThat(tap.log().isAnswerOwed()).isFalse();
    Conversation.unopened().complete("COPY 0").ready('I').play(tap);
    assertThat(tap.log().isStreaming()).isFalse();
    Conversation.unopened().query("select 1").play(tap);
    assertThat(tap.log().isAnswerOwed()).as("the timeout is still there").isFalse();
  }

  @Test
  void whatMayLiftABarToWritingIsSeen() {
    for (String sql :
        new String[] {
          "set transaction read write",
          "begin; SET TRANSACTION READ  WRITE",
          "set default_transaction_read_only = off",
          "reset default_transaction_read_only",
          "discard all",
          "RESET ALL",
          "/* a */ reset -- b\n/**/all",
          "select 1; Discard All; select 2",
          "do $$begin reset all; end$$",
          "do $$begin execute'discard all'; end$$",
          "set U&\"transaction_re\\0061d_only\" = off",
          "select set_config('transaction_read_only', 'off', true)"
        }) {
      ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
      Conversation.begin().query("select 1").extended("select 2").play(tap);
      long moment = tap.log().moment();
      assertThat(tap.log().mayHaveAllowedWritesSince(0)).isFalse();
      Conversation.unopened().query(sql).play(tap);
      assertThat(tap.log().mayHaveAllowedWritesSince(moment)).as(sql).isTrue();
      ProtocolTap prepared = new ProtocolTap(() -> {}, () -> false);
      Conversation.begin().parse("S_1", sql).play(prepared);
      long later = prepared.log().moment();
      assertThat(prepared.log().mayHaveAllowedWritesSince(0)).isFalse();
      Conversation.unopened().bind("", "S_1").execute("").play(prepared);
      assertThat(prepared.log().mayHaveAllowedWritesSince(later)).as(sql).isTrue();
    }
  }

  @Test
  void whatResetsAnythingElseLiftsNoBar() {
    for (String sql :
        new String[] {
          "reset statement_timeout",
          "discard plans",
          "select password_reset from users union all select all_resets from discarded",
          "preset all"
        }) {
      ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
      Conversation.begin().query(sql).play(tap);
      assertThat(tap.log().mayHaveAllowedWritesSince(0)).as(sql).isFalse();
    }
  }

  /** By the text, until its transaction is over. */
  @Test
  void whatMayWriteWithoutAnIdIsSeen() {
    for (String sql :
        new String[] {
          "with x as (insert into t values (1) returning *) select * from x",
          "/* a */ WITH x as (select 1), y as (Delete from t returning *) table y",
          "((with x as (update t set a = 1 returning *) select * from x))",
          "with x as (merge into t using s on true when matched then delete returning *) table x",
          "explain analyze insert into t values (1)",
          "explain (verbose, analyse) delete from t",
          "explain analyze execute p",
          "declare c no scroll cursor with hold for select f()",
          "copy (insert into t values (1) returning *) to stdout",
          "copy t from '/data/rows'",
          "execute p(1)",
          "do $$ begin perform f(); end $$",
          "call p()",
          "select 1; call p()",
          "select 'a;b'; -- c\n with x as (insert into t values ('a;b') returning *) table x",
          "with x as (select '" + "x".repeat(1_100_000) + "')",
        }) {
      String shown = sql.substring(0, Math.min(80, sql.length()));
      ProtocolTap simple = new ProtocolTap(() -> {}, () -> false);
      begun(Conversation.begin()).play(simple);
      assertThat(simple.log().hasWritten()).isFalse();
      Conversation.unopened().query(sql).complete("SELECT 1").ready('T').play(simple);
      assertThat(simple.log().hasWritten()).as(shown).isTrue();
      simple(Conversation.unopened(), "select 1", "SELECT 1", 'T').play(simple);
      assertThat(simple.log().hasWritten()).as(shown).isTrue();
      simple(Conversation.unopened(), "commit", "COMMIT", 'I').play(simple);
      assertThat(simple.log().hasWritten()).as(shown).isFalse();

      ProtocolTap prepared = new ProtocolTap(() -> {}, () -> false);
      begun(Conversation.begin()).parse("S_1", sql).play(prepared);
      assertThat(prepared.log().hasWritten()).as(shown).isFalse();
      Conversation.unopened().bind("", "S_1").execute("").sync().play(prepared);
      assertThat(prepared.log().hasWritten()).as(shown).isTrue();
    }
  }

  /** A part of its rows has come, by a portal: those that it has written are counted at its end. */
  @Test
  void whatHasChangedRowsIsSeenBeforeTheyAreCounted() {
    for (String sql :
        new String[] {
          "insert into t values (1) returning a",
          "/* a */ UPDATE t set a = 1 returning a",
          "delete from t returning a",
          "merge into t using s on true when matched then delete returning a"
        }) {
      ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
      begun(Conversation.begin()).parse("S_1", sql).bind("C_1", "S_1").execute("C_1").play(tap);
      Conversation.unopened().sync().play(tap);
      assertThat(tap.log().hasWritten()).as(sql).isFalse();
      Conversation.unopened().bound().rows(1).answer('s', new byte[0]).ready('T').play(tap);
      assertThat(tap.log().hasWritten()).as(sql).isTrue();
      simple(Conversation.unopened(), "rollback", "ROLLBACK", 'I').play(tap);
      assertThat(tap.log().hasWritten()).as(sql).isFalse();
    }
  }

  @Test
  void whatIsReadInPartHasNotWritten() {
    ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
    begun(Conversation.begin())
        .extended("insert into t values (1) returning a")
        .sync()
        .bound()
        .complete("INSERT 0 0")
        .ready('T')
        .extended("select 1")
        .sync()
        .bound()
        .rows(1)
        .answer('s', new byte[0])
        .ready('T')
        .play(tap);
    assertThat(tap.log().hasWritten()).isFalse();
  }

  /** Two rounds at once: the end of the first transaction is not that of the second. */
  @Test
  void whatMayWriteWithoutAnIdIsSeenBehindACommit() {
    ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
    begun(Conversation.begin())
        .query("commit")
        .query("begin; with x as (insert into t values (1) returning *) table x")
        .complete("COMMIT")
        .ready('I')
        .complete("BEGIN")
        .complete("SELECT 1")
        .ready('T')
        .play(tap);
    assertThat(tap.log().hasWritten()).isTrue();
    ProtocolTap chained = new ProtocolTap(() -> {}, () -> false);
    begun(Conversation.begin())
        .query("commit and chain; with x as (insert into t values (1) returning *) table x")
        .complete("COMMIT")
        .complete("SELECT 1")
        .ready('T')
        .play(chained);
    assertThat(chained.log().hasWritten()).isTrue();
  }

  @Test
  void whatWritesNothingWithoutAnIdHasNotWritten() {
    for (String sql :
        new String[] {
          "select 1",
          "select 'with', 'insert', 'execute'",
          "with x as (select 1) select inserted from x",
          "explain insert into t values (1)",
          "explain analyze select 1",
          "declare c cursor for select 1",
          "copy t to stdout",
          "copy (select * from t) to stdout",
          "insert into t select 1",
          "prepare p as with x as (insert into t values (1) returning *) table x",
          "fetch c",
          ";;"
        }) {
      ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
      begun(Conversation.begin()).query(sql).complete("SELECT 1").ready('T').play(tap);
      assertThat(tap.log().hasWritten()).as(sql).isFalse();
    }
  }

  /** A batch of any length takes no room, and its answers are matched. */
  @Test
  void aLongBatchIsFollowed() {
    ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
    Conversation batch = Conversation.begin();
    for (int i = 0; i < 5000; i++) {
      batch.extended("insert");
    }
    batch.sync();
    for (int i = 0; i < 5000; i++) {
      batch.bound().complete("INSERT 0 1");
    }
    batch.play(tap);
    assertThat(tap.log().effectsSince(0)).isEqualTo(IN_DOUBT);
    Conversation.unopened().ready('I').play(tap);
    assertThat(tap.log().effectsSince(0)).isEqualTo(COMMITTED);
  }
}
