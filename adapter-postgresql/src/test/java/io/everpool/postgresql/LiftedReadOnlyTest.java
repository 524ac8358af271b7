package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.VoidWork;
import io.everpool.api.WorkOptions;
import io.everpool.api.WriteOutcomeUnknownException;
import io.everpool.core.Everpool;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.FaultProxy.Cut;
import io.everpool.servers.PostgresServer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Work that was said to be read-only and has the server take writes again, by whatever way, isn't
 * run again on the strength of that word.
 */
@Timeout(300)
@Tag("one-jdk")
class LiftedReadOnlyTest {
  private static PostgresServer server;

  @BeforeAll
  static void create() {
    server = Sessions.server();
    server.execute("create table lifted (run int)");
    server.execute("grant all on lifted to " + server.user());
    server.execute(
        "create function lift_by_config() returns text language sql as"
            + " $$ select set_config('default_transaction_read_only', 'off', false) $$");
    server.execute(
        "create function lift_by_set() returns int language plpgsql as"
            + " $$ begin set default_transaction_read_only = off; return 1; end $$");
    server.execute(
        "create procedure lift_in_between() language plpgsql as"
            + " $$ begin commit; set transaction read write; insert into lifted values (0);"
            + " commit; end $$");
    server.execute("create function only_reads() returns int language sql as 'select 1'");
  }

  @AfterAll
  static void drop() {
    server.execute("drop table lifted");
    server.execute("drop function lift_by_config(); drop function lift_by_set()");
    server.execute("drop procedure lift_in_between(); drop function only_reads()");
  }

  @BeforeEach
  void empty() {
    server.execute("truncate lifted");
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static void die(Connection connection) throws SQLException {
    execute(connection, "select pg_terminate_backend(pg_backend_pid())");
  }

  private static Pool open() throws SQLException {
    return open(server.libpqUrl());
  }

  private static Pool open(String url) throws SQLException {
    return Everpool.open(PoolConfig.builder(url).name("lifted").minSize(1).maxSize(1).build());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select lift_by_config()",
        "select lift_by_set()",
        "do $$ begin perform lift_by_config(); end $$",
        "select set_config('default_' || 'transaction_' || 'r' || 'ead_only', 'off', false)",
        "set default_transaction_read_only = off",
        "set session characteristics as transaction read write",
      })
  void whatLiftsTheBarIsNotWrittenTwice(String lift) throws SQLException {
    notWrittenTwice(
        (pool, work) -> pool.use(WorkOptions.READ_ONLY, work),
        connection -> {
          execute(connection, lift);
          execute(connection, "insert into lifted values (1)");
        });
  }

