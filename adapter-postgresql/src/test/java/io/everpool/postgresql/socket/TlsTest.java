package io.everpool.postgresql.socket;

import static io.everpool.postgresql.Sessions.TIMEOUT;
import static io.everpool.postgresql.Sessions.ask;
import static io.everpool.postgresql.Sessions.connector;
import static io.everpool.postgresql.Sessions.open;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.postgresql.PlainSocketFactory;
import io.everpool.postgresql.Sessions;
import io.everpool.postgresql.failure.FailureRules;
import io.everpool.servers.Await;
import io.everpool.servers.Certificate;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ssl.NonValidatingFactory;

/** What a URL says of encryption is what is done. */
@Timeout(600)
class TlsTest {
  private static PostgresServer server;
  private static Certificate certificate;
  private static Certificate strange;

  @BeforeAll
  static void start(@TempDir Path directory) throws IOException {
    certificate = Certificate.selfSigned(directory, "localhost");
    strange = Certificate.selfSigned(directory, "elsewhere.example.com");
    server = serving(certificate);
  }

  private static PostgresServer serving(Certificate shown) {
    return PostgresServer.startEmbedded(
        ServerSettings.defaults()
            .with("ssl", "on")
            .with("ssl_cert_file", shown.chain().toString())
            .with("ssl_key_file", shown.key().toString()));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static String root(Certificate trusted) {
    return "&sslrootcert="
        + URLEncoder.encode(trusted.chain().toString(), StandardCharsets.UTF_8).replace("+", "%20");
  }

  private static String version(String url) throws SQLException {
    PhysicalConnection session = open(url);
    assertThat(session.look()).isEqualTo(Look.ALIVE);
    session.validate(TIMEOUT);
    String version =
        ask(
            session,
            "select coalesce(version, 'none') from pg_stat_ssl where pid = pg_backend_pid()");
    session.close();
    return String.valueOf(version);
  }

  /** As Neon's URLs have it; without TLS and SCRAM there is no channel to bind to. */
  @Test
  void channelBindingIsRequiredAndMet() throws SQLException {
    String url = server.libpqUrl() + "?sslmode=require&channel_binding=require";
    assertThat(version(url)).isEqualTo("TLSv1.3");
    refused(server.libpqUrl() + "?sslmode=disable&channel_binding=require", "set sslmode=require");
  }

  @Test
  void withoutAWordTlsIsPreferred() throws SQLException {
    assertThat(version(server.libpqUrl())).isEqualTo("TLSv1.3");
    assertThat(version(server.libpqUrl() + "?sslmode=disable")).isEqualTo("none");
  }

  @Test
  void directNegotiationIsDoneIfAsked() throws SQLException {
    assertThat(version(server.libpqUrl() + "?sslmode=require&sslnegotiation=direct"))
        .isEqualTo("TLSv1.3");
  }

  @ParameterizedTest
  @ValueSource(strings = {"verify-ca", "verify-full"})
  void aTrustedCertificateIsVerified(String mode) throws SQLException {
    assertThat(version(server.libpqUrl() + "?sslmode=" + mode + root(certificate)))
        .isEqualTo("TLSv1.3");
  }

  /** The same address by a name that isn't in the certificate. */
  @Test
  void aHostThatTheCertificateDoesNotNameIsRefusedWithAdvice() throws SQLException {
    String url = server.libpqUrl("127.1", server.port()) + "?sslmode=";
    assertThat(version(url + "verify-ca" + root(certificate))).isEqualTo("TLSv1.3");
    refused(url + "verify-full" + root(certificate), "is for another host");
  }

  /** No retry helps against a certificate that isn't trusted. */
  @ParameterizedTest
  @ValueSource(strings = {"verify-ca", "verify-full"})
  void aCertificateThatIsNotTrustedIsRefusedWithAdvice(String mode) {
    refused(server.libpqUrl() + "?sslmode=" + mode + root(strange), "sslrootcert");
    refused(server.libpqUrl() + "?sslrootcert=system", "sslrootcert");
  }

  @Test
  void aRootThatIsNotThereIsRefusedWithAdvice() {
    refused(
        server.libpqUrl() + "?sslmode=verify-full&sslrootcert=%2Fnowhere.crt",
        "sslrootcert must name");
  }

  /** What is wrong with a certificate is said, though a hang-up would have another reason. */
  @Test
  void aCertificateThatIsNotTrustedIsSaidWithDirectNegotiation() {
    refused(
        server.libpqUrl() + "?sslmode=verify-ca&sslnegotiation=direct" + root(strange),
        "isn't signed by a root that is trusted here");
  }

  /** A certificate that is itself the root is never asked for its dates by the JDK. */
  @Test
  void anExpiredCertificateThatIsItsOwnRootIsRefused(@TempDir Path directory) throws SQLException {
    Certificate old = Certificate.expired(directory, "localhost");
    try (PostgresServer server = serving(old)) {
      for (String mode : List.of("require", "verify-ca", "verify-full")) {
        refused(server.libpqUrl() + "?sslmode=" + mode + root(old), "certificate has expired");
      }
      assertThat(version(server.libpqUrl() + "?sslmode=require")).isEqualTo("TLSv1.3");
    }
  }

  /** The least version of TLS and the name for the server hold above sockets of any making. */
  @Test
  void whatLibpqsParametersSayHoldsAboveAUsersOwnSockets() throws SQLException {
    String url = server.libpqUrl() + "?sslmode=require&ssl_max_protocol_version=TLSv1.2";
    PhysicalConnection blind =
        open(
            url,
            builder ->
                builder.properties(Map.of("socketFactory", PlainSocketFactory.class.getName())));
    assertThat(ask(blind, "select version from pg_stat_ssl where pid = pg_backend_pid()"))
        .isEqualTo("TLSv1.2");
    blind.close();
  }

  /** The JDK's own close of a TLS socket waits for its locks and says goodbye; an abort mustn't. */
  @Test
  void abortUnderTlsWakesWhoeverWaitsAndWhoeverWrites() throws Exception {
    for (String sql :
        List.of("select pg_sleep(600)", "select length('" + "x".repeat(50_000_000) + "')")) {
      try (FaultProxy proxy = FaultProxy.before(server)) {
        PhysicalConnection session =
            open(server.libpqUrl(proxy.host(), proxy.port()) + "?sslmode=require");
        proxy.freeze();
        CompletableFuture<String> busy =
            CompletableFuture.supplyAsync(
                () -> {
                  try {
                    return ask(session, sql);
                  } catch (SQLException e) {
                    return FailureRules.classify(e).name();
                  }
                });
        Await.until(Sessions.LIMIT, TlsTest::waits, "a thread to wait");
        session.abort();
        assertThat(busy.get(Sessions.LIMIT.toSeconds(), TimeUnit.SECONDS))
            .isEqualTo("CONNECTION_LOST");
        assertThat(session.jdbc().isClosed()).isTrue();
      }
    }
  }

  /** Closing the JDK's TLS socket would wait for the frozen peer's goodbye as long again. */
  @Test
  void aFrozenServerUnderTlsCostsOneTimeoutNotTwo() throws Exception {
    try (FaultProxy proxy = FaultProxy.before(server)) {
      PhysicalConnection session =
          open(server.libpqUrl(proxy.host(), proxy.port()) + "?sslmode=require");
      // as socketTimeout, but not for opening it
      session.jdbc().setNetworkTimeout(Runnable::run, 2_000);
      proxy.freeze();
      long waits = session.waits();
      Assertions.assertThatThrownBy(() -> ask(session, "select 1"))
          .isInstanceOf(SQLException.class);
      assertThat(session.waits()).as("waits begun and ended").isEqualTo(waits + 2);
    }
  }

  /** Nor does it wait for the peer to take the goodbye, behind what it hasn't taken. */
  @Test
  void aWriteUnderTlsThatTimesOutIsTheLastThatWaits() throws Exception {
    try (FaultProxy proxy = FaultProxy.before(server);
        LookableSocket socket = LookableSocket.open(KeepAlive.DEFAULT)) {
      socket.connect(new InetSocketAddress(proxy.host(), proxy.port()));
      socket.getOutputStream().write(SSL_REQUEST);
      assertThat(socket.getInputStream().read()).isEqualTo('S');
      Socket tls =
          new NonValidatingFactory(null).createSocket(socket, proxy.host(), proxy.port(), true);
      tls.getOutputStream().write(0);
      proxy.freeze();
      tls.setSoTimeout(100);
      Assertions.assertThatThrownBy(() -> tls.getOutputStream().write(new byte[64_000_000]))
          .isInstanceOf(SocketTimeoutException.class);
      long waits = socket.waits();
      try {
        tls.close();
      } catch (IOException e) {
        // some JDKs say that the goodbye was not taken
      }
      assertThat(socket.waits()).as("waits begun and ended").isEqualTo(waits);
    }
  }

  private static final byte[] SSL_REQUEST = {0, 0, 0, 8, 4, (byte) 210, 22, 47};

  /** A URL in libpq's form means what libpq means: with a root certificate it is verified. */
  @Test
  void requireWithARootCertificateRefusesAStrangerInLibpqsFormAlone() throws SQLException {
    String query = "?sslmode=require" + root(strange);
    refused(server.libpqUrl() + query, "sslrootcert");
    assertThat(version(server.libpqUrl() + "?sslmode=require" + root(certificate)))
        .isEqualTo("TLSv1.3");
  }

  /** Each said as what it is, and none worth thirty seconds of retries. */
  @Test
  void whatIsWrongWithTlsIsSaidAsWhatItIs() {
    try (PostgresServer plain = PostgresServer.startEmbedded(ServerSettings.defaults())) {
      refused(plain.libpqUrl() + "?sslmode=require", "The server has no TLS");
      refused(plain.libpqUrl() + "?sslmode=require&sslnegotiation=direct", "sslnegotiation=direct");
    }
  }

  private static boolean waits() {
    return Thread.getAllStackTraces().values().stream()
        .flatMap(Stream::of)
        .anyMatch(
            frame ->
                frame.getClassName().equals(Readiness.class.getName())
                    && frame.getMethodName().equals("await"));
  }

  private static void refused(String url, String advice) {
    Connector connector = connector(url, UnaryOperator.identity());
    SQLException failure =
        Assertions.catchThrowableOfType(SQLException.class, () -> connector.open(TIMEOUT));
    assertThat(connector.classify(failure)).isEqualTo(Verdict.REFUSED);
    assertThat(failure.getMessage()).contains(advice).doesNotContain(server.password());
  }
}
