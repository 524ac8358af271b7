package io.everpool.postgresql.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.PoolConfig;
import io.everpool.api.ReaderFallback;
import io.everpool.postgresql.doctor.Finding.Level;
import io.everpool.postgresql.doctor.Finding.Subject;
import io.everpool.postgresql.url.Destination;
import io.everpool.postgresql.url.Destinations;
import io.everpool.servers.Certificate;
import io.everpool.servers.Port;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where there are several ways to a server, or several servers, not all of them must work. */
@Timeout(300)
class SeveralWaysTest {
  private static final String SECRET = "s3cret-of-the-doctor";
  private static final int SSL_REQUEST_LENGTH = 8;
  private static PostgresServer server;
  private static PostgresServer tls;

  @BeforeAll
  static void start(@TempDir Path directory) {
    server = PostgresServer.startEmbedded(ServerSettings.defaults().withPassword(SECRET));
    Certificate certificate = Certificate.selfSigned(directory, "localhost");
    tls =
        PostgresServer.startEmbedded(
            ServerSettings.defaults()
                .withPassword(SECRET)
                .with("ssl", "on")
                .with("ssl_cert_file", certificate.chain().toString())
                .with("ssl_key_file", certificate.key().toString()));
  }

  @AfterAll
  static void stop() {
    try (PostgresServer one = server;
        PostgresServer other = tls) {
      assertThat(one).isNotSameAs(other);
    }
  }

  private static PoolConfig.Builder config() {
    return PoolConfig.builder(server.jdbcUrl()).user(server.user()).password(SECRET);
  }

  private static Report examine(PoolConfig.Builder config) {
    Report report = Doctor.examine(config.build());
    assertThat(report.toString()).doesNotContain(SECRET);
    return report;
  }

  /** A host or an address that is away is no fault of a configuration that works without it. */
  @Test
  void one_of_two_hosts_is_away() {
    String user = "/postgres?user=" + server.user();
    try (Port port = Port.claim()) {
      String away = "127.0.0.1:" + port.number();
      String there = "127.0.0.1:" + server.port();
      for (String hosts :
          new String[] {away + "," + there, there + "," + away, "nobody.invalid," + there}) {
        Report report =
            examine(PoolConfig.builder("postgresql://" + hosts + user).password(SECRET));
        assertThat(report.works()).as(report.toString()).isTrue();
        assertThat(report.findings())
            .filteredOn(finding -> finding.text().contains("go to another host or address"))
            .singleElement()
            .satisfies(
                finding -> {
                  assertThat(finding.level()).isEqualTo(Level.ADVICE);
                  assertThat(finding.text()).containsAnyOf("Check host and port", "its spelling");
                });
      }
      Report none = examine(PoolConfig.builder("postgresql://" + away + ",nobody.invalid" + user));
      assertThat(none.works()).isFalse();
      assertThat(none.findings())
          .filteredOn(finding -> finding.level() == Level.PROBLEM)
          .extracting(Finding::subject)
          .containsExactly(Subject.NAME, Subject.PORT);
    }
  }

  @Test
  void one_of_two_hosts_has_no_tls() {
    String hosts = "localhost:" + tls.port() + ",localhost:" + server.port();
    Report report =
        examine(
            PoolConfig.builder("postgresql://" + hosts + "/postgres?sslmode=require")
                .user(tls.user())
                .password(tls.password()));
    assertThat(report.works()).as(report.toString()).isTrue();
    assertThat(report.of(Subject.TLS))
        .extracting(Finding::level)
        .containsExactly(Level.ADVICE, Level.ADVICE);
  }

  /** pgjdbc goes to the first address of a name, and to no other. */
  @Test
  void one_of_two_addresses_is_away() throws Exception {
    InetAddress there = InetAddress.getByName("127.0.0.1");
    InetAddress away = InetAddress.getByName("127.0.0.77");
    try (ServerSocket listens = new ServerSocket(0, 5, there)) {
      PoolConfig config =
          PoolConfig.builder("postgresql://two:" + listens.getLocalPort() + "/d?sslmode=disable")
              .connectTimeout(Duration.ofMillis(500)) // nobody answers the handshake, either
              .build();
      Destination destination = new Destinations(name -> null).of(config, config.pooler());
      Findings good = new Findings();
      assertThat(way(destination, config, good, there, away).examine()).isTrue();
      assertThat(good.report().of(Subject.PORT))
          .extracting(Finding::level)
          .containsExactly(Level.OK, Level.ADVICE);
      Findings bad = new Findings();
      assertThat(way(destination, config, bad, away, there).examine()).isFalse();
      assertThat(bad.report().of(Subject.PORT))
          .extracting(Finding::level)
          .containsExactly(Level.PROBLEM, Level.OK);
      assertThat(bad.report().toString()).contains("the first address of a name only");
    }
  }

  /** As a proxy does that has no server, whether its end of the stream comes, or a reset. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void it_hangs_up_when_it_is_asked_for_tls(boolean reset) throws Exception {
    try (ServerSocket listens = new ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"))) {
      Thread proxy = new Thread(() -> hangUp(listens, reset), "proxy-without-server");
      proxy.setDaemon(true);
      proxy.start();
      PoolConfig.Builder config =
          PoolConfig.builder("postgresql://127.0.0.1:" + listens.getLocalPort() + "/d?user=u");
      assertThat(examine(config).of(Subject.TLS))
          .extracting(Finding::text)
          .singleElement()
          .asString()
          .contains("hung up when it was asked for TLS")
          .doesNotContain("handshake");
    }
  }

  private static void hangUp(ServerSocket listens, boolean reset) {
    try {
      while (true) {
        try (Socket client = listens.accept()) {
          // not before: whoever only looks whether somebody listens would meet the reset
          client.getInputStream().readNBytes(SSL_REQUEST_LENGTH);
          if (reset) {
            client.setSoLinger(true, 0);
          }
        }
      }
    } catch (IOException e) {
      // the test is over
    }
  }

  private static WayThere way(
      Destination destination, PoolConfig config, Findings findings, InetAddress... addresses) {
    return new WayThere(destination, config.connectTimeout(), findings, host -> addresses);
  }

  @Test
  void readers_are_looked_at_as_well() {
    String good = server.libpqUrl();
    try (Port port = Port.claim()) {
      String away = "postgresql://127.0.0.1:" + port.number() + "/postgres";
      Report report = examine(config().readers(List.of(good, away)));
      assertThat(report.works()).as(report.toString()).isTrue();
      assertThat(report.of(Subject.SETTINGS))
          .extracting(Finding::text)
          .anyMatch(text -> text.startsWith("reader 2: connections go to 127.0.0.1:"));
      assertThat(report.of(Subject.LOGIN))
          .extracting(Finding::level)
          .containsExactly(Level.OK, Level.OK, Level.ADVICE);

      Report alone = examine(config().readers(List.of(away)).readerFallback(ReaderFallback.FAIL));
      assertThat(alone.works()).as(alone.toString()).isFalse();
    }
    Report wrong =
        examine(config().readers(List.of(good + "?sslmod=require", "mongodb://localhost/x")));
    assertThat(wrong.works()).isFalse();
    assertThat(wrong.of(Subject.SETTINGS))
        .extracting(Finding::text)
        .anyMatch(text -> text.startsWith("reader 1: ") && text.contains("sslmode"))
        .anyMatch(text -> text.startsWith("reader 2: ") && text.contains("PostgreSQL"));
  }
}
