package io.everpool.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.console.Raw.Answer;
import io.everpool.console.Raw.Events;
import io.everpool.console.servlet.ConsoleServlet;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;
import org.apache.catalina.util.ServerInfo;
import org.apache.coyote.http2.Http2Protocol;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** In a Tomcat, below a path of an application's. */
@Tag("contract")
@Timeout(120)
class ConsoleServletTest {
  private static final String TOKEN = "correct horse battery staple";
  private static final String PAGE = "/shop/admin/pools/";
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** Held here, lest what is set of it be forgotten. */
  private static final Logger TOMCATS = Logger.getLogger("org.apache");

  private static final Console CONSOLE =
      Console.builder().token(TOKEN).period(Duration.ofMillis(200)).build();
  private static final Tomcat TOMCAT = new Tomcat();
  private static URI address = URI.create("http://localhost/");
  private static Pool pool;

  @BeforeAll
  static void start(@TempDir Path folder) throws Exception {
    TOMCATS.setLevel(Level.SEVERE);
    PoolConfig config = PoolConfig.builder("jdbc:h2:mem:servlet").name("shop").build();
    pool = Everpool.builder(config).listener(CONSOLE).open();
    TOMCAT.setBaseDir(folder.toString());
    TOMCAT.setPort(0);
    TOMCAT.getConnector().addUpgradeProtocol(new Http2Protocol());
    Context application = TOMCAT.addContext("/shop", null);
    Tomcat.addServlet(application, "console", new ConsoleServlet(CONSOLE))
        .addMapping("/admin/pools/*");
    TOMCAT.start();
    address = URI.create("http://localhost:" + TOMCAT.getConnector().getLocalPort() + "/");
  }

  @AfterAll
  static void stop() throws Exception {
    TOMCAT.stop();
    TOMCAT.destroy();
    pool.close();
  }

  @Test
  void it_is_the_version_that_is_meant() {
    assertThat(ServerInfo.getServerNumber()).startsWith(System.getProperty("tested.tomcat", ""));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "index.html", "console.css", "console.js", "icon.svg"})
  void the_page_is_served_below_the_path(String file) throws Exception {
    Answer page = Raw.get(address, PAGE + file);
    assertThat(page.status()).isEqualTo(200);
    assertThat(page.header("Content-Security-Policy")).startsWith("default-src 'self'");
    assertThat(page.header("Cache-Control")).isEqualTo("no-store");
    assertThat(page.body()).isNotEmpty();
    Answer head = Raw.ask(address, "HEAD " + PAGE + file, "Host: localhost");
    assertThat(head.status()).isEqualTo(200);
    assertThat(head.body()).isEmpty();
  }

  @Test
  void a_slash_that_is_missing_is_added() throws Exception {
    Answer bare = Raw.get(address, "/shop/admin/pools");
    assertThat(bare.status()).isEqualTo(302);
    assertThat(bare.header("Location")).isEqualTo("pools/");
  }

  @Test
  void what_is_refused_elsewhere_is_refused_here() throws Exception {
    assertThat(Raw.get(address, PAGE + "nothing").status()).isEqualTo(404);
    assertThat(Raw.ask(address, "POST " + PAGE, "Host: localhost").status()).isEqualTo(405);
    assertThat(Raw.ask(address, "GET " + PAGE, "Host: evil.example").status()).isEqualTo(403);
    Answer foreign =
        Raw.ask(
            address,
            "GET " + PAGE + "holders?pool=shop",
            "Host: localhost",
            "Sec-Fetch-Site: cross-site");
    assertThat(foreign.status()).isEqualTo(403);
  }

  /** A browser says by HTTP/2 where it goes, and has no header of that name. */
  @Test
  void over_http_2_it_is_asked_for_by_the_authority() throws Exception {
    HttpClient browser = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build();
    HttpRequest request =
        HttpRequest.newBuilder(address.resolve(PAGE + "holders?pool=shop")).build();
    for (int i = 0; i < 2; i++) { // the first asks for the upgrade, with a header of HTTP/1.1
      HttpResponse<String> answer = browser.send(request, HttpResponse.BodyHandlers.ofString());
      assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_2);
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    }
  }

  @Test
  void a_page_is_told_and_an_operator_acts() throws Exception {
    try (Events events = Events.open(address, PAGE + "events?pool=shop")) {
      assertThat(events.nextWith("\"all\":true")).contains("Pool opened");
      String action = "POST " + PAGE + "action?pool=shop&do=";
      assertThat(Raw.ask(address, action + "suspend", "Host: localhost").status()).isEqualTo(403);
      String token = "X-Everpool-Token: " + TOKEN;
      assertThat(Raw.ask(address, action + "suspend", "Host: localhost", token).status())
          .isEqualTo(200);
      events.nextWith("\"suspended\":true");
      assertThat(pool.snapshot().suspended()).isTrue();
      assertThat(Raw.ask(address, action + "resume", "Host: localhost", token).status())
          .isEqualTo(200);
      events.nextWith("\"suspended\":false");
      assertThat(Raw.get(address, PAGE + "holders?pool=shop").body()).startsWith("[");
    }
    Await.until(LIMIT, () -> !CONSOLE.isWatched(), "the container to see that nobody looks");
  }

  /** Before a container stops that waits for the requests that it has. */
  @Test
  void the_pages_that_are_open_can_be_ended() throws Exception {
    try (Events one = Events.open(address, PAGE + "events");
        Events two = Events.open(address, PAGE + "events")) {
      one.nextWith("shop");
      two.nextWith("shop");
      CONSOLE.endPages();
      assertThat(isOver(one)).isTrue();
      assertThat(isOver(two)).isTrue();
    }
    Await.until(LIMIT, () -> !CONSOLE.isWatched(), "the pages to be over");
  }

  /** In good order, and not because the connection was cut. */
  private static boolean isOver(Events events) throws Exception {
    for (String told; (told = events.next()) != null; ) {
      assertThat(told).contains("shop");
    }
    return true;
  }
}
