package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.everpool.api.Credentials;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolerMode;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.CertificateAuthority;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.Replica;
import io.everpool.servers.ServerSettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Of several hosts each is heard, and not the last alone. {@code -Dtests.sample=N} plays every N-th
 * row of the matrix.
 *
 * <p>It is long, for all its tests need the same two servers with a standby each, and the same
 * hosts.
 */
@Timeout(600)
@Tag("one-jdk")
class HostsThatRefuseTest {
  private static final int SAMPLE = Integer.getInteger("tests.sample", 1);

  private static PostgresServer one;
  private static PostgresServer other;

  /** That of {@link #one}, and that of {@link #other}. */
  private static Replica standby;

  private static Replica otherStandby;

  /** The hosts of the URL, in its order. */
  private FaultProxy first;

  private FaultProxy last;

  /** What a host does with a login. */
  enum Host {
    FULL(Verdict.OUT_OF_SLOTS, "too many connections for role \"app\"") {
      @Override
      void make(PostgresServer server, FaultProxy way) {
        server.execute("alter role app connection limit 0");
      }
    },
    WRONG_PASSWORD(Verdict.ACCESS_DENIED, "password authentication failed for user \"app\"") {
      @Override
      void make(PostgresServer server, FaultProxy way) {
        server.execute("alter role app password 'another'");
      }
    },
    NO_LOGIN(Verdict.ACCESS_DENIED, "role \"app\" is not permitted to log in") {
      @Override
      void make(PostgresServer server, FaultProxy way) {
        server.execute("alter role app nologin");
      }
    },
    DOWN(Verdict.SERVER_DOWN, "Connection refused") {
      @Override
      void make(PostgresServer server, FaultProxy way) {
        way.refuse();
      }
    },
    CUT(Verdict.SERVER_DOWN, "") {
      @Override
      void make(PostgresServer server, FaultProxy way) {
        way.cutRequest("", FaultProxy.Cut.FIN);
      }
    },
    STANDBY(Verdict.SERVER_STARTING, "targetServerType") {
      @Override
      void make(PostgresServer server, FaultProxy way) {
        Replica replica = server == one ? standby : otherStandby;
        replica.awaitReplayOf(server);
        way.target(replica.server());
      }
    };

    private final Verdict verdict;
    private final String words;

    Host(Verdict verdict, String words) {
      this.verdict = verdict;
      this.words = words;
    }

    abstract void make(PostgresServer server, FaultProxy way);
  }

  @BeforeAll
  static void start() {
    ServerSettings settings = ServerSettings.defaults().withTls();
    one = PostgresServer.startEmbedded(settings);
    other = PostgresServer.startEmbedded(settings);
    standby = Replica.of(one);
    otherStandby = Replica.of(other);
  }

  @AfterAll
  static void stop() {
    otherStandby.close();
    standby.close();
    other.close();
    one.close();
  }

  @BeforeEach
  void ways() {
    first = FaultProxy.before(one);
    last = FaultProxy.before(other);
  }

  @AfterEach
  void mend() {
    first.close();
    last.close();
    for (PostgresServer server : List.of(one, other)) {
      server.execute(
          "alter role app login connection limit -1 password '" + server.password() + "'");
    }
  }

  private String url(String query) {
    return "jdbc:postgresql://%s,%s/%s?user=%s&hostRecheckSeconds=0&%s"
        .formatted(at(first), at(last), one.database(), one.user(), query);
  }

  private static String at(FaultProxy way) {
    return way.host() + ":" + way.port();
  }

  private PostgresConnector connector(String query) {
    return (PostgresConnector)
        Sessions.connector(
            url(query + "&options=-c%20client_connection_check_interval=0"),
            config -> config.password(one.password()).pooler(PoolerMode.NONE));
  }

  private SQLException failure(String query) {
    try (PostgresConnector connector = connector(query)) {
      SQLException failure =
          catchThrowableOfType(SQLException.class, () -> connector.open(Sessions.TIMEOUT).close());
      assertThat(trace(failure)).doesNotContain(one.password());
      return failure;
    }
  }

  private static String trace(Throwable failure) {
    StringWriter trace = new StringWriter();
    failure.printStackTrace(new PrintWriter(trace));
    return trace.toString();
  }

  private static Verdict verdict(Throwable failure) {
    return new PostgresAdapter()
        .connector(PoolConfig.builder("postgresql://nowhere/x").build())
        .classify(failure);
  }

