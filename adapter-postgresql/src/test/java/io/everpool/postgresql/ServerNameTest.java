package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.servers.Certificate;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.sql.SQLException;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The name by which a server is called is told to it before the certificates (SNI): one address may
 * serve many of them, as Neon's does.
 */
@Timeout(600)
@Tag("contract")
@Tag("one-jdk")
class ServerNameTest {
  private static final int SSL_REQUEST_LENGTH = 8;

  /** Takes one client, and hangs up when the handshake is done. */
  private static final class Front implements AutoCloseable {
    private final ServerSocket socket =
        new ServerSocket(0, 1, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}));
    private final CompletableFuture<List<String>> names;

    Front(Certificate certificate) throws IOException, GeneralSecurityException {
      SSLContext context = context(certificate);
      names = CompletableFuture.supplyAsync(() -> take(context));
    }

    private List<String> take(SSLContext context) {
      try (Socket client = socket.accept()) {
        assertThat(client.getInputStream().readNBytes(SSL_REQUEST_LENGTH))
            .hasSize(SSL_REQUEST_LENGTH);
        client.getOutputStream().write('S');
        try (SSLSocket tls =
            (SSLSocket) context.getSocketFactory().createSocket(client, (InputStream) null, true)) {
          tls.startHandshake();
          return ((ExtendedSSLSession) tls.getSession())
              .getRequestedServerNames().stream()
                  .map(name -> ((SNIHostName) name).getAsciiName())
                  .toList();
        }
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }

    int port() {
      return socket.getLocalPort();
    }

    List<String> names() throws Exception {
      return names.get(Sessions.LIMIT.toSeconds(), TimeUnit.SECONDS);
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }

    private static SSLContext context(Certificate certificate)
        throws IOException, GeneralSecurityException {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      byte[] key =
          Base64.getMimeDecoder()
              .decode(Files.readString(certificate.key()).replaceAll("-----[A-Z ]+-----", ""));
      store.setKeyEntry(
          "server",
          KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(key)),
          new char[0],
          new java.security.cert.Certificate[] {
            CertificateFactory.getInstance("X.509")
                .generateCertificate(
                    new ByteArrayInputStream(Files.readAllBytes(certificate.chain())))
          });
      KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
      keys.init(store, new char[0]);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), null, null);
      return context;
    }
  }

  private static String url(String host, int port, String query) {
    return "postgresql://u:p@%s:%d/d?sslmode=require&connect_timeout=60%s"
        .formatted(host, port, query);
  }

  /** Of a name without a dot, too, which the JDK would keep to itself. */
  @ParameterizedTest
  @CsvSource({
    "localhost, ''        , localhost",
    "localhost, &sslsni=1 , localhost",
    "localhost, &sslsni=0 , ''",
    "127.0.0.1, ''        , ''",
    "127.1    , &sslsni=1 , ''",
    "[::ffff:127.0.0.1], '', ''"
  })
  void aNameIsToldAndAnAddressIsNot(String host, String query, String told, @TempDir Path directory)
      throws Exception {
    try (Front front = new Front(Certificate.selfSigned(directory, "front.example.com"))) {
      Assertions.assertThatThrownBy(() -> Sessions.open(url(host, front.port(), query)))
          .isInstanceOf(SQLException.class);
      assertThat(front.names()).isEqualTo(told.isEmpty() ? List.of() : List.of(told));
    }
  }

  /** In one JVM that knows the name. */
  @Test
  void aNameInADomainIsToldUnlessTheUrlForbidsIt(@TempDir Path directory) throws Exception {
    String name = "ep-1.eu.example.com";
    Path hosts = TlsProbe.hosts(directory, name);
    Certificate certificate = Certificate.selfSigned(directory, "front.example.com");
    try (Front libpq = new Front(certificate);
        Front forbidden = new Front(certificate);
        Front jdbc = new Front(certificate)) {
      TlsProbe.run(
          hosts,
          List.of(),
          List.of(
              url(name, libpq.port(), ""),
              url(name, forbidden.port(), "&sslsni=0"),
              "jdbc:postgresql://%s:%d/d?sslmode=require&user=u&password=p"
                  .formatted(name, jdbc.port())));
      assertThat(libpq.names()).containsExactly(name);
      assertThat(forbidden.names()).isEmpty();
      assertThat(jdbc.names()).containsExactly(name);
    }
  }
}
