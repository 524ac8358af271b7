package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolerMode;
import io.everpool.api.ResetMode;
import io.everpool.api.WorkOptions;
import io.everpool.api.framework.UnitRerunner;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import liquibase.Liquibase;
import liquibase.database.jvm.JdbcConnection;
import liquibase.resource.DirectoryResourceAccessor;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.util.PSQLException;

/** {@code command-timeout} says that it was it, and what is meant to take longer can. */
@Timeout(120)
@Tag("one-jdk")
class LongMigrationsIT {
  private static final String LIMIT = "2s";
  private static final String LONGER = "select pg_sleep(2.5)";
  private static final String ENDLESS = "select pg_sleep(600)";

  private static Pool open(String name, UnaryOperator<PoolConfig.Builder> more)
      throws SQLException {
    PoolConfig.Builder config = Db.config(name).minSize(1).maxSize(1);
    return Everpool.open(more.apply(config.commandTimeout(Duration.ofSeconds(2))).build());
  }

  private static Pool open(String name) throws SQLException {
    return open(name, config -> config);
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static Throwable failure(ThrowingCallable call) {
    PSQLException failure = catchThrowableOfType(PSQLException.class, call);
    assertThat((Throwable) failure).as("of the driver's own class").isNotNull();
    assertThat(failure.getSQLState()).isEqualTo("57014");
    assertThat(failure.getServerErrorMessage()).isNotNull();
    return failure;
  }

  // ---- the advice

  @Test
  void theErrorNamesTheSettingAndTheWayAroundIt() throws SQLException {
    try (Pool pool = open("limit-named");
        Connection connection = pool.getConnection()) {
      assertThat(failure(() -> execute(connection, ENDLESS)))
          .hasMessageStartingWith("ERROR: canceling statement due to statement timeout")
          .hasMessageContaining("Hint: the pool's command-timeout (2000 ms) has ended it: raise")
          .hasMessageContaining("Pool.withoutCommandTimeout()")
          .hasCauseInstanceOf(PSQLException.class);
      assertThat(Db.askAgain(connection, "show statement_timeout")).isEqualTo(LIMIT);
    }
  }

  @Test
  void aBatchNamesItToo() throws SQLException {
    try (Pool pool = open("limit-batch");
        Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      statement.addBatch("set application_name = 'x'");
      statement.addBatch("do $$ begin perform pg_sleep(600); end $$");
      BatchUpdateException failure =
          catchThrowableOfType(BatchUpdateException.class, statement::executeBatch);
      assertThat(failure.getMessage()).contains("command-timeout (2000 ms)");
      assertThat(failure.getSQLState()).isEqualTo("57014");
      assertThat(failure.getUpdateCounts()).hasSize(2);
      assertThat(failure.getNextException() instanceof PSQLException).isTrue();
    }
  }

  /** The state is the same. */
  @Test
  void aCancelIsNotTheSettings() throws Exception {
    try (Pool pool = open("limit-cancel", c -> c.commandTimeout(Duration.ofMinutes(10)));
        Connection connection = pool.getConnection()) {
      int pid = Db.pid(connection);
      CompletableFuture<Throwable> failure =
          CompletableFuture.supplyAsync(() -> failure(() -> execute(connection, ENDLESS)));
      Await.until(
          Db.LIMIT,
          () -> {
            Db.server().ask("select pg_cancel_backend(" + pid + ")");
            return failure.isDone();
          },
          "a cancel that meets the statement");
      assertThat(failure.get()).hasMessageNotContaining("command-timeout");
    }
  }

  @Test
  void whatTheProgramMayHaveSetItselfIsSaidToBe() throws SQLException {
    try (Pool pool = open("limit-own", c -> c.commandTimeout(Duration.ofMinutes(10)));
        Connection connection = pool.getConnection()) {
      execute(connection, "set statement_timeout = 50");
      assertThat(failure(() -> execute(connection, ENDLESS)))
          .hasMessageContaining("Hint: unless the program has set statement_timeout itself");
    }
  }

  @Test
  void whereTheSettingIsOffItIsNotBlamed() throws SQLException {
    try (Pool pool = open("limit-off", c -> c.commandTimeout(Duration.ZERO));
        Connection connection = pool.getConnection()) {
      execute(connection, "set statement_timeout = 50");
      assertThat(failure(() -> execute(connection, ENDLESS)))
          .hasMessageNotContaining("command-timeout");
    }
  }

  // ---- the view

  private static void assertAsEver(Pool pool, int pid) throws SQLException {
    try (Connection next = pool.getConnection()) {
      assertThat(Db.askAgain(next, "select pg_backend_pid()"))
          .as("the same session")
          .isEqualTo(String.valueOf(pid));
      assertThat(Db.askAgain(next, "show statement_timeout")).isEqualTo(LIMIT);
      assertThat(next.getNetworkTimeout()).isEqualTo(12_000);
      failure(() -> execute(next, ENDLESS));
    }
  }

  @ParameterizedTest
  @EnumSource
  void statementsTakeAsLongAsTheyNeedAndTheNextLeaseHasTheLimit(ResetMode reset)
      throws SQLException {
    try (Pool pool = open("unlimited-" + reset, config -> config.reset(reset))) {
      int pid;
      try (Connection connection = pool.withoutCommandTimeout().getConnection()) {
        pid = Db.pid(connection);
        assertThat(connection.getNetworkTimeout()).isZero();
        execute(connection, LONGER);
        execute(connection, "create temporary table t (a int); " + LONGER + "; drop table t");
        connection.setAutoCommit(false);
        execute(connection, LONGER);
        connection.commit();
      }
      assertAsEver(pool, pid);
    }
  }

  @Test
  void aLimitOfTheScriptsOwnEndsWithItsTransaction() throws SQLException {
    try (Pool pool = open("unlimited-local")) {
      int pid;
      try (Connection connection = pool.withoutCommandTimeout().getConnection()) {
        pid = Db.pid(connection);
        assertThat(
                failure(
                    () ->
                        execute(
                            connection,
                            "begin; set local statement_timeout = 50; " + ENDLESS + "; commit")))
            .as("it isn't the pool's")
            .hasMessageNotContaining("command-timeout");
        execute(connection, "rollback");
        execute(connection, LONGER);
      }
      assertAsEver(pool, pid);
    }
  }

  @Test
  void whatFailsLeavesNothingBehind() throws SQLException {
    try (Pool pool = open("unlimited-failed")) {
      int pid;
      try (Connection connection = pool.withoutCommandTimeout().getConnection()) {
        pid = Db.pid(connection);
        connection.setAutoCommit(false);
        execute(connection, LONGER);
        assertThatThrownBy(() -> execute(connection, "select 1/0"))
            .hasMessageContaining("division by zero");
      }
      assertAsEver(pool, pid);
    }
  }

  /** And what was set up at the beginning is not lost to the reset of the limit. */
  @Test
  void aLimitOfTheInitSqlIsBackAsWell() throws SQLException {
    try (Pool pool =
        open("unlimited-init", c -> c.connectionInitSql("set statement_timeout = '77s'"))) {
      try (Connection connection = pool.withoutCommandTimeout().getConnection()) {
        assertThat(Db.ask(connection, "show statement_timeout")).isEqualTo("0");
      }
      try (Connection next = pool.getConnection()) {
        assertThat(Db.ask(next, "show statement_timeout")).isEqualTo("77s");
      }
    }
  }

  @Test
  void aRerunHasNoLimitEither() throws Exception {
    try (Pool pool = open("unlimited-rerun", config -> config.maxSize(2));
        Connection connection = pool.withoutCommandTimeout().getConnection()) {
      int first = Db.pid(connection);
      int[] runs = {0};
      int second =
          UnitRerunner.of(pool)
              .rerun(
                  connection,
                  WorkOptions.IDEMPOTENT,
                  same -> {
                    if (runs[0]++ == 0) {
                      Db.server().ask("select pg_terminate_backend(" + first + ", 60000)");
                    }
                    execute(same, LONGER);
                    assertThat(same.getNetworkTimeout()).isZero();
                    return Db.pid(same);
                  });
      assertThat(second).isNotEqualTo(first);
    }
  }

  /** Where the driver is the one who counts, for a pooler takes no start-up options. */
  @Test
  void theDriversOwnLimitIsLiftedAndBack() throws SQLException {
    try (Pool pool =
        open(
            "unlimited-pooler",
            c -> c.pooler(PoolerMode.TRANSACTION).commandTimeout(Duration.ofSeconds(1)))) {
      try (Connection connection = pool.withoutCommandTimeout().getConnection()) {
        execute(connection, "select pg_sleep(1.5)");
      }
      try (Connection next = pool.getConnection()) {
        failure(() -> execute(next, ENDLESS));
      }
    }
  }

  /** It can't be lifted through a pooler, so whoever meets it is told whose it is. */
  @Test
  void theRolesOwnLimitIsNamedBehindAPooler() throws SQLException {
    Db.server().execute("create role limited_migrator login password 'lm'");
    Db.server().execute("alter role limited_migrator set statement_timeout = '1s'");
    try (Pool pool =
            open(
                "limited-pooler",
                c -> c.pooler(PoolerMode.TRANSACTION).user("limited_migrator").password("lm"));
        Connection connection = pool.withoutCommandTimeout().getConnection()) {
      assertThat(failure(() -> execute(connection, ENDLESS)))
          .hasMessageContaining("this is the server's own statement_timeout, of the role")
          .hasMessageContaining("Hint: unless the program has set it itself, with SET LOCAL")
          .hasMessageContaining("SET LOCAL statement_timeout = 0");
      connection.setAutoCommit(false);
      execute(connection, "set local statement_timeout = 0");
      execute(connection, "select pg_sleep(1.5)");
      connection.rollback();
    } finally {
      Db.server().execute("drop role limited_migrator");
    }
  }

  // ---- who migrates

  @Test
  void flywayRunsAScriptThatIsLongerThanTheLimit(@TempDir Path scripts) throws Exception {
    Files.writeString(
        scripts.resolve("V1__long.sql"),
        """
        create table flyway_long (a int);
        select pg_sleep(2.5);
        insert into flyway_long values (1);
        """);
    try (Pool pool = open("flyway", config -> config.maxSize(3))) {
      assertThatThrownBy(() -> flyway(scripts).dataSource(pool).load().migrate())
          .isInstanceOf(FlywayException.class)
          .hasMessageContaining("command-timeout (2000 ms)")
          .hasMessageContaining("Pool.withoutCommandTimeout()");
      flyway(scripts).dataSource(pool.withoutCommandTimeout()).load().migrate();
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.askAgain(connection, "select a from flyway_long.flyway_long")).isEqualTo("1");
        assertThat(Db.askAgain(connection, "show statement_timeout")).isEqualTo(LIMIT);
      }
      Db.server().execute("drop schema flyway_long cascade");
    }
  }

  private static org.flywaydb.core.api.configuration.FluentConfiguration flyway(Path scripts) {
    return Flyway.configure()
        .schemas("flyway_long")
        .createSchemas(true)
        .locations("filesystem:" + scripts);
  }

  @Test
  void liquibaseRunsAChangeThatIsLongerThanTheLimit(@TempDir Path changes) throws Exception {
    Files.writeString(
        changes.resolve("long.sql"),
        """
        --liquibase formatted sql
        --changeset it:1
        create table liquibase_long (a int);
        select pg_sleep(2.5);
        insert into liquibase_long values (1);
        """);
    try (Pool pool = open("liquibase", config -> config.maxSize(2))) {
      try (Connection connection = pool.withoutCommandTimeout().getConnection();
          Liquibase liquibase =
              new Liquibase(
                  "long.sql",
                  new DirectoryResourceAccessor(changes),
                  new JdbcConnection(connection))) {
        liquibase.update("");
      }
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.askAgain(connection, "select a from liquibase_long")).isEqualTo("1");
        assertThat(Db.askAgain(connection, "show statement_timeout")).isEqualTo(LIMIT);
      }
      Db.server().execute("drop table liquibase_long, databasechangelog, databasechangeloglock");
    }
  }
}
