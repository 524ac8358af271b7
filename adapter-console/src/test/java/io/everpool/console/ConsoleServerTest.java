package io.everpool.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.LeakStackTraces;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.console.Raw.Answer;
import io.everpool.console.Raw.Events;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the server answers to whom, seen on the wire. */
@Timeout(120)
class ConsoleServerTest {
  private static final String TOKEN = "correct horse battery staple";
  private static final String HOST = "Host: localhost";
  private static final String MAY = "X-Everpool-Token: " + TOKEN;

  private final List<AutoCloseable> opened = new ArrayList<>();
  private Console console = Console.readOnly();

  @AfterEach
  void closeAll() throws Exception {
    for (AutoCloseable each : opened) {
      each.close();
    }
    until(() -> threads().isEmpty(), "the console's threads to end");
  }

  private static void until(BooleanSupplier condition, String what) {
    Await.until(Duration.ofSeconds(60), condition, what);
  }

  private static List<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("everpool-console"))
        .toList();
  }

  /** Not too quick: whoever is sixteen of these behind is cut, and a loaded machine is slow. */
  private static Console.Builder quick() {
    return Console.builder().period(Duration.ofMillis(200));
  }

  private URI serve(Console.Builder builder) throws IOException {
    console = builder.build();
    ConsoleServer server = ConsoleServer.start(console, 0);
    opened.add(0, server);
    return server.address();
  }

  private Pool pool(String name) throws SQLException {
    PoolConfig config =
        PoolConfig.builder("jdbc:h2:mem:console")
            .name(name)
            .user("app")
            .password("hunter2-and-more")
            .minSize(1)
            .maxSize(4)
            .build();
    Pool pool = Everpool.builder(config).listener(console).open();
    opened.add(pool);
    return pool;
  }

  private static Answer post(URI server, String query, String... headers) throws IOException {
    return Raw.ask(server, "POST /action?" + query, headers);
  }

  // ---- to look

  @ParameterizedTest
  @ValueSource(
      strings = {"/", "/index.html", "/console.css", "/console.js", "/tiles.js", "/icon.svg"})
  void a_page_is_served_with_all_that_keeps_others_out(String path) throws IOException {
    Answer answer = Raw.get(serve(Console.builder()), path);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("Content-Security-Policy")).startsWith("default-src 'self';");
    assertThat(answer.header("X-Content-Type-Options")).isEqualTo("nosniff");
    assertThat(answer.header("X-Frame-Options")).isEqualTo("DENY");
    assertThat(answer.header("Cache-Control")).isEqualTo("no-store");
    assertThat(answer.header("Content-Type"))
        .isEqualTo(
            path.endsWith(".css")
                ? "text/css; charset=utf-8"
                : path.endsWith(".js")
                    ? "text/javascript; charset=utf-8"
                    : path.endsWith(".svg") ? "image/svg+xml" : "text/html; charset=utf-8");
    assertThat(answer.headers().keySet()).noneMatch(name -> name.startsWith("access-control"));
    // nothing comes from elsewhere; that of SVG is a name and no address
    assertThat(answer.body().replace("http://www.w3.org/2000/svg", ""))
        .isNotEmpty()
        .doesNotContain("http:", "https:", "style=", "onclick");
  }

  @Test
  void every_file_that_a_page_names_is_there() throws IOException {
    URI server = serve(Console.builder());
    String page = Raw.get(server, "/").body() + Raw.get(server, "/console.js").body();
    Matcher names = Pattern.compile("[\"'](?:\\./)?(\\w+\\.(?:js|css|svg))[\"']").matcher(page);
    int count = 0;
    for (; names.find(); count++) {
      assertThat(Raw.get(server, "/" + names.group(1)).status()).as(names.group(1)).isEqualTo(200);
    }
    assertThat(count).isGreaterThan(7);
  }

  @Test
  void what_is_not_there_is_not_found() throws IOException {
    URI server = serve(Console.builder());
    assertThat(Raw.get(server, "/nothing").status()).isEqualTo(404);
    assertThat(Raw.get(server, "/../Console.class").status()).isEqualTo(404);
    assertThat(Raw.get(server, "/holders?pool=nobody").status()).isEqualTo(404);
    assertThat(Raw.get(server, "/holders?pool=%zz").status()).isEqualTo(400);
  }

  @Test
  void a_method_that_does_not_belong_there_is_refused() throws IOException {
    URI server = serve(Console.builder().token(TOKEN));
    for (String line : new String[] {"POST /", "DELETE /", "OPTIONS /action", "PUT /events"}) {
      assertThat(Raw.ask(server, line, HOST, MAY).status()).as(line).isEqualTo(405);
    }
    Answer got = Raw.ask(server, "GET /action?do=suspend", HOST, MAY);
    assertThat(got.status()).isEqualTo(405);
    assertThat(got.header("Allow")).isEqualTo("POST");
    Answer head = Raw.ask(server, "HEAD /", HOST);
    assertThat(head.status()).isEqualTo(200);
    assertThat(head.body()).isEmpty();
    assertThat(Raw.ask(server, "HEAD /events", HOST).status()).isEqualTo(200);
  }

  /** A name that leads here by somebody else's DNS is how a foreign page would read this one. */
  @Test
  void only_names_of_its_own_are_served() throws IOException {
    URI server = serve(Console.builder().host("Ops.Example.com"));
    for (String host :
        new String[] {
          "localhost", "LOCALHOST:80", "127.0.0.1:8099", "[::1]:80", "ops.example.com:1"
        }) {
      assertThat(Raw.ask(server, "GET /", "Host: " + host).status()).as(host).isEqualTo(200);
    }
    for (String host :
        new String[] {
          "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "x:y", "[::1].evil"
        }) {
      for (String line : new String[] {"GET /", "GET /events", "POST /action?do=suspend"}) {
        assertThat(Raw.ask(server, line, "Host: " + host).status()).as(host).isEqualTo(403);
      }
    }
    assertThat(Raw.ask(server, "GET /").status()).as("no name at all").isIn(400, 403);
  }

  // ---- to act

  @Test
  void without_a_token_nobody_acts() throws Exception {
    URI server = serve(Console.builder());
    Pool pool = pool("shop");
    Answer answer = post(server, "pool=shop&do=suspend", HOST, MAY);
    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.body()).contains("started without a token");
    assertThat(pool.snapshot().suspended()).isFalse();
  }

  @Test
  void only_who_has_the_token_acts() throws Exception {
    URI server = serve(Console.builder().token(TOKEN));
    Pool pool = pool("shop");
    String query = "pool=shop&do=suspend";
    assertThat(post(server, query, HOST).status()).isEqualTo(403);
    assertThat(post(server, query + "&token=" + TOKEN.replace(' ', '+'), HOST).status())
        .as("not in the URL")
        .isEqualTo(403);
    for (String wrong : new String[] {"", TOKEN + "!", TOKEN.substring(1), "x".repeat(10_000)}) {
      Answer answer = post(server, query, HOST, "X-Everpool-Token: " + wrong);
      assertThat(answer.status()).isEqualTo(403);
      assertThat(answer.body()).doesNotContain(TOKEN).doesNotContain("xxx");
    }
    assertThat(post(server, query, HOST, MAY, "Sec-Fetch-Site: cross-site").status())
        .isEqualTo(403);
    assertThat(pool.snapshot().suspended()).isFalse();
    assertThat(post(server, query, HOST, MAY, "Sec-Fetch-Site: same-origin").status())
        .isEqualTo(200);
    until(() -> pool.snapshot().suspended(), "the suspension");
  }

  @Test
  void an_operator_acts() throws Exception {
    URI server = serve(quick().token(TOKEN));
    Pool pool = pool("shop");
    assertThat(post(server, "pool=shop&do=suspend", HOST, MAY).status()).isEqualTo(200);
    until(() -> pool.snapshot().suspended() && pool.snapshot().total() == 0, "the suspension");
    assertThat(post(server, "pool=shop&do=resume", HOST, MAY).status()).isEqualTo(200);
    until(() -> pool.snapshot().total() == 1, "the minimum");
    assertThat(post(server, "pool=shop&do=evict-idle", HOST, MAY).status()).isEqualTo(200);
    until(() -> pool.snapshot().opened() >= 3, "another connection");
    assertThat(post(server, "pool=shop&do=replace-all", HOST, MAY).status()).isEqualTo(200);
    until(() -> pool.snapshot().opened() >= 4, "yet another connection");
    assertThat(post(server, "pool=shop&do=resize&min=2&max=3", HOST, MAY).status()).isEqualTo(200);
    until(() -> pool.snapshot().maxSize() == 3 && pool.snapshot().total() == 2, "the new bounds");
    try (Events events = Events.open(server, "/events")) {
      assertThat(events.nextWith("\"all\":true"))
          .contains("Operator: suspend", "Operator: replace-all", "Operator: resize to 2 to 3");
    }
  }

  @Test
  void what_cannot_be_done_is_said() throws Exception {
    URI server = serve(Console.builder().token(TOKEN));
    pool("shop");
    Answer larger = post(server, "pool=shop&do=resize&min=1&max=5", HOST, MAY);
    assertThat(larger.status()).isEqualTo(400);
    assertThat(larger.body()).contains("max-size");
    Answer inverse = post(server, "pool=shop&do=resize&min=3&max=2", HOST, MAY);
    assertThat(inverse.status()).isEqualTo(400);
    assertThat(inverse.body()).contains("min-size");
    assertThat(post(server, "pool=shop&do=resize&min=1", HOST, MAY).body()).contains("max");
    assertThat(post(server, "pool=shop&do=drop", HOST, MAY).status()).isEqualTo(404);
    assertThat(post(server, "pool=shop", HOST, MAY).status()).isEqualTo(404);
    assertThat(post(server, "pool=other&do=suspend", HOST, MAY).status()).isEqualTo(404);
  }

  /** It would not be done, and whoever asks would read that it was. */
  @Test
  void a_pool_that_is_being_closed_takes_no_orders() throws Exception {
    URI server = serve(quick().token(TOKEN));
    Pool pool = pool("shop");
    CompletableFuture<Void> closed;
    try (Connection held = pool.getConnection()) {
      assertThat(held.isClosed()).isFalse();
      closed = CompletableFuture.runAsync(pool::close);
      until(pool::isClosed, "the end to begin");
      for (String order :
          new String[] {"suspend", "resume", "evict-idle", "replace-all", "resize&min=1&max=2"}) {
        Answer answer = post(server, "pool=shop&do=" + order, HOST, MAY);
        assertThat(answer.status()).as(order).isEqualTo(409);
        assertThat(answer.body()).contains("is being closed, and takes no orders any more");
      }
      try (Events events = Events.open(server, "/events")) {
        assertThat(events.nextWith("\"all\":true")).doesNotContain("Operator: ");
      }
    }
    closed.get(30, TimeUnit.SECONDS);
  }

  @Test
  void a_short_token_is_refused_and_none_is_shown() {
    assertThatThrownBy(() -> Console.builder().token("short"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageNotContaining("short");
    assertThat(Console.builder().token(TOKEN)).asString().doesNotContain(TOKEN);
    assertThat(Console.builder().token(TOKEN).build()).asString().doesNotContain(TOKEN);
  }

  // ---- what is told

  @Test
  void a_page_is_told_all_and_then_what_is_new() throws Exception {
    URI server = serve(quick());
    Pool pool = pool("shop");
    try (Events events = Events.open(server, "/events")) {
      assertThat(events.next())
          .contains("\"pools\":[\"shop\"]", "\"readOnly\":true", "\"all\":true")
          .contains("Pool opened: 1 to 4 connections", "\"key\":\"max-size\",\"value\":\"4\"")
          .doesNotContain("hunter2");
      assertThat(events.next())
          .contains("\"all\":false", "\"state\":\"open\"")
          .doesNotContain("settings", "Pool opened", "hunter2");
      try (Connection connection = pool.getConnection()) {
        assertThat(connection.isValid(1)).isTrue();
        assertThat(events.nextWith("\"state\":\"leased\""))
            .contains("\"holder\":\"" + Thread.currentThread().getName());
        Answer holders = Raw.get(server, "/holders?pool=shop");
        assertThat(holders.status()).isEqualTo(200);
        assertThat(holders.header("Content-Type")).isEqualTo("application/json");
        assertThat(holders.body()).contains("\"where\":[\"", "\"connection\":");
      }
      pool.close();
      assertThat(events.nextWith("\"pools\":[]")).doesNotContain("\"pool\":");
    }
  }

  @Test
  void where_a_connection_was_acquired_is_told_if_it_was_recorded() throws Exception {
    URI server = serve(quick());
    PoolConfig config =
        PoolConfig.builder("jdbc:h2:mem:acquired")
            .name("shop")
            .leakStackTraces(LeakStackTraces.ALWAYS)
            .build();
    Pool pool = Everpool.builder(config).listener(console).open();
    opened.add(pool);
    try (Connection connection = pool.getConnection()) {
      assertThat(connection.isValid(1)).isTrue();
      assertThat(Raw.get(server, "/holders?pool=shop").body())
          .containsPattern("\"acquiredAt\":\\[\"[^\\]]*ConsoleServerTest.where_a_connection_was");
    }
  }

  @Test
  void whoever_waits_is_measured() throws Exception {
    URI server = serve(quick());
    Pool pool = pool("shop");
    try (Events events = Events.open(server, "/events")) {
      List<Connection> all = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        all.add(pool.getConnection());
      }
      FutureTask<Boolean> waiter =
          new FutureTask<>(() -> pool.run(connection -> connection.isValid(1)));
      new Thread(waiter).start();
      events.nextWith("\"waiting\":1");
      for (Connection each : all) {
        each.close();
      }
      assertThat(waiter.get()).isTrue();
      // of the second that is over: who had to wait for their connection to be opened, too, perhaps
      events.nextWith("\"waits\":[[");
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 5; i++) {
                  all.add(pool.getConnection(Duration.ZERO));
                }
              })
          .isInstanceOf(SQLException.class);
      events.nextWith("A caller waited in vain");
      for (Connection each : all) {
        each.close();
      }
    }
  }

  @Test
  void how_large_a_pool_should_be_is_told_now_and_then() throws Exception {
    AtomicLong now = new AtomicLong(1_000_000_000);
    URI server = serve(quick().millis(now::get));
    PoolConfig config =
        PoolConfig.builder("jdbc:h2:mem:advice").name("shop").sizeAdvice(true).maxSize(7).build();
    Pool pool = Everpool.builder(config).listener(console).open();
    opened.add(pool);
    pool("silent");
    try (Events events = Events.open(server, "/events?pool=shop");
        Events others = Events.open(server, "/events?pool=silent")) {
      assertThat(events.next())
          .contains("\"advice\":{\"at\":1000000000,\"kind\":\"unknown\",\"text\":\"Too few leases");
      assertThat(others.next()).contains("No advice without size-advice = true");
      for (int i = 0; i < 200; i++) {
        pool.use(connection -> connection.isValid(1));
      }
      assertThat(events.next()).as("it is not asked yet").doesNotContain("advice");
      now.addAndGet(Advice.AGAIN);
      assertThat(events.nextWith("\"advice\":"))
          .contains("\"at\":1000015000,\"kind\":\"enough\",\"text\":\"max-size = ")
          .contains(" 7 now", " leases in ");
      assertThat(events.next()).doesNotContain("advice\":");
      try (Events newcomer = Events.open(server, "/events?pool=shop")) {
        assertThat(newcomer.next()).contains("\"at\":1000015000,\"kind\":\"enough\"");
      }
    }
  }

  @Test
  void pools_are_told_apart_also_two_of_one_name() throws Exception {
    URI server = serve(quick().token(TOKEN));
    Pool first = pool("shop");
    Pool second = pool("shop");
    pool("other");
    try (Events events = Events.open(server, "/events?pool=shop+(2)")) {
      assertThat(events.next())
          .contains("\"pools\":[\"shop\",\"shop (2)\",\"other\"]", "\"id\":\"shop (2)\"");
      post(server, "pool=shop+(2)&do=suspend", HOST, MAY);
      until(() -> second.snapshot().suspended(), "the suspension");
      assertThat(first.snapshot().suspended()).isFalse();
      second.close();
      assertThat(events.nextWith("\"pools\":[\"shop\",\"other\"]"))
          .as("no other in its place, to which an order would go")
          .doesNotContain("\"pool\":");
    }
  }

  @Test
  void so_many_look_and_the_oldest_gives_way_to_another() throws Exception {
    URI server = serve(quick());
    List<Events> all = new ArrayList<>();
    for (int i = 0; i < Streams.MOST; i++) {
      all.add(Events.open(server, "/events"));
      for (Events each : all) { // each is told at every opening, and cut if too much heaps up
        each.nextWith("pools");
      }
    }
    Events seventeenth = Events.open(server, "/events");
    seventeenth.nextWith("pools");
    assertThat(all.get(0).nextWith("full")).isEqualTo("{\"full\":true}");
    assertThat(all.get(0).next()).as("the end").isNull();
    all.get(1).nextWith("pools");
    assertThat(Raw.get(server, "/").status()).as("a page").isEqualTo(200);
    assertThat(console.isWatched()).isTrue();
    for (Events each : all) {
      each.close();
    }
    seventeenth.close();
    until(() -> !console.isWatched(), "the console to notice that nobody looks");
    until(
        () -> !threads().contains("everpool-console-ticker"),
        "the ticker to end when nobody looks");
    Events.open(server, "/events").close();
  }

  // ---- who hangs

  /** In every way to hang, and many more than there are processors. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "GET / HTTP/1.1\r\nHost: local",
        "POST /action?do=suspend HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf",
        "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n7",
        "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n",
        "GET /events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      })
  void whoever_hangs_keeps_nobody_out(String said) throws Exception {
    URI server = serve(quick());
    pool("shop");
    hang(server, said, Visits.MOST - 16);
    isServed(server);
  }

  /** Each one of those that are too many has cut one that came before. */
  @Test
  void where_too_many_hang_the_oldest_give_way() throws Exception {
    console = quick().build();
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    ConsoleServer without = ConsoleServer.start(console, any, Duration.ofHours(1));
    opened.add(0, without);
    URI server = without.address();
    pool("shop");
    List<Socket> slow = hang(server, "GET / HTTP/1.1\r\nHost: local", Visits.MOST + 40);
    until(
        () -> slow.stream().filter(ConsoleServerTest::isCutNow).count() >= 40,
        "the first forty to be cut");
    isServed(server);
  }

  private List<Socket> hang(URI server, String said, int count) throws IOException {
    List<Socket> slow = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Socket socket = Raw.connect(server);
      opened.add(socket);
      slow.add(socket);
      Raw.send(socket, said);
    }
    return slow;
  }

  private static void isServed(URI server) throws IOException {
    assertThat(Raw.get(server, "/").status()).isEqualTo(200);
    assertThat(Raw.get(server, "/holders?pool=shop").status()).isEqualTo(200);
    until(() -> isTold(server), "a page to be told of the pool");
  }

  /** No, where one of those who hang was let in later, and it had to give way to him. */
  private static boolean isTold(URI server) {
    try (Events events = Events.open(server, "/events")) {
      for (String told; (told = events.next()) != null; ) {
        if (told.contains("\"pools\":[\"shop\"]")) {
          return true;
        }
      }
      return false;
    } catch (IOException cut) {
      return false;
    }
  }

  private static boolean isCutNow(Socket socket) {
    try {
      socket.setSoTimeout(1);
      return socket.getInputStream().read() < 0;
    } catch (SocketTimeoutException alive) {
      return false;
    } catch (IOException reset) {
      return true;
    }
  }

  @Test
  void whoever_never_ends_his_request_is_cut_though_nobody_else_comes() throws Exception {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    ConsoleServer server = ConsoleServer.start(console, any, Duration.ofMillis(50));
    opened.add(0, server);
    Socket slow = Raw.connect(server.address());
    opened.add(slow);
    Raw.send(slow, "GET / HTTP/1.1\r\nHost: local");
    assertThat(isCut(slow)).isTrue();
    Socket greedy = Raw.connect(server.address());
    opened.add(greedy);
    String answers = "GET /console.css HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assertThatThrownBy(
            () -> {
              while (true) { // and never reads one
                Raw.send(greedy, answers.repeat(100));
              }
            })
        .isInstanceOf(IOException.class);
  }

  /** Reads, until there is nothing more to read. */
  private static boolean isCut(Socket socket) {
    try {
      return socket.getInputStream().read() < 0;
    } catch (IOException reset) {
      return true;
    }
  }

  @Test
  void closing_ends_what_is_open_and_every_thread() throws Exception {
    console = quick().build();
    pool("shop");
    ConsoleServer server = ConsoleServer.start(console, 0);
    Socket slow = Raw.connect(server.address());
    opened.add(slow);
    Raw.send(slow, "GET / HTTP/1.1\r\nHost: local");
    try (Events one = Events.open(server.address(), "/events");
        Events two = Events.open(server.address(), "/events")) {
      one.nextWith("shop");
      two.nextWith("shop");
      assertThat(threads()).isNotEmpty();
      server.close();
      server.close();
      assertThat(ended(one)).isTrue();
      assertThat(ended(two)).isTrue();
      assertThat(console.isWatched()).isFalse();
      until(() -> threads().isEmpty(), "the threads to end");
    }
  }

  private static boolean ended(Events events) {
    try {
      while (events.next() != null) {
        // what was told before
      }
    } catch (IOException reset) {
      return true;
    }
    return true;
  }

  /** An application that forgets to close it ends all the same. */
  @Test
  void none_of_its_threads_keeps_a_program_from_ending() throws Exception {
    assertThat(Thread.currentThread().isDaemon()).as("the one that starts it").isFalse();
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    URI server = serve(quick());
    try (Events events = Events.open(server, "/events")) {
      events.nextWith("pools");
      Set<Thread> since = new HashSet<>(Thread.getAllStackTraces().keySet());
      since.removeAll(before);
      since.removeIf(each -> !each.getName().matches("HTTP-.*|everpool-console.*"));
      assertThat(since)
          .extracting(Thread::getName)
          .contains("HTTP-Dispatcher", "everpool-console-1", "everpool-console-ticker");
      assertThat(since).allMatch(Thread::isDaemon);
    }
  }

  @Test
  void its_address_is_loopback_unless_told_otherwise() throws Exception {
    assertThat(serve(Console.builder()).toString()).matches("http://localhost:\\d+/");
    InetSocketAddress all = new InetSocketAddress(InetAddress.getByName("0.0.0.0"), 0);
    try (ConsoleServer everywhere = ConsoleServer.start(console, all)) {
      assertThat(everywhere.address().toString()).matches("http://localhost:\\d+/");
      assertThat(everywhere).asString().contains(everywhere.address().toString());
    }
  }
}
