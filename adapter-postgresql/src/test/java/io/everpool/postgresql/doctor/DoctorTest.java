package io.everpool.postgresql.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.RetryConfig;
import io.everpool.core.Everpool;
import io.everpool.postgresql.PlainSocketFactory;
import io.everpool.postgresql.doctor.Finding.Level;
import io.everpool.postgresql.doctor.Finding.Subject;
import io.everpool.servers.Await;
import io.everpool.servers.Certificate;
import io.everpool.servers.Port;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is wrong is told in a sentence that says what to do, and the rest is told to be skipped. */
@Timeout(300)
@Tag("one-jdk")
class DoctorTest {
  private static final String SECRET = "s3cret-of-the-doctor";
  private static PostgresServer server;
  private static PostgresServer tls;
  private static Certificate certificate;

  @BeforeAll
  static void start(@TempDir Path directory) {
    server =
        PostgresServer.start(
            ServerSettings.defaults().withPassword(SECRET).with("max_connections", "30"));
    server.execute("create role patient login password '" + SECRET + "'");
    certificate = Certificate.selfSigned(directory, "localhost");
    tls =
        PostgresServer.startEmbedded(
            ServerSettings.defaults()
                .with("ssl", "on")
                .with("ssl_cert_file", certificate.chain().toString())
                .with("ssl_key_file", certificate.key().toString()));
  }

  @AfterAll
  static void stop() {
    try (PostgresServer one = server;
        PostgresServer other = tls) {
      assertThat(one).isNotSameAs(other);
    }
  }

  private static PoolConfig.Builder config(PostgresServer server) {
    return PoolConfig.builder(server.jdbcUrl()).user(server.user()).password(server.password());
  }

  private static PoolConfig.Builder patient() {
    return config(server).user("patient").password(SECRET);
  }

  private static Report examine(PoolConfig.Builder config) {
    return complete(Doctor.examine(config.build()));
  }

  private static Report complete(Report report) {
    assertThat(report.toString()).doesNotContain(SECRET);
    Set<Subject> told =
        report.findings().stream()
            .map(Finding::subject)
            .collect(Collectors.toCollection(() -> EnumSet.noneOf(Subject.class)));
    told.add(Subject.NOTES); // of which there may be none
    if (report.of(Subject.SETTINGS).get(0).level() == Level.PROBLEM) {
      told.add(Subject.CONTRADICTIONS);
    }
    assertThat(told).as("every subject: %s", report).containsExactly(Subject.values());
    return report;
  }

  private static Finding only(Report report, Subject subject) {
    assertThat(report.of(subject)).as(report.toString()).hasSize(1);
    return report.of(subject).get(0);
  }

  /** The subject has this problem, and of what comes after it nothing is known. */
  private static void failsAt(Report report, Subject subject, String... words) {
    assertThat(report.works()).isFalse();
    assertThat(report.of(subject))
        .as(report.toString())
        .anySatisfy(
            finding -> {
              assertThat(finding.level()).isEqualTo(Level.PROBLEM);
              assertThat(finding.text()).contains(words);
            });
    for (Subject later : EnumSet.range(subject, Subject.FUNCTIONS)) {
      if (later != subject) {
        assertThat(only(report, later).level()).as(report.toString()).isEqualTo(Level.SKIPPED);
        assertThat(only(report, later).text()).contains("because of the " + name(subject));
      }
    }
  }

  private static String name(Subject subject) {
    return subject.name().toLowerCase(Locale.ROOT);
  }

  @Test
  void a_healthy_one() {
    Report report = examine(patient());

    assertThat(report.works()).isTrue();
    for (Subject subject :
        EnumSet.complementOf(
            EnumSet.of(Subject.LATENCY, Subject.NOTES, Subject.SIZE))) { // a machine may be slow
      assertThat(report.of(subject))
          .as(report.toString())
          .extracting(Finding::level)
          .containsOnly(Level.OK);
    }
    assertThat(only(report, Subject.LATENCY).text()).contains("ms");
    assertThat(only(report, Subject.POOLER).text()).isEqualTo("none");
    assertThat(only(report, Subject.VERSIONS).text()).contains("pgjdbc", "server");
    assertThat(only(report, Subject.SLOTS).text())
        .contains("max_connections is 30", "3 are reserved", "room for 1 pools of max-size 20");
    assertThat(only(report, Subject.TLS).text()).contains("no TLS");
    assertThat(report.toString()).endsWith("0 problems, 0 pieces of advice");
  }

  @Test
  void the_password_is_wrong() {
    Report report = examine(patient().password("wrong"));
    failsAt(report, Subject.LOGIN, "password authentication failed", "Check user and password");
    assertThat(report.toString()).contains("\n1 problem, ");
  }

