package io.everpool.servers;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyStore;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A certificate and its key, in the files that a server wants, and libpq.
 *
 * @param chain PEM
 * @param key PKCS-8 in PEM, not encrypted, for its owner only
 */
public record Certificate(Path chain, Path key) {
  /** PostgreSQL's own name for it. */
  static final String FILE = "server.crt";

  private static final String KEY_FILE = "server.key";

  /** A store that is never written anywhere wants one all the same. */
  private static final char[] STORE_PASSWORD = "everpool".toCharArray();

  /** Makes a new one for a host, in {@code directory}, that vouches for itself. */
  public static Certificate selfSigned(Path directory, String host) {
    return selfSigned(directory, host, "EC");
  }

  /**
   * The same with a key of another kind.
   *
   * @param algorithm {@code EC}, {@code RSA} or {@code Ed25519}
   */
  public static Certificate selfSigned(Path directory, String host, String algorithm) {
    KeyPair keys = CertificateAuthority.keys(algorithm);
    return at(directory, host)
        .written(keys, CertificateAuthority.selfSigned(host, keys, Validity.NOW));
  }

  /** One that was good until yesterday, and vouches for itself. */
  public static Certificate expired(Path directory, String host) {
    KeyPair keys = CertificateAuthority.keys("EC");
    return at(directory, host)
        .written(keys, CertificateAuthority.selfSigned(host, keys, Validity.EXPIRED));
  }

  /** Where one of this name is, or is to be. */
  static Certificate at(Path directory, String name) {
    return new Certificate(directory.resolve(name + ".crt"), directory.resolve(name + ".key"));
  }

  /** Puts one for localhost where a server with this data directory looks for it. */
  static void into(Path data) {
    KeyPair keys = CertificateAuthority.keys("EC");
    new Certificate(data.resolve(FILE), data.resolve(KEY_FILE))
        .written(keys, CertificateAuthority.selfSigned("localhost", keys, Validity.NOW));
  }

  /** The one that a server with this data directory has. */
  static Certificate of(Path data) {
    return new Certificate(data.resolve(FILE), data.resolve(KEY_FILE));
  }

  /** For sockets that present this certificate to clients, or that trust it as a client. */
  SSLContext tls() {
    try (InputStream pem = Files.newInputStream(chain)) {
      X509Certificate certificate =
          (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(pem);
      String der = Files.readString(key).replaceAll("-----[A-Z ]+-----|\\s", "");
      PKCS8EncodedKeySpec spec = new PKCS8EncodedKeySpec(Base64.getDecoder().decode(der));
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setKeyEntry(
          "server",
          KeyFactory.getInstance("EC").generatePrivate(spec),
          STORE_PASSWORD,
          new X509Certificate[] {certificate});
      KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
      keys.init(store, STORE_PASSWORD);
      KeyStore trusted = KeyStore.getInstance("PKCS12");
      trusted.load(null, null);
      trusted.setCertificateEntry("server", certificate);
      TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
      trust.init(trusted);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
      return context;
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException("can't use the certificate", e);
    }
  }

  Certificate written(KeyPair keys, X509Certificate certificate) {
    try {
      // PostgreSQL refuses a key that others may read
      Files.createFile(
          key, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(key, pem("PRIVATE KEY", keys.getPrivate().getEncoded()));
      writeChain(chain, certificate);
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException("no certificate", e);
    }
  }

  static void writeChain(Path file, X509Certificate certificate) {
    try {
      Files.writeString(file, pem("CERTIFICATE", certificate.getEncoded()));
    } catch (IOException e) {
      throw new UncheckedIOException("no certificate", e);
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException("no certificate", e);
    }
  }

  private static String pem(String what, byte[] der) {
    String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    return "-----BEGIN " + what + "-----\n" + body + "\n-----END " + what + "-----\n";
  }

  /** When a certificate is good. */
  enum Validity {
    NOW,
    /** Until yesterday. */
    EXPIRED
  }
}
