package io.everpool.postgresql.socket;

import io.everpool.postgresql.driver.PresentDriver;
import io.everpool.postgresql.driver.PropertyNames;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.Properties;
import java.util.Set;
import javax.net.ssl.SSLSocket;
import org.postgresql.ssl.LibPQFactory;
import org.postgresql.util.PSQLException;

/**
 * pgjdbc's own factory of TLS sockets, whose streams above the encryption can be read along.
 * Extends it because pgjdbc asks no other factory what was wrong with a client's key. Public only
 * because pgjdbc makes it by reflection; not to be used otherwise.
 */
public final class TappedLibPQFactory extends LibPQFactory {
  private static final Set<String> NAMES =
      Set.of("org.postgresql.ssl.LibPQFactory", "org.postgresql.ssl.jdbc4.LibPQFactory");

  private final TlsTerms terms;
  private final PeerCheck check;

  /**
   * Called by pgjdbc.
   *
   * @param properties those of the connection
   */
  public TappedLibPQFactory(Properties properties) throws PSQLException {
    super(withKeyAlgorithm(properties));
    terms = TlsTerms.of(properties);
    check = PeerCheck.of(properties);
  }

  /** Whether pgjdbc would take its own for this value of {@code sslfactory}. */
  static boolean replaces(String name) {
    return NAMES.contains(name);
  }

  /**
   * Tells pgjdbc by what algorithm the client's key is, as its certificate says: otherwise it takes
   * a key in PEM for one of RSA.
   */
  private static Properties withKeyAlgorithm(Properties properties) {
    String certificate = properties.getProperty(PropertyNames.SSL_CERT, "");
    if (certificate.isEmpty()
        || !PresentDriver.HERE.knows(PropertyNames.PEM_KEY_ALGORITHM)
        || properties.getProperty(PropertyNames.PEM_KEY_ALGORITHM) != null) {
      return properties;
    }
    try (InputStream in = Files.newInputStream(Path.of(certificate))) {
      Properties more = new Properties();
      for (String name : properties.stringPropertyNames()) {
        more.setProperty(name, properties.getProperty(name));
      }
      more.setProperty(
          PropertyNames.PEM_KEY_ALGORITHM,
          CertificateFactory.getInstance("X.509")
              .generateCertificate(in)
              .getPublicKey()
              .getAlgorithm());
      return more;
    } catch (IOException | InvalidPathException | CertificateException e) {
      return properties; // pgjdbc finds the same, and says what is wrong
    }
  }

  @Override
  public Socket createSocket(Socket below, String host, int port, boolean autoClose)
      throws IOException {
    Socket above = super.createSocket(below, host, port, autoClose);
    if (above instanceof SSLSocket tls) {
      terms.apply(tls, host);
    }
    return TappedSslFactory.tapped(above, below, check, null);
  }
}
