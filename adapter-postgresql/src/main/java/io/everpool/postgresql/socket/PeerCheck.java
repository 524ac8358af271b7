package io.everpool.postgresql.socket;

import io.everpool.postgresql.driver.PropertyNames;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Locale;
import java.util.Properties;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

/**
 * What is looked at in a server's certificate once the handshake is over, because it has passed
 * what should have stopped it.
 *
 * @param dated whether it must be neither expired nor of the future: the JDK doesn't ask that of
 *     one that is trusted itself, not by its issuer
 * @param bound whether a login must be bound to it: drivers before 42.7.12 log in without where its
 *     signature has no hash to bind to, as that of Ed25519 (CVE-2026-54291)
 */
record PeerCheck(boolean dated, boolean bound) {

  static PeerCheck of(Properties properties) {
    return new PeerCheck(
        properties
            .getProperty(PropertyNames.SSL_MODE, "")
            .toLowerCase(Locale.ROOT)
            .startsWith("verify"),
        properties.getProperty(PropertyNames.CHANNEL_BINDING, "").equalsIgnoreCase("require"));
  }

  /** What a user's own factory says of trust is its own affair. */
  PeerCheck ofBindingAlone() {
    return new PeerCheck(false, bound);
  }

  void check(SSLSession session) throws SSLHandshakeException {
    try {
      if ((dated || bound) && session.getPeerCertificates()[0] instanceof X509Certificate peer) {
        if (dated) {
          peer.checkValidity();
        }
        checkBinding(peer.getSigAlgName());
      }
    } catch (CertificateException e) {
      throw failure(String.valueOf(e.getMessage()), e);
    } catch (SSLPeerUnverifiedException e) {
      throw failure("the server has shown no certificate", e);
    }
  }

  private void checkBinding(String signature) throws SSLHandshakeException {
    if (bound && !signature.toLowerCase(Locale.ROOT).contains("with")) {
      throw new SSLHandshakeException(
          "Channel binding is required, but the signature of the server's certificate, "
              + signature
              + ", has no hash to bind to");
    }
  }

  private static SSLHandshakeException failure(String message, Exception cause) {
    SSLHandshakeException failure = new SSLHandshakeException(message);
    failure.initCause(cause);
    return failure;
  }
}