  /** Those of all that belongs to it but the causes that it has wrapped knowingly. */
  private static List<Verdict> suppressed(Throwable failure) {
    List<Verdict> verdicts = new ArrayList<>();
    for (Throwable at = failure; at != null; at = at.getCause()) {
      Arrays.stream(at.getSuppressed()).map(HostsThatRefuseTest::verdict).forEach(verdicts::add);
    }
    return verdicts;
  }

  /** Each two hosts with each type and each way to encrypt, though not with all of both. */
  static List<Object[]> matrix() {
    List<String> types = List.of("any", "primary", "preferSecondary");
    List<String> sslmodes = List.of("disable", "prefer", "require");
    List<Object[]> rows = new ArrayList<>();
    int pairs = 0;
    for (Host first : Host.values()) {
      for (Host last : Host.values()) {
        boolean letIn = first == Host.STANDBY || last == Host.STANDBY;
        for (int i = 0; i < 3 && !(letIn && first == last); i++) {
          String type = letIn ? "primary" : types.get((pairs + i) % 3);
          rows.add(new Object[] {first, last, type, sslmodes.get(i)});
        }
        pairs++;
      }
    }
    return IntStream.range(0, rows.size())
        .filter(i -> i % SAMPLE == 0)
        .mapToObj(rows::get)
        .toList();
  }

  /** Somebody is there and full; or else one may let us in later; or else all refuse for good. */
  private static Verdict expected(Host first, Host last) {
    List<Verdict> both = List.of(first.verdict, last.verdict);
    if (both.contains(Verdict.OUT_OF_SLOTS)) {
      return Verdict.OUT_OF_SLOTS;
    }
    return last.verdict == Verdict.ACCESS_DENIED ? first.verdict : last.verdict;
  }

  @ParameterizedTest
  @MethodSource("matrix")
  void theOneThatCountsIsToldAndTheOthersAreNotForgotten(
      Host one, Host other, String type, String sslmode) {
    one.make(HostsThatRefuseTest.one, first);
    other.make(HostsThatRefuseTest.other, last);
    SQLException failure = failure("sslmode=" + sslmode + "&targetServerType=" + type);
    assertThat(verdict(failure)).as(trace(failure)).isEqualTo(expected(one, other));
    assertThat(failure.getMessage()).contains(one.words, other.words);
    if (one != other && verdict(failure) != Verdict.ACCESS_DENIED) {
      boolean denied =
          one.verdict == Verdict.ACCESS_DENIED || other.verdict == Verdict.ACCESS_DENIED;
      assertThat(suppressed(failure).contains(Verdict.ACCESS_DENIED)).isEqualTo(denied);
    }
    if (sslmode.equals("require")) {
      assertThat(first.accepted()).as("logins there").isLessThanOrEqualTo(1);
      assertThat(last.accepted()).as("logins there").isLessThanOrEqualTo(1);
    }
  }

  static List<Object[]> refusals() {
    return matrix().stream()
        .filter(row -> row[0] != Host.STANDBY && row[1] != Host.STANDBY)
        .filter(row -> row[3].equals("require"))
        .toList();
  }

  /** Servers count failed logins; there may be a pooler, so that each could tell more. */
  @ParameterizedTest
  @MethodSource("refusals")
  void noHostThatWasHeardIsAskedAgain(Host one, Host other, String type, String sslmode) {
    one.make(HostsThatRefuseTest.one, first);
    other.make(HostsThatRefuseTest.other, last);
    String url = url("sslmode=" + sslmode + "&targetServerType=" + type);
    try (Connector connector =
        Sessions.connector(url, config -> config.password(HostsThatRefuseTest.one.password()))) {
      SQLException failure =
          catchThrowableOfType(SQLException.class, () -> connector.open(Sessions.TIMEOUT).close());
      assertThat(connector.classify(failure)).isEqualTo(expected(one, other));
    }
    assertThat(first.accepted()).isEqualTo(one == Host.DOWN ? 0 : 1);
    assertThat(last.accepted()).isEqualTo(other == Host.DOWN ? 0 : 1);
  }

