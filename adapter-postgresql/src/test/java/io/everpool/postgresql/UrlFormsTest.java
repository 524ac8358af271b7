package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Connector;
import io.everpool.postgresql.url.Destination;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TimeZone;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every form of an address works, or is refused with the right one; none shows its secret. */
@Tag("one-jdk")
class UrlFormsTest {
  private static final Path PAGE = Path.of("..", "docs", "urls.md");
  private static final String BEGIN = "<!-- the forms; generated -->";
  private static final String HEAD =
      "| whose | such as | what becomes of it |\n| --- | --- | --- |\n";
  private static final String END = "<!-- until here -->";
  private static final PostgresAdapter ADAPTER = new PostgresAdapter(variable -> null);

  static List<UrlForms> table() {
    return UrlForms.TABLE;
  }

  private static PoolConfig config(String url) {
    return PoolConfig.builder(url).build();
  }

  @ParameterizedTest
  @MethodSource("table")
  void theFormWorksOrIsRefusedWithTheRightOne(UrlForms form) {
    assertThat(ADAPTER.accepts(form.url())).isTrue();
    if (form.refusal() != null) {
      assertThat(UrlForms.problems(ADAPTER, config(form.url())))
          .singleElement()
          .asString()
          .contains(form.refusal());
      return;
    }
    assertThat(ADAPTER.connector(config(form.url())).target()).isEqualTo(form.target());
    Map<String, String> properties = ADAPTER.destination(config(form.url())).properties();
    assertThat(properties.get("user")).isIn("app", "postgres.abcdefgh");
    assertThat(properties.get("password")).startsWith("SECRET");
  }

  /** If this fails, the table to put there is in {@code target/urls-table.md}. */
  @Test
  void thePageHasTheSameTable() throws IOException {
    String table =
        UrlForms.TABLE.stream().map(UrlForms::row).collect(Collectors.joining("\n", HEAD, "\n"));
    Files.writeString(Path.of("target", "urls-table.md"), table);
    String page = Files.readString(PAGE);

    assertThat(page).contains(BEGIN, END);
    assertThat(page.substring(page.indexOf(BEGIN) + BEGIN.length(), page.indexOf(END)).strip())
        .as("docs/urls.md: put there what is in adapter-postgresql/target/urls-table.md")
        .isEqualTo(table.strip());
  }

  static Stream<String> withAnySecret() {
    List<String> secrets =
        List.of(
            "hunter2",
            "a@hunter2",
            "hunter2@a",
            "a/hunter2",
            "hunter2/a",
            "a?hunter2",
            "hunter2?a",
            "a#hunter2",
            "a:hunter2",
            "hunter2:a",
            "a;hunter2",
            "a;b=hunter2",
            "a;user=hunter2",
            "a&hunter2",
            "a&hunter2=b",
            "a&b=hunter2",
            "a&user=b&hunter2=c",
            "a hunter2",
            "a b=hunter2",
            "a'hunter2",
            "'hunter2",
            "a\"hunter2",
            "a\\hunter2",
            "a%hunter2",
            "%hunter2",
            "hunter2%",
            "a=hunter2",
            "[hunter2]",
            "{hunter2}",
            "a,hunter2",
            "a\nhunter2",
            "a\thunter2",
            "a?b=hunter2",
            "a/b?c=hunter2@d",
            "a,b:hunter2");
    // a name that nobody knows may be the class's that makes the sockets, and is no reason to
    // refuse
    Stream<String> passedOn =
        Stream.of("pwd", "pass", "apiKey", "socketFactoryArg", "options")
            .flatMap(
                name ->
                    Stream.of("", "socketFactory=a.B&")
                        .map(factory -> "jdbc:postgresql://h/d?" + factory + name + "=SECRET"));
    return Stream.concat(
            UrlForms.TABLE.stream().map(UrlForms::url).filter(url -> url.contains("SECRET")),
            Stream.concat(
                passedOn,
                Stream.of(
                    "postgresql://h/d?pass=SECRET",
                    "postgresql://h/d?whatever=SECRET",
                    "postgresql://h/d?options=SECRET",
                    "postgresql://h/d?scram_client_key=SECRET")))
        .flatMap(url -> secrets.stream().map(secret -> url.replace("SECRET", secret)));
  }

