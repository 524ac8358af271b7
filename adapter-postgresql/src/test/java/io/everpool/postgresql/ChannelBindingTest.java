package io.everpool.postgresql;

import static io.everpool.postgresql.TlsSessions.refusal;
import static io.everpool.postgresql.TlsSessions.showing;
import static io.everpool.postgresql.TlsSessions.version;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.InvalidPoolConfigException;
import io.everpool.postgresql.driver.PresentDriver;
import io.everpool.postgresql.driver.PropertyNames;
import io.everpool.servers.Certificate;
import io.everpool.servers.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What {@code channel_binding=require} keeps out is whoever sits in between with a certificate of
 * his own; so it is kept, or it is refused.
 */
@Timeout(600)
@Tag("contract")
class ChannelBindingTest {
  private static PostgresServer server;
  private static PostgresServer unboundable;

  @BeforeAll
  static void start(@TempDir Path directory) throws IOException {
    Path hba = directory.resolve("hba.conf");
    Files.writeString(
        hba,
        """
        host all postgres 127.0.0.1/32 scram-sha-256
        host all app      127.0.0.1/32 scram-sha-256
        host all clear    127.0.0.1/32 password
        host all hashed   127.0.0.1/32 md5
        host all anybody  127.0.0.1/32 trust
        """);
    server =
        PostgresServer.startEmbedded(
            showing(Certificate.selfSigned(directory, "localhost", "RSA"))
                .with("hba_file", hba.toString()));
    server.execute("create role clear login password 'x'");
    server.execute("set password_encryption = md5; create role hashed login password 'x'");
    server.execute("create role anybody login");
    unboundable =
        PostgresServer.startEmbedded(
            showing(Certificate.selfSigned(directory, "edwards.example.com", "Ed25519")));
  }

  @AfterAll
  static void stop() {
    server.close();
    unboundable.close();
  }

  private static void assumeRequired() {
    String tooOld = PresentDriver.HERE.tooOldFor(PropertyNames.CHANNEL_BINDING, "require");
    Assumptions.assumeTrue(tooOld == null, tooOld);
  }

  private static String as(String user, String query) {
    return "postgresql://%s:x@%s:%d/%s?%s"
        .formatted(user, server.host(), server.port(), server.database(), query);
  }

  /** As Neon's console hands it out. */
  @Test
  void aLoginByScramIsBound() throws SQLException {
    assumeRequired();
    String query = "?sslmode=require&channel_binding=require";
    assertThat(version(server.libpqUrl() + query)).isEqualTo("TLSv1.3");
    assertThat(
            version(
                "%s?user=%s&password=%s&sslmode=require&channelBinding=require"
                    .formatted(server.jdbcUrl(), server.user(), server.password())))
        .isEqualTo("TLSv1.3");
  }

  @ParameterizedTest
  @ValueSource(strings = {"prefer", "disable"})
  void aLoginThatNeedNotBeBoundWorksWithAnyDriverAndAnyWay(String binding) throws SQLException {
    String query = "channel_binding=" + binding + "&sslmode=";
    assertThat(version(server.libpqUrl() + "?" + query + "require")).isEqualTo("TLSv1.3");
    assertThat(version(server.libpqUrl() + "?" + query + "disable")).isEqualTo("none");
    assertThat(version(as("anybody", query + "require"))).isEqualTo("TLSv1.3");
  }

  @ParameterizedTest
  @ValueSource(strings = {"disable", "allow"})
  void inClearThereIsNothingToBindTo(String mode) {
    assumeRequired();
    assertThat(refusal(server.libpqUrl() + "?channel_binding=require&sslmode=" + mode, server))
        .contains("needs TLS, and this connection is in clear: set sslmode=require");
  }

  /** Whoever asks for the password itself, or for nothing, may be anybody. */
  @ParameterizedTest
  @ValueSource(strings = {"clear", "hashed", "anybody"})
  void anyOtherLoginThanScramIsRefused(String user) {
    assumeRequired();
    assertThat(refusal(as(user, "sslmode=require&channel_binding=require"), server))
        .contains("needs a login by SCRAM straight to the server");
  }

  /** Its signature has no hash to bind to: drivers before 42.7.12 logged in without. */
  @Test
  void aCertificateThatCannotBeBoundToIsRefused() throws SQLException {
    assertThat(version(unboundable.libpqUrl() + "?sslmode=require&channel_binding=disable"))
        .isEqualTo("TLSv1.3");
    assumeRequired();
    assertThat(refusal(unboundable.libpqUrl() + "?sslmode=require&channel_binding=require", server))
        .contains("needs a login by SCRAM", "of RSA or ECDSA");
  }

  @Test
  void aDriverThatCannotPromiseItIsRefused() {
    String tooOld = PresentDriver.HERE.tooOldFor(PropertyNames.CHANNEL_BINDING, "require");
    Assumptions.assumeTrue(tooOld != null, "this driver can");
    assertThatThrownBy(
            () -> Sessions.open(server.libpqUrl() + "?sslmode=require&channel_binding=require"))
        .isInstanceOf(InvalidPoolConfigException.class)
        .hasMessageContaining("channel_binding can't be honoured: " + tooOld);
  }
}
