package io.everpool.postgresql.socket;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One opening of a connection, seen from its sockets. pgjdbc makes its socket factory by reflection
 * and gives it one text; the text is this opening's token, by which the factory finds it.
 *
 * <p>pgjdbc may make several sockets until it has a connection: one per host, and another where TLS
 * was refused; the last is the connection's. Sockets made afterwards are for cancel requests.
 *
 * <p>Each socket may wait until its share of the time is over: a host that accepts and then says
 * nothing must not use up what the hosts after it need.
 */
public final class Opening implements AutoCloseable {
  private static final Map<String, Opening> UNDER_WAY = new ConcurrentHashMap<>();
  private static final AtomicLong NUMBERS = new AtomicLong();

  private final String token = Long.toString(NUMBERS.incrementAndGet());
  private final Source source;
  private final long deadline;

  /** Those that the driver is given, with their ports, as the URL spells them. */
  private final List<String> hosts;

  /** All that were made: they come one after the other, in the thread that opens. */
  private final List<LookableSocket> sockets = new CopyOnWriteArrayList<>();

  private volatile @Nullable LookableSocket last;

  /** Why the last socket that couldn't be made couldn't (too many open files); null if all were. */
  private volatile @Nullable IOException notMade;

  /** Whether the driver has got no socket after that one. */
  private volatile boolean endsWithoutSocket;

  private volatile boolean over;
  private volatile boolean cut;

  /** Makes sockets. */
  @FunctionalInterface
  interface Source {
    /** Makes one that isn't connected yet. */
    LookableSocket open() throws IOException;
  }

  private Opening(long deadline, List<String> hosts, Source source) {
    this.deadline = deadline;
    this.hosts = List.copyOf(hosts);
    this.source = source;
  }

  /**
   * Begins; ends with {@link #close()}.
   *
   * @param hosts with their ports, as the URL spells them
   */
  public static Opening begin(long timeoutNanos, List<String> hosts, KeepAlive keepAlive) {
    return begin(timeoutNanos, hosts, () -> LookableSocket.open(keepAlive));
  }

  static Opening begin(long timeoutNanos, List<String> hosts, Source source) {
    Opening opening = new Opening(System.nanoTime() + timeoutNanos, hosts, source);
    UNDER_WAY.put(opening.token, opening);
    return opening;
  }

  static @Nullable Opening find(@Nullable String token) {
    return token == null ? null : UNDER_WAY.get(token);
  }

  public String token() {
    return token;
  }

  /** A new socket for this opening, or for a cancel request once it is over. */
  LookableSocket socket() throws IOException {
    LookableSocket socket = make();
    if (Thread.currentThread() instanceof FinalCancel.Messenger messenger) {
      socket.wire().deadline(messenger.deadline());
    }
    if (!over) {
      long now = System.nanoTime();
      socket.wire().deadline(now + (deadline - now) / Math.max(1, hosts.size() - sockets.size()));
      sockets.add(socket);
      last = socket;
      endsWithoutSocket = false;
      // Whoever cuts sets the flag, then closes the last socket; this one set the socket first.
      if (cut) {
        socket.close();
        throw new SocketClosedException();
      }
    }
    return socket;
  }

  private LookableSocket make() throws IOException {
    try {
      return source.open();
    } catch (IOException e) {
      if (!over) {
        notMade = e;
        endsWithoutSocket = true;
      }
      throw e;
    }
  }

  /** What has the driver connect. */
  @FunctionalInterface
  public interface Login {
    /** Connects. */
    Connection connect() throws SQLException;
  }

  /** Connects; throws what the server has said last where the driver couldn't read it. */
  public Connection connect(Login login) throws SQLException {
    try {
      return login.connect();
    } catch (SQLException | RuntimeException e) {
      LookableSocket socket = last;
      SQLException said = socket == null ? null : socket.unreadError();
      if (said == null) {
        throw e;
      }
      said.addSuppressed(e);
      throw said;
    }
  }

  /**
   * What has become of the login at each host that was asked, in the order in which they were asked
   * last. Where no socket could be made nobody knows for which host that was: it is said of all
   * that no socket was told to connect to.
   */
  public List<HostEnd> ends() {
    Map<String, HostEnd> ends = new LinkedHashMap<>();
    for (LookableSocket socket : sockets) {
      HostEnd end = socket.end(hosts);
      if (end != null) {
        HostEnd before = ends.remove(end.host());
        ends.put(end.host(), before == null ? end : before.then(end));
      }
    }
    List<HostEnd> all = new ArrayList<>(ends.values());
    List<String> without =
        hosts.stream().filter(host -> !HostName.isAmong(ends.keySet(), host)).toList();
    IOException failure = notMade;
    if (failure != null && !without.isEmpty()) {
      HostEnd end = new HostEnd(String.join(",", without), false, LoginError.of(failure));
      all.add(endsWithoutSocket ? all.size() : 0, end);
    }
    return List.copyOf(all);
  }

  /** Ends it, from any thread: nobody wants this connection any more. */
  public void cut() {
    cut = true;
    LookableSocket socket = last;
    if (socket != null && !over) {
      try {
        socket.close();
      } catch (IOException e) {
        // closed or not, it ends at its deadline
      }
    }
  }

  /** The socket of the connection that was opened, free to wait from now on; null if unknown. */
  public @Nullable LookableSocket finish() {
    over = true;
    LookableSocket socket = last;
    if (socket == null || socket.isClosed() || !socket.isConnected()) {
      return null;
    }
    socket.wire().noDeadline();
    socket.returned();
    return socket;
  }

  /**
   * Ends the last socket, too, if no connection has come of it: a driver that fails behind the
   * login (42.5 to 42.7.11 where the connection reads its properties, any with an Error) forgets
   * it, and the server would keep the session.
   */
  @Override
  public void close() {
    LookableSocket forgotten = over ? null : last;
    over = true;
    UNDER_WAY.remove(token);
    if (forgotten != null) {
      try {
        forgotten.cut();
      } catch (IOException e) {
        // cut or not, nothing more can be done about it
      }
    }
  }
}
