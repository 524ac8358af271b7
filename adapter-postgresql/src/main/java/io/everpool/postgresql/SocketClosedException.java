package io.everpool.postgresql;

import java.net.SocketException;

/** This side has closed the socket; what is thrown says nothing about the server. */
final class SocketClosedException extends SocketException {
  private static final long serialVersionUID = 1L;

  SocketClosedException() {
    super("Socket closed");
  }
}
