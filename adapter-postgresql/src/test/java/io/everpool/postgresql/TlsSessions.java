package io.everpool.postgresql;

import static io.everpool.postgresql.Sessions.TIMEOUT;
import static io.everpool.postgresql.Sessions.ask;
import static io.everpool.postgresql.Sessions.connector;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Verdict;
import io.everpool.api.driver.Causes;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.servers.Certificate;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.util.function.UnaryOperator;
import org.assertj.core.api.Assertions;

/** What becomes of a URL where a server has TLS. */
final class TlsSessions {
  private TlsSessions() {}

  /** Settings of a server that shows this certificate. */
  static ServerSettings showing(Certificate certificate) {
    return ServerSettings.defaults()
        .with("ssl", "on")
        .with("ssl_cert_file", certificate.chain().toString())
        .with("ssl_key_file", certificate.key().toString());
  }

  static String encoded(Path file) {
    return URLEncoder.encode(file.toString(), StandardCharsets.UTF_8).replace("+", "%20");
  }

  /** The version of TLS of a session that works; {@code none} without TLS. */
  static String version(String url) throws SQLException {
    PhysicalConnection session = Sessions.open(url);
    try {
      assertThat(session.look()).isEqualTo(Look.ALIVE);
      session.validate(TIMEOUT);
      return String.valueOf(
          ask(
              session,
              "select coalesce(version, 'none') from pg_stat_ssl where pid = pg_backend_pid()"));
    } finally {
      session.close();
    }
  }

  /**
   * The text of the failure, which is for good: nobody need try again, and nobody who waits is kept
   * waiting.
   */
  static String refusal(String url, PostgresServer server, String... secrets) {
    Connector connector = connector(url, UnaryOperator.identity());
    Throwable failure = Assertions.catchThrowable(() -> connector.open(TIMEOUT));
    assertThat(failure).isInstanceOf(SQLNonTransientConnectionException.class);
    assertThat(connector.classify(failure)).isIn(Verdict.REFUSED, Verdict.ACCESS_DENIED);
    assertThat(Causes.first(failure, at -> at.toString().contains(server.password()))).isNull();
    for (String secret : secrets) {
      assertThat(Causes.first(failure, at -> at.toString().contains(secret))).isNull();
      assertThat(connector.toString() + connector.notes()).doesNotContain(secret);
    }
    return String.valueOf(failure.getMessage());
  }
}
