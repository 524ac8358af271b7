package io.everpool.postgresql.socket;

import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/**
 * What a handshake begins with, where libpq has parameters for it and pgjdbc has none. Versions are
 * by the JDK's names, which libpq has as well: TLSv1.2, TLSv1.3. Their order is that of their
 * letters, and all older protocols (SSLv3) stand before them.
 *
 * @param least the oldest version that is taken
 * @param most the newest; empty for the newest that both sides have
 * @param named whether the server is told the name that it is called by (SNI)
 */
public record TlsTerms(String least, String most, boolean named) {
  /** What libpq does without a word. TLS 1.0 and 1.1 are broken (RFC 8996). */
  public static final TlsTerms DEFAULT = new TlsTerms("TLSv1.2", "", true);

  private static final String LEAST = "everpool.tls.least";
  private static final String MOST = "everpool.tls.most";
  private static final String NAMED = "everpool.tls.named";

  /** Hands them to the factory that pgjdbc makes of these properties. */
  void into(Properties properties) {
    properties.setProperty(LEAST, least);
    properties.setProperty(MOST, most);
    properties.setProperty(NAMED, Boolean.toString(named));
  }

  static TlsTerms of(Properties properties) {
    return new TlsTerms(
        properties.getProperty(LEAST, DEFAULT.least),
        properties.getProperty(MOST, DEFAULT.most),
        Boolean.parseBoolean(properties.getProperty(NAMED, Boolean.toString(DEFAULT.named))));
  }

  /** Takes away what only the factory understands. */
  static void outOf(Properties properties) {
    properties.remove(LEAST);
    properties.remove(MOST);
    properties.remove(NAMED);
  }

  /** Before the handshake. */
  void apply(SSLSocket tls, String host) throws SSLException {
    String[] enabled = tls.getEnabledProtocols();
    String[] taken = Arrays.stream(enabled).filter(this::takes).toArray(String[]::new);
    if (taken.length == 0) {
      throw new SSLException(
          "no TLS version is left: "
              + least
              + " is wanted at least"
              + (most.isEmpty() ? "" : ", " + most + " at most")
              + ", and this JVM has "
              + String.join(", ", enabled));
    }
    tls.setEnabledProtocols(taken);
    SSLParameters parameters = tls.getSSLParameters();
    if (!named) {
      parameters.setServerNames(List.of());
      tls.setSSLParameters(parameters);
    } else if (parameters.getServerNames() == null && isName(host)) {
      // the JDK leaves out a name without a dot, such as a cluster's service has; libpq doesn't
      try {
        parameters.setServerNames(List.of(new SNIHostName(host)));
        tls.setSSLParameters(parameters);
      } catch (IllegalArgumentException e) {
        // a name that DNS doesn't allow and SNI can't carry
      }
    }
  }

  private boolean takes(String version) {
    return version.compareTo(least) >= 0 && (most.isEmpty() || version.compareTo(most) <= 0);
  }

  /** As libpq tells a name from an address. */
  private static boolean isName(String host) {
    return !host.isEmpty() && !host.matches("[0-9.]*") && host.indexOf(':') < 0;
  }
}