  /** It says 57P03: soon there will be another. */
  @ParameterizedTest
  @ValueSource(strings = {"disable", "require"})
  void aFirstHostThatIsShuttingDownIsWaitedForThoughTheLastRefuses(String sslmode)
      throws Exception {
    try (PostgresServer stopping =
        PostgresServer.startEmbedded(
            ServerSettings.defaults().withTls().withPassword(one.password()))) {
      first.target(stopping);
      PhysicalConnection lingering = Sessions.open(stopping.libpqUrl());
      CompletableFuture<Void> stop =
          CompletableFuture.runAsync(() -> stopping.stop(PostgresServer.Shutdown.SMART));
      Await.until(
          Sessions.LIMIT,
          () -> {
            try {
              Sessions.open(stopping.libpqUrl()).close();
              return false;
            } catch (SQLException e) {
              return "57P03".equals(e.getSQLState());
            }
          },
          "the server to refuse");
      Host.NO_LOGIN.make(other, last);
      SQLException failure = failure("sslmode=" + sslmode);
      assertThat(verdict(failure)).isEqualTo(Verdict.SERVER_STARTING);
      assertThat(failure.getSQLState()).isEqualTo("57P03");
      assertThat(failure.getMessage()).contains("shutting down", Host.NO_LOGIN.words);
      assertThat(suppressed(failure)).containsExactly(Verdict.ACCESS_DENIED);
      lingering.close();
      stop.get(Sessions.LIMIT.toSeconds(), TimeUnit.SECONDS);
    }
  }

  /** Both tries, with TLS and without, are one host's; what it has said first counts. */
  @ParameterizedTest
  @CsvSource({
    "prefer, 'SSL encryption'",
    "allow, 'no encryption'",
    "require, 'SSL encryption'",
    "disable, 'no encryption'"
  })
  void aHostWhosePgHbaRefusesIsHeardOnce(String sslmode, String words) throws IOException {
    Path hba = Path.of(one.ask("show hba_file"));
    String before = Files.readString(hba);
    Files.writeString(hba, before.replaceAll("(?m)^(host\\s+\\S+\\s+)all", "$1postgres"));
    one.execute("select pg_reload_conf()");
    try {
      try (PostgresConnector alone =
          (PostgresConnector)
              Sessions.connector(
                  one.jdbcUrl() + "?user=app&sslmode=" + sslmode, c -> c.password("x"))) {
        Await.until(
            Sessions.LIMIT,
            () -> {
              Throwable refusal =
                  catchThrowableOfType(
                      SQLException.class, () -> alone.open(Sessions.TIMEOUT).close());
              return String.valueOf(refusal).contains("no pg_hba.conf entry");
            },
            "the rules to be read");
        SQLException single =
            catchThrowableOfType(SQLException.class, () -> alone.open(Sessions.TIMEOUT).close());
        assertThat(verdict(single)).isEqualTo(Verdict.ACCESS_DENIED);
        assertThat(single.getMessage()).contains(words).doesNotContain("Other hosts");
      }
      last.refuse();
      SQLException failure = failure("sslmode=" + sslmode);
      assertThat(verdict(failure)).isEqualTo(Verdict.SERVER_DOWN);
      assertThat(failure.getMessage())
          .contains("Other hosts: " + at(first) + ": FATAL: no pg_hba.conf entry", words + ".");
      assertThat(suppressed(failure)).contains(Verdict.ACCESS_DENIED);
    } finally {
      Files.writeString(hba, before);
      one.execute("select pg_reload_conf()");
    }
  }

  /** It is the handshake that fails there, and the driver says nothing of it. */
  @Test
  void aHostWhoseCertificateIsNotTrustedIsToldOf(@TempDir Path folder) {
    Path root = CertificateAuthority.create(folder, "nobody").root();
    last.refuse();
    SQLException failure = failure("sslmode=verify-ca&sslrootcert=" + TlsSessions.encoded(root));
    assertThat(verdict(failure)).isEqualTo(Verdict.SERVER_DOWN);
    assertThat(failure.getMessage()).contains("Connection refused", "Other hosts: " + at(first));
    assertThat(suppressed(failure)).containsExactly(Verdict.REFUSED);
  }

  @Test
  void aHostThatSaysNothingIsWaitedForThoughTheLastRefuses() {
    first.hang();
    Host.WRONG_PASSWORD.make(other, last);
    try (PostgresConnector connector = connector("sslmode=disable")) {
      SQLException failure = atLast(connector, 1_000_000_000L, Host.WRONG_PASSWORD.words);
      assertThat(verdict(failure)).isEqualTo(Verdict.SERVER_DOWN);
      assertThat(failure.getMessage()).contains("connect-timeout", Host.WRONG_PASSWORD.words);
    }
  }

  /** With more time where a busy machine needs it for the last host to be heard. */
  private static SQLException atLast(Connector connector, long nanos, String words) {
    SQLException failure =
        catchThrowableOfType(SQLException.class, () -> connector.open(nanos).close());
    boolean heard = failure.getMessage().contains(words);
    return heard || nanos >= Sessions.LIMIT.toNanos()
        ? failure
        : atLast(connector, 2 * nanos, words);
  }

