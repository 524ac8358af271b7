package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Pool;
import io.everpool.api.Work;
import io.everpool.api.WorkOptions;
import io.everpool.api.framework.UnitRerunner;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.Sampled;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.util.PGobject;

/**
 * Work that lost a race is run again on a session that is alive: what the run that failed has left
 * there isn't there for the next, as it would not be on another session.
 */
@Sampled
class RerunSessionIT {
  private static final String CONFLICT = "do $$ begin raise sqlstate '40001'; end $$";

  /**
   * How to leave something behind, and how it is seen; what a rollback undoes is not among them.
   */
  private record Way(String leave, String look, boolean inTransaction) {
    @Override
    public String toString() {
      return leave + (inTransaction ? ", in a transaction" : ", in autocommit");
    }
  }

  static Stream<Way> ways() {
    String prepared = "select count(*) from pg_prepared_statements where name = 'mine'";
    String locks =
        "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()";
    return Stream.of(
        new Way("prepare mine as select 1", prepared, true),
        new Way("prepare mine as select 1", prepared, false),
        new Way("begin; prepare mine as select 1", prepared, false),
        new Way("select pg_advisory_lock(6)", locks, true),
        new Way("select pg_advisory_lock(6)", locks, false),
        new Way("listen mine", "select count(*) from pg_listening_channels()", false),
        new Way(
            "create temp table mine()",
            "select count(*) from pg_class where relname = 'mine' and relpersistence = 't'",
            false),
        new Way(
            "declare mine cursor with hold for select 1",
            "select count(*) from pg_cursors where name = 'mine'",
            false),
        new Way(
            "set work_mem = '7MB'",
            "select count(*) from pg_settings where name = 'work_mem' and setting = '7168'",
            false),
        new Way(
            "select set_config('app.mine', 'x', false)",
            "select count(*) where current_setting('app.mine', true) = 'x'",
            false));
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Sets something itself at each beginning, which stays. */
  private static final class Tenants implements LeaseInterceptor {
    @Override
    public void acquired(Connection connection) throws SQLException {
      execute(connection, "set app.tenant = 'blue'");
    }
  }

  private static Pool pool() throws SQLException {
    return Everpool.builder(Db.config("rerun-session").minSize(1).maxSize(1).build())
        .interceptor(new Tenants())
        .open();
  }

  /** Fails the first time, and adds what it finds before it leaves something. */
  private static Work<String, SQLException> work(Way way, List<String> seen) {
    return connection -> {
      seen.add(
          Db.ask(connection, way.look())
              + " "
              + Db.ask(connection, "select current_setting('app.tenant')")
              + " "
              + Db.ask(connection, "show transaction_isolation"));
      execute(connection, way.leave());
      if (seen.size() == 1) {
        execute(connection, CONFLICT);
      }
      return Db.ask(connection, "select pg_backend_pid()");
    };
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("ways")
  void isAsItWasBeforeTheRunThatFailed(Way way) throws Exception {
    List<String> seen = new ArrayList<>();
    WorkOptions options =
        WorkOptions.IDEMPOTENT.withIsolation(Connection.TRANSACTION_REPEATABLE_READ);
    try (Pool pool = pool()) {
      String before = pool.<String, SQLException>run(c -> Db.ask(c, "select pg_backend_pid()"));
      Work<String, SQLException> work = work(way, seen);
      String last =
          way.inTransaction() ? pool.inTransaction(options, work) : pool.run(options, work);
      assertThat(last).as("the session that it ran on at last").isEqualTo(before);
    }
    assertThat(seen).containsExactly("0 blue repeatable read", "0 blue repeatable read");
  }

  /** Its borrower keeps it, as he has set it by JDBC, and gives it back when he likes. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("ways")
  void whoHasBorrowedItKeepsWhatHeHasSet(Way way) throws Exception {
    List<String> seen = new ArrayList<>();
    try (Pool pool = pool();
        Connection connection = pool.getConnection()) {
      String before = Db.ask(connection, "select pg_backend_pid()");
      connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
      connection.setAutoCommit(!way.inTransaction());
      String last =
          UnitRerunner.of(pool).rerun(connection, WorkOptions.IDEMPOTENT, work(way, seen));
      assertThat(last).isEqualTo(before);
      assertThat(connection.getTransactionIsolation())
          .isEqualTo(Connection.TRANSACTION_SERIALIZABLE);
      assertThat(connection.getAutoCommit()).isEqualTo(!way.inTransaction());
      connection.setAutoCommit(true);
      assertThat(Db.ask(connection, "show transaction_isolation")).isEqualTo("serializable");
    }
    assertThat(seen).containsExactly("0 blue serializable", "0 blue serializable");
  }

  /**
   * By JDBC, of which the text of no statement tells. To what it was before, the driver can't set
   * the schema, for {@code getSchema()} tells but one of the path; nor the others, where it was
   * asked for them only after SQL had set something.
   */
  @ParameterizedTest
  @CsvSource({"true, true", "true, false", "false, true", "false, false"})
  void isAsItWasThoughTheRunThatFailedHasSetItByJdbc(boolean tenants, boolean inTransaction)
      throws Exception {
    String look =
        "select concat_ws(' ', current_setting('search_path'),"
            + " current_setting('transaction_isolation'), current_setting('application_name'),"
            + " current_setting('app.tenant', true), pg_backend_pid())";
    Db.server()
        .execute(
            "create or replace function rerun_race() returns void language plpgsql as"
                + " $$ begin raise sqlstate '40001'; end $$");
    List<String> seen = new ArrayList<>();
    Everpool.Builder builder = Everpool.builder(Db.config("rerun-session").maxSize(1).build());
    try (Pool pool = (tenants ? builder.interceptor(new Tenants()) : builder).open()) {
      pool.<SQLException>use(
          WorkOptions.IDEMPOTENT,
          connection -> {
            connection.setAutoCommit(!inTransaction);
            seen.add(Db.ask(connection, look));
            if (inTransaction) {
              connection.commit();
            }
            connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            connection.setSchema("pg_catalog");
            connection.setClientInfo("ApplicationName", "mine");
            if (inTransaction) {
              connection.commit();
            }
            if (seen.size() == 1) {
              execute(connection, "select public.rerun_race()");
            }
          });
    }
    assertThat(seen).hasSize(2);
    assertThat(seen.get(1)).isEqualTo(seen.get(0));
  }

  /** The driver has forgotten nothing of a type that was added to it, and can't be made to. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anotherIsTakenWhereItCannotBeCleared(boolean autoCommit) throws Exception {
    Way way = ways().findFirst().orElseThrow();
    List<String> seen = new ArrayList<>();
    Work<String, SQLException> work = work(way, seen);
    try (Pool pool = pool();
        Connection connection = pool.getConnection()) {
      String before = Db.ask(connection, "select pg_backend_pid()");
      connection.setAutoCommit(autoCommit);
      String last =
          UnitRerunner.of(pool)
              .rerun(
                  connection,
                  WorkOptions.IDEMPOTENT,
                  c -> {
                    c.unwrap(PGConnection.class).addDataType("mine", PGobject.class);
                    return work.run(c);
                  });
      assertThat(last).isNotEqualTo(before);
      assertThat(connection.getAutoCommit()).isEqualTo(autoCommit);
    }
    assertThat(seen).containsExactly("0 blue read committed", "0 blue read committed");
  }

  /** An interceptor that loses a race itself has not set up what the work runs on. */
  @Test
  void itIsSetUpWhateverBecomesOfTheInterceptor() throws Exception {
    Way way = ways().findFirst().orElseThrow();
    List<String> seen = new ArrayList<>();
    AtomicInteger asked = new AtomicInteger();
    LeaseInterceptor losing =
        new LeaseInterceptor() {
          @Override
          public void acquired(Connection connection) throws SQLException {
            if (asked.incrementAndGet() == 2) {
              execute(connection, CONFLICT);
            }
            execute(connection, "set app.tenant = 'blue'");
          }
        };
    try (Pool pool =
        Everpool.builder(Db.config("rerun-session").minSize(1).maxSize(1).build())
            .interceptor(losing)
            .open()) {
      pool.inTransaction(work(way, seen));
    }
    assertThat(seen).containsExactly("0 blue read committed", "0 blue read committed");
    assertThat(asked).hasValue(3);
  }

  /** A statement that is prepared once may leave something at each execution. */
  @Test
  void whatAKeptStatementLeavesIsClearedAtTheEnd() throws Exception {
    List<PreparedStatement> kept = new ArrayList<>();
    try (Pool pool = Everpool.open(Db.config("rerun-session").minSize(1).maxSize(1).build())) {
      try (Connection connection = pool.getConnection()) {
        UnitRerunner.of(pool)
            .rerun(
                connection,
                WorkOptions.IDEMPOTENT,
                c -> {
                  boolean first = kept.isEmpty();
                  if (first) {
                    kept.add(c.prepareStatement("select pg_advisory_lock(6)"));
                  }
                  kept.get(0).execute();
                  if (first) {
                    execute(c, CONFLICT);
                  }
                  return "";
                });
      }
      String locks = "select count(*) from pg_locks where locktype = 'advisory'";
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.ask(connection, locks + " and pid = pg_backend_pid()")).isEqualTo("0");
      }
    }
  }

  /** Nobody else's connection is needed for it, nor a pool that goes on. */
  @Test
  void aPoolThatClosesLetsItEnd() throws Exception {
    Way way = ways().findFirst().orElseThrow();
    List<String> seen = new ArrayList<>();
    Pool pool = pool();
    Work<String, SQLException> work = work(way, seen);
    CompletableFuture<Void> closed = new CompletableFuture<>();
    String last =
        pool.inTransaction(
            connection -> {
              if (seen.isEmpty()) {
                closed.completeAsync(
                    () -> {
                      pool.close();
                      return null;
                    });
                Await.until(Db.LIMIT, pool::isClosed, "the pool to begin to close");
              }
              return work.run(connection);
            });
    assertThat(last).isNotEmpty();
    assertThat(seen).hasSize(2);
    closed.get();
  }
}
