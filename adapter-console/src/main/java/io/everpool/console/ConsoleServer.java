package io.everpool.console;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.System.Logger.Level;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Serves a {@link Console} by the JDK's own HTTP server; only this machine can reach it, unless
 * another address is given. It speaks no TLS and asks for no login: if others than this machine are
 * to reach it, put a proxy before it that does both. All its threads are daemons; they are few, and
 * most of them exist only while somebody asks. A client that sends half a request, or doesn't read
 * the answer, is cut off after ten seconds, and earlier if it would keep others out. Thread-safe.
 */
public final class ConsoleServer implements AutoCloseable {
  private static final System.Logger log = System.getLogger("io.everpool.Console");

  /**
   * How long a request may take: a page or an answer takes some milliseconds, and over a slow line
   * some more.
   */
  private static final Duration DEADLINE = Duration.ofSeconds(10);

  private final HttpServer server;
  private final Visits visits;

  private ConsoleServer(HttpServer server, Visits visits) {
    this.server = server;
    this.visits = visits;
  }

  /**
   * Starts a server on this machine's loopback address.
   *
   * @param port the port; 0 for one that is free
   * @throws IOException if somebody else has the port
   */
  public static ConsoleServer start(Console console, int port) throws IOException {
    return start(console, new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
  }

  /**
   * Starts a server on an address of one's choice.
   *
   * @throws IOException if the address isn't this machine's, or somebody else has the port
   */
  public static ConsoleServer start(Console console, InetSocketAddress address) throws IOException {
    return start(console, address, DEADLINE);
  }

  static ConsoleServer start(Console console, InetSocketAddress address, Duration deadline)
      throws IOException {
    Objects.requireNonNull(console, "console");
    HttpServer server = HttpServer.create(address, 0);
    Visits visits = new Visits(deadline);
    server.setExecutor(visits);
    server.createContext("/", exchange -> handle(console, visits, exchange));
    // The server's dispatcher thread is a daemon if the thread is one that starts it. So one of the
    // daemons starts it.
    CompletableFuture.runAsync(server::start, visits).join();
    return new ConsoleServer(server, visits);
  }

  /** Answers a request. It never throws: nobody would get the exception. */
  private static void handle(Console console, Visits visits, HttpExchange exchange) {
    try (exchange) {
      console.handle(new Exchange(exchange, visits));
    } catch (IOException e) {
      log.log(Level.DEBUG, "Whoever asked the console has gone", e);
    } catch (RuntimeException e) {
      log.log(Level.WARNING, "The console could not answer", e);
    }
  }

  /** The server's address, such as {@code http://localhost:8099/}. */
  public URI address() {
    InetSocketAddress bound = server.getAddress();
    InetAddress host = bound.getAddress();
    String name =
        host.isLoopbackAddress() || host.isAnyLocalAddress()
            ? "localhost"
            : host instanceof Inet6Address
                ? "[" + host.getHostAddress().replaceFirst("%.*", "") + "]"
                : host.getHostAddress();
    return URI.create("http://" + name + ":" + bound.getPort() + "/");
  }

  /**
   * Ends the open requests, and returns when the server's threads are gone. Later calls do nothing.
   */
  @Override
  public void close() {
    server.stop(0);
    if (!visits.close()) {
      log.log(Level.WARNING, "A thread of the console doesn't end");
    }
  }

  @Override
  public String toString() {
    return "ConsoleServer " + address();
  }

  private record Exchange(HttpExchange exchange, Visits visits) implements ConsoleExchange {
    @Override
    public String method() {
      return exchange.getRequestMethod();
    }

    @Override
    public String path() {
      return Objects.requireNonNullElse(exchange.getRequestURI().getPath(), "");
    }

    @Override
    public @Nullable String query() {
      return exchange.getRequestURI().getRawQuery();
    }

    @Override
    public @Nullable String header(String name) {
      return exchange.getRequestHeaders().getFirst(name);
    }

    @Override
    public OutputStream answer(int status, Map<String, String> headers, long length)
        throws IOException {
      headers.forEach(exchange.getResponseHeaders()::set);
      // For this server, 0 means a stream, and -1 means no body at all.
      exchange.sendResponseHeaders(status, length == 0 ? -1 : Math.max(0, length));
      if (length < 0) {
        visits.stays();
      }
      return exchange.getResponseBody();
    }
  }
}
