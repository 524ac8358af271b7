package io.everpool.servers;

import io.everpool.servers.PostgresServer.Shutdown;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * Stands in for Neon: a proxy that listens always, and behind it a compute (a real PostgreSQL) that
 * is shut down when nobody has used it for a while, and started by whoever connects.
 *
 * <p>As Neon's the proxy takes TLS only, finds the endpoint by the name that the client asked for
 * (SNI) or by {@code options=endpoint%3D...}, refuses with XX000 and its own words, and closes
 * every connection when the compute is suspended. As Neon's the compute knows its activity from
 * {@code pg_stat_activity}: a session that isn't idle, a change of a session's state, a new
 * session; nothing else that may come over the wire counts.
 *
 * <p>It differs where the compute checks the password and not the proxy: a wrong one wakes it. Its
 * TLS certificate is the compute's, so that channel binding holds through the proxy. There is no
 * {@code -pooler}.
 *
 * <p>Time passes by {@link #letPass}, or is real, as was chosen at the start. All methods may be
 * called from any thread.
 */
public final class NeonStandIn implements AutoCloseable {
  /** After this long without activity Neon suspends a compute. */
  public static final Duration SUSPEND_AFTER = Duration.ofSeconds(300);

  static final String NO_COMPUTE = "Couldn't connect to compute node";

  private static final int BACKLOG = 128;
  private static final int CONNECT_MILLIS = 5_000;

  /** So often a connect finds the compute suspended under its eyes before it is told so. */
  private static final int ATTEMPTS = 5;

  /** How often the activity is looked at in real time; Neon does every half second. */
  private static final long LOOK = Duration.ofMillis(100).toNanos();

  private final Port port = Port.claim();
  private final String endpoint = "ep-quiet-sea-" + port.number();
  private final EmbeddedServer compute;
  private final SSLContext tls;
  private final ServerSocket listener = new ServerSocket();
  private final Set<NeonLink> links = ConcurrentHashMap.newKeySet();
  private final AtomicLong accepted = new AtomicLong();
  private final AtomicLong passed = new AtomicLong();
  private final LongSupplier clock;
  private final long suspendAfter;

  /** Held by whoever suspends or wakes the compute, or asks what it does. */
  private final ReentrantLock lock = new ReentrantLock();

  private final NeonActivity activity;
  private volatile boolean suspended;
  private volatile boolean closed;
  private final AtomicLong suspensions = new AtomicLong();
  private final AtomicLong coldStarts = new AtomicLong();
  private volatile long coldStartNanos;
  private volatile @Nullable String refusal;

  private NeonStandIn(@Nullable Duration suspendAfterInRealTime) throws IOException {
    boolean real = suspendAfterInRealTime != null;
    clock = real ? System::nanoTime : passed::get;
    suspendAfter =
        (suspendAfterInRealTime == null ? SUSPEND_AFTER : suspendAfterInRealTime).toNanos();
    compute = EmbeddedServer.boot(ServerSettings.defaults().withTls());
    activity = new NeonActivity(compute, clock.getAsLong());
    tls = Certificate.of(compute.data()).tls();
    listener.setReuseAddress(true);
    listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port.number()), BACKLOG);
    FaultProxy.daemon("neon-accept", this::accept);
    if (real) {
      FaultProxy.daemon("neon-monitor", this::monitor);
    }
  }

  /** One whose time passes by {@link #letPass} alone; awake. */
  public static NeonStandIn start() {
    return start(null);
  }

  /** One that suspends its compute after so long without activity; awake. */
  public static NeonStandIn startInRealTime(Duration suspendAfter) {
    return start(suspendAfter);
  }

  private static NeonStandIn start(@Nullable Duration suspendAfterInRealTime) {
    try {
      return new NeonStandIn(suspendAfterInRealTime);
    } catch (IOException e) {
      throw new UncheckedIOException("no stand-in for Neon", e);
    }
  }

  /** Where the proxy listens; an IP address, which brings no SNI. */
  public String host() {
    return "127.0.0.1";
  }

  public int port() {
    return port.number();
  }

  /** The endpoint's name, which has to be told. */
  public String endpoint() {
    return endpoint;
  }

  /** What comes after the endpoint in the host's name. */
  public String domain() {
    return "eu-central-1.aws.neon.tech";
  }

  /** The server behind the proxy, for what the test does there itself; none of it counts. */
  public PostgresServer compute() {
    return compute;
  }

  /** The URL as Neon gives it, with credentials, but for the host: the endpoint is an option. */
  public String libpqUrl() {
    return libpqUrl(host(), port());
  }

  /** The same by another way, such as a {@link FaultProxy}. */
  public String libpqUrl(String host, int port) {
    return compute.libpqUrl(host, port)
        + "?sslmode=require&channel_binding=require&options=endpoint%3D"
        + endpoint;
  }

  /** The same for pgjdbc, without credentials. */
  public String jdbcUrl() {
    return "jdbc:postgresql://"
        + host()
        + ":"
        + port()
        + "/"
        + compute.database()
        + "?sslmode=require&channelBinding=require&options=endpoint%3D"
        + endpoint;
  }

  /** How much longer a start takes than PostgreSQL's own. */
  public void coldStart(Duration value) {
    coldStartNanos = value.toNanos();
  }

  /** Refuses later clients in these words, with XX000; null for no more. */
  public void refuse(@Nullable String words) {
    refusal = words;
  }

  /** Time passes; the compute is suspended if it has been without activity for long enough. */
  public void letPass(Duration time) {
    lock.lock();
    try {
      look(); // what was done until now was done until now
      passed.addAndGet(time.toNanos());
      lookAndSuspend();
    } finally {
      lock.unlock();
    }
  }

  /** Suspends the compute now. Returns when all of its sessions have been closed. */
  public void suspend() {
    List<NeonLink> closing;
    lock.lock();
    try {
      if (suspended) {
        return;
      }
      closing = links.stream().filter(NeonLink::inSession).toList();
      suspensions.incrementAndGet(); // before anybody can notice
      activity.close();
      compute.stop(Shutdown.FAST);
      suspended = true;
    } finally {
      lock.unlock();
    }
    Await.until(
        PostgresServer.PATIENCE,
        () -> closing.stream().noneMatch(links::contains),
        "the sessions to be closed");
  }

  public boolean suspended() {
    return suspended;
  }

  /** How often the compute was suspended, one that is being suspended included. */
  public long suspensions() {
    return suspensions.get();
  }

  /** How often somebody's connecting has started it. */
  public long coldStarts() {
    return coldStarts.get();
  }

  /** Connections that the proxy has accepted so far, whatever became of them. */
  public long accepted() {
    return accepted.get();
  }

  /** Connections to the proxy that are open. */
  public int open() {
    return links.size();
  }

  /** Closes everything. */
  @Override
  public void close() {
    closed = true;
    try {
      listener.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      links.forEach(NeonLink::close);
      lock.lock();
      try {
        activity.close();
        suspended = true;
        compute.close();
      } finally {
        lock.unlock();
      }
      port.close();
    }
  }

  // ---- for the proxy's links

  SSLContext tls() {
    return tls;
  }

  @Nullable String refusal() {
    return refusal;
  }

  void gone(NeonLink link) {
    links.remove(link);
  }

  void sessionBegan() {
    activity.sessionBegan(clock.getAsLong());
  }

  /** A connection to the compute, which is started if it is suspended. */
  Socket connect() throws IOException {
    for (int attempt = 1; ; attempt++) {
      wake();
      try {
        return secured(new InetSocketAddress(compute.host(), compute.port()));
      } catch (IOException suspendedMeanwhile) {
        if (attempt == ATTEMPTS || closed) {
          throw suspendedMeanwhile;
        }
      }
    }
  }

  private void wake() throws IOException {
    lock.lock();
    try {
      if (closed) {
        throw new IOException("closed");
      }
      if (suspended) {
        LockSupport.parkNanos(coldStartNanos);
        compute.startAgain();
        activity.sessionBegan(clock.getAsLong());
        suspended = false;
        coldStarts.incrementAndGet();
      }
    } finally {
      lock.unlock();
    }
  }

  private Socket secured(InetSocketAddress address) throws IOException {
    Socket plain = new Socket();
    try {
      plain.setTcpNoDelay(true);
      plain.connect(address, CONNECT_MILLIS);
      plain.getOutputStream().write(StartUp.sslRequest().bytes());
      if (plain.getInputStream().read() != 'S') {
        throw new IOException("the compute takes no TLS");
      }
      SSLSocket secured =
          (SSLSocket)
              tls.getSocketFactory()
                  .createSocket(plain, address.getHostString(), address.getPort(), true);
      secured.startHandshake();
      return secured;
    } catch (IOException e) {
      plain.close();
      throw e;
    }
  }

  /** Passes a cancel on; a suspended compute has nothing to cancel. */
  void cancel(StartUp packet) throws IOException {
    if (suspended) {
      return;
    }
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(compute.host(), compute.port()), CONNECT_MILLIS);
      socket.getOutputStream().write(packet.bytes());
      socket.getInputStream().read(); // until it has heard
    }
  }

  private void accept() {
    try {
      while (!closed) {
        Socket client = listener.accept();
        accepted.incrementAndGet();
        NeonLink link = new NeonLink(this, client);
        links.add(link);
        FaultProxy.daemon("neon-link", link::run);
      }
    } catch (IOException e) {
      // closed
    }
  }

  // ---- the compute's monitor

  private void monitor() {
    while (!closed) {
      LockSupport.parkNanos(LOOK);
      lock.lock();
      try {
        if (!closed) {
          lookAndSuspend();
        }
      } finally {
        lock.unlock();
      }
    }
  }

  private void look() {
    if (!suspended) {
      activity.look(clock.getAsLong());
    }
  }

  private void lookAndSuspend() {
    look();
    if (!suspended && clock.getAsLong() - activity.last() >= suspendAfter) {
      suspend();
    }
  }
}
