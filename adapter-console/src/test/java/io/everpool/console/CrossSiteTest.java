package io.everpool.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.console.Raw.Answer;
import io.everpool.core.Everpool;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What another site's page can have a browser ask here, by the headers that the browser then sends
 * and no page can choose.
 */
class CrossSiteTest {
  private static final String TOKEN = "correct horse battery staple";

  private static ConsoleServer http;
  private static Pool pool;

  @BeforeAll
  static void start() throws Exception {
    Console console = Console.builder().host("ops.example.com").token(TOKEN).build();
    http = ConsoleServer.start(console, 0);
    PoolConfig config = PoolConfig.builder("jdbc:h2:mem:cross").name("shop").minSize(0).build();
    pool = Everpool.builder(config).listener(console).open();
  }

  @AfterAll
  static void stop() {
    pool.close();
    http.close();
  }

  private static Answer ask(
      String line, String host, @Nullable String site, @Nullable String origin) throws Exception {
    List<String> headers = new ArrayList<>(List.of("Host: " + host, "X-Everpool-Token: " + TOKEN));
    if (site != null) {
      headers.add("Sec-Fetch-Site: " + site);
    }
    if (origin != null) {
      headers.add("Origin: " + origin);
    }
    return Raw.ask(http.address(), line, headers.toArray(String[]::new));
  }

  /** A browser that is old, or asks over bare HTTP, leaves {@code Sec-Fetch-Site} out. */
  @ParameterizedTest
  @CsvSource({
    // host              , site        , origin                       , is answered
    "localhost:8099      ,             ,                              , true",
    "localhost:8099      , same-origin ,                              , true",
    "localhost:8099      , none        ,                              , true",
    "localhost:8099      , cross-site  ,                              , false",
    "localhost:8099      , same-site   ,                              , false",
    "localhost:8099      , Cross-Site  ,                              , false",
    "localhost:8099      , nonsense    ,                              , false",
    "localhost:8099      ,             , http://localhost:8099        , true",
    "LocalHost:8099      ,             , http://localhost:8099        , true",
    "localhost:8099      ,             , http://localhost:3000        , false",
    "localhost:8099      ,             , http://localhost             , false",
    "localhost:8099      ,             , http://evil.example          , false",
    "localhost:8099      ,             , http://localhost:8099.evil.example, false",
    "localhost:8099      ,             , http://evil.example/localhost:8099, false",
    "localhost:8099      ,             , null                         , false",
    "localhost:8099      , same-origin , http://localhost:8099        , true",
    "localhost:8099      , cross-site  , http://localhost:8099        , false",
    // a proxy that says its own name for the one that it was asked by
    "127.0.0.1:8099      , same-origin , https://ops.example.com      , true",
    "127.0.0.1:8099      ,             , https://ops.example.com      , false",
    "ops.example.com     ,             , https://ops.example.com      , true",
    // a proxy that takes plain requests at a port of its own: the name alone is not whose page asks
    "ops.example.com:8080,             , http://ops.example.com:8080  , true",
    "ops.example.com     ,             , http://ops.example.com:8080  , false",
    "[::1]:8099          ,             , http://[::1]:8099            , true",
    // a name of theirs that they have let lead here
    "evil.example        , same-origin , http://evil.example          , false",
    "evil.example        ,             ,                              , false",
  })
  void only_its_own_page_is_told_and_lets_act(
      String host, @Nullable String site, @Nullable String origin, boolean answered)
      throws Exception {
    for (String line :
        new String[] {
          "GET /holders?pool=shop",
          "HEAD /holders?pool=shop",
          "HEAD /events",
          "POST /action?pool=shop&do=resume"
        }) {
      Answer answer = ask(line, host, site, origin);
      assertThat(answer.status()).as(line).isEqualTo(answered ? 200 : 403);
      if (!answered && !line.startsWith("HEAD")) {
        assertThat(answer.body()).endsWith(".").doesNotContain("shop");
      }
    }
  }

  @Test
  void a_stream_is_refused_as_well_and_takes_no_place() throws Exception {
    Answer answer = ask("GET /events", "localhost", "cross-site", null);
    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.header("Content-Type")).isEqualTo("text/plain; charset=utf-8");
    assertThat(answer.body())
        .isEqualTo("Another site's page asks for this, and only the console's own may.");
  }

  /** Somebody follows a link to the page, out of a runbook. */
  @Test
  void a_link_from_elsewhere_leads_to_the_page() throws Exception {
    assertThat(ask("GET /", "localhost", "cross-site", null).status()).isEqualTo(200);
    assertThat(ask("GET /console.css", "localhost", "same-origin", null).status()).isEqualTo(200);
  }
}
