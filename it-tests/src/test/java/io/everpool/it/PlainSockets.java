package io.everpool.it;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import javax.net.SocketFactory;

/** A user's own socket factory: its sockets are the JDK's, and the pool sees nothing of them. */
public final class PlainSockets extends SocketFactory {

  /** Made by pgjdbc. */
  public PlainSockets() {}

  /** The only one that pgjdbc calls. */
  @Override
  public Socket createSocket() {
    return new Socket();
  }

  private static Socket connected() throws IOException {
    throw new IOException("pgjdbc connects by itself");
  }

  @Override
  public Socket createSocket(String host, int port) throws IOException {
    return connected();
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress localHost, int localPort)
      throws IOException {
    return connected();
  }

  @Override
  public Socket createSocket(InetAddress host, int port) throws IOException {
    return connected();
  }

  @Override
  public Socket createSocket(InetAddress address, int port, InetAddress localAddress, int localPort)
      throws IOException {
    return connected();
  }
}
