package io.everpool.postgresql.socket;

import java.io.IOException;
import java.net.Socket;
import java.util.Properties;
import java.util.Set;
import org.postgresql.ssl.LibPQFactory;
import org.postgresql.util.PSQLException;

/**
 * pgjdbc's own factory of TLS sockets, whose streams above the encryption can be read along.
 * Extends it because pgjdbc asks just its own for what was wrong with a client's key. Public only
 * because pgjdbc makes it by reflection; not to be used otherwise.
 */
public final class TappedLibPQFactory extends LibPQFactory {
  private static final Set<String> NAMES =
      Set.of("org.postgresql.ssl.LibPQFactory", "org.postgresql.ssl.jdbc4.LibPQFactory");

  /**
   * Called by pgjdbc.
   *
   * @param properties those of the connection
   */
  public TappedLibPQFactory(Properties properties) throws PSQLException {
    super(properties);
  }

  /** Whether pgjdbc would take its own for this value of {@code sslfactory}. */
  static boolean replaces(String name) {
    return NAMES.contains(name);
  }

  @Override
  public Socket createSocket(Socket below, String host, int port, boolean autoClose)
      throws IOException {
    return TappedSslFactory.tapped(super.createSocket(below, host, port, autoClose), below, null);
  }
}
