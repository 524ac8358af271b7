package io.everpool.console;

import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.WaitListener;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A page on which an operator sees pools at work: every slot, the wait queue, how long callers
 * wait, what happened, who has the connections, the settings. A pool is on the page from its
 * opening to its closing if the console is one of its listeners, and a {@link ConsoleServer} serves
 * the page:
 *
 * <pre>{@code
 * Console console = Console.readOnly();
 * Pool pool = Everpool.builder(config).listener(console).open();
 * ConsoleServer server = ConsoleServer.start(console, 8099);  // http://localhost:8099/
 * }</pre>
 *
 * <p>There is no secret on the page and no SQL. Whoever reaches it may look; to act one needs a
 * token, and if the console has none, nobody can act. Nothing on the page waits for a connection or
 * a server, or wakes a pool.
 *
 * <p>One object serves any number of pools. Thread-safe. For each pool it keeps the last two
 * hundred events and the waits of the last five minutes, which is about a tenth of a megabyte.
 */
public final class Console implements WaitListener {
  private static final System.Logger log = System.getLogger("io.everpool.Console");

  private static final int SHORTEST_TOKEN = 16;

  /** The paths that tell of pools or act on them; all others are files of the page. */
  private static final Set<String> TELLING = Set.of("/events", "/holders", "/action");

  private static final Map<String, String> EVERY_ANSWER =
      Map.of(
          "Content-Security-Policy",
          "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
          "X-Content-Type-Options",
          "nosniff",
          "X-Frame-Options",
          "DENY",
          "Referrer-Policy",
          "no-referrer",
          "Cross-Origin-Resource-Policy",
          "same-origin",
          "Cache-Control",
          "no-store");

  private final Access access;
  private final Watched watched;
  private final Streams streams;
  private final Pages pages = new Pages();

  private Console(Builder from) {
    access = new Access(from.hosts, from.token);
    watched = new Watched(from.millis);
    streams = new Streams(watched, access.isReadOnly(), from.millis, from.period);
  }

  /**
   * Makes a console on which nobody can act, and that is asked for by its address or as {@code
   * localhost}.
   */
  public static Console readOnly() {
    return builder().build();
  }

  /** Begins a console on which an operator can act, or that has other names. */
  public static Builder builder() {
    return new Builder();
  }

  /** Notes what happened in a pool, and adds a pool that has opened. */
  @Override
  public void onEvent(PoolEvent event) {
    watched.tell(event);
  }

  @Override
  public void waited(String pool, long waitedNanos) {
    watched.waited(pool, waitedNanos);
  }

  /** Whether anybody has the page open. */
  public boolean isWatched() {
    return streams.isWatched();
  }

  /**
   * Ends every page that is open, and returns at once. This is for an application's own server that
   * waits for its running requests before it stops, as Spring Boot's does: the request of an open
   * page ends only when its reader leaves. If the server goes on, the pages come back after some
   * seconds.
   */
  public void endPages() {
    streams.end();
  }

  /**
   * Answers a request; this is for an application's own server. An open page keeps the calling
   * thread for as long as it is open, or until the thread is interrupted. At most sixteen pages can
   * be open: when a seventeenth comes, the one that was opened first is ended.
   *
   * @throws IOException if the exchange throws it
   */
  public void handle(ConsoleExchange exchange) throws IOException {
    String refusal = access.refusal(exchange, TELLING.contains(exchange.path()));
    if (refusal != null) {
      say(exchange, 403, refusal);
      return;
    }
    boolean acts = exchange.path().equals("/action");
    boolean reads = exchange.method().equals("GET") || exchange.method().equals("HEAD");
    if (acts ? !exchange.method().equals("POST") : !reads) {
      Map<String, String> allow = Map.of("Allow", acts ? "POST" : "GET, HEAD");
      say(exchange, 405, allow, "That is not done here.");
      return;
    }
    try {
      route(exchange, new Query(exchange.query()));
    } catch (IllegalArgumentException e) {
      say(exchange, 400, String.valueOf(e.getMessage()));
    }
  }

  private void route(ConsoleExchange exchange, Query query) throws IOException {
    switch (exchange.path()) {
      case "/events" -> stream(exchange, new Viewer(query.get("pool")));
      case "/holders" -> holders(exchange, watched.find(query.get("pool")));
      case "/action" -> act(exchange, query);
      default -> {
        Pages.Page page = pages.at(exchange.path());
        if (page == null) {
          say(exchange, 404, "There is nothing here.");
        } else {
          answer(exchange, 200, Map.of("Content-Type", page.type()), page.content());
        }
      }
    }
  }

