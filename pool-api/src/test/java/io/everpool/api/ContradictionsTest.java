package io.everpool.api;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The table of contradictions: each row is found where it is so, and nothing else beside it. */
class ContradictionsTest {
  private static final Path PAGE = Path.of("..", "docs", "contradictions.md");
  private static final String BEGIN = "<!-- the pool's own; generated -->";
  private static final String END = "<!-- until here -->";

  /** A configuration for each row that contradicts itself in this one way. */
  private static final Map<String, UnaryOperator<PoolConfig.Builder>> WAYS = new LinkedHashMap<>();

  static {
    WAYS.put(
        "connect-beyond-acquire", c -> c.acquireTimeout(seconds(20)).connectTimeout(seconds(21)));
    WAYS.put(
        "validation-beyond-acquire",
        c -> c.acquireTimeout(seconds(20)).validationTimeout(seconds(21)));
    WAYS.put("reset-beyond-acquire", c -> c.acquireTimeout(seconds(20)).resetTimeout(seconds(21)));
    WAYS.put("validation-beyond-health-check", c -> c.healthCheckInterval(seconds(4)));
    WAYS.put("lifetime-under-health-check", c -> c.maxLifetime(seconds(30)));
    WAYS.put("idle-beyond-lifetime", c -> c.idleTimeout(seconds(600)).maxLifetime(seconds(600)));
    WAYS.put("idle-without-room", c -> c.idleTimeout(seconds(60)).minSize(4).maxSize(4));
    WAYS.put("leak-under-command", c -> c.commandTimeout(seconds(90)).leakThreshold(seconds(80)));
    WAYS.put("nobody-may-wait", c -> c.maxWaiters(0));
    WAYS.put("queries-beside-sleep", c -> c.sleep(SleepMode.ON).healthCheck(HealthCheck.QUERY));
    WAYS.put("sleep-after-without-sleep", c -> c.sleep(SleepMode.OFF).sleepAfter(seconds(90)));
    WAYS.put("sleep-after-beside-a-server", c -> c.sleepAfter(seconds(90)));
    WAYS.put("init-without-reset", c -> c.reset(ResetMode.NONE).connectionInitSql("set x.y = 1"));
    WAYS.put(
        "duration-without-retry", c -> retry(c, r -> r.maxAttempts(1).maxDuration(seconds(9))));
    WAYS.put(
        "pause-beyond-retry",
        c -> retry(c, r -> r.maxDuration(seconds(15)).maxBackoff(seconds(16))));
    WAYS.put(
        "first-pause-beyond-retry",
        c ->
            retry(
                c,
                r ->
                    r.maxDuration(seconds(15))
                        .maxBackoff(seconds(15))
                        .initialBackoff(seconds(15))));
    WAYS.put(
        "retry-under-connect",
        c -> retry(c, r -> r.maxDuration(seconds(9)).maxBackoff(seconds(9))));
    WAYS.put(
        "pause-beyond-acquire",
        c -> retry(c.acquireTimeout(seconds(29)), r -> r.maxBackoff(seconds(30))));
  }

  private static Duration seconds(long number) {
    return Duration.ofSeconds(number);
  }

  private static PoolConfig.Builder retry(
      PoolConfig.Builder config, UnaryOperator<RetryConfig.Builder> change) {
    return config.retry(change.apply(RetryConfig.builder()).build());
  }

  private static PoolConfig.Builder config() {
    return PoolConfig.builder("postgresql://app:secret@db.example.com/shop");
  }

  static Stream<String> rows() {
    return Contradictions.TABLE.stream().map(ContradictionRule::name);
  }

  @Test
  void every_row_has_a_name_of_its_own_and_a_way_to_it() {
    assertThat(rows()).doesNotHaveDuplicates().containsExactlyElementsOf(WAYS.keySet());
  }

  @ParameterizedTest
  @MethodSource("rows")
  void it_is_found_where_it_is_so_and_nothing_else(String row) {
    PoolConfig config = requireNonNull(WAYS.get(row)).apply(config()).build();

    List<Contradiction> found = Contradictions.of(config, false);

    assertThat(found).extracting(Contradiction::rule).containsExactly(row);
    Contradiction one = found.get(0);
    for (String key : one.keys()) {
      assertThat(one.text()).as("names and values").contains(key + " = ");
    }
    assertThat(one.toString()).isEqualTo(one.text()).doesNotContain("secret", "x.y");
  }

  /** A sleeping pool sends nothing, so what is said of its queries isn't said of it. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void the_defaults_contradict_nothing(boolean serverless) {
    assertThat(Contradictions.of(config().build(), serverless)).isEmpty();
  }

  /** That is what the settings are there for. */
  @Test
  void zero_is_no_limit_and_not_the_shortest() {
    PoolConfig none =
        config()
            .maxLifetime(Duration.ZERO)
            .idleTimeout(Duration.ZERO)
            .commandTimeout(Duration.ZERO)
            .leakThreshold(seconds(1))
            .drainTimeout(Duration.ZERO)
            .build();
    assertThat(Contradictions.of(none, false)).isEmpty();
  }

  @Test
  void a_serverless_database_counts_as_one_that_sleeps() {
    PoolConfig config = config().healthCheck(HealthCheck.QUERY).sleepAfter(seconds(90)).build();
    assertThat(Contradictions.of(config, true))
        .extracting(Contradiction::rule)
        .containsExactly("queries-beside-sleep");
  }

  @Test
  void it_says_where_the_values_stand_if_somebody_knows() {
    PoolConfig config =
        config()
            .connectTimeout(seconds(25))
            .origin("connect-timeout", "shop.conf: 3")
            .acquireTimeout(seconds(20))
            .build();
    assertThat(Contradictions.of(config, false).get(0).text())
        .isEqualTo(
            "connect-timeout = 25s (shop.conf: 3), acquire-timeout = 20s: whoever waits for a"
                + " connection gives up before a slow connect does: make connect-timeout the"
                + " shorter one");
    assertThat(config.toBuilder().build().origin("connect-timeout")).isEqualTo("shop.conf: 3");
    assertThat(config.toBuilder().connectTimeout(seconds(26)).build().origin("connect-timeout"))
        .as("it stands there no more")
        .isNull();
    assertThat(config)
        .isEqualTo(config().connectTimeout(seconds(25)).acquireTimeout(seconds(20)).build());
  }

  /** If this fails, the table to put there is in {@code target/contradictions-table.md}. */
  @Test
  void the_page_has_the_table() throws IOException {
    String table = table();
    Files.writeString(Path.of("target", "contradictions-table.md"), table);
    String page = Files.readString(PAGE);
    int begin = page.indexOf(BEGIN);

    assertThat(begin).isNotNegative();
    assertThat(page.substring(begin + BEGIN.length(), page.indexOf(END, begin)).strip())
        .as("docs/contradictions.md: put there what is in pool-api/target/contradictions-table.md")
        .isEqualTo(table.strip());
  }

  private static String table() {
    Function<ContradictionRule<?>, String> row =
        rule -> "| `" + rule.name() + "` | " + rule.when() + " | " + rule.advice() + " |";
    return Contradictions.TABLE.stream()
        .map(row)
        .collect(
            Collectors.joining(
                "\n", "| rule | when | what comes of it |\n| --- | --- | --- |\n", "\n"));
  }
}
