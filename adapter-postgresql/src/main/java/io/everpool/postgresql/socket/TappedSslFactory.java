package io.everpool.postgresql.socket;

import io.everpool.postgresql.driver.PgjdbcInternals;
import io.everpool.postgresql.driver.PropertyNames;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Properties;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;
import org.postgresql.ssl.LibPQFactory;
import org.postgresql.util.PSQLException;

/**
 * Makes TLS sockets by the factory that the user has set, whose streams above the encryption can be
 * read along. Public only because pgjdbc makes it by reflection; not to be used otherwise.
 */
public final class TappedSslFactory extends SSLSocketFactory {
  /** The property that names the user's own factory to this one. */
  static final String BEHIND = "everpool.sslfactory";

  private final SSLSocketFactory behind;
  private final TlsTerms terms;
  private final PeerCheck check;

  /**
   * Called by pgjdbc.
   *
   * @param properties those of the connection; the user's factory sees them as they were
   */
  public TappedSslFactory(Properties properties) throws PSQLException {
    terms = TlsTerms.of(properties);
    check = PeerCheck.of(properties).ofBindingAlone();
    Properties own = new Properties();
    properties
        .stringPropertyNames()
        .forEach(name -> own.setProperty(name, properties.getProperty(name)));
    own.remove(PropertyNames.SSL_FACTORY);
    TlsTerms.outOf(own);
    if (own.remove(BEHIND) instanceof String name) {
      own.setProperty(PropertyNames.SSL_FACTORY, name);
    }
    behind = PgjdbcInternals.PRESENT.sslFactory(own);
  }

  /** Has pgjdbc make its TLS sockets here. */
  public static void install(Properties properties, TlsTerms terms) {
    terms.into(properties);
    String user = properties.getProperty(PropertyNames.SSL_FACTORY);
    if (user == null || TappedLibPQFactory.replaces(user)) {
      properties.setProperty(PropertyNames.SSL_FACTORY, TappedLibPQFactory.class.getName());
    } else {
      properties.setProperty(PropertyNames.SSL_FACTORY, TappedSslFactory.class.getName());
      properties.setProperty(BEHIND, user);
    }
  }

  /**
   * A TLS socket that checks its server's certificate once more, and whose streams are read along
   * if it is above one of ours.
   *
   * @param maker a factory of pgjdbc's kind, if pgjdbc doesn't see it as the one that it has made
   *     and so doesn't ask it whether the client's key could be read
   */
  static Socket tapped(Socket above, Socket below, PeerCheck check, @Nullable LibPQFactory maker) {
    return above instanceof SSLSocket tls
        ? new TappedSslSocket(
            tls, below instanceof LookableSocket socket ? socket.cover() : null, check, maker)
        : above;
  }

  @Override
  public Socket createSocket(Socket below, String host, int port, boolean autoClose)
      throws IOException {
    Socket above = behind.createSocket(below, host, port, autoClose);
    if (above instanceof SSLSocket tls) {
      terms.apply(tls, host);
    }
    return tapped(above, below, check, behind instanceof LibPQFactory own ? own : null);
  }

  @Override
  public Socket createSocket() throws IOException {
    return behind.createSocket();
  }

  @Override
  public Socket createSocket(String host, int port) throws IOException {
    return behind.createSocket(host, port);
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress localHost, int localPort)
      throws IOException {
    return behind.createSocket(host, port, localHost, localPort);
  }

  @Override
  public Socket createSocket(InetAddress host, int port) throws IOException {
    return behind.createSocket(host, port);
  }

  @Override
  public Socket createSocket(InetAddress address, int port, InetAddress localAddress, int localPort)
      throws IOException {
    return behind.createSocket(address, port, localAddress, localPort);
  }

  @Override
  public String[] getDefaultCipherSuites() {
    return behind.getDefaultCipherSuites();
  }

  @Override
  public String[] getSupportedCipherSuites() {
    return behind.getSupportedCipherSuites();
  }
}
