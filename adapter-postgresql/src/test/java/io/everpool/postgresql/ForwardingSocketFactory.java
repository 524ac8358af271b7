package io.everpool.postgresql;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import javax.net.SocketFactory;

/** A socket factory as a user may have one. */
public abstract class ForwardingSocketFactory extends SocketFactory {
  private final SocketFactory behind;

  protected ForwardingSocketFactory(SocketFactory behind) {
    this.behind = behind;
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
}
