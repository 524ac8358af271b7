package io.everpool.postgresql.advice;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Contradiction;
import io.everpool.api.ContradictionRule;
import io.everpool.api.Contradictions;
import io.everpool.api.HealthCheck;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolerMode;
import io.everpool.api.ResetMode;
import io.everpool.api.SleepMode;
import io.everpool.api.driver.Connector;
import io.everpool.postgresql.PostgresAdapter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each row of the table is found where it is so, alone, and no ordinary configuration has one. */
class DriverContradictionsTest {
  private static final Path PAGE = Path.of("..", "docs", "contradictions.md");
  private static final String BEGIN = "<!-- PostgreSQL's; generated -->";
  private static final String END = "<!-- until here -->";
  private static final String HOST = "db.example.com";
  private static final String NEON = "ep-calm-sun-1.eu-central-1.aws.neon.tech";
  private static final String NEON_POOLER = "ep-calm-sun-1-pooler.eu-central-1.aws.neon.tech";
  private static final String TWO = "a.example.com,b.example.com";

  /** The parameters of a libpq or JDBC URL, and what else it takes, for each row. */
  private record Way(String url, UnaryOperator<PoolConfig.Builder> more) {
    PoolConfig config() {
      return more.apply(PoolConfig.builder(url)).build();
    }
  }

  private static final Map<String, Way> WAYS = new LinkedHashMap<>();

  static {
    // time
    put("socket-under-command", jdbc("socketTimeout=60"));
    put("socket-under-options", jdbc("socketTimeout=60&options=-c%20statement_timeout=90s"));
    put(
        "command-overruled",
        jdbc("options=-c%20statement_timeout=5000"),
        c -> c.commandTimeout(seconds(30)));
    put("login-under-connect", jdbc("loginTimeout=5"));
    put("login-beyond-connect", jdbc("loginTimeout=20"));
    put("socket-connect-beyond-connect", jdbc("connectTimeout=20"));
    put("no-limit-at-all", jdbc("tcpKeepAlive=false"), c -> c.commandTimeout(Duration.ZERO));
    put("look-without-keepalive", jdbc("tcpKeepAlive=false"), c -> c.healthCheck(HealthCheck.LOOK));
    put("keepalive-times-switched-off", libpq(HOST, "keepalives=0&keepalives_idle=20"));
    put(
        "keepalive-times-of-another-socket",
        libpq(HOST, "keepalives_idle=20"),
        c -> c.properties(Map.of("socketFactory", "com.example.Sockets")));
    put("keepalive-beyond-lifetime", libpq(HOST, "keepalives_idle=1800"));
    put("query-timeout-beyond-command", jdbc("queryTimeout=61"));
    put(
        "socket-under-query-timeout",
        jdbc("queryTimeout=30&socketTimeout=30"),
        c -> c.commandTimeout(Duration.ZERO));
    put("lock-beyond-statement", jdbc("options=-c%20lock_timeout=1min"));
    put("transaction-under-statement", jdbc("options=-c%20transaction_timeout=60000"));
    put("idle-session-under-idle", jdbc("options=-c%20idle_session_timeout=10min"));
    // TLS
    put("binding-without-tls", libpq(HOST, "channel_binding=require&sslmode=disable"));
    put(
        "binding-without-scram",
        libpq(HOST, "channel_binding=require&sslmode=require&require_auth=md5,password"));
    put("root-without-verification", jdbc("sslmode=require&sslrootcert=/etc/ca.pem"));
    put("client-certificate-without-tls", jdbc("sslmode=disable&sslcert=a.crt&sslkey=a.pk8"));
    put("certificate-without-key", jdbc("sslmode=verify-full&sslcert=a.crt"));
    put(
        "verifier-without-verification",
        jdbc("sslmode=verify-ca&sslhostnameverifier=com.example.Names"));
    put(
        "factory-without-verification",
        jdbc("sslmode=verify-full&sslfactory=org.postgresql.ssl.NonValidatingFactory"));
    put(
        "root-of-another-factory",
        jdbc("sslmode=verify-full&sslrootcert=/etc/ca.pem&sslfactory=com.example.Tls"));
    put("direct-without-tls", jdbc("sslNegotiation=direct&sslmode=disable"));
    put("ssl-overruled", jdbc("ssl=true&sslmode=prefer"));
    // places
    put("balance-without-hosts", jdbc("loadBalanceHosts=true"));
    put("preference-without-hosts", jdbc("targetServerType=preferSecondary"));
    put("balance-over-standbys", libpq(TWO, "load_balance_hosts=random"));
    put(
        "primary-that-only-reads",
        jdbc("targetServerType=primary&options=-c%20default_transaction_read_only=on"));
    put(
        "init-behind-pooler",
        jdbc(""),
        c -> c.pooler(PoolerMode.TRANSACTION).connectionInitSql("set x.y = 1"));
    put(
        "discard-behind-pooler",
        jdbc(""),
        c -> c.pooler(PoolerMode.TRANSACTION).reset(ResetMode.DISCARD_ALL));
    put("options-behind-pooler", libpq(NEON_POOLER, "options=-c%20work_mem=64MB"));
    put("schema-behind-pooler", jdbc("currentSchema=one"), c -> c.pooler(PoolerMode.SESSION));
    put("pooler-denied", libpq(NEON_POOLER, ""), c -> c.pooler(PoolerMode.NONE));
    put("pooler-assumed", libpq(NEON, ""), c -> c.pooler(PoolerMode.TRANSACTION));
    put("sleep-after-beyond-suspension", libpq(NEON, ""), c -> c.sleepAfter(seconds(300)));
    put(
        "awake-without-queries",
        libpq(NEON, ""),
        c -> c.sleep(SleepMode.OFF).healthCheck(HealthCheck.LOOK));
    put("connect-under-cold-start", libpq(NEON, ""), c -> c.connectTimeout(seconds(2)));
    put("neon-without-tls", libpq(NEON, "sslmode=disable"));
    put("user-twice", "postgresql://one@db.example.com/shop", c -> c.user("other"));
    put(
        "password-twice",
        "postgresql://app:secret@db.example.com/shop",
        c -> c.password("another-secret"));
    put(
        "property-twice",
        jdbc("prepareThreshold=3"),
        c -> c.properties(Map.of("prepareThreshold", "7")));
    // the driver
    put("prepared-in-simple-mode", jdbc("prepareThreshold=1&preferQueryMode=simple"));
    put("prepared-without-memory", jdbc("prepareThreshold=1&preparedStatementCacheQueries=0"));
    put("prepared-and-discarded", jdbc("prepareThreshold=1"), c -> c.reset(ResetMode.DISCARD_ALL));
    put("fetch-size-in-simple-mode", jdbc("defaultRowFetchSize=100&preferQueryMode=simple"));
    put("adaptive-without-size", jdbc("adaptiveFetch=true&defaultRowFetchSize=10"));
    put("adaptive-bounds", jdbc("adaptiveFetchMinimum=10&adaptiveFetchMaximum=5"));
    put("read-only-ignored", jdbc("readOnly=true&readOnlyMode=ignore"));
    put("savepoints-without-autosave", jdbc("cleanupSavepoints=true"));
    put("replication-with-extended-queries", jdbc("replication=database"));
    put("schema-twice", jdbc("currentSchema=one&options=-c%20search_path=other"));
    put("name-twice", jdbc("options=-c%20application_name=shop"));
    put("outcome-without-durability", jdbc("options=-c%20synchronous_commit=off"));
    put(
        "look-without-socket",
        jdbc("socketFactory=com.example.Sockets"),
        c -> c.healthCheck(HealthCheck.LOOK));
    put(
        "sleep-without-socket",
        jdbc("socketFactory=com.example.Sockets"),
        c -> c.sleep(SleepMode.ON));
  }

