package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.Credentials;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolerMode;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.Everpool;
import io.everpool.postgresql.doctor.Doctor;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.Sampled;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGProperty;

/**
 * The server quotes what it doesn't take of {@code options} and names, pgjdbc a property's value:
 * none of that is shown where it may be a secret, and what is no secret is.
 */
@Sampled
@Tag("contract")
@Timeout(300)
@Tag("one-jdk")
class QuotedSecretsTest {
  private static final String SECRET = "hunter2";

  /** The names of database and role are shown on purpose, and so is what stands in their place. */
  private static final Set<String> NAMES = Set.of("user", "PGDBNAME");

  private static PoolConfig.Builder config(Map<String, String> properties) {
    PostgresServer server = Sessions.tlsServer();
    Map<String, String> all = new LinkedHashMap<>(Map.of("sslmode", "require"));
    all.putAll(properties);
    return PoolConfig.builder(server.jdbcUrl())
        .user(server.user())
        .password(server.password())
        .connectTimeout(Duration.ofSeconds(20))
        .acquireTimeout(Duration.ofSeconds(20))
        .minSize(0)
        .properties(all);
  }

  private static @Nullable Throwable failure(PoolConfig config) {
    return catchThrowable(
        () -> {
          try (Connector connector = new PostgresAdapter(name -> null).connector(config)) {
            connector.open(Sessions.TIMEOUT).close();
          }
        });
  }