  private void stream(ConsoleExchange exchange, Viewer viewer) throws IOException {
    if (exchange.method().equals("HEAD")) {
      answer(exchange, 200, Map.of("Content-Type", "text/event-stream"), new byte[0]);
      return;
    }
    if (hasBody(exchange)) { // nobody reads the body, and its end might never come
      say(exchange, 400, "A request for news has no body.");
      return;
    }
    streams.enter(viewer);
    try {
      Map<String, String> headers = new HashMap<>(EVERY_ANSWER);
      headers.put("Content-Type", "text/event-stream");
      // otherwise a proxy may keep the news until there is more
      headers.put("X-Accel-Buffering", "no");
      try (OutputStream out = exchange.answer(200, headers, -1)) {
        viewer.writeTo(out);
      }
    } finally {
      streams.leave(viewer);
    }
  }

  private static boolean hasBody(ConsoleExchange exchange) {
    String length = exchange.header("Content-Length");
    return exchange.header("Transfer-Encoding") != null || (length != null && !length.equals("0"));
  }

  private void holders(ConsoleExchange exchange, @Nullable WatchedPool pool) throws IOException {
    if (pool == null) {
      say(exchange, 404, "There is no such pool.");
      return;
    }
    byte[] json = PoolJson.holders(pool).getBytes(StandardCharsets.UTF_8);
    answer(exchange, 200, Map.of("Content-Type", "application/json"), json);
  }

  private void act(ConsoleExchange exchange, Query query) throws IOException {
    String refusal = access.refusalToAct(exchange);
    if (refusal != null) {
      say(exchange, 403, refusal);
      return;
    }
    WatchedPool pool = watched.find(query.get("pool"));
    if (pool != null && pool.pool().isClosed()) { // the order would do nothing
      say(exchange, 409, "This pool is being closed, and takes no orders any more.");
      return;
    }
    if (pool == null || !Actions.act(pool, query)) {
      say(exchange, 404, "There is no such pool, or nothing of that name can be done to it.");
      return;
    }
    log.log(Level.INFO, "Pool {0}: {1}, asked for on the console", pool.id(), query.get("do"));
    say(exchange, 200, "Done.");
  }

  private static void say(ConsoleExchange exchange, int status, String text) throws IOException {
    say(exchange, status, Map.of(), text);
  }

  private static void say(
      ConsoleExchange exchange, int status, Map<String, String> headers, String text)
      throws IOException {
    Map<String, String> all = new HashMap<>(headers);
    all.put("Content-Type", "text/plain; charset=utf-8");
    answer(exchange, status, all, text.getBytes(StandardCharsets.UTF_8));
  }

  private static void answer(
      ConsoleExchange exchange, int status, Map<String, String> headers, byte[] body)
      throws IOException {
    Map<String, String> all = new HashMap<>(EVERY_ANSWER);
    all.putAll(headers);
    boolean bare = exchange.method().equals("HEAD");
    try (OutputStream out = exchange.answer(status, all, bare ? 0 : body.length)) {
      if (!bare) {
        out.write(body);
      }
    }
  }

  @Override
  public String toString() {
    return "Console";
  }

  /** Collects what a console lets people do. Not thread-safe. */
  public static final class Builder {
    private final Set<String> hosts = new HashSet<>();
    private @Nullable String token;
    private LongSupplier millis = new SteadyMillis();
    private Duration period = Duration.ofMillis(500);

    private Builder() {}

    /**
     * Lets whoever has this token resize, suspend and resume a pool, evict its idle connections and
     * replace all connections. The token is typed into the page, sent in a header, and stored
     * nowhere.
     *
     * @param value at least 16 characters; let them be random, for nothing limits how often
     *     somebody may try
     * @throws IllegalArgumentException if the token has fewer characters
     */
    public Builder token(String value) {
      if (value.length() < SHORTEST_TOKEN) {
        throw new IllegalArgumentException(
            "A token has at least " + SHORTEST_TOKEN + " characters, and this one fewer");
      }
      token = value;
      return this;
    }

    /**
     * Adds a name under which browsers may ask for the console, beside {@code localhost} and
     * addresses; give it as browsers send it, without the port. Other names are refused, because
     * they may belong to a page that wants to read this one.
     */
    public Builder host(String name) {
      hosts.add(Objects.requireNonNull(name, "name").toLowerCase(Locale.ROOT));
      return this;
    }

    /** Sets the clock, for tests. */
    Builder millis(LongSupplier value) {
      millis = value;
      return this;
    }

    /** Sets how often an open page is told what is new, for tests. */
    Builder period(Duration value) {
      period = value;
      return this;
    }

    /** Makes the console. */
    public Console build() {
      return new Console(this);
    }

    /** Names the console without the token. */
    @Override
    public String toString() {
      return "Console.Builder" + hosts + (token == null ? " read-only" : " with a token");
    }
  }
}
