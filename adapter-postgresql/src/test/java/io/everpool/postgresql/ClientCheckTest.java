package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.everpool.api.PoolConfig;
import io.everpool.api.PoolerMode;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.postgresql.driver.PropertyNames;
import io.everpool.postgresql.socket.KeepAlive;
import io.everpool.postgresql.socket.TlsTerms;
import io.everpool.postgresql.url.Destination;
import io.everpool.postgresql.url.HostPort;
import io.everpool.servers.PgBouncer;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The server looks after its clients where it can, and no login fails where it can't. */
class ClientCheckTest {
  private static final long TIMEOUT = TimeUnit.SECONDS.toNanos(30);

  private static Destination to(String options) {
    return new Destination(
        List.of(new HostPort("db.example.com", 5432)),
        options.isEmpty() ? Map.of() : Map.of(PropertyNames.OPTIONS, options),
        KeepAlive.DEFAULT,
        TlsTerms.DEFAULT,
        List.of());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      emptyValue = "",
      value = {
        "''                       | -c client_connection_check_interval=500",
        "-c statement_timeout=60000"
            + " | -c client_connection_check_interval=500 -c statement_timeout=60000",
        "-c client_connection_check_interval=0 | -c client_connection_check_interval=0",
        "--client_connection_check_interval=9s | --client_connection_check_interval=9s"
      })
  void it_goes_before_what_the_user_says_and_only_where_he_says_nothing_of_it(
      String options, String sent) {
    Properties properties = new Properties();
    properties.setProperty(PropertyNames.OPTIONS, options);
    new ClientCheck(to(options), new Pooler(PoolerMode.NONE)).add(properties);
    assertThat(properties).containsEntry(PropertyNames.OPTIONS, sent);
  }

  @Test
  void a_pooler_that_takes_no_options_is_asked_for_none() {
    Properties properties = new Properties();
    new ClientCheck(to(""), new Pooler(PoolerMode.TRANSACTION)).add(properties);
    assertThat(properties).isEmpty();
  }

  /** As PostgreSQL 13, one on a kernel without it, PgBouncer 1.18 and 1.23, RDS Proxy say it. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "FATAL: unrecognized configuration parameter \"client_connection_check_interval\"",
        "FATAL: unbekannter Konfigurationsparameter »client_connection_check_interval«",
        "FATAL: invalid value for parameter \"client_connection_check_interval\": 500",
        "FATAL: unsupported startup parameter: options",
        "FATAL: unsupported startup parameter in options: client_connection_check_interval",
        "FATAL: Feature not supported: RDS Proxy currently doesn’t support command-line options.",
        "FATAL: Feature not supported: RDS Proxy currently doesn't support command-line options."
      })
  void who_refuses_it_is_asked_for_it_once(String message) {
    ClientCheck check = new ClientCheck(to(""), new Pooler(PoolerMode.AUTO));
    boolean asked = check.isAsked();
    assertThat(asked).isTrue();
    assertThat(check.isRefusedBy(new SQLException(message), asked)).isTrue();
    Properties properties = new Properties();
    check.add(properties);
    assertThat(properties).isEmpty();
    assertThat(check.isRefusedBy(new SQLException(message), check.isAsked())).isFalse();
  }

  @Test
  void another_failure_says_nothing_of_it() {
    ClientCheck check = new ClientCheck(to(""), new Pooler(PoolerMode.AUTO));
    assertThat(check.isRefusedBy(new SQLException("FATAL: role \"x\" does not exist"), true))
        .isFalse();
    assertThat(check.isAsked()).isTrue();
  }

  /** PgBouncer refuses the start-up parameter in which it is sent. */
  @Test
  void a_pooler_that_refuses_options_lets_one_in_without() throws Exception {
    assumeTrue(PgBouncer.Kind.FORGETS.isAvailable(), PgBouncer.Kind.FORGETS.missing());
    try (PostgresServer server = PostgresServer.start(ServerSettings.defaults());
        PgBouncer bouncer = PgBouncer.before(server, "transaction")) {
      PoolConfig config =
          PoolConfig.builder(bouncer.jdbcUrl())
              .user(server.user())
              .password(server.password())
              .name("bouncer")
              .build();
      Connector connector = new PostgresAdapter().connector(config);
      for (int i = 0; i < 3; i++) {
        PhysicalConnection connection = connector.open(TIMEOUT);
        try (Statement statement = connection.jdbc().createStatement();
            ResultSet row = statement.executeQuery("select 1")) {
          assertThat(row.next()).isTrue();
        }
        connection.close();
      }
      connector.close();
    }
  }

  /** A login that fails for another reason fails once, with that reason. */
  @Test
  void a_wrong_password_is_told_as_that() throws Exception {
    try (PostgresServer server = PostgresServer.start(ServerSettings.defaults())) {
      PoolConfig config =
          PoolConfig.builder(server.jdbcUrl()).user(server.user()).password("wrong").build();
      Connector connector = new PostgresAdapter().connector(config);
      assertThatThrownBy(() -> connector.open(TIMEOUT)).hasMessageContaining("password");
      assertThat(server.loginFailures()).isEqualTo(1);
      connector.close();
    }
  }
}
