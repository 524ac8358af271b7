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
 * Says of a connect that failed what its exception can't know: what was asked for.
 *
 * @param properties pgjdbc's
 */
record TlsFailure(Map<String, String> properties) {
  /** What only a peer says that does TLS, or this side before it has asked. */
  private static final Pattern OTHERWISE =
      Pattern.compile("protocol_version|certificate|unknown_ca|no TLS version|Channel binding");

  /**
   * The failure itself, or what it means.
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
   * Whether the server has hung up on a TLS handshake that nothing announced. An older one takes it
   * for nonsense, and its end looks like that of any other connection.
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
        && !OTHERWISE.matcher(String.valueOf(told.getMessage())).find();
  }

  private boolean isCertificateUnsent(SQLException failure) {
    return "28000".equals(failure.getSQLState())
        && String.valueOf(failure.getMessage())
            .toLowerCase(Locale.ROOT)
            .contains("requires a valid client certificate")
        && (properties.containsKey(PropertyNames.SSL_CERT)
            || properties.containsKey(PropertyNames.SSL_KEY));
  }
}