  /** What a host quotes is hidden, wherever it stands. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aSecretThatAnyHostQuotesIsNotShown(boolean firstQuotes) {
    (firstQuotes ? last : first).refuse();
    try (PostgresConnector connector =
        (PostgresConnector)
            Sessions.connector(
                url("sslmode=disable&options=-c%20statement_timeout%3Dhunter2"),
                config -> config.password(one.password()).pooler(PoolerMode.NONE))) {
      SQLException failure =
          catchThrowableOfType(SQLException.class, () -> connector.open(Sessions.TIMEOUT).close());
      assertThat(trace(failure)).contains("isn't shown, for it quotes").doesNotContain("hunter2");
      assertThat(verdict(failure)).isEqualTo(Verdict.SERVER_DOWN);
      assertThat(suppressed(failure)).containsExactly(Verdict.REFUSED);
    }
  }

  /**
   * The driver remembers for ten seconds what it has found, of the hosts that it has turned away.
   */
  @Test
  void aFullPrimaryIsHeardAtEachOpening() {
    Host.FULL.make(one, first);
    Host.STANDBY.make(other, last);
    failure("targetServerType=primary"); // what it remembers is of these hosts from now on
    String url = url("targetServerType=primary").replace("hostRecheckSeconds=0&", "");
    try (Connector connector = Sessions.connector(url, config -> config.password(one.password()))) {
      for (int i = 0; i < 3; i++) {
        SQLException failure =
            catchThrowableOfType(
                SQLException.class, () -> connector.open(Sessions.TIMEOUT).close());
        assertThat(connector.classify(failure)).isEqualTo(Verdict.OUT_OF_SLOTS);
      }
    }
  }

  /** What it has found there before says nothing of now, and others are refused for it at once. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aHostThatTheDriverPassesOverIsAskedBeforeALoginCountsAsRefused(boolean back)
      throws SQLException {
    String url =
        url("targetServerType=any").replace("hostRecheckSeconds=0&", "hostRecheckSeconds=600&");
    try (Connector connector =
        Sessions.connector(
            url, config -> config.password(one.password()).pooler(PoolerMode.NONE))) {
      first.refuse();
      PhysicalConnection connection = connector.open(Sessions.TIMEOUT);
      assertThat(((PostgresConnection) connection).host("")).isEqualTo(at(last));
      connection.close();
      Host.NO_LOGIN.make(other, last);
      if (back) {
        first.accept();
        connector.open(Sessions.TIMEOUT).close();
        assertThat(first.accepted()).isEqualTo(1);
      } else {
        SQLException failure =
            catchThrowableOfType(
                SQLException.class, () -> connector.open(Sessions.TIMEOUT).close());
        assertThat(connector.classify(failure)).isEqualTo(Verdict.SERVER_DOWN);
        assertThat(failure.getMessage()).contains("Connection refused", Host.NO_LOGIN.words);
        assertThat(suppressed(failure)).containsExactly(Verdict.ACCESS_DENIED);
      }
      assertThat(last.accepted()).as("logins there").isEqualTo(2);
    }
  }

  /** The one that is set aside is asked by an opening of its own. */
  @Test
  void aHostThatWasSetAsideIsHeardToo() throws SQLException {
    try (PostgresConnector connector = connector("sslmode=disable")) {
      connector.open(Sessions.TIMEOUT).close();
      Host.STANDBY.make(one, first);
      connector.open(Sessions.TIMEOUT).close(); // at the other, which writes
      Host.FULL.make(one, first);
      standby.awaitReplayOf(one);
      last.refuse();
      SQLException failure =
          catchThrowableOfType(SQLException.class, () -> connector.open(Sessions.TIMEOUT).close());
      assertThat(verdict(failure)).isEqualTo(Verdict.OUT_OF_SLOTS);
      assertThat(failure.getMessage()).contains(Host.FULL.words, "Connection refused");
    }
  }

