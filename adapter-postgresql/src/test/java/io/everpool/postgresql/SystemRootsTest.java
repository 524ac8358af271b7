package io.everpool.postgresql;

import static io.everpool.postgresql.TlsSessions.showing;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.servers.CertificateAuthority;
import io.everpool.servers.PostgresServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code sslrootcert=system}: the roots that the JVM trusts, and the host's name as well. */
@Timeout(600)
@Tag("contract")
class SystemRootsTest {
  private static final String NAME = "db.example.com";

  private static Path trustStore(Path directory, Path root)
      throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setCertificateEntry(
        "root",
        CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(Files.readAllBytes(root))));
    Path file = directory.resolve("trust.p12");
    try (OutputStream out = Files.newOutputStream(file)) {
      store.store(out, "changeit".toCharArray());
    }
    return file;
  }

  @Test
  void theJvmsRootsAndTheHostsNameAreWhatCounts(@TempDir Path directory) throws Exception {
    CertificateAuthority authority = CertificateAuthority.create(directory, "authority");
    Path hosts = TlsProbe.hosts(directory, NAME, "other.example.com");
    List<String> trusting =
        List.of(
            "-Djavax.net.ssl.trustStore=" + trustStore(directory, authority.root()),
            "-Djavax.net.ssl.trustStorePassword=changeit");
    try (PostgresServer server = PostgresServer.startEmbedded(showing(authority.server(NAME)))) {
      List<String> urls =
          List.of(
              server.libpqUrl(NAME, server.port()) + "?sslrootcert=system",
              server.libpqUrl(NAME, server.port()) + "?sslmode=verify-full&sslrootcert=system",
              server.libpqUrl("other.example.com", server.port()) + "?sslrootcert=system");
      assertThat(TlsProbe.run(hosts, trusting, urls))
          .satisfiesExactly(
              one -> assertThat(one).isEqualTo("TLSv1.3"),
              two -> assertThat(two).isEqualTo("TLSv1.3"),
              three -> assertThat(three).contains("certificate is for another host"));
      assertThat(TlsProbe.run(hosts, List.of(), urls))
          .hasSize(3)
          .allSatisfy(line -> assertThat(line).contains("isn't signed by a root that is trusted"));
    }
  }
}
