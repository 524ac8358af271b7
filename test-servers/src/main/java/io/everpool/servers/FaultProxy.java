package io.everpool.servers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A TCP proxy that breaks connections in every way a network can. Its port stays the same; all
 * methods may be called from any thread and take effect at once. Its threads are daemons.
 */
public final class FaultProxy implements AutoCloseable {

  /** Which way bytes flow. */
  public enum Direction {
    TO_SERVER,
    TO_CLIENT
  }

  /** How a connection is cut, on both sides. */
  public enum Cut {
    /** Orderly: the peer reads the end of the stream. */
    FIN,
    /** Brutally: the peer reads "connection reset". */
    RST
  }

  private static final int BACKLOG = 128;

  private final Port port = Port.claim();
  private final InetSocketAddress address =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), port.number());
  private final Valve toServer = new Valve();
  private final Valve toClient = new Valve();
  private final Set<Link> links = ConcurrentHashMap.newKeySet();
  private final AtomicLong accepted = new AtomicLong();
  private final AtomicBoolean closed = new AtomicBoolean();
  private volatile InetSocketAddress target;
  private volatile boolean hanging;
  private volatile @Nullable ReplyCut replyCut;
  private @Nullable ServerSocket listener;
  private @Nullable Thread acceptor;

  /** The reply to the next request that contains the text is swallowed, or the request itself. */
  record ReplyCut(String request, Cut how, boolean requestToo) {}

  private FaultProxy(InetSocketAddress target) {
    this.target = target;
    listen();
  }

  /** A proxy before {@code server}. */
  public static FaultProxy before(PostgresServer server) {
    return new FaultProxy(new InetSocketAddress(server.host(), server.port()));
  }

  /** A proxy before {@code pooler}. */
  public static FaultProxy before(PgBouncer pooler) {
    return new FaultProxy(new InetSocketAddress(pooler.host(), pooler.port()));
  }

  /** A proxy before whatever listens there. */
  public static FaultProxy before(String host, int port) {
    return new FaultProxy(new InetSocketAddress(host, port));
  }

  public String host() {
    return address.getAddress().getHostAddress();
  }

  public int port() {
    return address.getPort();
  }

  /** Sends later connections elsewhere; those that are open stay where they are. */
  public void target(PostgresServer server) {
    target = new InetSocketAddress(server.host(), server.port());
  }

  /** Holds each piece of data back for this long before it goes on; zero for no delay. */
  public void delay(Direction direction, Duration value) {
    valve(direction).delay(value);
  }

  /** Holds everything back that flows this way, until {@link #thaw()}. */
  public void freeze(Direction direction) {
    valve(direction).freeze();
  }

  /** Holds everything back, until {@link #thaw()}; what is sent meanwhile arrives then. */
  public void freeze() {
    toServer.freeze();
    toClient.freeze();
  }

  /** Ends {@link #freeze()}. */
  public void thaw() {
    toServer.thaw();
    toClient.thaw();
  }

  /**
   * Forgets every open connection, as a firewall does that has seen nothing of it for long: what is
   * sent on it is lost, its end included. New ones are welcome. Gives their number.
   */
  public int forget() {
    links.forEach(Link::forget);
    return links.size();
  }

  /** Cuts every open connection; new ones are welcome. Gives their number. */
  public int cut(Cut how) {
    int cut = 0;
    for (Link link : links) {
      if (link.cut(how)) {
        cut++;
      }
    }
    return cut;
  }

  /**
   * Lets one request through whose bytes contain {@code text}, swallows the answer and cuts that
   * connection: the server did it, the client doesn't know. An empty text stands for any request. A
   * request for a statement that pgjdbc has prepared on this connection contains its text, too.
   */
  public void cutReplyTo(String text, Cut how) {
    replyCut = new ReplyCut(text, how, false);
  }

  /**
   * Swallows one request whose bytes contain {@code text} and cuts that connection: the server has
   * never seen it, the client doesn't know. The text as for {@link #cutReplyTo}.
   */
  public void cutRequest(String text, Cut how) {
    replyCut = new ReplyCut(text, how, true);
  }

  /** Takes back what {@link #cutReplyTo} or {@link #cutRequest} ordered and has not happened. */
  public void cutNoMore() {
    replyCut = null;
  }

  /** Whether a cut that was ordered is still to come. */
  public boolean cutPending() {
    return replyCut != null;
  }

  /** Refuses new connections as a port does on which nobody listens. */
  public void refuse() {
    hanging = false;
    closeListener();
  }

  /** Accepts new connections and then does nothing with them. */
  public void hang() {
    hanging = true;
    listen();
  }

  /** Ends {@link #refuse()} and {@link #hang()}; those that hang are cut. */
  public void accept() {
    hanging = false;
    links.stream().filter(Link::hangs).forEach(link -> link.cut(Cut.RST));
    listen();
  }

  /** Bytes passed on in one direction. */
  public long bytes(Direction direction) {
    return valve(direction).bytes();
  }

  /** Connections accepted so far. */
  public long accepted() {
    return accepted.get();
  }

  /** Connections open now. */
  public int open() {
    return links.size();
  }

  /** Cuts everything and stops listening. */
  @Override
  public void close() {
    closed.set(true);
    closeListener();
    thaw();
    cut(Cut.RST);
    port.close();
  }

  Valve valve(Direction direction) {
    return direction == Direction.TO_SERVER ? toServer : toClient;
  }

  InetSocketAddress target() {
    return target;
  }

  /** Takes the ordered cut if this request is the one; null if not. */
  @Nullable ReplyCut takeReplyCut(String request) {
    ReplyCut ordered = replyCut;
    if (ordered == null || !request.contains(ordered.request())) {
      return null;
    }
    replyCut = null;
    return ordered;
  }

  void gone(Link link) {
    links.remove(link);
  }

  private synchronized void listen() {
    if (listener != null) {
      return;
    }
    try {
      ServerSocket socket = new ServerSocket();
      socket.setReuseAddress(true);
      socket.bind(address, BACKLOG);
      listener = socket;
      acceptor = daemon("accept", () -> acceptFrom(socket));
    } catch (IOException e) {
      throw new UncheckedIOException("the proxy can't listen", e);
    }
  }

  /** Afterwards every connection that was accepted is among the links, for whoever cuts them. */
  private synchronized void closeListener() {
    Thread accepting = acceptor;
    if (listener == null || accepting == null) {
      return;
    }
    try {
      listener.close();
      listener = null;
      accepting.join();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void acceptFrom(ServerSocket socket) {
    try {
      while (!closed.get()) {
        Socket client = socket.accept();
        Link link = new Link(this, client, accepted.incrementAndGet());
        links.add(link);
        if (!hanging) {
          link.connect();
        }
      }
    } catch (IOException e) {
      // the listener was closed: new connections are refused from now on
    }
  }

  static Thread daemon(String what, Runnable task) {
    Thread thread = new Thread(task, "fault-proxy-" + what);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }
}
