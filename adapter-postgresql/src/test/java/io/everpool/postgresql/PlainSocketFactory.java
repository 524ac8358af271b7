package io.everpool.postgresql;

import javax.net.SocketFactory;

/** A user's own, which makes plain sockets; made by pgjdbc. */
public final class PlainSocketFactory extends ForwardingSocketFactory {
  public PlainSocketFactory() {
    super(SocketFactory.getDefault());
  }
}
