package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.health.HealthCheckRegistry;
import io.everpool.api.Credentials;
import io.everpool.api.CredentialsProvider;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.Everpool;
import io.everpool.metrics.DropwizardMetrics;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every form of docs/urls.md with a secret where the password is, and a few that are no URL at all:
 * opened where nobody listens, so that all that can fail does. The secret is in no log, exception,
 * event, snapshot, toString, metric or health check. {@code -Dtests.sample=N} takes every N-th
 * spelling, each form of the page with others.
 */
class SecretsIT {
  private static final Path PAGE = Path.of("..", "docs", "urls.md");
  private static final Pattern ROW = Pattern.compile("\\| [^|]+ \\| `((?:\\\\\\||[^|])*)` \\| .*");
  private static final String SECRET = "hunter2";
  private static final int SAMPLE = Integer.getInteger("tests.sample", 1);

  /** For what fails whenever it is asked for. */
  private static final Duration BRIEF = Duration.ofMillis(200);

  /** Plain, and with what breaks a URL before and behind it. */
  private static final List<String> SPELLINGS =
      List.of(
          SECRET,
          "a@" + SECRET,
          SECRET + "/b",
          "a?" + SECRET,
          "a;b=" + SECRET,
          "a&b=" + SECRET,
          "a " + SECRET);

  static Stream<String> urls() throws IOException {
    List<String> all = allUrls();
    return IntStream.range(0, all.size())
        .filter(i -> (i + i / SPELLINGS.size()) % SAMPLE == 0)
        .mapToObj(all::get);
  }