  /** However it is written: what can be seen of it never holds the secret. */
  @ParameterizedTest
  @MethodSource("withAnySecret")
  void noTextShowsTheSecret(String url) {
    PoolConfig config = config(url);
    StringBuilder seen = new StringBuilder(config.toString());
    Throwable refusal =
        catchThrowable(
            () -> {
              if (ADAPTER.accepts(url)) {
                Connector connector = ADAPTER.connector(config);
                seen.append(connector.target()).append(connector).append(connector.notes());
                seen.append(connector.product());
              }
            });
    if (refusal != null) {
      assertThat(refusal).isInstanceOf(InvalidPoolConfigException.class);
      StringWriter trace = new StringWriter();
      refusal.printStackTrace(new PrintWriter(trace));
      seen.append(trace);
    }
    assertThat(seen.toString()).doesNotContain("hunter2");
  }

  /**
   * The URL's password gives way to the file's, and what comes behind it is its rest all the same.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:postgresql://h/d?user=app&password=a&hunter2=b",
        "jdbc:postgresql://h/d?socketFactory=a.B&user=app&password=a&hunter2=b"
      })
  void norDoesItBehindAPasswordThatDoesNotCount(String url) {
    PoolConfig config = PoolConfig.builder(url).passwordFile("/run/secrets/db").build();
    assertThat(ADAPTER.connector(config).notes())
        .isNotEmpty()
        .noneMatch(note -> note.contains("hunter2"));
  }

  /** But what is known, or nearly, is named, so that all is told at once. */
  @Test
  void aNameBehindAnUnknownOneIsToldWhereItIsNoSecret() {
    assertThat(
            UrlForms.problems(
                ADAPTER, config("postgresql://h/d?conect_timeout=1&foo=2&pool=3&bar=4")))
        .hasSize(4)
        .anyMatch(problem -> problem.contains("did you mean connect_timeout?"))
        .anyMatch(problem -> problem.startsWith("libpq has no parameter foo"))
        .anyMatch(problem -> problem.endsWith("set max-size"))
        .noneMatch(problem -> problem.contains("bar"));
    assertThat(
            ADAPTER
                .connector(config("jdbc:postgresql:///d?socketFactory=a.B&cloudSqlInstance=x&ip=y"))
                .notes())
        .anyMatch(note -> note.startsWith("cloudSqlInstance is none"))
        .anyMatch(note -> note.startsWith("ip is none"));
  }

