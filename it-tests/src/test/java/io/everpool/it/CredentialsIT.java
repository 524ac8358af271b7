package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.CloseReason;
import io.everpool.api.Credentials;
import io.everpool.api.CredentialsProvider;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;

/** Passwords that change on a running server, and providers of them that misbehave. */
@Timeout(180)
@Tag("one-jdk")
class CredentialsIT {
  private static final String ROLE = "rotating";

  private volatile String password = "first-and-secret";
  private final AtomicInteger asked = new AtomicInteger();
  private final AtomicInteger changes = new AtomicInteger();
  private LogCapture log;

  private Path folder;

  @BeforeEach
  void role(@TempDir Path emptied) {
    folder = emptied;
    Db.server().execute("drop role if exists " + ROLE);
    Db.server().execute("create role " + ROLE + " login password '" + password + "'");
    log = LogCapture.open();
  }

  /** Whatever happened: no password in any log. */
  @AfterEach
  void nothingWasShown() {
    assertThat(log.text()).doesNotContain("-and-secret");
    log.close();
  }

  /** On the server; whoever is asked knows it from then on, and waits meanwhile. */
  private synchronized String change() {
    String changed = "changed-" + changes.incrementAndGet() + "-and-secret";
    Db.server().execute("alter role " + ROLE + " password '" + changed + "'");
    password = changed;
    return changed;
  }

  private static PoolConfig.Builder config(String name) {
    return PoolConfig.builder(Db.server().jdbcUrl())
        .name(name)
        .user(ROLE)
        .properties(Map.of("ApplicationName", name));
  }

  private Pool open(PoolConfig.Builder config, CredentialsProvider provider) throws SQLException {
    return Everpool.builder(config.build())
        .credentials(
            () -> {
              asked.incrementAndGet();
              return provider.credentials();
            })
        .open();
  }

  private synchronized Credentials current() {
    return Credentials.of(password);
  }

  private static Crew workOn(Pool pool) {
    return Crew.looping(
        8,
        () -> {
          try (Connection connection = pool.getConnection()) {
            assertThat(Db.ask(connection, "select current_user")).isEqualTo(ROLE);
          }
        });
  }

  private static void replaceAll(Pool pool) {
    long before = pool.snapshot().opened();
    pool.replaceAll();
    awaitOpened(pool, before + 2);
  }

  private static void awaitOpened(Pool pool, long number) {
    Await.until(Db.LIMIT, () -> pool.snapshot().opened() >= number, "new connections");
  }

  // ---- passwords that change

  @Test
  void noCallerSeesAPasswordChangeThatTheProviderKnowsOf() throws Exception {
    try (Pool pool = open(config("rotation").maxSize(4), this::current);
        Crew crew = workOn(pool)) {
      for (int i = 0; i < 5; i++) {
        change();
        replaceAll(pool);
      }
      assertThat(crew.errors()).isEmpty();
    }
    assertThat(log.text()).doesNotContain("cannot connect");
  }

  /** The pool believes an answer as long as it has been told to, and not longer than the server. */
  @Test
  void noCallerSeesThatAnAnswerHasBecomeWrongBeforeItExpires() throws Exception {
    CredentialsProvider hour = () -> current().expiringAt(Instant.now().plusSeconds(3600));
    try (Pool pool = open(config("early").maxSize(4), hour);
        Crew crew = workOn(pool)) {
      replaceAll(pool);
      assertThat(asked).hasValue(1);
      long refused = Db.server().loginFailures();
      change();
      replaceAll(pool);
      assertThat(asked).hasValue(2);
      Await.until(
          Db.LIMIT, () -> Db.server().loginFailures() > refused, "the refusal in the server's log");
      assertThat(crew.errors()).isEmpty();
      replaceAll(pool);
      assertThat(asked).hasValue(2);
    }
    assertThat(log.text())
        .doesNotContain("cannot connect")
        .contains("the CredentialsProvider says something else now");
  }

  @Test
  void connectionsAreReplacedWhenTheirCredentialsExpireNewOnesFirstAndNoLeaseIsCut()
      throws Exception {
    CredentialsProvider moment = () -> current().expiringAt(Instant.now().plusMillis(1500));
    try (Pool pool = open(config("expiry").minSize(1).maxSize(6), moment);
        Connection held = pool.getConnection();
        Crew crew = workOn(pool)) {
      int pid = Db.pid(held);
      for (int i = 0; i < 3; i++) {
        change();
        long before = closed(pool);
        int times = asked.get(); // several may go at one expiry
        Await.until(
            Db.LIMIT,
            () -> closed(pool) > before && asked.get() > times,
            "a connection to be replaced");
      }
      assertThat(Db.pid(held)).isEqualTo(pid);
      assertThat(crew.errors()).isEmpty();
      assertThat(pool.snapshot().closed()).containsOnlyKeys(CloseReason.CREDENTIALS_EXPIRED);
    }
    assertThat(asked.get()).isGreaterThan(3);
  }

