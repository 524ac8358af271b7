package io.everpool.postgresql;

import static io.everpool.postgresql.Sessions.ask;
import static io.everpool.postgresql.TlsSessions.encoded;
import static io.everpool.postgresql.TlsSessions.refusal;
import static io.everpool.postgresql.TlsSessions.showing;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.postgresql.driver.PresentDriver;
import io.everpool.postgresql.driver.PropertyNames;
import io.everpool.servers.Await;
import io.everpool.servers.Certificate;
import io.everpool.servers.CertificateAuthority;
import io.everpool.servers.PostgresServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.util.Base64;
import java.util.function.UnaryOperator;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.PBEParameterSpec;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A server that lets in whoever has a certificate of the right authority: with the key in each form
 * that the driver takes, and one sentence for each thing that can be wrong with it.
 */
@Timeout(600)
@Tag("contract")
class ClientCertificateTest {
  private static final String SECRET = "k3y-s3cr3t";
  private static final String PEM_SINCE = "42.7.9";

  private static Path directory;
  private static PostgresServer server;
  private static CertificateAuthority authority;
  private static Certificate app;

  @BeforeAll
  static void start(@TempDir Path temporary) throws IOException {
    directory = temporary;
    authority = CertificateAuthority.create(directory, "authority");
    app = authority.client("app");
    Path hba = directory.resolve("hba.conf");
    Files.writeString(
        hba,
        """
        host    all      postgres  127.0.0.1/32  scram-sha-256
        hostssl all      app       127.0.0.1/32  cert
        hostssl all      other     127.0.0.1/32  cert
        """);
    server =
        PostgresServer.startEmbedded(
            showing(authority.server("localhost"))
                .with("ssl_ca_file", authority.root().toString())
                .with("hba_file", hba.toString()));
    server.execute("create role other login");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  // ---- the forms of a key

  private static PrivateKey key(Certificate certificate)
      throws IOException, GeneralSecurityException {
    return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(der(certificate)));
  }

  private static byte[] der(Certificate certificate) throws IOException {
    String pem = Files.readString(certificate.key()).replaceAll("-----[A-Z ]+-----", "");
    return Base64.getMimeDecoder().decode(pem);
  }

  /** For its owner only, as newer drivers insist. */
  private static Path file(String name, byte[] content) throws IOException {
    Path file = directory.resolve(name);
    Files.deleteIfExists(file);
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    return Files.write(file, content);
  }

  private static Path pk8(Certificate certificate) throws IOException {
    return file("key.pk8", der(certificate));
  }

  /** As {@code openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES} makes it. */
  private static Path encryptedPk8(Certificate certificate)
      throws IOException, GeneralSecurityException {
    String algorithm = "PBEWithSHA1AndDESede";
    Cipher cipher = Cipher.getInstance(algorithm);
    cipher.init(
        Cipher.ENCRYPT_MODE,
        SecretKeyFactory.getInstance(algorithm)
            .generateSecret(new PBEKeySpec(SECRET.toCharArray())),
        new PBEParameterSpec(new byte[] {1, 2, 3, 4, 5, 6, 7, 8}, 2048));
    AlgorithmParameters parameters = cipher.getParameters();
    byte[] encrypted = cipher.doFinal(der(certificate));
    return file("encrypted.pk8", new EncryptedPrivateKeyInfo(parameters, encrypted).getEncoded());
  }