  private static List<String> allUrls() throws IOException {
    List<String> forms = new ArrayList<>();
    for (String line : Files.readAllLines(PAGE)) {
      Matcher row = ROW.matcher(line);
      if (row.matches() && row.group(1).contains("SECRET")) {
        forms.add(row.group(1).replace("\\|", "|"));
      }
    }
    assertThat(forms).as("forms of " + PAGE).hasSizeGreaterThan(40);
    forms.addAll(
        List.of(
            "app:SECRET@db.example.com/shop",
            "jdbc:mysql://app:SECRET@db.example.com/shop",
            "jdbc:oracle:thin:scott/SECRET@db.example.com:1521/x",
            "oracle:thin:scott/SECRET@",
            "(password=SECRET)",
            "SECRET"));
    return forms.stream()
        .map(form -> form.replaceAll("[a-z]+\\.example\\.com(?::\\d+)?", "127.0.0.1:1"))
        .map(form -> form.replaceAll("(?i)(host|server)( ?= ?)127\\.0\\.0\\.1:1", "$1$2127.0.0.1"))
        .flatMap(form -> SPELLINGS.stream().map(secret -> form.replace("SECRET", secret)))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("urls")
  void nothingThatCanBeSeenHoldsTheSecret(String url) {
    assertThat(seen(PoolConfig.builder(url), null)).doesNotContain(SECRET);
  }

  /** One spelling of each form. */
  static Stream<String> readers() throws IOException {
    List<String> all = allUrls();
    return IntStream.range(0, all.size())
        .filter(i -> i % SPELLINGS.size() == i / SPELLINGS.size() % SPELLINGS.size())
        .mapToObj(all::get);
  }

  @ParameterizedTest
  @MethodSource("readers")
  void norDoesItWhereItIsTheUrlOfAReader(String url) {
    PoolConfig.Builder config = PoolConfig.builder("jdbc:postgresql://127.0.0.1:1/shop");
    assertThat(seen(config.readers(List.of(url)), null)).isNotEmpty().doesNotContain(SECRET);
  }

  /** Where nobody listens, and where the login is refused. */
  static Stream<String> servers() {
    return Stream.of("jdbc:postgresql://127.0.0.1:1/shop", Db.server().jdbcUrl());
  }

  /** Nor where it isn't in the configuration, or only by mistake. */
  @ParameterizedTest
  @MethodSource("servers")
  void norDoesItWhereTheSecretComesFromElsewhere(String url, @TempDir Path folder)
      throws IOException {
    Path file = Files.writeString(folder.resolve("password"), SECRET + "\n");
    Path lines = Files.writeString(folder.resolve("lines"), SECRET + "\n" + SECRET);
    Supplier<PoolConfig.Builder> config = () -> PoolConfig.builder(url).user("nobody");
    CredentialsProvider wrong = () -> Credentials.of(SECRET);
    CredentialsProvider expired = () -> Credentials.of("u", SECRET).expiringAt(Instant.EPOCH);
    CredentialsProvider brief =
        () -> Credentials.of("u", SECRET).expiringAt(Instant.now().plusMillis(50));
    boolean refused = url.equals(Db.server().jdbcUrl());
    // a login that is refused is told at once, but has to be reached
    Duration patience = refused ? Duration.ofSeconds(20) : BRIEF;
    for (String text :
        List.of(
            seen(config.get(), wrong, patience),
            seen(config.get().passwordFile(file.toString()), null, patience))) {
      assertThat(text.contains("password authentication failed")).isEqualTo(refused);
      assertThat(text).isNotEmpty().doesNotContain(SECRET);
    }
    for (String text :
        List.of(
            seen(config.get(), expired),
            seen(config.get(), brief),
            seen(config.get().password(SECRET), wrong),
            seen(config.get().passwordFile(lines.toString()), null),
            seen(config.get().passwordFile(SECRET), null),
            seen(config.get().passwordFile(SECRET + "/x+y=="), null),
            seen(config.get().passwordFile("h:1/?Action=connect&X-Amz-Signature=" + SECRET), null),
            seen(config.get().passwordFile(SECRET).password(SECRET), null),
            seen(config.get().passwordEnv(SECRET), null),
            seen(config.get().passwordEnv("=" + SECRET), null))) {
      assertThat(text).isNotEmpty().doesNotContain(SECRET);
    }
  }

  /** Nor where it stands in another's place, and the server or the driver quotes it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "options       | -c app.key=correct hunter2",
        "options       | -c hunter2",
        "options       | -c statement_timeout=hunter2",
        "socketTimeout | hunter2",
        "sslmode       | hunter2",
        "stringtype    | hunter2"
      })
  void norDoesItWhereItIsQuoted(String property, String value) {
    PoolConfig.Builder config =
        PoolConfig.builder(Db.server().jdbcUrl())
            .user(Db.server().user())
            .password(Db.server().password())
            .properties(Map.of(property, value));
    String text = seen(config, null, Duration.ofSeconds(20));
    assertThat(text).contains("isn't shown, for it quotes").doesNotContain(SECRET);
  }

  private static String seen(PoolConfig.Builder said, @Nullable CredentialsProvider provider) {
    return seen(said, provider, BRIEF);
  }

  private static String seen(
      PoolConfig.Builder said, @Nullable CredentialsProvider provider, Duration patience) {
    StringBuilder seen = new StringBuilder();
    List<PoolEvent> events = new CopyOnWriteArrayList<>();
    MetricRegistry metrics = new MetricRegistry();
    HealthCheckRegistry health = new HealthCheckRegistry();
    try (LogCapture log = LogCapture.open()) {
      PoolConfig config;
      try {
        config =
            said.name("secrets")
                .failFast(false)
                .minSize(0)
                .connectTimeout(patience)
                .acquireTimeout(patience)
                .build();
      } catch (InvalidPoolConfigException e) {
        append(seen, e);
        return seen.toString();
      }
      seen.append(config);
      DropwizardMetrics poolMetrics = DropwizardMetrics.of("secrets", metrics, health);
      try (Pool pool =
          Everpool.builder(config)
              .credentials(provider)
              .listener(events::add)
              .listener(poolMetrics)
              .recorder(poolMetrics)
              .open()) {
        seen.append(pool).append(pool.snapshot().explain()).append(pool.config());
        DataSource asked = config.readers().isEmpty() ? pool : pool.reader();
        try {
          asked.getConnection().close();
        } catch (SQLException e) {
          append(seen, e);
        }
        seen.append(pool).append(pool.snapshot().explain()).append(metrics.getNames());
        health.runHealthChecks().values().forEach(seen::append);
      } catch (SQLException | RuntimeException e) {
        append(seen, e);
      }
      events.forEach(seen::append);
      seen.append(log.text());
    }
    Thread.getAllStackTraces().keySet().forEach(thread -> seen.append(thread.getName()));
    return seen.toString();
  }

  /** With its causes and what is suppressed. */
  private static void append(StringBuilder seen, Exception failure) {
    StringWriter trace = new StringWriter();
    failure.printStackTrace(new PrintWriter(trace));
    seen.append(trace);
  }
}