  private static long closed(Pool pool) {
    return pool.snapshot().closed().getOrDefault(CloseReason.CREDENTIALS_EXPIRED, 0L);
  }

  /** Idle at its minimum the pool never has fewer. */
  @Test
  void theNewConnectionIsThereBeforeTheOldOneGoes() throws Exception {
    CredentialsProvider moment = () -> current().expiringAt(Instant.now().plusMillis(1500));
    try (Pool pool = open(config("first").minSize(1).maxSize(6), moment)) {
      Await.until(
          Db.LIMIT,
          () -> {
            assertThat(Db.pids(pool)).isNotEmpty();
            return closed(pool) >= 2;
          },
          "two connections to be replaced");
    }
  }

  @Test
  void aWrongAnswerAndThenTheRightOneMakeOneConnection() throws Exception {
    CredentialsProvider provider =
        () -> Credentials.of(asked.get() == 1 ? "wrong-and-secret" : password);
    try (Pool pool = open(config("second-thought").minSize(1).maxSize(1), provider);
        Connection connection = pool.getConnection()) {
      assertThat(Db.ask(connection, "select current_user")).isEqualTo(ROLE);
      assertThat(asked).hasValue(2);
      assertThat(pool.snapshot().connectFailures()).isZero();
    }
  }

  /** As any wrong password is: nobody waits for it. */
  @Test
  void onlyWrongAnswersAreToldAtOnce() {
    AtomicLong number = new AtomicLong();
    long begun = System.nanoTime();
    Throwable failure =
        catchThrowable(
            () ->
                open(
                    config("only-wrong").minSize(0).acquireTimeout(Duration.ofMinutes(5)),
                    () -> Credentials.of("wrong-" + number.incrementAndGet() + "-and-secret")));
    assertThat(Db.sqlStates(failure)).contains("28P01");
    assertThat(System.nanoTime() - begun).isLessThan(Duration.ofMinutes(1).toNanos());
    assertThat(asked).hasValue(2);
    assertThat(WrongPasswordIT.textOf(failure)).doesNotContain("-and-secret");
  }

  @Test
  void anotherRoleMayComeWithThePassword() throws SQLException {
    CredentialsProvider other = () -> Credentials.of(Db.server().user(), Db.server().password());
    try (Pool pool = open(config("other-role"), other);
        Connection connection = pool.getConnection()) {
      assertThat(Db.ask(connection, "select current_user")).isEqualTo(Db.server().user());
    }
  }

  /** Through the plain connector, which any other driver has. */
  @Test
  void aDataSourceIsGivenUserAndPassword() throws Exception {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setURL(Db.server().jdbcUrl());
    PoolConfig config = config("data-source").maxSize(3).build();
    try (Pool pool = Everpool.builder(config).dataSource(source).credentials(this::current).open();
        Crew crew = workOn(pool)) {
      change();
      replaceAll(pool);
      assertThat(crew.errors()).isEmpty();
    }
  }

  // ---- providers that don't answer

  @Test
  void aProviderThatFailsIsAskedAgainAndThePoolGoesOnWithWhatItHas() throws Exception {
    AtomicReference<Exception> failure = new AtomicReference<>();
    CredentialsProvider provider =
        () -> {
          Exception thrown = failure.get();
          if (thrown != null) {
            throw thrown;
          }
          return current();
        };
    try (Pool pool = open(config("failing").minSize(2).maxSize(2), provider);
        Crew crew = workOn(pool)) {
      Await.until(Db.LIMIT, () -> pool.snapshot().total() == 2, "two connections");
      failure.set(new IOException("the vault is down", new ConnectException("refused")));
      Db.server().terminate(Db.pids(pool).get(0));
      Await.until(Db.LIMIT, () -> pool.snapshot().connectFailures() > 3, "failed connects");
      PoolSnapshot now = pool.snapshot();
      assertThat(now.total()).as("a vault's outage is none of the database").isPositive();
      assertThat(now.down()).isFalse();
      assertThat(String.valueOf(now.lastConnectError())).contains("the vault is down");
      failure.set(null);
      Await.until(Db.LIMIT, () -> pool.snapshot().total() == 2, "two connections again");
      assertThat(crew.errors()).hasSizeLessThanOrEqualTo(1); // who was using the one that was ended
    }
    assertThat(log.text())
        .contains("No credentials to log in with: the CredentialsProvider has thrown")
        .doesNotContain("given up: the server is away");
  }

  @Test
  void whatItThrowsIsWhatTheCallerIsTold() {
    PoolConfig.Builder config = config("throwing");
    CredentialsProvider sealed =
        () -> {
          throw new IllegalStateException("the vault is sealed");
        };
    inTimeTells(config, sealed, "vault is sealed", "neither the database nor the network is to");
    inTimeTells(config, CredentialsIT::nothing, "the CredentialsProvider has returned null");
    assertThatThrownBy(
            () ->
                open(
                    config.acquireTimeout(Duration.ofMinutes(5)),
                    () -> {
                      throw new SQLException("no such role in the vault", "28000");
                    }))
        .hasMessageContaining("can't open one: No credentials to log in with")
        .hasMessageContaining("no such role in the vault");
  }