  private static Path p12(Certificate certificate, String entry)
      throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    java.security.cert.Certificate chain =
        CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(Files.readAllBytes(certificate.chain())));
    store.setKeyEntry(
        entry,
        key(certificate),
        SECRET.toCharArray(),
        new java.security.cert.Certificate[] {chain});
    Path file = file(entry + ".p12", new byte[0]);
    try (OutputStream out = Files.newOutputStream(file)) {
      store.store(out, SECRET.toCharArray());
    }
    return file;
  }

  // ---- what becomes of them

  private static String url(Path certificate, Path key) {
    return url("app", certificate, key);
  }

  private static String url(String user, Path certificate, Path key) {
    return "postgresql://%s@127.0.0.1:%d/app?sslmode=verify-full&sslrootcert=%s&sslcert=%s&sslkey=%s"
        .formatted(
            user, server.port(), encoded(authority.root()), encoded(certificate), encoded(key));
  }

  private static void opens(String url) throws SQLException {
    PhysicalConnection session = Sessions.open(url);
    assertThat(ask(session, "select client_dn from pg_stat_ssl where pid = pg_backend_pid()"))
        .isEqualTo("/CN=app");
    session.close();
  }

  private static boolean readsPem() {
    return PresentDriver.HERE.knows(PropertyNames.PEM_KEY_ALGORITHM);
  }

  @Test
  void aKeyInDerOpensWithAndWithoutAPassword() throws Exception {
    opens(url(app.chain(), pk8(app)));
    opens(url(app.chain(), encryptedPk8(app)) + "&sslpassword=" + SECRET);
  }

  @Test
  void aKeyAndItsCertificateInPkcs12Open() throws Exception {
    Path store = p12(app, "user");
    opens(url(app.chain(), store) + "&sslpassword=" + SECRET);
    opens(
        "jdbc:postgresql://127.0.0.1:%d/app?user=app&sslmode=require&sslkey=%s&sslpassword=%s"
            .formatted(server.port(), encoded(store), SECRET));
  }

  /** Of whatever algorithm: the driver alone takes it for RSA. */
  @Test
  void aKeyInPemOpens() throws Exception {
    Assumptions.assumeTrue(readsPem(), "pgjdbc reads keys in PEM from " + PEM_SINCE + " on");
    opens(url(app.chain(), file("key.pem", Files.readAllBytes(app.key()))));
  }

  @Test
  void aDriverThatReadsNoPemSaysWhichDoes() throws Exception {
    Assumptions.assumeFalse(readsPem(), "pgjdbc reads keys in PEM from " + PEM_SINCE + " on");
    Path pem = file("key.pem", Files.readAllBytes(app.key()));
    assertThat(refusal(url(app.chain(), pem), server))
        .contains("key can't be used", "pgjdbc " + PEM_SINCE);
  }

  // ---- what is wrong

  @Test
  void noCertificateAtAll() {
    assertThat(refusal("postgresql://app@127.0.0.1:" + server.port() + "/app", server))
        .contains("The server wants a client certificate: set sslcert and sslkey");
  }

  @Test
  void aCertificateThatIsNotThere() throws Exception {
    assertThat(refusal(url(directory.resolve("nowhere.crt"), pk8(app)), server))
        .contains("The client's certificate can't be read: sslcert", "nowhere.crt");
  }

  @Test
  void aCertificateThatIsNone() throws Exception {
    Path nonsense =
        file(
            "nonsense.crt",
            "-----BEGIN CERTIFICATE-----\nno\n".getBytes(StandardCharsets.US_ASCII));
    assertThat(refusal(url(nonsense, pk8(app)), server))
        .contains("The client's certificate can't be read: sslcert", "nonsense.crt");
  }

  @Test
  void aKeyThatIsNotThere() {
    for (String name : new String[] {"nowhere.pk8", "nowhere.p12"}) {
      assertThat(refusal(url(app.chain(), directory.resolve(name)) + "&sslpassword=x", server))
          .contains("The client's key can't be used: sslkey", name);
    }
  }

  @Test
  void aKeyThatIsNone() throws Exception {
    assertThat(refusal(url(app.chain(), file("nonsense.pk8", new byte[] {1, 2, 3})), server))
        .contains("The client's key can't be used: sslkey");
  }

  @Test
  void aKeyThatAnybodyMayRead() throws Exception {
    Path open = pk8(app);
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rw-rw-rw-"));
    if (PresentDriver.HERE.knows(PropertyNames.CLASS_LOADER_STRATEGY)) {
      assertThat(refusal(url(app.chain(), open), server))
          .contains("The client's key may be read by others");
    } else {
      opens(url(app.chain(), open)); // older drivers don't look
    }
  }

  @Test
  void aPasswordThatIsWrongOrMissing() throws Exception {
    for (Path locked : new Path[] {encryptedPk8(app), p12(app, "user")}) {
      assertThat(refusal(url(app.chain(), locked) + "&sslpassword=wr0ng-k3y", server, "wr0ng-k3y"))
          .contains("The password of the client's key is wrong");
    }
    assertThat(refusal(url(app.chain(), encryptedPk8(app)), server))
        .contains("The client's key is encrypted: set sslpassword");
  }

  /** Its private half belongs to another certificate. */
  @Test
  void aKeyOfAnotherCertificate() throws Exception {
    Certificate twin = CertificateAuthority.create(directory, "twin").client("app");
    told(url(app.chain(), pk8(twin)), "The client's key isn't that of its certificate");
  }

  @Test
  void aCertificateOfAnotherAuthority() throws Exception {
    Certificate strange = CertificateAuthority.create(directory, "stranger").client("app");
    assertThat(refusal(url(strange.chain(), pk8(strange)), server))
        .contains("was not sent", "whose issuer is in the server's ssl_ca_file");
  }

  @Test
  void anEntryOfPkcs12ByAnotherName() throws Exception {
    assertThat(
            refusal(url(app.chain(), p12(app, "mine")) + "&sslpassword=" + SECRET, server, SECRET))
        .contains("its entry must be named user");
  }

  @Test
  void aCertificateThatHasExpired() throws Exception {
    Certificate old = authority.expiredClient("app");
    told(url(old.chain(), pk8(old)), "The client's certificate has expired");
  }

  /**
   * The server hangs up in the middle of what the client has to say, and where that is still a part
   * of the handshake the alert that tells why is lost. That is worth another try, and then it
   * isn't.
   */
  private static void told(String url, String sentence) {
    Await.until(
        Sessions.LIMIT,
        () -> {
          Connector connector = Sessions.connector(url, UnaryOperator.identity());
          Throwable failure =
              Assertions.catchThrowable(() -> connector.open(Sessions.TIMEOUT).close());
          return String.valueOf(failure.getMessage()).contains(sentence)
              && failure instanceof SQLNonTransientConnectionException;
        },
        sentence);
  }

  @Test
  void aCertificateForAnotherRole() throws Exception {
    assertThat(refusal(url("other", app.chain(), pk8(app)), server))
        .contains("The client's certificate is for another role");
  }
}