  @Test
  void the_password_stands_in_a_file(@TempDir Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("password"), SECRET + "\n");
    assertThat(examine(patient().password(null).passwordFile(file.toString())).works()).isTrue();
    Files.delete(file);
    failsAt(
        examine(patient().password(null).passwordFile(file.toString())), Subject.LOGIN, "password");
  }

  @Test
  void nobody_listens_there() {
    try (Port port = Port.claim()) {
      failsAt(
          examine(PoolConfig.builder("postgresql://127.0.0.1:" + port.number() + "/shop")),
          Subject.PORT,
          "127.0.0.1 port " + port.number(),
          "Check host and port");
    }
  }

  @Test
  void nobody_has_that_name() {
    failsAt(
        examine(PoolConfig.builder("postgresql://nobody.invalid/shop")),
        Subject.NAME,
        "nobody.invalid",
        "check its spelling");
  }

  /** A socket of the user's own, to a Unix-domain socket for one. */
  @Test
  void the_way_there_is_a_socket_factorys() {
    PoolConfig.Builder own =
        patient().properties(Map.of("socketFactory", PlainSocketFactory.class.getName()));
    Report report = examine(own);
    assertThat(report.works()).as(report.toString()).isTrue();
    assertThat(only(report, Subject.NAME).level()).isEqualTo(Level.SKIPPED);
  }

  @Test
  void tls_is_required_and_off() {
    failsAt(
        examine(PoolConfig.builder(server.libpqUrl() + "?sslmode=require").password(SECRET)),
        Subject.TLS,
        "has no TLS",
        "ssl = on");
  }

  @Test
  void the_certificate_is_shown_and_must_name_the_host() {
    String root = "&sslrootcert=" + certificate.chain();
    Report good = examine(config(tls, "localhost", "?sslmode=verify-full" + root));
    assertThat(good.works()).as(good.toString()).isTrue();
    assertThat(only(good, Subject.TLS).text()).contains("TLSv1", "until", "localhost");

    failsAt(
        examine(config(tls, "127.1", "?sslmode=verify-full" + root)),
        Subject.TLS,
        "doesn't name 127.1");
    Report unused = examine(config(tls, "localhost", "?sslmode=disable"));
    assertThat(only(unused, Subject.TLS).text()).contains("it isn't used");
  }

  private static PoolConfig.Builder config(PostgresServer server, String host, String query) {
    return PoolConfig.builder(server.libpqUrl(host, server.port()) + query);
  }

  @Test
  void slots_are_nearly_taken() throws Exception {
    List<Connection> others = new ArrayList<>();
    awaitSessions(0); // one that was closed has its slot for a moment longer
    try {
      for (int i = 0; i < 22; i++) {
        others.add(DriverManager.getConnection(server.jdbcUrl(), "patient", SECRET));
      }
      Report report = examine(patient());
      assertThat(only(report, Subject.SLOTS).level()).as(report.toString()).isEqualTo(Level.ADVICE);
      assertThat(only(report, Subject.SLOTS).text())
          .contains("max-size is 20", "room for 5", "max_connections is 30", "Lower max-size");
      awaitSessions(22);
      for (int i = 0; i < 4; i++) {
        others.add(DriverManager.getConnection(server.jdbcUrl(), "patient", SECRET));
      }
      // who has looked at the sessions keeps his slot for a moment, and then it is the doctor's
      Await.until(
          Duration.ofSeconds(60),
          () -> only(examine(patient()), Subject.SLOTS).level() == Level.PROBLEM,
          "a problem of slots");
      awaitSessions(26);
      Await.until(
          Duration.ofSeconds(60),
          () -> takeLast(others),
          "the slot of who has looked at the sessions");
      failsAt(examine(patient()), Subject.LOGIN, "remaining connection slots", "max-size");
    } finally {
      for (Connection other : others) {
        other.close();
      }
    }
    awaitSessions(0);
  }

  private static boolean takeLast(List<Connection> others) {
    try {
      return others.add(DriverManager.getConnection(server.jdbcUrl(), "patient", SECRET));
    } catch (SQLException full) {
      return false;
    }
  }

  private static void awaitSessions(int count) {
    String sql = "select count(*) from pg_stat_activity where usename = 'patient'";
    Await.until(
        Duration.ofSeconds(60),
        () -> server.ask(sql).equals(Integer.toString(count)),
        count + " sessions of the patient");
  }

  @Test
  void the_role_has_a_limit_of_its_own() {
    server.execute("create role narrow login password '" + SECRET + "' connection limit 5");
    Report report = examine(patient().user("narrow"));
    assertThat(only(report, Subject.SLOTS).text())
        .contains("room for 5", "this role may have 5 and has 1");
    assertThat(examine(patient().user("narrow").maxSize(5)).of(Subject.SLOTS))
        .extracting(Finding::level)
        .containsExactly(Level.OK);
  }

  @Test
  void only_a_pool_at_work_knows_how_large_it_should_be() throws Exception {
    assertThat(only(examine(patient()), Subject.SIZE))
        .isEqualTo(
            new Finding(
                Level.SKIPPED,
                Subject.SIZE,
                "not looked at, for only a pool that has been at work knows: ask one that has"
                    + " size-advice = true, by Doctor.examine(pool), pool.advise(), its MXBean or the"
                    + " console"));
    try (Pool pool = Everpool.open(patient().minSize(0).maxSize(3).sizeAdvice(true).build())) {
      assertThat(only(complete(Doctor.examine(pool)), Subject.SIZE))
          .isEqualTo(
              new Finding(Level.SKIPPED, Subject.SIZE, "not told yet: there were too few leases"));
      for (int i = 0; i < 150; i++) {
        pool.use(connection -> connection.isValid(1));
      }
      Report report = complete(Doctor.examine(pool));
      assertThat(report.works()).as(report.toString()).isTrue();
      assertThat(only(report, Subject.SIZE).level()).isEqualTo(Level.OK);
      assertThat(only(report, Subject.SIZE).text()).startsWith("max-size = ").contains(" leases");
    }
    try (Pool pool = Everpool.open(patient().minSize(0).build())) {
      assertThat(only(complete(Doctor.examine(pool)), Subject.SIZE).text())
          .isEqualTo("not told: the pool remembers no leases without size-advice = true");
    }
    awaitSessions(0);
  }

  /** What a pool has already is not wanting for it. */
  @Test
  void the_slots_of_a_pool_at_work_are_its_own() throws Exception {
    server.execute("create role busy login password '" + SECRET + "' connection limit 6");
    PoolConfig config = patient().user("busy").minSize(4).maxSize(5).build();
    String sessions = "select count(*) from pg_stat_activity where usename = 'busy'";
    try (Pool pool = Everpool.open(config)) {
      Await.until(Duration.ofSeconds(60), () -> pool.snapshot().total() == 4, "the pool's minimum");
      // one that was closed goes on for a moment on the server, before the examination and within
      // it
      Await.until(
          Duration.ofSeconds(60), () -> server.ask(sessions).equals("4"), "no others' sessions");
      Report report = complete(Doctor.examine(pool));
      assertThat(only(report, Subject.SLOTS).level()).as(report.toString()).isEqualTo(Level.OK);
    }
  }

  @Test
  void a_function_leaves_something_in_the_session() {
    server.execute(
        "create function enter(tenant text) returns void language sql as"
            + " $$ select set_config('app.tenant', tenant, false) $$");
    try {
      Report report = examine(patient());
      assertThat(only(report, Subject.FUNCTIONS).level()).isEqualTo(Level.ADVICE);
      assertThat(only(report, Subject.FUNCTIONS).text()).contains("enter", "SET LOCAL");
      assertThat(report.of(Subject.NOTES)).as("said once").isEmpty();
    } finally {
      server.execute("drop function enter(text)");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"pg_control_checkpoint()", "pg_xact_status(xid8)"})
  void what_became_of_a_commit_is_hidden(String function) {
    server.execute("revoke execute on function " + function + " from public");
    try {
      Report report = examine(patient());
      assertThat(report.works()).isTrue();
      assertThat(only(report, Subject.COMMITS).level()).isEqualTo(Level.ADVICE);
      assertThat(only(report, Subject.COMMITS).text())
          .contains(
              "permission denied for function " + function.replaceAll("\\(.*", ""),
              "CommitOutcomeUnknownException",
              "PostgreSQL 13",
              "retry.commit-outcome = false");
      assertThat(report.of(Subject.NOTES)).as("said once").isEmpty();

      Finding off =
          only(
              examine(patient().retry(RetryConfig.DEFAULT.withCommitOutcome(false))),
              Subject.COMMITS);
      assertThat(off.level()).isEqualTo(Level.OK);
      assertThat(off.text()).contains("not looked up");
    } finally {
      server.execute("grant execute on function " + function + " to public");
    }
  }

  @Test
  void the_server_closes_what_the_pool_keeps() {
    server.execute("create role restless login password '" + SECRET + "'");
    server.execute("alter role restless set idle_session_timeout = '1min'");
    server.execute("alter role restless set lock_timeout = '2min'");
    Report report = examine(patient().user("restless"));
    assertThat(report.of(Subject.TIMEOUTS))
        .extracting(Finding::text)
        .satisfiesExactly(
            text -> assertThat(text).contains("idle_session_timeout is 60s"),
            text ->
                assertThat(text).contains("lock_timeout is 120s", "a statement may run for 60s"));
  }

  @Test
  void settings_that_cannot_work_and_settings_that_contradict() {
    failsAt(
        examine(PoolConfig.builder("jdbc:postgresql://localhost/shop?tcpKeepAliv=true")),
        Subject.SETTINGS,
        "did you mean tcpKeepAlive?");
    failsAt(examine(PoolConfig.builder("mongodb://localhost/shop")), Subject.SETTINGS, "url");
    Report report =
        examine(
            patient()
                .connectTimeout(Duration.ofSeconds(29))
                .acquireTimeout(Duration.ofSeconds(28)));
    assertThat(report.of(Subject.CONTRADICTIONS))
        .extracting(Finding::level)
        .containsExactly(Level.ADVICE);
    assertThat(report.works()).isTrue();
  }
}
