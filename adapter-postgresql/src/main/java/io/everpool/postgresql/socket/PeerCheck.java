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
 * What of the server's certificate is checked again after the handshake, because JDK or driver let
 * something pass that they should refuse.
 *
 * @param dated whether it must be valid today: the JDK doesn't look at the dates of a certificate
 *     that is among the trusted ones itself
 * @param bound whether a login must be bound to it (channelBinding=require): drivers before 42.7.12
 *     log in without binding if the certificate's signature has no hash to bind to, as one by
 *     Ed25519 (CVE-2026-54291)
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

  /** Without the dates: a user's own factory decides itself what it trusts. */
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

  /** A signature with a hash names both: {@code SHA256withRSA}; {@code Ed25519} has none. */
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