  private static void put(String row, String url) {
    put(row, url, c -> c);
  }

  private static void put(String row, String url, UnaryOperator<PoolConfig.Builder> more) {
    WAYS.put(row, new Way(url, more));
  }

  private static String jdbc(String parameters) {
    return "jdbc:postgresql://" + HOST + "/shop?" + parameters;
  }

  private static String libpq(String host, String parameters) {
    return "postgresql://" + host + "/shop?" + parameters;
  }

  private static Duration seconds(long number) {
    return Duration.ofSeconds(number);
  }

  /** The pool's own and the driver's. */
  private static List<Contradiction> all(PoolConfig config) {
    try (Connector connector = new PostgresAdapter().connector(config)) {
      List<Contradiction> all = new ArrayList<>(Contradictions.of(config, connector.serverless()));
      all.addAll(connector.contradictions());
      return all;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  static Stream<String> rows() {
    return DriverContradictions.TABLE.stream().map(ContradictionRule::name);
  }

  @Test
  void every_row_has_a_name_of_its_own_and_a_way_to_it() {
    assertThat(rows()).doesNotHaveDuplicates().containsExactlyElementsOf(WAYS.keySet());
  }

  @ParameterizedTest
  @MethodSource("rows")
  void it_is_found_where_it_is_so_and_nothing_else(String row) {
    List<Contradiction> found = all(requireNonNull(WAYS.get(row)).config());

    assertThat(found).extracting(Contradiction::rule).containsExactly(row);
    assertThat(found.get(0).text())
        .contains(found.get(0).keys())
        .doesNotContain("secret", "x.y", "com.example.Tls");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "postgresql://app:secret@db.example.com/shop?sslmode=require",
        "postgresql://app:secret@" + NEON + "/shop?sslmode=require&channel_binding=require",
        "postgresql://app:secret@" + NEON_POOLER + "/shop?sslmode=require&channel_binding=require",
        "jdbc:postgresql://a.example.com,b.example.com/shop?targetServerType=primary",
        "jdbc:postgresql:shop",
      })
  void an_ordinary_url_with_the_defaults_contradicts_nothing(String url) {
    assertThat(all(PoolConfig.builder(url).build())).isEmpty();
  }

  /** They are what people copy. */
  @Test
  void the_readmes_urls_contradict_nothing() throws IOException {
    Matcher url =
        Pattern.compile("(?:jdbc:)?postgresql://[\\w:@/.?=&-]{8,}")
            .matcher(Files.readString(Path.of("..", "README.md")));
    int seen = 0;
    while (url.find()) {
      seen++;
      assertThat(all(PoolConfig.builder(url.group()).build())).as(url.group()).isEmpty();
    }
    assertThat(seen).isPositive();
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
        .as(
            "docs/contradictions.md: put there what is in adapter-postgresql/target/contradictions-table.md")
        .isEqualTo(table.strip());
  }

  private static String table() {
    Function<ContradictionRule<?>, String> row =
        rule -> "| `" + rule.name() + "` | " + rule.when() + " | " + rule.advice() + " |";
    return DriverContradictions.TABLE.stream()
        .map(row)
        .collect(
            Collectors.joining(
                "\n", "| rule | when | what comes of it |\n| --- | --- | --- |\n", "\n"));
  }
}
