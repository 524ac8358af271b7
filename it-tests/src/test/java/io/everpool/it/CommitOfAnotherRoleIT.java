package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Credentials;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.RetryConfig;
import io.everpool.api.WorkOptions;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The answer to a COMMIT gets lost, and the provider of the credentials names another role by then,
 * as a vault does: that role may ask what became of it, and may not end the session that is at it.
 */
@Timeout(180)
class CommitOfAnotherRoleIT {
  private static final String FIRST = "vault_1";
  private static final String SECOND = "vault_2";
  private static final String PASSWORD = "of-both";
  private static final String WAITING =
      "select count(*) from pg_stat_activity where wait_event = 'SyncRep' and usename = '%s'";
  private static final String DENIED =
      "select count(*) from pg_stat_activity where usename = '"
          + SECOND
          + "' and query like '%pg_terminate_backend%'";

  private final AtomicInteger runs = new AtomicInteger();
  private volatile String role = FIRST;
  private PostgresServer server;
  private FaultProxy proxy;

  @BeforeEach
  void start() {
    server = PostgresServer.startEmbedded(ServerSettings.defaults());
    server.execute("create table ledger (n int)");
    server.execute("grant all on ledger to " + server.user());
    for (String each : new String[] {FIRST, SECOND}) {
      server.execute("create role " + each + " login password '" + PASSWORD + "'");
      server.execute("grant all on ledger to " + each);
    }
    proxy = FaultProxy.before(server);
  }

  @AfterEach
  void stop() {
    proxy.close();
    server.close();
  }

  private Pool open() throws SQLException {
    PoolConfig config =
        PoolConfig.builder(
                "jdbc:postgresql://%s:%d/%s"
                    .formatted(proxy.host(), proxy.port(), server.database()))
            .retry(
                RetryConfig.DEFAULT
                    .withMaxDuration(Duration.ofSeconds(90))
                    .withMaxBackoff(Duration.ofMillis(100)))
            .build();
    return Everpool.builder(config).credentials(() -> Credentials.of(role, PASSWORD)).open();
  }

  private String write(Pool pool) {
    try {
      return pool.inTransaction(
          WorkOptions.DEFAULT,
          connection -> {
            try (Statement statement = connection.createStatement()) {
              statement.execute("insert into ledger values (7)");
            }
            return "done " + runs.incrementAndGet();
          });
    } catch (SQLException e) {
      throw new CompletionException(e);
    }
  }

  @Test
  void isFoundCommittedThoughItsSessionMayNotBeEnded() throws Exception {
    try (Pool pool = open()) {
      CompletableFuture<String> unit;
      server.alter("synchronous_standby_names", "nobody");
      try {
        awaitThatCommitsWait();
        unit = CompletableFuture.supplyAsync(() -> write(pool));
        await(WAITING.formatted(FIRST), "its COMMIT to wait for the standby");
        long backend = backend();
        signal("STOP", backend); // or the pool's own cancel would end its wait
        try {
          role = SECOND;
          proxy.cut(FaultProxy.Cut.RST);
          Await.until(
              Db.LIMIT,
              () -> unit.isDone() || !server.ask(DENIED).equals("0"),
              "the other role to try to end it");
          assertThat(unit).as("nobody can know yet").isNotDone();
        } finally {
          signal("CONT", backend);
        }
      } finally {
        server.alterBack("synchronous_standby_names");
      }
      assertThat(unit.get(Db.LIMIT.toSeconds(), TimeUnit.SECONDS)).isEqualTo("done 1");
      assertThat(server.ask("select count(*) from ledger where n = 7")).isEqualTo("1");
    }
  }

  /** From the checkpointer's reading of it on; somebody commits until he waits, then all do. */
  private void awaitThatCommitsWait() throws Exception {
    try (Connection probe =
        DriverManager.getConnection(server.jdbcUrl(), server.user(), server.password())) {
      int pid = Db.pid(probe);
      CompletableFuture<Void> commits = CompletableFuture.runAsync(() -> commitWithoutEnd(probe));
      await(WAITING.formatted(server.user()), "a COMMIT that waits for the standby");
      server.terminate(pid);
      commits.get(Db.LIMIT.toSeconds(), TimeUnit.SECONDS);
    }
  }

  private static void commitWithoutEnd(Connection probe) {
    try (Statement statement = probe.createStatement()) {
      while (true) {
        statement.execute("insert into ledger values (0)");
      }
    } catch (SQLException ended) {
      // as it was meant to be
    }
  }

  private long backend() {
    return Long.parseLong(
        server.ask(
            "select pid from pg_stat_activity where wait_event = 'SyncRep' and usename = '"
                + FIRST
                + "'"));
  }

  private static void signal(String name, long pid) throws Exception {
    Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(pid)).inheritIO().start();
    assertThat(kill.waitFor()).isZero();
  }

  private void await(String question, String what) {
    Await.until(Db.LIMIT, () -> server.ask(question).equals("1"), what);
  }
}
