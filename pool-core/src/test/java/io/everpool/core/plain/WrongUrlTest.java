package io.everpool.core.plain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLInvalidAuthorizationSpecException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is said of a URL that nothing on the class path accepts. */
class WrongUrlTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "jdbc:mysql://u:hunter2@h/d         | com.mysql:mysql-connector-j",
        "jdbc:mariadb://h/d?password=hunter2 | org.mariadb.jdbc:mariadb-java-client",
        "jdbc:oracle:thin:scott/hunter2@h:1521/x | com.oracle.database.jdbc:ojdbc11",
        "jdbc:sqlserver://h;password=hunter2 | com.microsoft.sqlserver:mssql-jdbc",
        "jdbc:nope://u:hunter2@h/d          | the driver of nope",
        "mysql://u:hunter2@h/d              | begins with jdbc:mysql://",
        "jdbc:postgres://u:hunter2@h/d      | io.everpool:adapter-postgresql",
        "jdbc:pgsql://u:hunter2@h/d         | begins with postgresql:// or jdbc:postgresql://",
        "jdbc:p6spy:pgsql://u:hunter2@h/d   | begins with postgresql:// or jdbc:postgresql://",
        "jdbc:p6spy:postgresql://h/d?password=hunter2 | io.everpool:adapter-postgresql",
        "jdbc:otel:p6spy:postgresql://u:hunter2@h/d | io.everpool:adapter-postgresql",
        "jdbc:p6spy:mysql://u:hunter2@h/d    | (p6spy:p6spy)",
        "jdbc:otel:mysql://u:hunter2@h/d     | io.opentelemetry.instrumentation:opentelemetry-jdbc",
        "jdbc:aws-wrapper:mysql://u:hunter2@h/d | software.amazon.jdbc:aws-advanced-jdbc-wrapper",
        "u:hunter2@h/d                      | begins with postgresql://",
        "host=h password=hunter2            | begins with postgresql://",
        "hunter2                            | begins with postgresql://"
      })
  void theRightThingToAddIsNamed(String url, String said) {
    assertThatThrownBy(() -> PlainConnector.ofUrl(PoolConfig.builder(url).build()))
        .isInstanceOf(InvalidPoolConfigException.class)
        .hasMessageContaining(said)
        .hasMessageNotContaining("hunter2");
    if (!url.contains("postgres") && !url.contains("pgsql") && url.startsWith("jdbc:")) {
      assertThat(WrongUrl.advice(url)).doesNotContain("adapter-postgresql");
    }
  }

  /** Is strict about its URL, as drivers are, and keeps it. */
  private static final class Strict extends PlainDriver {
    private final List<String> asked = new ArrayList<>();

    @Override
    public @Nullable Connection connect(String url, Properties info) throws SQLException {
      asked.add(url);
      throw new SQLException("no: " + url, "08001");
    }

    @Override
    public boolean acceptsURL(String url) {
      return url.startsWith("jdbc:strict:");
    }
  }

  /** As it is left by a copy, by a file of a secret, by YAML's {@code |}. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "%s",
        " %s",
        "%s ",
        "\t%s\r\n",
        "%s\n",
        "\n%s\n\n",
        "\uFEFF%s",
        "\u200B %s\u200B",
        "\uFEFF\n%s "
      })
  void whiteSpaceAroundAUrlIsNoPartOfIt(String around) throws SQLException {
    Strict strict = new Strict();
    DriverManager.registerDriver(strict);
    try {
      String url = "jdbc:strict://h/d?password=hunter2";
      PlainConnector connector =
          PlainConnector.ofUrl(PoolConfig.builder(around.formatted(url)).build());

      assertThat(connector.product()).isEqualTo("strict");
      assertThat(connector.target()).isEqualTo("jdbc:strict://h/d");
      assertThatThrownBy(() -> connector.open(1_000_000_000L))
          .isInstanceOf(SQLException.class)
          .hasMessageContaining("jdbc:strict://h/d")
          .hasMessageNotContaining("hunter2");
      assertThat(strict.asked).containsExactly(url);
    } finally {
      DriverManager.deregisterDriver(strict);
    }
  }

  /** Nor is it a way around the adapter, or to another driver's advice. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "jdbc:postgresql://u:hunter2@h/d | io.everpool:adapter-postgresql",
        "postgresql://u:hunter2@h/d      | io.everpool:adapter-postgresql",
        "jdbc:mysql://u:hunter2@h/d      | com.mysql:mysql-connector-j",
        "mysql://u:hunter2@h/d           | begins with jdbc:mysql://"
      })
  void theRightThingIsNamedInSpiteOfIt(String url, String said) {
    for (String edge : List.of(" ", "\n", "\uFEFF", "\u200B")) {
      assertThatThrownBy(() -> PlainConnector.ofUrl(PoolConfig.builder(edge + url + edge).build()))
          .isInstanceOf(InvalidPoolConfigException.class)
          .hasMessageContaining(said)
          .hasMessageNotContaining("hunter2");
    }
  }

  /** Many drivers quote their URL. */
  private static final class Talkative extends PlainDriver {
    @Override
    public @Nullable Connection connect(String url, Properties info) throws SQLException {
      throw new SQLException(
          "outside",
          "08001",
          new SQLInvalidAuthorizationSpecException("no: " + url + info, "28000"));
    }

    @Override
    public boolean acceptsURL(String url) {
      return url.startsWith("jdbc:talkative:");
    }
  }

  @Test
  void whatADriverSaysOfItsUrlIsNotPassedOn() throws SQLException {
    Driver talkative = new Talkative();
    DriverManager.registerDriver(talkative);
    try {
      for (PoolConfig config :
          new PoolConfig[] {
            PoolConfig.builder("jdbc:talkative://h/d;password=hunter2").build(),
            PoolConfig.builder("jdbc:talkative://h/d").password("hunter2").build()
          }) {
        PlainConnector connector = PlainConnector.ofUrl(config);
        assertThatThrownBy(() -> connector.open(1_000_000_000L))
            .isInstanceOf(SQLException.class)
            .hasNoCause()
            .hasMessageContaining("jdbc:talkative://h/d")
            .hasMessageNotContaining("hunter2");
        assertThat(connector.target() + connector.product() + connector).doesNotContain("hunter2");
      }
    } finally {
      DriverManager.deregisterDriver(talkative);
    }
  }

  /** A driver that fails with what it is told to. */
  private static final class Failing extends PlainDriver {
    private final Exception failure;

    Failing(Exception failure) {
      this.failure = failure;
    }

    @Override
    public @Nullable Connection connect(String url, Properties info) throws SQLException {
      if (failure instanceof RuntimeException unchecked) {
        throw unchecked;
      }
      throw (SQLException) failure;
    }

    @Override
    public boolean acceptsURL(String url) {
      return url.startsWith("jdbc:failing:");
    }
  }

  private static Throwable failure(PoolConfig config, Exception said) throws SQLException {
    Driver failing = new Failing(said);
    DriverManager.registerDriver(failing);
    try {
      PlainConnector connector = PlainConnector.ofUrl(config);
      return catchThrowable(() -> connector.open(1_000_000_000L));
    } finally {
      DriverManager.deregisterDriver(failing);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "jdbc:failing://h/d?user=app&amp;password=hunter2 | near ';password=hunter2'",
        "jdbc:failing://h/d?user=app&amp;password=hunter2 | near 'hunter2'",
        "jdbc:failing://h/d?password=a%40hunter2 | a@hunter2",
        "jdbc:failing://h/d?password=hunter%32 | hunter2",
        "jdbc:failing://h/d?password=a+hunter2 | a hunter2",
        "jdbc:failing://h/d?password=a%2Bhunter2%zz | a+hunter2%zz",
        "jdbc:failing://h/d?password=a&hunter2=b | there is no property hunter2",
        "jdbc:failing://h/d?password=a&b=hunter2 | b is hunter2",
        "jdbc:failing://h/d?password=a&user=hunter2 | hunter2 is refused",
        "jdbc:failing://h/d?password=a@hunter2 | no host hunter2",
        "jdbc:failing://u:hunter2@h/d | no port hunter2@h",
        "jdbc:failing://u:a/b:hunter2@h/d | no port hunter2",
        "jdbc:failing://u:a%3Ahunter2@h/d | a:hunter2",
        "jdbc:failing://u:x/y:z@h/d | x/y:z",
        "jdbc:failing://h;password={a;hunter2} | a;hunter2",
        "jdbc:failing:thin:scott/hunter2@h:1521/x | scott/hunter2",
        "jdbc:failing:(host=h)(password=hunter2) | hunter2"
      })
  void noPieceOfAUrlIsPassedOn(String url, String said) throws SQLException {
    SQLException next = new SQLException("outside", "08001");
    next.setNextException(new SQLException(said));
    SQLException suppressing = new SQLException("outside", "08001");
    suppressing.addSuppressed(new IllegalArgumentException(said));
    for (Exception failure :
        new Exception[] {
          new SQLException(said, "08001"),
          new SQLException("outside", "08001", new NumberFormatException(said)),
          new IllegalArgumentException(said),
          new IllegalStateException(said),
          next,
          suppressing
        }) {
      assertThat(failure(PoolConfig.builder(url).build(), failure))
          .as("a mistake of the driver's, or a failure to connect")
          .isInstanceOf(
              failure instanceof IllegalStateException
                  ? IllegalStateException.class
                  : failure.getCause() == null && failure instanceof SQLException
                      ? SQLException.class
                      : ConfigurationMistake.class)
          .hasMessageContaining("isn't shown")
          .hasNoCause()
          .hasNoSuppressedExceptions();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"password", "token", "trustStorePassword", "sslkey", "a b"})
  void noPropertyOfWhichNothingIsKnownIsPassedOn(String name) throws SQLException {
    PoolConfig config =
        PoolConfig.builder("jdbc:failing://h/d").properties(Map.of(name, "hunter2")).build();
    assertThat(failure(config, new SQLException("wrong: hunter2")))
        .hasMessageContaining("isn't shown");
  }

  @Test
  void whatSaysNothingIsNoSecret() throws SQLException {
    SQLException failure = new SQLException("no answer within 10000 ms", "08001");
    PoolConfig config =
        PoolConfig.builder("jdbc:failing://h/d")
            .properties(Map.of("its.own.timeout", "10000", "its.own.flag", "TRUE"))
            .build();
    assertThat(failure(config, failure)).isSameAs(failure);
  }

  @Test
  void whatADriverCannotDoStaysThat() throws SQLException {
    PoolConfig config = PoolConfig.builder("jdbc:failing://h/d?password=hunter2").build();
    assertThat(failure(config, new SQLFeatureNotSupportedException("no hunter2", "0A000", 7)))
        .isInstanceOf(SQLFeatureNotSupportedException.class)
        .hasMessageContaining("isn't shown")
        .hasFieldOrPropertyWithValue("SQLState", "0A000");
  }

  /** Or nobody would know why his connections fail. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "jdbc:failing://h/d?useX=true&user=app&password=hunter2"
            + " | Access denied for user 'app'@'h' (using password: YES)",
        "jdbc:failing://shophost/d?useX=true | no answer from shophost is true",
        "jdbc:failing:thin:scott/hunter2@shophost:1521/x | no listener at shophost:1521",
        "jdbc:failing:thin:@shophost:1521/x | no listener at shophost:1521",
        "jdbc:failing://h;databaseName=shop;x=y | Cannot open database \"shop\"",
        "jdbc:failing://h/d?failing=java | Connection refused",
        "jdbc:failing:shop;create=true | Failed to create database 'shop', see the next one",
        "jdbc:failing:tcp://localhost/~/test | Database \"/srv/test\" not found",
        "jdbc:failing:tcp://localhost/data/shop;X=TRUE | remote database creation is TRUE",
        "jdbc:failing://db\\SQLEXPRESS;databaseName=shop;encrypt=true;user=sa;password=hunter2"
            + " | Cannot open database \"shop\" by SSL encryption",
        "jdbc:failing://h;authentication=ByDirectory;password=hunter2 | not by ByDirectory"
      })
  void whatQuotesNoSecretIsPassedOn(String url, String said) throws SQLException {
    SQLException failure = new SQLException(said, "08001");
    assertThat(failure(PoolConfig.builder(url).build(), failure)).isSameAs(failure);
  }
}
