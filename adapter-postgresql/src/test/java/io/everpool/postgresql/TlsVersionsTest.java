package io.everpool.postgresql;

import static io.everpool.postgresql.TlsSessions.refusal;
import static io.everpool.postgresql.TlsSessions.showing;
import static io.everpool.postgresql.TlsSessions.version;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.servers.Certificate;
import io.everpool.servers.PostgresServer;
import java.nio.file.Path;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** TLS 1.2 is the least, and a URL may ask for more. */
@Timeout(600)
@Tag("contract")
class TlsVersionsTest {
  private static PostgresServer server;

  @BeforeAll
  static void start(@TempDir Path directory) {
    // without the ciphers of old its library would have no TLS 1.1 to offer
    server =
        PostgresServer.startEmbedded(
            showing(Certificate.selfSigned(directory, "localhost", "RSA"))
                .with("ssl_ciphers", "ALL:@SECLEVEL=0"));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  /** The server takes these versions and no others. */
  private static void serverTakes(String least, String most) {
    server.alter("ssl_min_protocol_version", least);
    server.alter("ssl_max_protocol_version", most);
  }

  @ParameterizedTest
  @CsvSource({
    "TLSv1.2, TLSv1.2, ''                              , TLSv1.2",
    "TLSv1.3, TLSv1.3, ''                              , TLSv1.3",
    "TLSv1.2, TLSv1.3, ''                              , TLSv1.3",
    "TLSv1  , TLSv1.3, ''                              , TLSv1.3",
    "TLSv1  , TLSv1.2, ''                              , TLSv1.2",
    "TLSv1.2, TLSv1.3, ssl_max_protocol_version=TLSv1.2, TLSv1.2",
    "TLSv1.2, TLSv1.3, ssl_min_protocol_version=TLSv1.3, TLSv1.3",
    "TLSv1.2, TLSv1.3, ssl_min_protocol_version=tlsv1  , TLSv1.3",
    "TLSv1.2, TLSv1.2, ssl_min_protocol_version=TLSv1  , TLSv1.2"
  })
  void theNewestThatBothTakeIsSpoken(String least, String most, String asked, String spoken)
      throws SQLException {
    serverTakes(least, most);
    assertThat(version(server.libpqUrl() + "?sslmode=require&" + asked)).isEqualTo(spoken);
  }

  @ParameterizedTest
  @CsvSource({
    "TLSv1.1, TLSv1.1, ''",
    "TLSv1  , TLSv1  , ''",
    "TLSv1  , TLSv1.1, ssl_min_protocol_version=TLSv1",
    "TLSv1.2, TLSv1.2, ssl_min_protocol_version=TLSv1.3",
    "TLSv1.3, TLSv1.3, ssl_max_protocol_version=TLSv1.2"
  })
  void whereTheyHaveNoneInCommonThatIsSaid(String least, String most, String asked) {
    serverTakes(least, most);
    assertThat(refusal(server.libpqUrl() + "?sslmode=require&" + asked, server))
        .contains("have no TLS version in common");
  }

  /** The driver has no parameter for it, and gets what everybody gets. */
  @Test
  void aJdbcUrlTakesNothingOlderEither() throws SQLException {
    String url =
        server.jdbcUrl()
            + "?sslmode=require&user="
            + server.user()
            + "&password="
            + server.password();
    serverTakes("TLSv1", "TLSv1.1");
    assertThat(refusal(url, server)).contains("have no TLS version in common");
    serverTakes("TLSv1", "TLSv1.2");
    assertThat(version(url)).isEqualTo("TLSv1.2");
  }
}