  /** What follows in the same request is no longer in the transaction that the server bars. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "rollback; insert into lifted values (1)",
        "commit; insert into lifted values (1)",
        "/* a */ ABORT /* b */; /* c */ insert into lifted values (1)",
        "end; insert into lifted values (1);",
        "select 1; rollback work; begin; insert into lifted values (1); commit",
        "rollback transaction; with x as (insert into lifted values (1) returning *) table x",
        "-- x\rrollback; insert into lifted values (1)",
        "select 1; -- x\rcommit; -- y\rinsert into lifted values (1)"
      })
  void whatIsWrittenBehindTheEndOfATransactionIsNotWrittenTwice(String sql) throws SQLException {
    notWrittenTwice(connection -> execute(connection, sql));
    server.execute("truncate lifted");
    notWrittenTwice(
        connection -> {
          try (PreparedStatement prepared = connection.prepareStatement(sql)) {
            prepared.execute();
          }
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"rollback", "COMMIT", "abort", "end"})
  void whatABatchWritesBehindItIsNotWrittenTwice(String end) throws SQLException {
    notWrittenTwice(
        connection -> {
          try (Statement statement = connection.createStatement()) {
            statement.addBatch(end);
            statement.addBatch("insert into lifted values (1)");
            statement.executeBatch();
          }
        });
  }

  /** The answer to it may be lost as well. */
  @Test
  void whatIsWrittenBehindItWithoutAnAnswerIsNotWrittenTwice() throws Exception {
    try (FaultProxy proxy = FaultProxy.before(server);
        Pool pool = open(server.libpqUrl(proxy.host(), proxy.port()))) {
      assertThatThrownBy(
              () ->
                  pool.<SQLException>useTransaction(
                      WorkOptions.READ_ONLY,
                      connection -> {
                        execute(connection, "select 1");
                        proxy.cutReplyTo("insert", Cut.RST);
                        execute(connection, "rollback; insert into lifted values (1)");
                      }))
          .isInstanceOf(SQLException.class);
    }
    assertThat(server.ask("select count(*) from lifted")).isEqualTo("1");
  }

  /** Before its first query a transaction may still become one that writes. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "set transaction_read_only = off",
        "set transaction read write",
        "set U&\"transaction_re\\0061d_only\" = off",
        "set u&\"transaction!005fread!005fonly\" uescape '!' = off"
      })
  void whatALiftedTransactionCommitsWithoutAnAnswerIsNotWrittenTwice(String lift) throws Exception {
    AtomicInteger runs = new AtomicInteger();
    try (FaultProxy proxy = FaultProxy.before(server);
        Pool pool = open(server.libpqUrl(proxy.host(), proxy.port()))) {
      pool.<SQLException>useTransaction(
          WorkOptions.READ_ONLY,
          connection -> {
            execute(connection, lift);
            execute(connection, "insert into lifted values (1)");
            if (runs.incrementAndGet() == 1) {
              proxy.cutReplyTo("COMMIT", Cut.RST);
            }
          });
    }
    assertThat(runs).hasValue(1);
    assertThat(server.ask("select count(*) from lifted")).isEqualTo("1");
  }

  /** The server bars no second phase of a COMMIT; a second try of it would find nothing. */
  @Test
  void aSecondPhaseWithoutAnAnswerIsInDoubt() throws Exception {
    AtomicInteger runs = new AtomicInteger();
    try (FaultProxy proxy = FaultProxy.before(server);
        Pool pool = open(server.libpqUrl(proxy.host(), proxy.port()))) {
      pool.<SQLException>use(
          first -> {
            first.setAutoCommit(false);
            execute(first, "insert into lifted values (1)");
            execute(first, "prepare transaction 'lifted'");
            first.commit();
          });
      assertThatThrownBy(
              () ->
                  pool.<SQLException>use(
                      WorkOptions.READ_ONLY,
                      connection -> {
                        runs.incrementAndGet();
                        proxy.cutReplyTo("commit prepared", Cut.RST);
                        execute(connection, "commit prepared 'lifted'");
                      }))
          .isInstanceOf(WriteOutcomeUnknownException.class);
    }
    assertThat(runs).hasValue(1);
    assertThat(server.ask("select count(*) from lifted")).isEqualTo("1");
  }

  private static void notWrittenTwice(VoidWork<SQLException> write) throws SQLException {
    notWrittenTwice(
        (pool, work) -> pool.useTransaction(WorkOptions.READ_ONLY, work),
        connection -> {
          execute(connection, "select 1");
          write.run(connection);
        });
  }

  private static void notWrittenTwice(Unit unit, VoidWork<SQLException> write) throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = open()) {
      assertThatThrownBy(
              () ->
                  unit.run(
                      pool,
                      connection -> {
                        runs.incrementAndGet();
                        write.run(connection);
                        die(connection);
                      }))
          .isInstanceOf(SQLException.class);
    }
    assertThat(runs).hasValue(1);
    assertThat(server.ask("select count(*) from lifted")).isEqualTo("1");
  }

  /** The driver begins the next transaction as it has begun this one. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "rollback",
        "commit;",
        "savepoint s; rollback to s; select 1",
        "select 'a; rollback; b'",
        "select case when true then 1 end; select 2"
      })
  void whatStaysInATransactionOfTheDriversIsRunAgain(String sql) throws SQLException {
    isRunAgain((pool, work) -> pool.useTransaction(WorkOptions.READ_ONLY, work), sql);
  }

  /** How a unit is run. */
  private interface Unit {
    void run(Pool pool, VoidWork<SQLException> work) throws SQLException;
  }

  private static void isRunAgain(Unit unit, String sql) throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = open()) {
      unit.run(
          pool,
          connection -> {
            execute(connection, sql);
            if (runs.incrementAndGet() == 1) {
              die(connection);
            }
          });
    }
    assertThat(runs).hasValue(2);
  }

  @Test
  void aProcedureThatBeginsATransactionOfItsOwnIsNotRunAgain() throws SQLException {
    try (Pool pool = open()) {
      assertThatThrownBy(
              () ->
                  pool.<SQLException>use(
                      WorkOptions.READ_ONLY,
                      connection -> {
                        execute(connection, "call lift_in_between()");
                        die(connection);
                      }))
          .isInstanceOf(SQLException.class);
    }
    assertThat(server.ask("select count(*) from lifted")).isEqualTo("1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"select only_reads()", "set work_mem = 1000", "select pg_advisory_lock_shared(7)"})
  void whatKeepsItIsRunAgain(String sql) throws SQLException {
    isRunAgain((pool, work) -> pool.use(WorkOptions.READ_ONLY, work), sql);
  }
}
