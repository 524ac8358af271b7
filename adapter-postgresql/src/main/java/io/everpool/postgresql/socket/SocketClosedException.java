package io.everpool.postgresql.socket;

import java.net.SocketException;

/** This side has closed the socket; what is thrown says nothing about the server. */
public final class SocketClosedException extends SocketException {
  private static final long serialVersionUID = 1L;

  public SocketClosedException() {
    super("Socket closed");
  }
}