  /** What consoles, shells and files leave around a URL. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "  postgresql://app:SECRET@h/d\n",
        "\uFEFFpostgresql://app:SECRET@h/d",
        "\"postgresql://app:SECRET@h/d\"\n",
        "`postgresql://app:SECRET@h/d`",
        "X='postgresql://app:SECRET@h/d'",
        "psql   postgresql://app:SECRET@h/d",
        "export X=\"psql 'postgresql://app:SECRET@h/d'\"",
        "POSTGRESQL://app:SECRET@h/d",
        "host=h\nport=5432\nuser=app\npassword=SECRET\ndbname=d\n",
        "\tjdbc:postgresql://h/d?user=app&password=SECRET ",
        "JDBC:PostgreSQL://h/d?user=app&password=SECRET"
      })
  void whatIsAroundAUrlDoesNotMatter(String url) {
    assertThat(ADAPTER.accepts(url)).isTrue();
    assertThat(ADAPTER.connector(config(url)).target()).isEqualTo("h:5432/d");
    assertThat(ADAPTER.destination(config(url)).properties())
        .containsEntry("user", "app")
        .containsEntry("password", "SECRET");
  }

  /** What means something else is left to who knows it. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:h2:mem:x",
        "mysql://u:p@h/d",
        "jdbc:mysql://h/d",
        "jdbc:pgsql://h/d",
        "jdbc:aws-wrapper:postgresql://h/d",
        "jdbc:tc:postgresql:17:///d",
        "app:SECRET@h/d",
        "mode=x",
        "SECRET",
        ""
      })
  void whatIsNoUrlOfPostgresqlIsNotTaken(String url) {
    assertThat(ADAPTER.accepts(url)).isFalse();
  }

  private static final Map<String, String> VARIABLES =
      Map.of(
          "PGHOST", "eh",
          "PGPORT", "99",
          "PGUSER", "eu",
          "PGPASSWORD", "ep",
          "PGDATABASE", "ed",
          "PGSSLMODE", "verify-full",
          "PGAPPNAME", "ea",
          "PGCONNECT_TIMEOUT", "7");

  /** As libpq does: the connection string first, then the environment, then the defaults. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "postgresql://             | eh:99/ed | eu | ep",
        "postgresql://h            | h:99/ed  | eu | ep",
        "postgresql://h:1/d        | h:1/d    | eu | ep",
        "postgresql://u:p@h:1/d    | h:1/d    | u  | p",
        "postgresql://u@/d         | eh:99/d  | u  | ep",
        "postgresql://u:@h:1/d     | h:1/d    | u  | ep",
        "postgresql://:@h:1/d      | h:1/d    | eu | ep",
        "postgresql://h/d?password= | h:99/d  | eu |",
        "postgresql:///d?host=x    | x:99/d   | eu | ep",
        "dbname=d                  | eh:99/d  | eu | ep",
        "host=h user=u password='' | h:99/ed  | u  |",
        "Host=h;Username=u;        | h:99/ed  | u  | ep",
        "Host=h;Username=u;Password= | h:99/ed | u | ep",
        "Host=;Port=;Username=u;Password=\"\" | eh:99/ed | u | ep",
        "postgresql://u@:1/d       | eh:1/d   | u  | ep",
        "postgresql://u@:1         | eh:1/ed  | u  | ep",
        "postgresql://x:1/d?host=h | h:1/d    | eu | ep",
        "postgresql://:1/d?host=h  | h:1/d    | eu | ep"
      })
  void theEnvironmentCountsWhereTheUrlSaysNothing(
      String url, String target, String user, @Nullable String password) {
    PostgresAdapter adapter = new PostgresAdapter(VARIABLES::get);
    assertThat(adapter.connector(config(url)).target()).isEqualTo(target);
    Map<String, String> properties = adapter.destination(config(url)).properties();
    // an empty one is none to libpq, which then looks into the password file
    assertThat(properties.get("password")).isEqualTo(password);
    assertThat(properties)
        .containsEntry("user", user)
        .containsEntry("sslmode", "verify-full")
        .containsEntry("connectTimeout", "7")
        .containsEntry("ApplicationName", "ea");
  }

  /** What the pool is told itself counts before the environment; JDBC URLs know nothing of it. */
  @Test
  void theEnvironmentComesLast() {
    PostgresAdapter adapter = new PostgresAdapter(VARIABLES::get);
    PoolConfig config =
        PoolConfig.builder("postgresql://h/d")
            .user("u")
            .password("p")
            .properties(Map.of("sslmode", "disable", "ApplicationName", "a"))
            .build();
    assertThat(adapter.destination(config).properties())
        .containsEntry("user", "u")
        .containsEntry("password", "p")
        .containsEntry("sslmode", "disable")
        .containsEntry("ApplicationName", "a");
    assertThat(adapter.destination(config("jdbc:postgresql://h/d")).properties())
        .doesNotContainKeys("user", "password", "sslmode", "connectTimeout");
  }