  private static String trace(@Nullable Throwable failure) {
    StringWriter trace = new StringWriter();
    if (failure != null) {
      failure.printStackTrace(new PrintWriter(trace));
    }
    return trace.toString();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-c app.key=correct hunter2",
        "-c app.key=correct\\ horse hunter2",
        "-c app.key=correct\thunter2",
        "-c hunter2",
        "-chunter2",
        "--hunter2",
        "-c statement_timeout=hunter2",
        "--statement-timeout=hunter2",
        "-c statement_timeout=a\\ hunter2",
        "-c statement_timeout=5\\ hunter2",
        "-c search_path=\"hunter2",
        "-c search_path=a,\"b,hunter2",
        "-c session_authorization=hunter2",
        "-c role=hunter2",
        "-c role=a:hunter2"
      })
  void whatTheServerQuotesOfOptionsIsNotShown(String options) {
    Throwable failure = failure(config(Map.of("options", options)).build());
    assertThat(failure)
        .isInstanceOf(SQLException.class)
        .hasMessageContaining("isn't shown, for it quotes options")
        .hasNoCause();
    assertThat(((SQLException) failure).getSQLState()).matches("[0-9A-Z]{5}").isNotEqualTo("00000");
    assertThat(trace(failure)).doesNotContain(SECRET);
  }

  static Stream<String> properties() {
    return Arrays.stream(PGProperty.values())
        .map(PGProperty::getName)
        .filter(name -> !NAMES.contains(name));
  }

  /** Each that the driver has, whatever becomes of the login. */
  @ParameterizedTest
  @MethodSource("properties")
  void whatTheDriverQuotesOfAPropertyIsNotShown(String property) {
    for (String secret : List.of(SECRET, "~" + SECRET, "a " + SECRET)) {
      assertThat(trace(failure(config(Map.of(property, secret)).build()))).doesNotContain(SECRET);
    }
  }

  /** Nor in what is said of it before a connection is opened. */
  @ParameterizedTest
  @MethodSource("properties")
  void noNoteShowsIt(String property) {
    for (PoolerMode pooler : PoolerMode.values()) {
      for (String secret : List.of(SECRET, "~" + SECRET, "a " + SECRET)) {
        PoolConfig config = config(Map.of(property, secret)).pooler(pooler).build();
        StringBuilder seen = new StringBuilder();
        Throwable refusal =
            catchThrowable(
                () -> {
                  try (Connector connector = new PostgresAdapter(name -> null).connector(config)) {
                    seen.append(connector.notes()).append(connector).append(connector.target());
                    connector.contradictions().forEach(one -> seen.append(one.text()));
                  }
                });
        assertThat(seen + trace(refusal)).doesNotContain(SECRET);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "socketTimeout",
        "connectTimeout",
        "prepareThreshold",
        "stringtype",
        "targetServerType",
        "replication",
        "maxResultBuffer",
        "authenticationPluginClassName",
        "sslfactory",
        "sslkey"
      })
  void thePropertyIsNamed(String property) {
    Throwable failure = failure(config(Map.of(property, SECRET)).build());
    if (failure == null || failure instanceof InvalidPoolConfigException) {
      return; // some versions of pgjdbc take it, or it was seen before
    }
    assertThat(failure).isInstanceOf(SQLException.class).hasNoCause();
    assertThat(failure.getMessage())
        .contains("isn't shown, for it quotes the property " + property + ".")
        .doesNotContain(SECRET);
    assertThat(new PostgresAdapter().connector(config(Map.of()).build()).classify(failure))
        .isEqualTo(Verdict.REFUSED);
  }

  /** Names that are none of the usual kind, as the rest of a connection string is. */
  @ParameterizedTest
  @ValueSource(strings = {"a:hunter2", "shop(hunter2)", "a hunter2", "'hunter2'"})
  void whatTheServerQuotesOfANameIsNotShown(String name) {
    PoolConfig.Builder database = config(Map.of("PGDBNAME", name));
    PostgresServer server = Sessions.tlsServer();
    database.url("jdbc:postgresql://" + server.host() + ":" + server.port() + "/");
    assertThat(failure(database.build()))
        .hasMessageContaining("isn't shown, for it quotes the database's name")
        .hasMessageNotContaining(SECRET)
        .hasNoCause();
    assertThat(failure(config(Map.of()).user(name).build()))
        .hasMessageContaining("isn't shown, for it quotes the user's name")
        .hasMessageNotContaining(SECRET)
        .hasNoCause();
  }

  /** A class of the user's own that throws may quote the password of this login. */
  @Test
  void aPasswordIsNotShown() throws SQLException {
    Map<String, String> quoting = Map.of("authenticationPluginClassName", SECRET + ".Plugin");
    try (Connector connector =
        new PostgresAdapter().connector(config(quoting).password("unused").build())) {
      Throwable failure =
          catchThrowable(
              () -> connector.open(Credentials.of("postgres", SECRET), Sessions.TIMEOUT).close());
      assertThat(trace(failure)).isNotEmpty().doesNotContain(SECRET);
    }
  }

  /** Wherever else a pool tells of it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "options       | -c app.key=correct hunter2",
        "options       | -c statement_timeout=hunter2",
        "socketTimeout | hunter2",
        "sslfactory    | hunter2"
      })
  void norIsItWhereAPoolTellsOfIt(String property, String value) throws SQLException {
    PoolConfig config = config(Map.of(property, value)).failFast(false).name("quoted").build();
    List<PoolEvent> events = new CopyOnWriteArrayList<>();
    StringBuilder seen = new StringBuilder();
    try (Pool pool = Everpool.builder(config).listener(events::add).open()) {
      seen.append(trace(catchThrowable(() -> pool.getConnection().close())));
      seen.append(pool).append(pool.snapshot()).append(pool.snapshot().explain());
    }
    seen.append(events).append(Doctor.examine(config));
    assertThat(seen.toString()).contains("isn't shown, for it quotes").doesNotContain(SECRET);
  }

  /** What is no secret is shown as it was said: without it nobody finds the slip. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "options       | -c no_such_setting=1         | \"no_such_setting\"",
        "options       | -c statement_timeout=-5      | -5",
        "PGDBNAME      | no_such-database             | \"no_such-database\"",
        "sslfactory    | com.example.NoSuchFactory    | com.example.NoSuchFactory",
        "sslrootcert   | /no/such/file.crt            | /no/such/file.crt",
        "socketTimeout | 99999999999                  | socketTimeout must be 0 to 2147483, in seconds"
      })
  void whatIsHarmlessIsShown(String property, String value, String words) {
    PostgresServer server = Sessions.tlsServer();
    Map<String, String> properties =
        property.equals("sslrootcert")
            ? Map.of(property, value, "sslmode", "verify-ca")
            : Map.of(property, value);
    PoolConfig.Builder builder =
        config(properties).url("jdbc:postgresql://" + server.host() + ":" + server.port() + "/");
    assertThat(failure(builder.build())).hasMessageContaining(words);
  }

  /** A password that is a word is no reason to hide what a server says. */
  @ParameterizedTest
  @ValueSource(strings = {"postgres", "database", "nobody", "role", "12345"})
  void aPasswordThatIsAWordHidesNothing(String password) {
    assertThat(failure(config(Map.of()).user("nobody").password(password).build()))
        .hasMessageContaining("\"nobody\"");
  }

  /** Whoever looks for what is wrong needs the words, though one of them is a name's as well. */
  @Test
  void aWordOfTheApplicationsNameHidesNothing() {
    Map<String, String> properties = Map.of("ApplicationName", "the database", "sslmode", "prefer");
    PoolConfig config = config(properties).build().toBuilder().user("nobody").build();
    Throwable failure = failure(config);
    assertThat(failure).isInstanceOf(SQLException.class);
    assertThat(trace(failure)).contains("FATAL").doesNotContain("isn't shown");

    Throwable elsewhere =
        failure(
            PoolConfig.builder("postgresql://127.0.0.1:1/shop")
                .properties(Map.of("ApplicationName", "the connection refused"))
                .build());
    assertThat(trace(elsewhere)).contains("refused").doesNotContain("isn't shown");
  }
}
