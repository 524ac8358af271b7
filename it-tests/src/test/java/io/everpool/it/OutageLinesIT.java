package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.PostgresServer.Shutdown;
import io.everpool.servers.ServerSettings;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A restart of the server is told in three lines, however many connections it breaks. */
@Tag("one-jdk")
class OutageLinesIT {
  private static final String ENDLESS = "select pg_sleep(1000)";
  private static PostgresServer server;

  @BeforeAll
  static void startServer() {
    server = PostgresServer.start(ServerSettings.defaults());
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  private static Pool open(String name, int busy) throws SQLException {
    PoolConfig config =
        PoolConfig.builder(server.libpqUrl()).name(name).minSize(2).maxSize(busy).build();
    return Everpool.open(config);
  }

  /** Restarts the server; returns when it began to. */
  private static long restartUnder(Pool pool, int busy) {
    Await.until(
        Db.LIMIT,
        () ->
            server
                .ask(
                    "select count(*) from pg_stat_activity where state = 'active' and query = '"
                        + ENDLESS
                        + "'")
                .equals(Integer.toString(busy)),
        busy + " queries of " + pool.name());
    long begun = System.nanoTime();
    server.restart(Shutdown.FAST);
    return begun;
  }

  /** Of an outage that is over for the pool, too: one that lasts is told again each ten seconds. */
  private static void assertFewLines(LogCapture log, long begun) {
    long seconds = Duration.ofNanos(System.nanoTime() - begun).toSeconds();
    List<String> alarms = log.alarms();
    assertThat(alarms).as(log.text()).hasSizeBetween(1, 3 + 2 * (int) (seconds / 10));
    // which may be the second line: the borrower who found out has claimed it, and another, who
    // knows
    // by that and reconnects, may be the first to write
    assertThat(alarms)
        .filteredOn(
            line -> line.contains("failed in use (") && line.contains("administrator command"))
        .as(log.text())
        .isNotEmpty();
    assertThat(alarms)
        .filteredOn(line -> line.contains("every connection is replaced"))
        .hasSizeLessThanOrEqualTo(1);
    assertThat(log.lines(Level.INFO, "lost, "))
        .as(log.text())
        .singleElement()
        .asString()
        .containsPattern("again.* \\d+ ms.*; \\d+ connections? w.* lost, \\d+ units? of work");
  }

  @ParameterizedTest
  @ValueSource(ints = {10, 50})
  void plainConnections(int busy) throws Exception {
    try (LogCapture log = LogCapture.open();
        Pool pool = open("lines-plain-" + busy, busy);
        Crew crew =
            Crew.of(
                busy,
                () -> {
                  try (Connection connection = pool.getConnection()) {
                    assertThat(catchThrowable(() -> Db.ask(connection, ENDLESS))).isNotNull();
                  }
                })) {
      long begun = restartUnder(pool, busy);
      crew.join();
      assertThat(crew.errors()).as(crew.report()).isEmpty();
      log.await(Level.INFO, "lost, ");
      assertFewLines(log, begun);
      assertThat(log.exactly(Level.WARN, "Attempting to reconnect to database...")).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {10, 50})
  void unitsOfWork(int busy) throws Exception {
    AtomicInteger runs = new AtomicInteger();
    try (LogCapture log = LogCapture.open();
        Pool pool = open("lines-units-" + busy, busy);
        Crew crew =
            Crew.of(
                busy,
                () ->
                    pool.<String, SQLException>run(
                        WorkOptions.READ_ONLY,
                        connection ->
                            Db.ask(
                                connection,
                                runs.incrementAndGet() <= busy ? ENDLESS : "select 1")))) {
      long begun = restartUnder(pool, busy);
      crew.join();
      assertThat(crew.errors()).as(crew.report()).isEmpty();
      log.await(Level.INFO, "lost, ");
      assertFewLines(log, begun);
      assertThat(log.exactly(Level.WARN, "Attempting to reconnect to database...")).hasSize(1);
    }
  }
}
