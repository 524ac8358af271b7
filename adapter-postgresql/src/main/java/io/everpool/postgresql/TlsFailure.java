package io.everpool.postgresql;

import io.everpool.api.driver.Causes;
import io.everpool.postgresql.driver.PropertyNames;
import java.io.EOFException;
import java.net.ConnectException;
import java.security.cert.CertificateException;
import java.sql.SQLException;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;

/**
 * Explains two failures to connect that can be understood only with the settings at hand: that of a
 * server that doesn't know {@code sslnegotiation=direct}, and that of a client certificate that
 * wasn't sent.
 *
 * @param properties pgjdbc's properties
 */
record TlsFailure(Map<String, String> properties) {
  /**
   * Words of failures that don't come from a server without direct TLS: {@code Received fatal
   * alert: protocol_version} comes from a peer that has understood the handshake, and {@code no TLS
   * version is left} comes from this side, before the server was asked.
   */
  private static final Pattern KNOWS_TLS =
      Pattern.compile("protocol_version|certificate|unknown_ca|no TLS version|Channel binding");

  /**
   * Returns the failure itself, or one that says what it means.
   *
   * @param everOpened whether a connection has been opened in the same way
   */
  SQLException explained(SQLException failure, boolean everOpened) {
    if (!everOpened && isDirectUnknown(failure)) {
      return new SQLException(
          "The server ended the TLS handshake that sslnegotiation=direct begins with",
          "08001",
          failure);
    }
    if (isCertificateUnsent(failure)) {
      return new SQLException(
          "The server wants a client certificate, and the one of sslcert and sslkey was not sent,"
              + " for its issuer is none of those that the server trusts",
          failure.getSQLState(),
          failure);
    }
    return failure;
  }

  /**
   * Whether the server has hung up because it doesn't know a TLS handshake that no request has
   * announced, as servers before PostgreSQL 17 do. The failure looks like that of any connection
   * that is closed, so it is recognized by leaving out what it can't be.
   */
  private boolean isDirectUnknown(SQLException failure) {
    if (!"direct".equals(properties.get(PropertyNames.SSL_NEGOTIATION))) {
      return false;
    }
    Throwable told =
        Causes.first(
            failure,
            at ->
                at instanceof ConnectException
                    || at instanceof EOFException
                    || at instanceof SSLException);
    return told != null
        && !(told instanceof ConnectException)
        && Causes.first(failure, CertificateException.class) == null
        && !KNOWS_TLS.matcher(String.valueOf(told.getMessage())).find();
  }

  /** Whether there is a client certificate, and the server says that it wants one. */
  private boolean isCertificateUnsent(SQLException failure) {
    return "28000".equals(failure.getSQLState())
        && String.valueOf(failure.getMessage())
            .toLowerCase(Locale.ROOT)
            .contains("requires a valid client certificate")
        && (properties.containsKey(PropertyNames.SSL_CERT)
            || properties.containsKey(PropertyNames.SSL_KEY));
  }
}
