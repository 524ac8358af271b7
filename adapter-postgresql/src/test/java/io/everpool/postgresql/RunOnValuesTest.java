package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Connector;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A value that has run on into what stands behind it, a secret too, and one that stands in
 * another's place: refused or taken, and never shown.
 */
class RunOnValuesTest {
  private static final PostgresAdapter ADAPTER = new PostgresAdapter(variable -> null);

  private static PoolConfig config(String url) {
    return PoolConfig.builder(url).build();
  }

  private static final String PARAMETERS =
      "host hostaddr port service servicefile passfile target_session_attrs load_balance_hosts ssl"
          + " sslmode sslnegotiation sslrootcert sslcert sslkey sslpassword channel_binding"
          + " require_auth gssencmode krbsrvname gsslib requiressl sslcrl sslcrldir"
          + " ssl_min_protocol_version ssl_max_protocol_version sslsni requirepeer sslcertmode"
          + " sslcompression sslkeylogfile gssdelegation scram_client_key oauth_issuer"
          + " oauth_client_secret options application_name fallback_application_name replication"
          + " client_encoding min_protocol_version tty connect_timeout keepalives keepalives_idle"
          + " keepalives_interval keepalives_count tcp_user_timeout pool_size sslidentity";

  static Stream<String> parameters() {
    return Stream.of(PARAMETERS.split(" ")).filter(name -> !name.equals("host"));
  }

  /** A secret that stands as another parameter's value, in every form. */
  @ParameterizedTest
  @MethodSource("parameters")
  void noParametersValueIsShown(String name) {
    for (String url :
        List.of(
            "postgresql://h/d?" + name + "=hunter2",
            "jdbc:postgresql://h/d?" + name + "=hunter2",
            "host=h " + name + "=hunter2",
            "Host=h;" + name + "=hunter2",
            "Host=h;" + name.replace("_", " ") + "=hunter2")) {
      StringBuilder seen = new StringBuilder();
      Throwable refusal =
          catchThrowable(
              () -> {
                Connector connector = ADAPTER.connector(config(url));
                seen.append(connector.target()).append(connector).append(connector.notes());
              });
      assertThat(seen + String.valueOf(refusal)).doesNotContain("hunter2");
    }
  }

  /** A database and a user wherever they may be said: what is run into them is refused, unshown. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "postgresql://app:hunter2@db.example.com/shop",
        "shop;host=h;password=hunter2",
        "shop,user=app,password=hunter2",
        "shop password = hunter2",
        "shop?user=app&password=hunter2",
        "shop&pwd=hunter2",
        "shop\tUser Id=app\tPassword=hunter2"
      })
  void whatRunsOnIntoANameIsRefusedAndNotShown(String text, @TempDir Path directory)
      throws IOException {
    Path services = directory.resolve("services");
    Files.writeString(services, "[s]\nhost=h\ndbname=" + text + "\n[t]\nhost=h\nuser=" + text);
    PostgresAdapter database = new PostgresAdapter(Map.of("PGDATABASE", text)::get);
    PostgresAdapter user = new PostgresAdapter(Map.of("PGUSER", text)::get);
    System.setProperty("org.postgresql.pgservicefile", services.toString());
    try {
      for (String url : List.of("postgresql://h", "host=h", "Host=h;Port=1")) {
        refusesNameOf("database", database, config(url));
        refusesNameOf("user", user, config(url));
      }
      for (String url : List.of("postgresql:///", "sslmode=disable", "jdbc:postgresql:")) {
        String query = url.contains(":") ? "?" : " ";
        refusesNameOf("database", ADAPTER, config(url + query + "service=s"));
        refusesNameOf("user", ADAPTER, config(url + query + "service=t"));
      }
    } finally {
      System.clearProperty("org.postgresql.pgservicefile");
    }
    for (String url : List.of("postgresql://h", "jdbc:postgresql://h/")) {
      PoolConfig.Builder builder = PoolConfig.builder(url);
      refusesNameOf("user", ADAPTER, builder.user(text).build());
      builder = PoolConfig.builder(url);
      refusesNameOf("database", ADAPTER, builder.properties(Map.of("PGDBNAME", text)).build());
    }
  }

  private static void refusesNameOf(String whose, PostgresAdapter adapter, PoolConfig config) {
    assertThat(UrlForms.problems(adapter, config))
        .singleElement()
        .asString()
        .startsWith("the " + whose + "'s name has")
        .doesNotContain("hunter2");
  }

  /** What is no name of the usual kind is taken as it stands, and not shown. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "host=h dbname='my shop'           | my shop  | h:5432/***",
        "host=h dbname='a=b'               | a=b      | h:5432/***",
        "Host=h;Database=my shop           | my shop  | h:5432/***",
        "Host=h;Database=\"a;b\"           | a;b      | h:5432/***",
        "postgresql://h/my%20shop          | my shop  | h:5432/***",
        "jdbc:postgresql://h/a%3Ab         | a:b      | h:5432/***",
        "postgresql://h/l%C3%A4den-1.x_y$  | läden-1.x_y$ | h:5432/läden-1.x_y$"
      })
  void anOddNameOfADatabaseIsNotShown(String url, String database, String target) {
    assertThat(ADAPTER.destination(config(url)).properties()).containsEntry("PGDBNAME", database);
    assertThat(ADAPTER.connector(config(url)).target()).isEqualTo(target);
    assertThat(ADAPTER.connector(config(url))).hasToString("PostgreSQL at " + target);
  }

  /** A user is the database where none is said. */
  @Test
  void norIsAnOddUserInItsPlace() {
    assertThat(ADAPTER.connector(config("postgresql://cn%3Da,ou%3Db:x@h")).target())
        .isEqualTo("h:5432/***");
  }

  /** In quotes, or where it can't be another's, a secret may have anything in it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "host=h password=a,b=c           | a,b=c",
        "host=h password='a;user=b'      | a;user=b",
        "host=h password=endpoint=e;x    | endpoint=e;x",
        "host=h password='a,user=b'      | a,user=b",
        "host=h password=a\\ user=b      | a user=b",
        "Host=h;Password=a b=c           | a b=c",
        "Host=h;Password=a,b=c           | a,b=c",
        "Host=h;Password=\"a User Id=b\" | a User Id=b"
      })
  void aPasswordMayHaveWhatSeparates(String url, String password) {
    assertThat(ADAPTER.destination(config(url)).properties()).containsEntry("password", password);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "host=h options='-c geqo=off -c port=1'           | -c geqo=off -c port=1",
        "host=h options=-cgeqo=off                        | -cgeqo=off",
        "Host=h;Options=-c geqo=off -c application_name=x | -c geqo=off -c application_name=x"
      })
  void optionsAreNoParameters(String url, String options) {
    assertThat(ADAPTER.destination(config(url)).properties().get("options")).endsWith(options);
  }

  /** Behind a quote a name begins at once, and may be the rest of a value. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "dbname='shop';hunter2=x",
        "dbname='shop',hunter2=x host=h",
        "dbname='shop'/hunter2=x",
        "host=h\u00a0hunter2=x"
      })
  void aNameThatIsNoneIsNotShown(String url) {
    assertThat(UrlForms.problems(ADAPTER, config(url)))
        .singleElement()
        .asString()
        .doesNotContain("hunter2");
  }
}