  /** It is a mode in the URL, before anything else is asked. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "postgresql://h/d?ssl=true                     | require",
        "host=h dbname=d ssl=true                      | require",
        "postgresql://h/d?sslmode=disable&ssl=true     | require",
        "postgresql://h/d?ssl=true&sslmode=disable     | disable",
        "postgresql://h/d?ssl=true&sslmode=verify-full | verify-full",
        "postgresql://h/d?sslmode=verify-ca&ssl=true   | verify-ca"
      })
  void noVariableTakesAwayTheTlsOfSslTrue(String url, String mode) {
    for (String laxer : new String[] {"disable", "allow", "prefer"}) {
      PostgresAdapter adapter = new PostgresAdapter(Map.of("PGSSLMODE", laxer)::get);
      assertThat(adapter.destination(config(url)).properties()).containsEntry("sslmode", mode);
    }
  }

  @Test
  void aVariableThatCannotBeHonouredIsNamed() {
    PostgresAdapter adapter =
        new PostgresAdapter(
            Map.of("PGSSLCRL", "/x", "PGCONNECT_TIMEOUT", "hunter2", "PGHOST", "")::get);
    assertThat(UrlForms.problems(adapter, config("postgresql://h/d")))
        .hasSize(2)
        .noneMatch(problem -> problem.contains("hunter2"))
        .anyMatch(problem -> problem.startsWith("PGSSLCRL: sslcrl can't be honoured"))
        .anyMatch(problem -> problem.startsWith("PGCONNECT_TIMEOUT: connect_timeout is "));
  }

  @Test
  void aVariableMayGiveALongTimeToConnect() {
    PostgresAdapter adapter = new PostgresAdapter(Map.of("PGCONNECT_TIMEOUT", "2147484")::get);
    assertThat(adapter.destination(config("postgresql://h/d")).properties())
        .containsEntry("connectTimeout", "2147483");
  }

  /** Wherever it is said. */
  @Test
  void theEnvironmentMayWantTheSystemsRoots() {
    PostgresAdapter adapter = new PostgresAdapter(Map.of("PGSSLROOTCERT", "system")::get);
    assertThat(adapter.connector(config("postgresql://h/d")).notes()).isEmpty();
    assertThat(UrlForms.problems(adapter, config("postgresql://h/d?sslmode=require")))
        .containsExactly("sslrootcert=system wants sslmode=verify-full, not sslmode=require");
  }

  /** pgjdbc sends these itself, after the options; so nothing came of them, without a word. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "-c TimeZone=Antarctica/Troll  | TimeZone",
        "--timezone=Antarctica/Troll   | TimeZone",
        "-c geqo=off -cDateStyle=German | DateStyle",
        "-c client_encoding=LATIN1     | client_encoding"
      })
  void anOptionThatPgjdbcOverrulesIsRefused(String options, String name) {
    for (String url : new String[] {"postgresql://h/d", "jdbc:postgresql://h/d"}) {
      PoolConfig config = PoolConfig.builder(url).properties(Map.of("options", options)).build();
      assertThat(UrlForms.problems(ADAPTER, config))
          .singleElement()
          .asString()
          .startsWith("options sets " + name + ", which pgjdbc sets");
    }
  }

  @Test
  void anOptionThatSaysWhatPgjdbcSaysIsTaken() {
    String options =
        "-c TimeZone="
            + TimeZone.getDefault().getID()
            + " -c DateStyle=ISO -c client_encoding=UTF8 -c geqo=off";
    PoolConfig config =
        PoolConfig.builder("postgresql://h/d").properties(Map.of("options", options)).build();
    assertThat(ADAPTER.destination(config).properties().get("options")).endsWith(options);
  }

  /** With a root certificate libpq verifies the chain for require, too; so do we in its form. */
  @Test
  void requireWithARootCertificateVerifiesTheChainAsLibpqDoes() throws IOException {
    Path root = Files.writeString(Path.of("target", "any-root.crt"), "x");
    String there = "?sslmode=require&sslrootcert=" + root.toAbsolutePath();
    assertThat(ADAPTER.destination(config("postgresql://h/d" + there)).properties())
        .containsEntry("sslmode", "verify-ca");
    assertThat(
            ADAPTER
                .destination(config("host=h sslmode=require sslrootcert=" + root.toAbsolutePath()))
                .properties())
        .containsEntry("sslmode", "verify-ca");
    assertThat(ADAPTER.destination(config("jdbc:postgresql://h/d" + there)).properties())
        .containsEntry("sslmode", "require");
    Destination absent =
        ADAPTER.destination(config("postgresql://h/d?sslmode=require&sslrootcert=/no/such/file"));
    assertThat(absent.properties()).containsEntry("sslmode", "require");
    assertThat(absent.notes()).anyMatch(note -> note.contains("isn't verified"));
  }
}