  /** What one host has said is said of no other one. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void beforeOneThatWasPassedOverEachIsNamedWithItsOwnWords(boolean firstHasThePassword)
      throws SQLException {
    Host ofFirst = firstHasThePassword ? Host.NO_LOGIN : Host.WRONG_PASSWORD;
    Host ofLast = firstHasThePassword ? Host.WRONG_PASSWORD : Host.NO_LOGIN;
    try (FaultProxy passedOver = FaultProxy.before(one);
        Connector connector =
            Sessions.connector(
                url("sslmode=disable")
                    .replace("//", "//" + at(passedOver) + ",")
                    .replace("hostRecheckSeconds=0", "hostRecheckSeconds=600"),
                config -> config.password(one.password()).pooler(PoolerMode.NONE))) {
      passedOver.refuse();
      connector.open(Sessions.TIMEOUT).close();
      ofFirst.make(one, first);
      ofLast.make(other, last);
      SQLException failure =
          catchThrowableOfType(SQLException.class, () -> connector.open(Sessions.TIMEOUT).close());
      assertThat(connector.classify(failure)).isEqualTo(Verdict.SERVER_DOWN);
      assertThat(failure.getMessage())
          .contains(
              at(first) + ": FATAL: " + ofFirst.words, " " + at(last) + ": FATAL: " + ofLast.words)
          .doesNotContain(at(first) + "," + at(last) + ":");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void besidesOneThatWasSetAsideEachIsNamedWithItsOwnWords(boolean refusesLast)
      throws SQLException {
    try (FaultProxy away = FaultProxy.before(other);
        PostgresConnector connector =
            (PostgresConnector)
                Sessions.connector(
                    url("sslmode=disable")
                        .replace(
                            at(last),
                            refusesLast ? at(away) + "," + at(last) : at(last) + "," + at(away)),
                    config -> config.password(one.password()).pooler(PoolerMode.NONE))) {
      connector.open(Sessions.TIMEOUT).close();
      Host.STANDBY.make(one, first);
      connector.open(Sessions.TIMEOUT).close(); // at another, which writes
      Host.FULL.make(one, first);
      standby.awaitReplayOf(one);
      away.refuse();
      Host.WRONG_PASSWORD.make(other, last);
      SQLException failure =
          catchThrowableOfType(SQLException.class, () -> connector.open(Sessions.TIMEOUT).close());
      assertThat(verdict(failure)).isEqualTo(Verdict.OUT_OF_SLOTS);
      assertThat(failure.getMessage())
          .contains(" " + at(away) + ": Connection refused")
          .contains(" " + at(last) + ": FATAL: " + Host.WRONG_PASSWORD.words)
          .doesNotContain(at(last) + "," + at(away) + ":", at(away) + "," + at(last) + ":");
    }
  }

  /** The driver has returned its connection, which breaks at our own first question. */
  @Test
  void aHostThatIsLostBehindTheLoginIsNamedAlone() throws SQLException {
    try (FaultProxy unasked = FaultProxy.before(other);
        PostgresConnector connector =
            (PostgresConnector)
                Sessions.connector(
                    url("sslmode=disable&options=-c%20client_connection_check_interval=0")
                        .replace(at(last), at(last) + "," + at(unasked)),
                    config -> config.password(one.password()).pooler(PoolerMode.NONE))) {
      connector.open(Sessions.TIMEOUT).close();
      Host.STANDBY.make(one, first);
      connector.open(Sessions.TIMEOUT).close(); // at the last, which writes
      Host.FULL.make(one, first);
      standby.awaitReplayOf(one);
      last.cutReplyTo("pg_control_system", FaultProxy.Cut.FIN);
      SQLException failure =
          catchThrowableOfType(SQLException.class, () -> connector.open(Sessions.TIMEOUT).close());
      assertThat(verdict(failure)).isEqualTo(Verdict.OUT_OF_SLOTS);
      assertThat(failure.getMessage())
          .contains(" Other hosts: " + at(last) + ": ")
          .doesNotContain(at(unasked) + ": ");
    }
  }

  /** The password was changed, and the last host is dead. What was said before is good for long. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aProviderOfCredentialsIsAskedAnewThoughTheLastHostIsDead(boolean silent)
      throws SQLException {
    Host.WRONG_PASSWORD.make(one, first);
    if (silent) {
      last.hang();
    } else {
      last.refuse();
    }
    AtomicInteger asked = new AtomicInteger();
    PoolConfig config =
        PoolConfig.builder(url("sslmode=prefer"))
            .minSize(0)
            .maxSize(1)
            .connectTimeout(Duration.ofSeconds(silent ? 2 : 10))
            .acquireTimeout(Duration.ofSeconds(60))
            .failFast(false)
            .build();
    try (Pool pool =
            Everpool.builder(config)
                .credentials(
                    () ->
                        Credentials.of(
                                one.user(),
                                asked.incrementAndGet() == 1 ? one.password() : "another")
                            .expiringAt(Instant.now().plusSeconds(3600)))
                .open();
        Connection connection = pool.getConnection()) {
      assertThat(Sessions.ask(connection, "select 1")).isEqualTo("1");
      assertThat(asked).hasValue(2);
    }
  }
}
