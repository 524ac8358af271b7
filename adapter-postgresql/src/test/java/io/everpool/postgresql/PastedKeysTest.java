package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** pgjdbc quotes the path of a key that it can't read: a key in its place is refused before. */
class PastedKeysTest {
  private static final PostgresAdapter ADAPTER = new PostgresAdapter(variable -> null);

  private static PoolConfig config(String url) {
    return PoolConfig.builder(url).build();
  }

  /** A key or a certificate where its path belongs, in the shapes in which one has them. */
  static Stream<String> pasted() {
    return Stream.of(
        "-----BEGIN PRIVATE KEY-----\nMIIEhunter2\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\r\nMIIEhunter2\r\n-----END PRIVATE KEY-----",
        "-----BEGIN EC PRIVATE KEY----- MHcChunter2 -----END EC PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\\nMIIEhunter2\\n-----END PRIVATE KEY-----",
        "BEGIN CERTIFICATE hunter2",
        "MIIEhunter2\nhunter2",
        "MC4CAQAwBQYDK2Vwhunter2" + "A".repeat(41),
        "MIIEvQhunter2+/" + "A".repeat(300) + "==",
        "LS0tLS1CRUdJThunter2" + "A".repeat(80));
  }

  @ParameterizedTest
  @MethodSource("pasted")
  void whatIsPastedInsteadOfItsPathIsRefusedAndNotShown(String text) {
    Map<String, String> npgsql =
        Map.of(
            "sslkey", "SSL Key", "sslcert", "SSL Certificate", "sslrootcert", "Root Certificate");
    String encoded = URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    for (String name : npgsql.keySet()) {
      String conninfo = text.replace("\\", "\\\\");
      for (PoolConfig config :
          List.of(
              config("postgresql://h/d?" + name + "=" + encoded),
              config("jdbc:postgresql://h/d?" + name + "=" + encoded),
              config("jdbc:postgresql://h/d?" + name + "=" + encoded.replace("%2B", "+")),
              config("host=h " + name + " = '" + conninfo + "'"),
              config("Host=h;" + npgsql.get(name) + "=\"" + text + "\";Username=u"),
              PoolConfig.builder("postgresql://h/d").properties(Map.of(name, text)).build(),
              PoolConfig.builder("jdbc:postgresql://h/d").properties(Map.of(name, text)).build())) {
        refusesPasted(ADAPTER, config, name);
      }
      String variable = "PG" + name.toUpperCase(Locale.ROOT);
      refusesPasted(
          new PostgresAdapter(Map.of(variable, text)::get),
          config("postgresql://h/d"),
          variable + ": " + name);
    }
    refusesPasted(
        ADAPTER,
        PoolConfig.builder("jdbc:postgresql://h/d")
            .properties(Map.of("sslfactoryarg", "file:" + text))
            .build(),
        "sslfactoryarg");
  }

  private static void refusesPasted(PostgresAdapter adapter, PoolConfig config, String name) {
    InvalidPoolConfigException refusal =
        catchThrowableOfType(InvalidPoolConfigException.class, () -> adapter.connector(config));
    assertThat(refusal).as("refusal of " + config).isNotNull();
    assertThat(config.toString()).doesNotContain("hunter2");
    assertThat(refusal.problems())
        .singleElement()
        .asString()
        .startsWith(name + " must be the path of a file")
        .doesNotContain("hunter2");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/etc/ssl/private/client.pk8",
        "C:\\keys\\my client.key",
        "MIDDLEWARE/keys of all the programs/that run on this machine/client.key",
        "-----/begin.key",
        "~/.postgresql/postgresql.key"
      })
  void aPathStaysOne(String path) {
    for (String url : new String[] {"postgresql://h/d", "jdbc:postgresql://h/d"}) {
      PoolConfig config =
          PoolConfig.builder(url)
              .properties(Map.of("sslkey", path, "sslcert", path, "sslrootcert", path))
              .build();
      assertThat(ADAPTER.destination(config).properties()).containsEntry("sslkey", path);
    }
  }
}
