package io.everpool.postgresql;

import static io.everpool.postgresql.TlsSessions.encoded;
import static io.everpool.postgresql.TlsSessions.refusal;
import static io.everpool.postgresql.TlsSessions.showing;
import static io.everpool.postgresql.TlsSessions.version;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.servers.CertificateAuthority;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every {@code sslmode} at every kind of server, by a URL of either kind: it opens with TLS, or
 * without, or is refused with the one sentence that says what to do.
 */
@Timeout(600)
@Tag("contract")
class TlsMatrixTest {
  private static final String CLEAR = "none";
  private static final String TLS = "TLSv1.3";
  private static final String UNTRUSTED = "isn't signed by a root that is trusted here";
  private static final String EXPIRED = "certificate has expired";
  private static final String OTHER_HOST = "certificate is for another host";
  private static final String NO_TLS = "The server has no TLS: set sslmode=disable or prefer";

  /** What a server is to a client that trusts one authority. */
  enum Peer {
    TRUSTED,
    OF_ANOTHER_AUTHORITY,
    EXPIRED,
    OF_ANOTHER_NAME,
    WITHOUT_TLS
  }

  private static PostgresServer good;
  private static PostgresServer expired;
  private static PostgresServer plain;
  private static CertificateAuthority authority;
  private static CertificateAuthority stranger;

  @BeforeAll
  static void start(@TempDir Path directory) {
    authority = CertificateAuthority.create(directory, "authority");
    stranger = CertificateAuthority.create(directory, "stranger");
    good = PostgresServer.startEmbedded(showing(authority.server("localhost")));
    expired = PostgresServer.startEmbedded(showing(authority.expiredServer("localhost")));
    plain = PostgresServer.startEmbedded(ServerSettings.defaults());
  }

  @AfterAll
  static void stop() {
    good.close();
    expired.close();
    plain.close();
  }

  /** In the order of {@link Peer}. */
  static Stream<Arguments> cells() {
    return Stream.of(
            row("libpq", "disable", CLEAR, CLEAR, CLEAR, CLEAR, CLEAR),
            row("libpq", "allow", CLEAR, CLEAR, CLEAR, CLEAR, CLEAR),
            row("libpq", "prefer", TLS, TLS, TLS, TLS, CLEAR),
            // with a root at hand libpq verifies the chain
            row("libpq", "require", TLS, UNTRUSTED, EXPIRED, TLS, NO_TLS),
            row("libpq", "verify-ca", TLS, UNTRUSTED, EXPIRED, TLS, NO_TLS),
            row("libpq", "verify-full", TLS, UNTRUSTED, EXPIRED, OTHER_HOST, NO_TLS),
            row("jdbc", "disable", CLEAR, CLEAR, CLEAR, CLEAR, CLEAR),
            row("jdbc", "allow", CLEAR, CLEAR, CLEAR, CLEAR, CLEAR),
            row("jdbc", "prefer", TLS, TLS, TLS, TLS, CLEAR),
            row("jdbc", "require", TLS, TLS, TLS, TLS, NO_TLS),
            row("jdbc", "verify-ca", TLS, UNTRUSTED, EXPIRED, TLS, NO_TLS),
            row("jdbc", "verify-full", TLS, UNTRUSTED, EXPIRED, OTHER_HOST, NO_TLS))
        .flatMap(cells -> cells);
  }

  private static Stream<Arguments> row(String form, String mode, String... outcomes) {
    return Stream.of(Peer.values())
        .map(peer -> Arguments.of(form, mode, peer, outcomes[peer.ordinal()]));
  }

  @ParameterizedTest
  @MethodSource("cells")
  void whatIsAskedForIsDoneOrRefusedInOneSentence(
      String form, String mode, Peer peer, String outcome) throws SQLException {
    PostgresServer server =
        switch (peer) {
          case EXPIRED -> expired;
          case WITHOUT_TLS -> plain;
          default -> good;
        };
    // the same address by a name that isn't in the certificate
    String host = peer == Peer.OF_ANOTHER_NAME ? "127.1" : "localhost";
    Path root = (peer == Peer.OF_ANOTHER_AUTHORITY ? stranger : authority).root();
    String url =
        form.equals("libpq")
            ? server.libpqUrl(host, server.port()) + "?"
            : "jdbc:postgresql://%s:%d/%s?user=%s&password=%s&"
                .formatted(
                    host, server.port(), server.database(), server.user(), server.password());
    url += "sslmode=" + mode + "&sslrootcert=" + encoded(root);

    if (outcome.equals(CLEAR) || outcome.equals(TLS)) {
      assertThat(version(url)).isEqualTo(outcome);
    } else {
      assertThat(refusal(url, server))
          .contains(outcome)
          .contains("Trying again won't help.")
          .satisfies(
              text ->
                  assertThat(Stream.of(UNTRUSTED, EXPIRED, OTHER_HOST, NO_TLS))
                      .filteredOn(text::contains)
                      .hasSize(1));
    }
  }
}
