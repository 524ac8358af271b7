package io.everpool.servers;

import io.everpool.servers.FaultProxy.Cut;
import io.everpool.servers.FaultProxy.Direction;
import io.everpool.servers.FaultProxy.ReplyCut;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** One connection through a {@link FaultProxy}: two sockets and a thread for each way. */
final class Link {
  private static final int CONNECT_MILLIS = 5_000;
  private static final int BUFFER = 16_384;

  private final FaultProxy proxy;
  private final Socket client;
  private final Socket server = new Socket();
  private final long number;
  private final Prepared prepared = new Prepared();
  private final AtomicBoolean cut = new AtomicBoolean();
  private volatile boolean connected;
  private volatile boolean forgotten;
  private volatile @Nullable Cut replyCut;

  Link(FaultProxy proxy, Socket client, long number) {
    this.proxy = proxy;
    this.client = client;
    this.number = number;
  }

  void connect() {
    connected = true;
    FaultProxy.daemon(
        "to-server-" + number,
        () -> {
          try {
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            server.connect(proxy.target(), CONNECT_MILLIS);
          } catch (IOException e) {
            cut(Cut.RST);
            return;
          }
          FaultProxy.daemon("to-client-" + number, () -> pump(Direction.TO_CLIENT));
          pump(Direction.TO_SERVER);
        });
  }

  /** Accepted, and nothing more. */
  boolean hangs() {
    return !connected;
  }

  private void pump(Direction direction) {
    Socket from = direction == Direction.TO_SERVER ? client : server;
    Socket to = direction == Direction.TO_SERVER ? server : client;
    byte[] buffer = new byte[BUFFER];
    try {
      for (int count; (count = from.getInputStream().read(buffer)) >= 0; ) {
        proxy.valve(direction).pass(count);
        if (cut.get() || forgotten) {
          // after an orderly cut the peer may still send: read on, so that it gets no RST
          continue;
        }
        if (direction == Direction.TO_SERVER) {
          if (watch(buffer, count)) {
            cut(replyCut);
            continue;
          }
        } else if (replyCut != null) {
          cut(replyCut);
          continue;
        }
        to.getOutputStream().write(buffer, 0, count);
      }
      if (forgotten && direction == Direction.TO_CLIENT && !cut.get()) {
        return; // the client is never told
      }
      // one side has ended its stream: so does the other
      to.shutdownOutput();
      if (direction == Direction.TO_CLIENT || cut.get()) {
        close(client);
        close(server);
        proxy.gone(this);
      }
    } catch (IOException e) {
      cut(Cut.RST);
      close(client);
      close(server);
      proxy.gone(this);
    }
  }

  /** Whether the connection is to be cut before this request goes on. */
  private boolean watch(byte[] buffer, int count) {
    String request = new String(buffer, 0, count, StandardCharsets.ISO_8859_1);
    prepared.see(request);
    if (proxy.cutPending() && replyCut == null) {
      ReplyCut ordered = proxy.takeReplyCut(prepared.withTexts(request));
      if (ordered != null) {
        replyCut = ordered.how();
        return ordered.requestToo();
      }
    }
    return false;
  }

  /** From now on nothing that is sent arrives. */
  void forget() {
    forgotten = true;
  }

  /** Gives whether it was open. */
  boolean cut(@Nullable Cut how) {
    if (how == null || !cut.compareAndSet(false, true)) {
      return false;
    }
    try {
      if (how == Cut.FIN && connected) {
        client.shutdownOutput();
        server.shutdownOutput();
      } else {
        client.setSoLinger(true, 0);
        client.close();
        server.setSoLinger(true, 0);
        server.close();
        proxy.gone(this);
      }
    } catch (IOException e) {
      close(client);
      close(server);
      proxy.gone(this);
    }
    return true;
  }

  private static void close(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // it is gone anyway
    }
  }
}
