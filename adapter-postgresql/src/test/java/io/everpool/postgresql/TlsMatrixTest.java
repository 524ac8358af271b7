package io.everpool.postgresql;

import static io.everpool.postgresql.TlsSessions.encoded;
import static io.everpool.postgresql.TlsSessions.refusal;
import static io.everpool.postgresql.TlsSessions.showing;
import static io.everpool.postgresql.TlsSessions.version;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.servers.CertificateAuthority;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.Sampled;
import io.everpool.servers.ServerSettings;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every {@code sslmode} at every kind of server, by a URL of either kind: it opens with TLS, or
 * without, or is refused with the one sentence that says what to do.
 */
@Sampled
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
    List<Peer> peers = List.of(Peer.values());
    return IntStream.range(0, peers.size())
        .mapToObj(i -> Arguments.of(form, mode, peers.get(i), outcomes[i]));
  }

  /** What no retry mends is told at once, however long one would wait for a connection. */
  @ParameterizedTest
  @EnumSource(
      names = {"TRUSTED", "WITHOUT_TLS"},
      mode = EnumSource.Mode.EXCLUDE)
  void nobodyWaitsForWhatNoRetryMends(Peer peer) throws SQLException {
    PoolConfig config =
        PoolConfig.builder(url("libpq", "verify-full", peer))
            .failFast(false)
            .acquireTimeout(Duration.ofHours(1))
            .build();
    try (Pool pool = Everpool.open(config)) {
      assertThatThrownBy(pool::getConnection)
          .isInstanceOf(SQLException.class)
          .hasMessageContaining(
              switch (peer) {
                case EXPIRED -> EXPIRED;
                case OF_ANOTHER_NAME -> OTHER_HOST;
                default -> UNTRUSTED;
              });
    }
  }

  @ParameterizedTest
  @MethodSource("cells")
  void whatIsAskedForIsDoneOrRefusedInOneSentence(
      String form, String mode, Peer peer, String outcome) throws SQLException {
    String url = url(form, mode, peer);
    if (outcome.equals(CLEAR) || outcome.equals(TLS)) {
      assertThat(version(url)).isEqualTo(outcome);
    } else {
      assertThat(refusal(url, server(peer)))
          .contains(outcome)
          .contains("Trying again won't help.")
          .satisfies(
              text ->
                  assertThat(Stream.of(UNTRUSTED, EXPIRED, OTHER_HOST, NO_TLS))
                      .filteredOn(text::contains)
                      .hasSize(1));
    }
  }

  private static PostgresServer server(Peer peer) {
    return switch (peer) {
      case EXPIRED -> expired;
      case WITHOUT_TLS -> plain;
      default -> good;
    };
  }

  private static String url(String form, String mode, Peer peer) {
    PostgresServer server = server(peer);
    // the same address by a name that isn't in the certificate
    String host = peer == Peer.OF_ANOTHER_NAME ? "127.1" : "localhost";
    Path root = (peer == Peer.OF_ANOTHER_AUTHORITY ? stranger : authority).root();
    String place =
        form.equals("libpq")
            ? server.libpqUrl(host, server.port()) + "?"
            : "jdbc:postgresql://%s:%d/%s?user=%s&password=%s&"
                .formatted(
                    host, server.port(), server.database(), server.user(), server.password());
    return place + "sslmode=" + mode + "&sslrootcert=" + encoded(root);
  }
}
