package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ch.qos.logback.classic.Level;
import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.RetryConfig;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.PgBouncer;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A COMMIT goes through a pooler, its answer is lost between the server and the pooler, and whoever
 * looks for it meets what there is by then. Another server process answers in any case.
 */
@Timeout(180)
@Tag("one-jdk")
class PoolerCommitsIT {
  private static final String TABLE = "pooler_commits";
  private static final Map<String, String> POOLER =
      Map.of("default_pool_size", "1", "server_login_retry", "1");

  private PostgresServer server;
  private FaultProxy way;
  private PgBouncer pooler;

  @BeforeEach
  void start() {
    PgBouncer.Kind kind = PgBouncer.Kind.FORGETS;
    assumeTrue(kind.isAvailable(), kind.missing());
    server = PostgresServer.startEmbedded(ServerSettings.defaults());
    create(server);
    way = FaultProxy.before(server);
    pooler = kind.before(server, way, "transaction", POOLER);
  }

  @AfterEach
  void stop() {
    if (pooler != null) {
      pooler.close();
      way.close();
      server.close();
    }
  }

  private static void create(PostgresServer server) {
    server.execute("create table " + TABLE + " (i int)");
    server.execute("grant all on " + TABLE + " to public");
  }

  /** What the one who looks meets, and whether what became of the COMMIT is known then. */
  enum Fate {
    THE_SAME,
    POOLER_KILLED,
    SERVER_RESTARTED,
    /** It is known as far as the server's recovery shows it. */
    BOTH_KILLED,
    ANOTHER_SERVER;

    private boolean mayBeKnown() {
      return this != ANOTHER_SERVER;
    }

    private boolean mustBeKnown() {
      return mayBeKnown() && this != BOTH_KILLED;
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatIsKnownIsSaidAndNothingIsGuessed(Fate fate) throws Exception {
    AtomicInteger runs = new AtomicInteger();
    PoolConfig config =
        PoolConfig.builder(pooler.jdbcUrl())
            .name("pooler-commits")
            .user(server.user())
            .password(server.password())
            .maxSize(1)
            .retry(RetryConfig.DEFAULT.withMaxDuration(Duration.ofSeconds(120)))
            .build();
    ExecutorService executor = Executors.newSingleThreadExecutor();
    try (LogCapture log = LogCapture.open();
        PostgresServer other =
            PostgresServer.startEmbedded(
                ServerSettings.defaults().withPassword(server.password())); // the pooler's
        Pool pool = Everpool.open(config)) {
      create(other);
      Callable<Boolean> unit =
          () -> {
            try {
              pool.useTransaction(
                  connection -> {
                    write(connection);
                    way.refuse(); // nobody looks before all is set
                    way.cutReplyTo("COMMIT", FaultProxy.Cut.RST);
                    runs.incrementAndGet();
                  });
              return true;
            } catch (CommitOutcomeUnknownException e) {
              return false;
            }
          };
      Future<Boolean> known = executor.submit(unit);
      Await.until(Db.LIMIT, () -> runs.get() == 1 && !way.cutPending(), "the answer to be lost");
      // The proxy has seen the request; whoever kills the server now may be before the COMMIT.
      Await.until(
          Db.LIMIT,
          () -> server.ask("select count(*) from " + TABLE).equals("1"),
          "the COMMIT to be done");
      befall(fate, other);
      way.accept();
      assertThat(known.get()).isIn(fate.mustBeKnown(), fate.mayBeKnown());
      assertThat(runs).as("runs").hasValue(1);
      assertThat(server.ask("select count(*) from " + TABLE)).isEqualTo("1");
      assertThat(other.ask("select count(*) from " + TABLE)).isEqualTo("0");
      assertThat(log.lines(Level.WARN, "stays behind")).isEmpty();
    } finally {
      executor.shutdownNow();
    }
  }

  private static void write(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("insert into " + TABLE + " values (1)");
    }
  }

  private void befall(Fate fate, PostgresServer other) {
    switch (fate) {
      case THE_SAME -> {}
      case POOLER_KILLED -> {
        pooler.kill();
        pooler.startAgain();
      }
      case SERVER_RESTARTED -> server.restart(PostgresServer.Shutdown.FAST);
      case BOTH_KILLED -> {
        pooler.kill();
        server.crash();
        server.startAgain();
        pooler.startAgain();
      }
      case ANOTHER_SERVER -> way.target(other);
    }
  }
}
