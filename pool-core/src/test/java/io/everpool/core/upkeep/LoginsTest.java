package io.everpool.core.upkeep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ch.qos.logback.classic.Level;
import io.everpool.api.Credentials;
import io.everpool.api.CredentialsProvider;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.core.Await;
import io.everpool.core.jdbc.Logged;
import io.everpool.core.jdbc.StubPhysical;
import java.net.ConnectException;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What connections are opened with, how long an answer is kept, and when the next is asked for. */
@Timeout(120)
class LoginsTest {
  private static final Instant BEGINNING = Instant.parse("2026-01-01T00:00:00Z");
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5_000_000_000L);
  private final long origin = now.get();
  private final AtomicInteger asked = new AtomicInteger();
  private final Door door = new Door();
  private CredentialsProvider provider = () -> Credentials.of("app", "right");

  /** Lets in whoever knows the right password. */
  private static class Door implements Connector {
    volatile String right = "right";
    final List<Credentials> tried = new CopyOnWriteArrayList<>();

    @Override
    public String product() {
      return "Door";
    }

    @Override
    public String target() {
      return "here";
    }

    @Override
    public PhysicalConnection open(long timeoutNanos) throws SQLException {
      throw new SQLException("without credentials");
    }

    @Override
    public PhysicalConnection open(Credentials credentials, long timeoutNanos) throws SQLException {
      assertThat(timeoutNanos).isBetween(1L, TIMEOUT.toNanos());
      tried.add(credentials);
      if (!credentials.password().equals(right)) {
        throw new SQLException("password authentication failed", "28P01");
      }
      return new StubPhysical();
    }

    @Override
    public Verdict classify(Throwable failure) {
      return failure instanceof SQLException e && "28P01".equals(e.getSQLState())
          ? Verdict.ACCESS_DENIED
          : Verdict.SERVER_DOWN;
    }

    @Override
    public SideEffects sideEffects(String sql) {
      return SideEffects.NONE;
    }
  }

  private Logins logins() {
    return logins(door);
  }

  private Logins logins(Connector connector) {
    PoolConfig config =
        PoolConfig.builder("door:").user("configured").connectTimeout(TIMEOUT).build();
    Environment environment =
        new Environment(
            now::get,
            () -> BEGINNING.plusNanos(now.get() - origin),
            new Asleep(),
            Runnable::run,
            Runnable::run,
            () -> 0.5,
            nanos -> {});
    return new Logins(
        config,
        connector,
        connector::classify,
        environment,
        () -> {
          asked.incrementAndGet();
          return provider.credentials();
        });
  }

  private static Login open(Logins logins) throws SQLException {
    return logins.open(TIMEOUT.toNanos());
  }

  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
  }

  private Instant in(Duration time) {
    return BEGINNING.plusNanos(now.get() - origin).plus(time);
  }

  // ---- how long an answer is kept

  @Test
  void an_answer_that_does_not_expire_is_asked_for_at_each_opening() throws SQLException {
    Logins logins = logins();
    for (int i = 0; i < 3; i++) {
      open(logins);
    }
    assertThat(asked).hasValue(3);
  }

  @Test
  void one_that_expires_is_kept_until_the_last_tenth_of_its_time() throws SQLException {
    Logins logins = logins();
    Instant end = in(Duration.ofSeconds(100));
    provider = () -> Credentials.of("app", "right").expiringAt(end);
    open(logins);
    pass(Duration.ofSeconds(89));
    open(logins);
    assertThat(asked).hasValue(1);
    pass(Duration.ofSeconds(2));
    open(logins);
    assertThat(asked).hasValue(2);
  }

  /** It may stay on for as long as it is good. */
  @Test
  void a_provider_that_fails_in_the_last_tenth_does_no_harm() throws SQLException {
    Logins logins = logins();
    Instant end = in(Duration.ofSeconds(100));
    provider = () -> Credentials.of("app", "right").expiringAt(end);
    open(logins);
    provider =
        () -> {
          throw new IllegalStateException("the vault is shut");
        };
    pass(Duration.ofSeconds(99));
    open(logins);
    assertThat(asked).hasValue(2);
    pass(Duration.ofSeconds(2));
    assertThatThrownBy(() -> open(logins)).hasMessageContaining("the vault is shut");
  }

  /** While connects fail there may be many within its last tenth. */
  @Test
  void its_failures_do_not_flood_the_log() throws SQLException {
    Logins logins = logins();
    Instant end = in(Duration.ofSeconds(1000));
    provider = () -> Credentials.of("app", "right").expiringAt(end);
    open(logins);
    provider =
        () -> {
          throw new IllegalStateException("the vault is shut");
        };
    pass(Duration.ofSeconds(950));
    try (Logged logged = new Logged()) {
      for (int i = 0; i < 100; i++) {
        open(logins);
      }
      assertThat(logged.only(Level.WARN).getThrowableProxy()).isNotNull();
      assertThat(logged.messages(Level.DEBUG)).hasSize(99);

      pass(Duration.ofSeconds(11));
      open(logins);
      assertThat(logged.messages(Level.WARN))
          .hasSize(2)
          .last()
          .asString()
          .endsWith("is good for a little longer (and 99 more since the last such line)");
    }
  }

  /** Connections opened together aren't replaced together, and all of them in time. */
  @Test
  void a_connection_is_to_be_replaced_in_the_last_tenth_too() throws SQLException {
    Logins logins = logins();
    Instant end = in(Duration.ofSeconds(100));
    provider = () -> Credentials.of("app", "right").expiringAt(end);
    long begun = now.get();
    Answer answer = answer(open(logins));
    assertThat(answer.retireAt(now.get(), 0) - begun).isEqualTo(100_000_000_000L);
    assertThat(answer.retireAt(now.get(), 0.5) - begun).isEqualTo(95_000_000_000L);
    pass(Duration.ofSeconds(97));
    // The provider keeps its own answers and says the same; what is opened now lives to the end.
    assertThat(answer(open(logins)).retireAt(now.get(), 0.5) - begun).isEqualTo(100_000_000_000L);
  }

  private static Answer answer(Login login) {
    Answer answer = login.answer();
    assertThat(answer).isNotNull();
    return Objects.requireNonNull(answer);
  }

  @Test
  void one_that_never_ends_is_kept_for_good() throws SQLException {
    Logins logins = logins();
    provider = () -> Credentials.of("app", "right").expiringAt(Instant.MAX);
    open(logins);
    pass(Duration.ofDays(300));
    open(logins);
    assertThat(asked).hasValue(1);
  }

  // ---- what the server refuses

  @Test
  void what_the_server_refuses_is_dropped_and_asked_for_once_more() throws SQLException {
    isAskedForOnceMoreAt(door);
  }

  private void isAskedForOnceMoreAt(Door at) throws SQLException {
    Logins logins = logins(at);
    provider = () -> Credentials.of("app", at.right).expiringAt(in(Duration.ofHours(1)));
    open(logins);
    at.right = "changed";
    open(logins);
    assertThat(asked).hasValue(2);
    assertThat(at.tried)
        .extracting(Credentials::password)
        .containsExactly("right", "right", "changed");
    open(logins);
    assertThat(asked).hasValue(2);
  }

  /** Servers count failed logins. */
  @Test
  void the_same_answer_is_not_tried_twice() {
    Logins logins = logins();
    door.right = "another";
    assertThatThrownBy(() -> open(logins)).hasMessage("password authentication failed");
    assertThat(asked).hasValue(2);
    assertThat(door.tried).hasSize(1);
  }

  @Test
  void two_wrong_answers_are_the_end_of_an_opening_and_neither_is_kept() throws SQLException {
    Logins logins = logins();
    door.right = "third";
    provider =
        () ->
            Credentials.of("app", List.of("", "first", "second", "third").get(asked.get()))
                .expiringAt(in(Duration.ofHours(1)));
    assertThatThrownBy(() -> open(logins)).hasMessage("password authentication failed");
    assertThat(asked).hasValue(2);
    open(logins);
    assertThat(asked).hasValue(3);
  }

  @Test
  void other_failures_of_a_connect_ask_nobody() {
    AtomicReference<SQLException> thrown = new AtomicReference<>(new SQLException("down", "08006"));
    Logins logins =
        logins(
            new Door() {
              @Override
              public PhysicalConnection open(Credentials credentials, long timeoutNanos)
                  throws SQLException {
                throw thrown.get();
              }
            });
    assertThatThrownBy(() -> open(logins)).isSameAs(thrown.get());
    assertThat(asked).hasValue(1);
  }

  /** The refusal is not forgotten. */
  @Test
  void a_provider_that_fails_after_a_refusal_says_so() {
    Logins logins = logins();
    door.right = "another";
    provider =
        () -> {
          if (asked.get() == 2) {
            throw new IllegalStateException("the vault is shut");
          }
          return Credentials.of("app", "right");
        };
    assertThatThrownBy(() -> open(logins))
        .hasMessageContaining("the vault is shut")
        .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
  }

  // ---- what one of several hosts refuses, while another may let in later

  /** Two hosts: the first wants the right password, the second is away. */
  private class Cluster extends Door {
    volatile Duration takes = Duration.ZERO;

    @Override
    public PhysicalConnection open(Credentials credentials, long timeoutNanos) throws SQLException {
      pass(takes);
      try {
        return super.open(credentials, timeoutNanos);
      } catch (SQLException refusal) {
        SQLException away = new SQLException("connection refused", "08001");
        away.addSuppressed(refusal);
        throw new SQLException("cannot connect", "08001", away);
      }
    }
  }

  private static void fails(Logins logins) {
    assertThatThrownBy(() -> open(logins)).hasMessage("cannot connect");
  }

  @Test
  void what_one_host_refuses_is_asked_for_once_more_though_another_is_away() throws SQLException {
    isAskedForOnceMoreAt(new Cluster());
  }

  /**
   * The host that is away is tried often; the one that refuses isn't to be asked about as often.
   */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void a_provider_that_knows_nothing_else_is_asked_at_growing_intervals(boolean another)
      throws SQLException {
    Cluster cluster = new Cluster();
    Logins logins = logins(cluster);
    cluster.right = "never";
    provider =
        () ->
            Credentials.of("app", another ? "wrong " + asked.get() : "wrong")
                .expiringAt(in(Duration.ofHours(1)));
    int openings = 600;
    for (int i = 0; i < openings; i++) {
      fails(logins);
      pass(Duration.ofMillis(100));
    }
    assertThat(asked).as("a minute").hasValueBetween(4, 20);
    assertThat(cluster.tried).hasSizeBetween(openings, openings + 20);

    cluster.right = another ? "wrong " + (asked.get() + 1) : "wrong";
    while (true) {
      try {
        open(logins);
        break;
      } catch (SQLException e) {
        pass(Duration.ofMillis(100));
      }
    }
    int before = asked.get();
    cluster.right = "never";
    fails(logins);
    assertThat(asked).as("after a success").hasValue(before + 1);
  }

  /** A host that is silent uses up all the time there is. */
  @Test
  void what_is_refused_in_an_opening_that_has_no_time_left_is_asked_for_at_the_next()
      throws SQLException {
    Cluster cluster = new Cluster();
    Logins logins = logins(cluster);
    provider = () -> Credentials.of("app", cluster.right).expiringAt(in(Duration.ofHours(1)));
    open(logins);
    cluster.right = "changed";
    cluster.takes = TIMEOUT;
    fails(logins);
    assertThat(asked).hasValue(1);
    open(logins);
    assertThat(asked).hasValue(2);
  }

  /** What it has said may still be good for the other host. */
  @Test
  void a_provider_that_fails_then_takes_nothing_away() throws SQLException {
    Cluster cluster = new Cluster();
    Logins logins = logins(cluster);
    Instant end = in(Duration.ofHours(1));
    provider = () -> Credentials.of("app", "right").expiringAt(end);
    open(logins);
    cluster.right = "changed";
    provider =
        () -> {
          throw new IllegalStateException("the vault is shut");
        };
    fails(logins);
    assertThat(asked).hasValue(2);
    fails(logins);
    assertThat(asked).hasValue(2);
    cluster.right = "right";
    open(logins);
  }

  /** Whoever asks waits for it; for the others there is what it has said before. */
  @Test
  void a_provider_that_hangs_then_takes_nothing_away() throws Exception {
    Cluster cluster = new Cluster();
    Logins logins = logins(cluster);
    Instant end = in(Duration.ofHours(1));
    provider = () -> Credentials.of("app", "right").expiringAt(end);
    open(logins);
    cluster.right = "changed";
    CountDownLatch hangs = new CountDownLatch(1);
    CountDownLatch goesOn = new CountDownLatch(1);
    provider =
        () -> {
          hangs.countDown();
          goesOn.await();
          return Credentials.of("app", "changed").expiringAt(end);
        };
    CompletableFuture<Void> first = CompletableFuture.runAsync(() -> openUnchecked(logins));
    hangs.await();
    cluster.right = "right"; // the other host is back
    open(logins);
    open(logins);
    logins.passBy();
    open(logins);
    assertThat(asked).as("by the first alone").hasValue(2);
    goesOn.countDown();
    assertThat(first).failsWithin(Duration.ofMinutes(1));
  }

  private static void openUnchecked(Logins logins) {
    try {
      open(logins);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void other_suppressed_failures_ask_nobody() {
    SQLException down = new SQLException("down", "08006");
    down.addSuppressed(new SQLException("the other is down, too", "08006"));
    Logins logins =
        logins(
            new Door() {
              @Override
              public PhysicalConnection open(Credentials credentials, long timeoutNanos)
                  throws SQLException {
                throw down;
              }
            });
    assertThatThrownBy(() -> open(logins)).isSameAs(down);
    assertThat(asked).hasValue(1);
  }

  // ---- who logs in

  @Test
  void the_user_of_the_answer_counts_before_that_of_the_configuration() throws SQLException {
    Logins logins = logins();
    open(logins);
    provider = () -> Credentials.of("right");
    open(logins);
    assertThat(door.tried).extracting(Credentials::user).containsExactly("app", "configured");
  }

  @Test
  void a_connector_that_takes_no_credentials_says_so() {
    Connector old =
        new Connector() {
          @Override
          public String product() {
            return "OldDB";
          }

          @Override
          public String target() {
            return "here";
          }

          @Override
          public PhysicalConnection open(long timeoutNanos) {
            return new StubPhysical();
          }

          @Override
          public Verdict classify(Throwable failure) {
            return Verdict.STATEMENT_FAILED;
          }

          @Override
          public SideEffects sideEffects(String sql) {
            return SideEffects.NONE;
          }
        };
    assertThatThrownBy(() -> open(logins(old)))
        .isInstanceOf(SQLFeatureNotSupportedException.class)
        .hasMessageContaining("OldDB")
        .hasMessageContaining("open(Credentials, long)");
  }

  // ---- providers that answer nothing of use

  enum Nonsense {
    NULL("has returned null") {
      @Override
      @Nullable Credentials answer() {
        return null;
      }
    },
    EXPIRED("has expired at 2020-01-01T00:00:00Z, and this machine's clock says 2026-01-01") {
      @Override
      Credentials answer() {
        return Credentials.of("app", "sesame").expiringAt(Instant.parse("2020-01-01T00:00:00Z"));
      }
    },
    SQL_EXCEPTION("the table of passwords is gone") {
      @Override
      Credentials answer() throws Exception {
        throw new SQLException("the table of passwords is gone", "42P01");
      }
    },
    IO_EXCEPTION("ConnectException: the vault's port is shut") {
      @Override
      Credentials answer() throws Exception {
        throw new ConnectException("the vault's port is shut");
      }
    },
    INTERRUPTED("InterruptedException") {
      @Override
      Credentials answer() throws Exception {
        throw new InterruptedException();
      }
    },
    UNCHECKED("IllegalStateException: a mistake") {
      @Override
      Credentials answer() {
        throw new IllegalStateException("a mistake");
      }
    },
    STACK_OVERFLOW("StackOverflowError") {
      @Override
      Credentials answer() {
        throw new StackOverflowError();
      }
    },
    CLASS_MISSING("NoClassDefFoundError: vault/Client") {
      @Override
      Credentials answer() {
        throw new NoClassDefFoundError("vault/Client");
      }
    };

    private final String says;

    Nonsense(String says) {
      this.says = says;
    }

    abstract @Nullable Credentials answer() throws Exception;
  }

  @SuppressWarnings("NullAway") // what a provider without NullAway may return
  private static Credentials unchecked(@Nullable Credentials answer) {
    return answer;
  }

  /** In one sentence, as a failure of which nobody concludes that the database is away. */
  @ParameterizedTest
  @EnumSource
  void whatever_a_provider_does_is_told_as_its_own(Nonsense nonsense) throws SQLException {
    Logins logins = logins();
    provider = () -> unchecked(nonsense.answer());
    CredentialsException failure =
        catchThrowableOfType(CredentialsException.class, () -> open(logins));
    assertThat((Throwable) failure)
        .hasMessageStartingWith("No credentials to log in with: ")
        .hasMessageContaining(nonsense.says);
    assertThat(CredentialsException.verdict(door.classify(failure)))
        .isEqualTo(Verdict.CONNECTION_LOST);
    assertThat(door.tried).isEmpty();
    provider = () -> Credentials.of("app", "right");
    open(logins);
    Thread.interrupted();
  }

  static List<Verdict> verdicts() {
    return List.of(Verdict.values());
  }

  /**
   * What is refused is told to the callers at once; all else is tried again, and fences nothing.
   */
  @ParameterizedTest
  @MethodSource("verdicts")
  void its_failures_mean_refusal_or_another_try(Verdict judged) {
    Verdict means = CredentialsException.verdict(judged);
    assertThat(means.fatal()).isTrue();
    assertThat(means)
        .isIn(
            Verdict.CONNECTION_LOST, Verdict.ACCESS_DENIED, Verdict.REFUSED, Verdict.PROCESS_LIMIT);
    assertThat(means == judged || means == Verdict.CONNECTION_LOST).isTrue();
  }

  // ---- several at once

  @Test
  void openings_at_the_same_time_ask_once() throws Exception {
    Logins logins = logins();
    CountDownLatch answers = new CountDownLatch(1);
    provider =
        () -> {
          answers.await();
          return Credentials.of("app", "right");
        };
    List<Thread> threads = new ArrayList<>();
    List<CompletableFuture<Login>> opened = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      CompletableFuture<Login> login = new CompletableFuture<>();
      opened.add(login);
      threads.add(start(logins, login));
    }
    for (Thread thread : threads) {
      awaitWaiting(thread);
    }
    answers.countDown();
    for (CompletableFuture<Login> login : opened) {
      assertThat(login.get(60, TimeUnit.SECONDS).physical()).isNotNull();
    }
    assertThat(asked).hasValue(1);
  }

  /** And what it says when it comes back at last replaces nothing newer. */
  @Test
  void a_call_that_hangs_is_passed_by() throws Exception {
    Logins logins = logins();
    CountDownLatch answers = new CountDownLatch(1);
    provider =
        () -> {
          answers.await();
          return Credentials.of("app", "old").expiringAt(in(Duration.ofHours(1)));
        };
    CompletableFuture<Login> first = new CompletableFuture<>();
    awaitWaiting(start(logins, first));
    assertThat((Throwable) logins.whyGivenUp()).isNull();
    pass(TIMEOUT);
    assertThat((Throwable) logins.whyGivenUp())
        .isNotNull()
        .hasMessageContaining("has not answered within connect-timeout (10000 ms)");
    provider = () -> Credentials.of("app", "right").expiringAt(in(Duration.ofHours(1)));
    open(logins);
    assertThat((Throwable) logins.whyGivenUp()).isNull();
    answers.countDown();
    assertThat(catchThrowable(() -> first.get(60, TimeUnit.SECONDS)))
        .hasRootCauseInstanceOf(CredentialsException.class); // it is too late to log in
    open(logins);
    assertThat(asked).hasValue(2);
    assertThat(door.tried).extracting(Credentials::password).containsExactly("right", "right");
  }

  /** An operator has just changed what it asks. */
  @Test
  void nobody_joins_a_call_that_was_passed_by() throws Exception {
    Logins logins = logins();
    CountDownLatch answers = new CountDownLatch(1);
    provider =
        () -> {
          answers.await();
          return Credentials.of("app", "right").expiringAt(in(Duration.ofHours(1)));
        };
    CompletableFuture<Login> first = new CompletableFuture<>();
    awaitWaiting(start(logins, first));
    logins.passBy();
    provider = () -> Credentials.of("app", "new").expiringAt(in(Duration.ofHours(1)));
    door.right = "new";
    open(logins);
    answers.countDown();
    assertThat(catchThrowable(() -> first.get(60, TimeUnit.SECONDS))).isNull();
    open(logins);
    assertThat(asked).as("what it says at last replaces nothing newer").hasValue(2);
  }

  @Test
  void what_comes_late_of_a_call_that_was_passed_by_serves_nobody_else() throws Exception {
    Logins logins = logins();
    CountDownLatch old = new CountDownLatch(1);
    provider =
        () -> {
          old.await();
          return Credentials.of("app", "right").expiringAt(in(Duration.ofHours(1)));
        };
    CompletableFuture<Login> first = new CompletableFuture<>();
    awaitWaiting(start(logins, first));
    logins.passBy();
    CountDownLatch fresh = new CountDownLatch(1);
    provider =
        () -> {
          fresh.await();
          return Credentials.of("app", "new").expiringAt(in(Duration.ofHours(1)));
        };
    CompletableFuture<Login> second = new CompletableFuture<>();
    awaitWaiting(start(logins, second));
    old.countDown();
    first.get(60, TimeUnit.SECONDS);
    door.right = "new";
    CompletableFuture<Login> third = new CompletableFuture<>();
    awaitWaiting(start(logins, third));
    fresh.countDown();
    second.get(60, TimeUnit.SECONDS);
    third.get(60, TimeUnit.SECONDS);
    assertThat(asked).hasValue(2);
    assertThat(door.tried).extracting(Credentials::password).containsExactly("right", "new", "new");
  }

  private static Thread start(Logins logins, CompletableFuture<Login> login) {
    Thread thread =
        new Thread(
            () -> {
              try {
                login.complete(open(logins));
              } catch (Throwable e) {
                login.completeExceptionally(e);
              }
            });
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private static void awaitWaiting(Thread thread) {
    Await.until(
        () -> Arrays.stream(thread.getStackTrace()).anyMatch(LoginsTest::isWait),
        thread.getName() + " to wait");
  }

  /** For an answer, and not for the lock that another has for a moment. */
  private static boolean isWait(StackTraceElement call) {
    return call.getClassName().equals(CountDownLatch.class.getName())
        || call.getClassName().equals(CompletableFuture.class.getName());
  }

  @Test
  void no_text_shows_a_password() throws SQLException {
    Logins logins = logins();
    Login login = open(logins);
    assertThat(login + " " + login.answer() + " " + Credentials.of("u", "right"))
        .contains("user=u")
        .doesNotContain("right");
  }
}
