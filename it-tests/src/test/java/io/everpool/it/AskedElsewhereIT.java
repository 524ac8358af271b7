package io.everpool.it;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.RetryConfig;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.FaultProxy.Cut;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.PostgresServer.Shutdown;
import io.everpool.servers.Replica;
import io.everpool.servers.ServerSettings;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The answer to a COMMIT is lost with its server, which takes no connections for a moment. Of the
 * URL's hosts only another is there to be asked what became of it, and that one lacks it: a
 * standby, or the primary before a failover. Whoever wrote learns the truth when his server is
 * back.
 */
@Timeout(600)
@Tag("one-jdk")
class AskedElsewhereIT {
  private static final String NAME = "asked-elsewhere";

  /** A restart takes its time beside other load. */
  private static final RetryConfig PATIENT =
      RetryConfig.DEFAULT
          .withMaxDuration(Duration.ofMinutes(5))
          .withMaxBackoff(Duration.ofMillis(200));

  /** Who is asked. */
  enum Other {
    STANDBY,
    SUPERSEDED
  }

  private PostgresServer first;
  private Replica replica;
  private FaultProxy way;
  private FaultProxy elsewhere;

  /** Where it is written, and who is there when that is away. */
  private PostgresServer primary;

  private PostgresServer other;

  private final List<PoolEvent> events = new CopyOnWriteArrayList<>();
  private final AtomicInteger runs = new AtomicInteger();

  @BeforeEach
  void start() {
    first = PostgresServer.startEmbedded(ServerSettings.defaults());
    first.execute("create table written (n int)");
    first.execute("grant all on written to public");
    replica = Replica.of(first);
    replica.awaitReplayOf(first);
  }

  @AfterEach
  void stop() {
    if (way != null) { // else it didn't begin
      way.close();
    }
    if (elsewhere != null) {
      elsewhere.close();
    }
    if (replica != null) {
      replica.close();
    }
    if (first != null) {
      first.close();
    }
  }

  private Pool open(Other role, RetryConfig retry) throws SQLException {
    if (role == Other.STANDBY) {
      primary = first;
      other = replica.server();
    } else {
      replica.promote();
      first.alter("default_transaction_read_only", "on"); // or else it isn't let in
      primary = replica.server();
      other = first;
    }
    way = FaultProxy.before(primary);
    elsewhere = FaultProxy.before(other);
    String url =
        "jdbc:postgresql://%s:%d,%s:%d/%s"
            .formatted(
                way.host(), way.port(), elsewhere.host(), elsewhere.port(), first.database());
    PoolConfig config =
        PoolConfig.builder(url)
            .name(NAME)
            .user(first.user())
            .password(first.password())
            .minSize(1)
            .maxSize(2)
            .retry(retry)
            .build();
    return Everpool.builder(config).listener(events::add).open();
  }

  /** The first COMMIT goes by, or is lost before it; and there is no way to its server then. */
  private int write(Pool pool, boolean committed) throws SQLException {
    return pool.<Integer, SQLException>inTransaction(
        connection -> {
          try (Statement statement = connection.createStatement()) {
            statement.execute("insert into written values (1)");
          }
          if (runs.incrementAndGet() == 1) {
            if (committed) {
              way.cutReplyTo("COMMIT", Cut.RST);
            } else {
              way.cutRequest("COMMIT", Cut.RST);
            }
            way.refuse();
          }
          return runs.get();
        });
  }

  /** Whoever comes for the third time has been answered twice, and wasn't content. */
  private void awaitQuestions() {
    Await.until(Db.LIMIT, () -> elsewhere.accepted() >= 3, "the questions");
  }

  @ParameterizedTest
  @CsvSource({
    "STANDBY, true, false",
    "STANDBY, true, true",
    "STANDBY, false, false",
    "STANDBY, false, true",
    "SUPERSEDED, true, false",
    "SUPERSEDED, true, true",
    "SUPERSEDED, false, false",
  })
  void whatIsThereIsWrittenOnceAndTold(Other role, boolean committed, boolean restarts)
      throws Exception {
    try (Pool pool = open(role, PATIENT)) {
      FutureTask<Integer> unit = new FutureTask<>(() -> write(pool, committed));
      Thread writer = new Thread(unit, "writer");
      writer.setDaemon(true);
      writer.start();
      awaitQuestions();
      if (restarts) {
        primary.restart(Shutdown.FAST);
      }
      way.accept();
      assertThat(unit.get(Db.LIMIT.toSeconds(), SECONDS)).isEqualTo(committed ? 1 : 2);
    }
    assertThat(primary.ask("select count(*) from written")).isEqualTo("1");
    assertThat(events)
        .filteredOn(PoolEvent.CommitResolved.class::isInstance)
        .extracting(event -> ((PoolEvent.CommitResolved) event).status())
        .containsExactly(committed ? CommitStatus.COMMITTED : CommitStatus.ABORTED);
  }

  /** Nobody who could know comes back in the time that there is. */
  @ParameterizedTest
  @EnumSource
  void whereNobodyElseComesTheOutcomeIsUnknown(Other role) throws Exception {
    Duration patience = Duration.ofSeconds(2);
    try (Pool pool = open(role, RetryConfig.DEFAULT.withMaxDuration(patience))) {
      long begun = System.nanoTime();
      assertThat(catchThrowable(() -> write(pool, true)))
          .isInstanceOf(CommitOutcomeUnknownException.class);
      assertThat(Duration.ofNanos(System.nanoTime() - begun)).isGreaterThanOrEqualTo(patience);
      assertThat(runs).hasValue(1);
    }
    assertThat(primary.ask("select count(*) from written")).isEqualTo("1");
  }
}