  private void inTimeTells(PoolConfig.Builder config, CredentialsProvider it, String... words) {
    Db.Limited opening = time -> open(config.acquireTimeout(time), it);
    Throwable told = Db.failure(opening, e -> String.valueOf(e.getMessage()).contains(words[0]));
    assertThat(String.valueOf(told.getMessage())).contains(words);
  }

  @SuppressWarnings("NullAway") // what a provider without NullAway may return
  private static Credentials nothing() {
    return null;
  }

  @Test
  void aProviderThatHangsHangsNobodyElse() throws Exception {
    CountDownLatch answers = new CountDownLatch(1);
    CredentialsProvider provider =
        () -> {
          if (asked.get() == 2) {
            answers.await();
          }
          return current();
        };
    PoolConfig.Builder config =
        config("hanging").minSize(1).maxSize(2).connectTimeout(Duration.ofSeconds(3));
    try (Pool pool = open(config, provider);
        Connection held = pool.getConnection();
        Connection another = pool.getConnection()) {
      assertThat(Db.ask(held, "select 1")).isEqualTo("1");
      assertThat(Db.ask(another, "select 1")).isEqualTo("1");
      assertThat(asked.get()).isGreaterThan(2);
      assertThat(pool.snapshot().connectFailures()).isPositive();
      answers.countDown();
    }
    assertThat(log.text())
        .contains("the CredentialsProvider has not answered within connect-timeout (3000 ms)");
  }

  // ---- files and variables

  private Path write(Path file, String text) throws IOException {
    Path written = Files.writeString(folder.resolve("written"), text);
    return Files.move(
        written, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  @Test
  void aPasswordFileIsReadAnewForEachConnection() throws Exception {
    Path file = write(folder.resolve("password"), password + "\n");
    PoolConfig.Builder config = config("file").minSize(2).maxSize(2);
    try (Pool pool = Everpool.open(config.passwordFile(file.toString()).build());
        Crew crew = workOn(pool)) {
      // full of new ones: no connect comes between the server's change and the file's
      awaitOpened(pool, 2);
      for (int i = 0; i < 3; i++) {
        write(file, change() + "\n");
        replaceAll(pool);
      }
      assertThat(crew.errors()).isEmpty();
    }
  }

  /** It may have come too late, or where nobody may read it. */
  @Test
  void aPasswordFileThatIsNotThereIsToldAtOnceByItsName() {
    Path file = folder.resolve("missing");
    PoolConfig config =
        config("no-file")
            .passwordFile(file.toString())
            .acquireTimeout(Duration.ofMinutes(5))
            .build();
    assertThatThrownBy(() -> Everpool.open(config))
        .hasMessageContaining("The password file " + file + " doesn't exist");
  }

  /** Any variable does; this one is always there. */
  @Test
  void anEnvironmentVariableHoldsThePassword() throws SQLException {
    String path = System.getenv("PATH");
    Db.server().execute("alter role " + ROLE + " password '" + path.replace("'", "''") + "'");
    try (Pool pool = Everpool.open(config("variable").passwordEnv("PATH").build());
        Connection connection = pool.getConnection()) {
      assertThat(Db.ask(connection, "select current_user")).isEqualTo(ROLE);
    }
    assertThat(log.text()).doesNotContain(path);
    assertThatThrownBy(() -> Everpool.open(config("none").passwordEnv("NO_SUCH_PASSWORD").build()))
        .hasMessageContaining("NO_SUCH_PASSWORD");
  }

  /** The URL's own password gives way, even one that a console has masked. */
  @Test
  void theFileCountsBeforeTheUrl() throws Exception {
    Path file = write(folder.resolve("password"), password);
    String url = Db.server().libpqUrl().replaceFirst("//[^@]*@", "//" + ROLE + ":********@");
    PoolConfig config = PoolConfig.builder(url).name("url").passwordFile(file.toString()).build();
    try (Pool pool = Everpool.open(config);
        Connection connection = pool.getConnection()) {
      assertThat(Db.ask(connection, "select current_user")).isEqualTo(ROLE);
    }
  }

  @Test
  void aProviderBesideAPasswordIsRefused() {
    for (PoolConfig config :
        List.of(
            config("both").password("first-and-secret").build(),
            config("both").passwordFile("/run/password").build(),
            config("both").passwordEnv("DB_PASSWORD").build())) {
      assertThatThrownBy(() -> Everpool.builder(config).credentials(this::current).open())
          .isInstanceOf(InvalidPoolConfigException.class)
          .hasMessageContaining("stands beside a CredentialsProvider; use one of them")
          .hasMessageNotContaining("-and-secret");
    }
  }
}
