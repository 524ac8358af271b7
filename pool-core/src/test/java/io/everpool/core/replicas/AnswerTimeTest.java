package io.everpool.core.replicas;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.framework.UnitRerunner;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.Await;
import io.everpool.core.Everpool;
import java.io.EOFException;
import java.io.InterruptedIOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a reader is asked on its caller's thread may take a part of the time that its caller has,
 * and not all of {@code validation-timeout}: it may have frozen.
 */
@Timeout(300)
class AnswerTimeTest extends ThreeServers {
  private static final WorkOptions READ = WorkOptions.READ_ONLY;
  private static final Duration VALIDATION = Duration.ofSeconds(20);
  private static final Duration LIMIT = Duration.ofSeconds(10);

  /** Of what the caller has it. */
  enum Limit {
    DEADLINE,
    ACQUIRE_TIMEOUT
  }

  private Pool open(Limit limit) throws SQLException {
    PoolConfig.Builder config =
        PoolConfig.builder("jdbc:by-hand").name("orders").validationTimeout(VALIDATION).maxSize(2);
    config.acquireTimeout(limit == Limit.ACQUIRE_TIMEOUT ? LIMIT : Duration.ofMinutes(1));
    return Everpool.builder(config.build()).connector(writer).reader(one).open();
  }

  private static WorkOptions limited(WorkOptions options, Limit limit) {
    return limit == Limit.DEADLINE ? options.withDeadline(LIMIT) : options;
  }

  private void isAllowed(int questions) {
    assertThat(one.allowed)
        .hasSize(questions)
        .allMatch(nanos -> nanos >= 1_000_000_000L && nanos <= LIMIT.toNanos() / 2);
    one.allowed.clear();
  }

  @ParameterizedTest
  @EnumSource
  void howFarItLags(Limit limit) throws SQLException {
    try (Pool pool = open(limit)) {
      assertThat(pool.<String, SQLException>run(limited(READ, limit), Server::of)).isEqualTo("one");
      isAllowed(1);
    }
  }

  @ParameterizedTest
  @EnumSource
  void whetherItHasComeAsFar(Limit limit) throws SQLException {
    try (Pool pool = open(limit)) {
      WorkOptions own = limited(READ.after("3"), limit);
      assertThat(pool.<String, SQLException>run(own, Server::of)).isEqualTo("one");
      isAllowed(5);
      one.position.set(0);
      try (Connection connection = pool.reader().getConnection()) {
        assertThat(UnitRerunner.of(pool).<String, SQLException>rerun(connection, own, Server::of))
            .isEqualTo("one");
      }
      isAllowed(4);
    }
  }

  @ParameterizedTest
  @EnumSource
  void atWhichLevelItRuns(Limit limit) throws SQLException {
    one.highestIsolation = Connection.TRANSACTION_REPEATABLE_READ;
    try (Pool pool = open(limit)) {
      WorkOptions level = limited(READ.withIsolation(Connection.TRANSACTION_SERIALIZABLE), limit);
      assertThat(pool.<String, SQLException>run(level, Server::of)).isEqualTo("writer");
      isAllowed(1);
    }
    try (Pool pool = open(limit);
        Connection connection = pool.reader().getConnection()) {
      one.allowed.clear(); // how far it lags
      WorkOptions level = limited(READ.withIsolation(Connection.TRANSACTION_SERIALIZABLE), limit);
      assertThat(UnitRerunner.of(pool).<String, SQLException>rerun(connection, level, Server::of))
          .isEqualTo("writer");
      assertThat(one.allowed).allMatch(nanos -> nanos <= LIMIT.toNanos() / 2);
    }
  }

  /** Has four connections to a reader, which are given up together if enough of them are lost. */
  private Pool openFour(Duration validation, List<PoolEvent> events) throws SQLException {
    PoolConfig config =
        PoolConfig.builder("jdbc:by-hand")
            .name("orders")
            .validationTimeout(validation)
            .minSize(4)
            .maxSize(4)
            .build();
    Pool pool = Everpool.builder(config).connector(writer).reader(one).listener(events::add).open();
    Await.until(() -> one.sessions() == 4, "four connections");
    return pool;
  }

