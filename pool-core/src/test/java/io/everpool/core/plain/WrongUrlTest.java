package io.everpool.core.plain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.SQLInvalidAuthorizationSpecException;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
}