  /** A session of the reader's gives no answer in time to one who has ten seconds. */
  private void isSilentOnce(Pool pool) throws SQLException {
    Await.until(() -> pool.<String, SQLException>run(READ, Server::of).equals("one"), "its turn");
    one.silences.set(1);
    pool.<String, SQLException>run(READ.after("0").withDeadline(LIMIT), Server::of);
    assertThat(one.silences).hasValue(0);
  }

  private static boolean hasGivenUpAll(List<PoolEvent> events) {
    return events.stream().anyMatch(PoolEvent.Fenced.class::isInstance);
  }

  private static SQLException becauseOf(Throwable cause) {
    return new SQLException("An I/O error occurred", "08006", cause);
  }

  static Stream<SQLException> silences() {
    return Stream.of(
        new SQLTimeoutException("no answer in time", "08006"),
        becauseOf(new SQLTimeoutException("no answer in time")),
        becauseOf(new SocketTimeoutException("Read timed out")),
        becauseOf(new InterruptedIOException("Read timed out")), // of a socket that isn't Java's
        becauseOf(new SSLException("closing", new SocketTimeoutException("Read timed out"))));
  }

  /** In less time than it may take to answer, silence is no evidence against the server. */
  @ParameterizedTest
  @MethodSource("silences")
  void silenceForAPartOfTheTimeSaysNothingOfTheOtherConnections(SQLException silence)
      throws SQLException {
    one.silence = silence;
    List<PoolEvent> events = new CopyOnWriteArrayList<>();
    try (Pool pool = openFour(VALIDATION, events)) {
      for (int i = 0; i < 10; i++) {
        isSilentOnce(pool);
      }
    }
    assertThat(hasGivenUpAll(events)).isFalse();
  }

  static Stream<SQLException> ends() {
    return Stream.of(
        becauseOf(new EOFException()),
        becauseOf(new SocketException("Connection reset")),
        new SQLException("This connection has been closed.", "08006"));
  }

  /** A session that has ended is evidence, however little time was left for an answer. */
  @ParameterizedTest
  @MethodSource("ends")
  void anEndIsNoSilence(SQLException end) throws SQLException {
    one.silence = end;
    List<PoolEvent> events = new CopyOnWriteArrayList<>();
    try (Pool pool = openFour(VALIDATION, events)) {
      isGivenUp(pool, events);
    }
  }

  private void isGivenUp(Pool pool, List<PoolEvent> events) throws SQLException {
    Await.until(
        () -> {
          isSilentOnce(pool);
          return hasGivenUpAll(events);
        },
        "enough of them to be lost");
  }

  @Test
  void silenceForAllOfItDoes() throws SQLException {
    List<PoolEvent> events = new CopyOnWriteArrayList<>();
    try (Pool pool = openFour(LIMIT.dividedBy(4), events)) {
      isGivenUp(pool, events);
    }
  }

  /** Drivers count it in seconds, and a session that doesn't answer in time is given up. */
  @ParameterizedTest
  @ValueSource(longs = {1, 1_000_000, 2_000_000_000})
  void whoIsInAHurryWaitsForASecond(long left) {
    AnswerTime answerTime = new AnswerTime(VALIDATION.toNanos(), () -> Long.MAX_VALUE);
    assertThat(answerTime.before(Long.MAX_VALUE + left)).isEqualTo(1_000_000_000L);
    assertThat(answerTime.before(Long.MAX_VALUE - left)).isEqualTo(1_000_000_000L);
  }

  @Test
  void validationTimeoutIsTheMost() {
    AnswerTime answerTime = new AnswerTime(500_000_000L, () -> 0);
    assertThat(answerTime.before(LIMIT.toNanos())).isEqualTo(500_000_000L);
  }
}
