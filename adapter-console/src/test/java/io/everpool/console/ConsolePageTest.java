package io.everpool.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.everpool.api.LeakStackTraces;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.console.Raw.Events;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.Chromium;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.PostgresServer.Shutdown;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The page as a browser shows it, of a pool on a real server. What it looked like is in {@code
 * target/console-*.png}.
 */
@Timeout(300)
@Tag("one-jdk")
class ConsolePageTest {
  private static final String TOKEN = "correct horse battery staple";
  private static final String SHORT_WORK = "select pg_catalog.pg_sleep(0.003)";

  /** What a page must not do without anybody's noticing. */
  private static final String NOTE_WRONGS =
      "window.wrongs = [];"
          + "addEventListener('error', e => wrongs.push(e.message || 'missing'), true);"
          + "addEventListener('unhandledrejection', e => wrongs.push(String(e.reason)));"
          + "document.addEventListener('securitypolicyviolation',"
          + " e => wrongs.push(e.violatedDirective + ' ' + e.blockedURI));"
          + "window.confirm = () => true;";

  /**
   * The least contrast between a text that is seen and what is behind it, with where that is, as
   * WCAG 2 reckons it; of small texts, AA asks for 4.5.
   */
  private static final String LEAST_CONTRAST =
      """
      (() => {
        const rgb = text => (text.match(/[\\d.]+/g) || []).map(Number);
        const light = c => c.slice(0, 3).map(v => v / 255)
          .map(v => v <= .04045 ? v / 12.92 : Math.pow((v + .055) / 1.055, 2.4))
          .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
        const behind = node => {
          for (; node; node = node.parentElement) {
            const c = rgb(getComputedStyle(node).backgroundColor);
            if (c.length === 3 || c[3] === 1) return c;
          }
          return [255, 255, 255];
        };
        let least = [99, ''];
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
          const node = walker.currentNode.parentElement;
          if (!walker.currentNode.data.trim() || !node.getClientRects().length
            || node.closest('svg, .unseen, script, noscript')) continue;
          const style = getComputedStyle(node);
          const a = light(rgb(style.color)), b = light(behind(node));
          const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
          if (ratio < least[0]) least = [ratio, node.className + ' ' + walker.currentNode.data];
        }
        return least.join(' ');
      })()""";

  private static PostgresServer server;
  private static Chromium chromium;
  private static Console console = Console.readOnly();
  private static ConsoleServer http;
  private Chromium page;
  private Pool pool;

  @BeforeAll
  static void start() throws Exception {
    Optional<Path> program = Chromium.program();
    assumeTrue(program.isPresent(), "Chromium is missing (Debian's package chromium)");
    server = PostgresServer.start();
    chromium = Chromium.start(program.orElseThrow());
    chromium.first(NOTE_WRONGS);
    console = Console.builder().token(TOKEN).period(Duration.ofMillis(50)).build();
    http = ConsoleServer.start(console, 0);
  }

  @AfterAll
  static void stop() {
    if (chromium != null) {
      chromium.close();
    }
    if (http != null) {
      http.close();
    }
    if (server != null) {
      server.close();
    }
  }

  @BeforeEach
  void open() throws Exception {
    PoolConfig config =
        PoolConfig.builder(server.libpqUrl())
            .name("orders")
            .minSize(2)
            .maxSize(12)
            .leakStackTraces(LeakStackTraces.ALWAYS)
            .build();
    pool = Everpool.builder(config).listener(console).open();
    page = chromium;
    page.prefers("light", "no-preference");
    page.size(1400, 1000);
    page.open(http.address());
    page.awaitTrue("document.querySelectorAll('#tiles .tile').length === 12");
  }

  @AfterEach
  void close() {
    try {
      assertThat(page.evaluate("wrongs.join()")).isEmpty();
    } finally {
      pool.close();
    }
  }

  private void shoot(String name) {
    page.screenshot(Path.of("target", "console-" + name + ".png"));
  }

  private String focused(String property) {
    return page.evaluate("document.activeElement." + property);
  }

  private void tabTo(String selector) {
    for (int i = 0; i < 12 && !focused("matches('" + selector + "')").equals("true"); i++) {
      page.press("Tab");
    }
    assertThat(focused("matches('" + selector + "')")).as(selector).isEqualTo("true");
  }

  @Test
  void aTileChangesWhenItsConnectionIsLent() throws Exception {
    String leased = "document.querySelectorAll('#tiles .leased').length";
    try (Connection connection = pool.getConnection()) {
      page.awaitTrue(leased + " === 1");
      String tile = "document.querySelector('#tiles .leased')";
      assertThat(page.evaluate(tile + ".firstChild.textContent")).isEqualTo("L");
      assertThat(page.evaluate(tile + ".getAttribute('aria-label')"))
          .startsWith("Slot ")
          .contains("leased", "held by " + Thread.currentThread().getName());
      assertThat(page.evaluate("document.getElementById('holders').textContent"))
          .contains(Thread.currentThread().getName());
      page.evaluate("document.getElementById('where').click()");
      page.awaitTrue("document.getElementById('stacks').textContent.includes('ConsolePageTest')");
      assertThat(page.evaluate("document.getElementById('stacks').textContent"))
          .contains("Where it acquired it");
      shoot("stacks");
      assertThat(connection.isValid(60)).isTrue();
    }
    page.awaitTrue(leased + " === 0");
  }

  @Test
  void theLineOfThoseWhoWaitIsSeen() throws Exception {
    List<Connection> all = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      all.add(pool.getConnection());
    }
    List<Thread> waiters = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      Thread waiter =
          new Thread(
              () -> {
                try (Connection connection = pool.getConnection()) {
                  connection.isValid(1);
                } catch (SQLException e) {
                  throw new IllegalStateException(e);
                }
              });
      waiters.add(waiter);
      waiter.start();
    }
    page.awaitTrue("document.getElementById('queue').textContent.endsWith(' 5 wait')");
    shoot("queue");
    for (Connection each : all) {
      each.close();
    }
    for (Thread each : waiters) {
      each.join();
    }
    page.awaitTrue("document.getElementById('queue').textContent === 'nobody waits'");
    page.awaitTrue("document.getElementById('chart-text').textContent.includes('had to wait')");
    page.awaitTrue("document.querySelectorAll('#chart .bar').length > 0");
  }

  /** By the keys alone, from the top of the page. */
  @Test
  void theKeysReachEverything() {
    page.press("Tab");
    assertThat(focused("className")).isEqualTo("skip");
    page.press("Enter");
    assertThat(focused("id")).isEqualTo("slots");
    page.press("Tab");
    assertThat(focused("id")).isEqualTo("as-table");
    page.press("Enter");
    page.awaitTrue("document.querySelectorAll('#slot-table tbody tr').length === 12");
    assertThat(page.evaluate("document.getElementById('slot-table').hidden")).isEqualTo("false");
    page.press("Enter");
    assertThat(page.evaluate("document.getElementById('slot-table').hidden")).isEqualTo("true");
    page.press("Tab");
    assertThat(focused("getAttribute('aria-label')")).startsWith("Slot 1:");
    assertThat(page.evaluate("document.getElementById('detail').textContent"))
        .startsWith("Slot 1:");
    assertThat(page.evaluate("getComputedStyle(document.activeElement).outlineStyle"))
        .isEqualTo("solid");
    page.press("ArrowRight");
    assertThat(focused("getAttribute('aria-label')")).startsWith("Slot 2:");
    page.press("End");
    assertThat(focused("getAttribute('aria-label')")).startsWith("Slot 12:");
    page.press("ArrowRight");
    assertThat(focused("getAttribute('aria-label')")).as("no further").startsWith("Slot 12:");
    page.press("Home");
    page.press("ArrowLeft");
    assertThat(focused("getAttribute('aria-label')")).startsWith("Slot 1:");
    tabTo("#timeline");
    tabTo("#token");
    tabTo("#min");
    tabTo("summary");
    page.press("Enter");
    page.awaitTrue("document.querySelector('.settings details').open");
    tabTo("#changed");
  }

  @Test
  void anOperatorActsByTheKeysAndTheToken() {
    tabTo(".skip");
    page.evaluate("document.getElementById('token').focus()");
    page.type("not the token at all");
    page.press("Tab");
    page.press("Enter");
    page.awaitTrue("document.getElementById('outcome').textContent.includes('not the token')");
    page.evaluate("document.getElementById('token').value = ''");
    page.evaluate("document.getElementById('token').focus()");
    page.type(TOKEN);
    page.press("Tab");
    page.press("Enter");
    page.awaitTrue("document.getElementById('status').textContent.includes('suspended')");
    page.awaitTrue("document.getElementById('spoken').textContent.includes('Operator: suspend')");
    page.press("Tab");
    page.press("Enter");
    page.awaitTrue("document.getElementById('status').textContent.includes('open')");
    assertThat(page.evaluate("document.documentElement.outerHTML + location.href"))
        .doesNotContain(TOKEN);
  }

  @Test
  void whatHappenedIsInTheTimeline() throws Exception {
    try (Connection connection = pool.getConnection()) {
      assertThat(connection.isValid(60)).isTrue();
      server.restart(Shutdown.FAST);
    }
    pool.use(connection -> connection.isValid(1));
    String timeline = "document.getElementById('timeline').textContent";
    page.awaitTrue(timeline + ".includes('closed: ')");
    page.awaitTrue(timeline + ".includes(' opened')");
    page.awaitTrue("document.querySelectorAll('#timeline .notable, #timeline .alarm').length > 0");
    page.awaitTrue("document.getElementById('spoken').textContent !== ''");
    page.awaitTrue("document.getElementById('figures').textContent.includes('closed: ')");
    page.evaluate(
        "(document.getElementById('weight').value = 'notable',"
            + " document.getElementById('weight').dispatchEvent(new Event('change')))");
    assertThat(
            page.evaluate(
                "[...document.querySelectorAll('#timeline .routine')]"
                    + ".every(item => getComputedStyle(item).display === 'none')"))
        .isEqualTo("true");
  }

  /** What it gets is what a page gets that is open for long. */
  private void tell(String entries) {
    page.evaluate(
        "(await import(new URL('timeline.js', location.href).href)).tell(" + entries + ", false)");
  }

  @Test
  void theTimeOfDayIsThatOfTheMachine() {
    tell("[{id: 900000, at: 0, wallAt: 1700000000000, weight: 'routine', text: 'then'}]");
    assertThat(page.evaluate("document.querySelector('#timeline time').dateTime"))
        .isEqualTo("2023-11-14T22:13:20.000Z");
  }

  /** What the list has let go isn't kept elsewhere: told again it is new. */
  @Test
  void aPageThatIsOpenForLongDoesNotGrow() {
    String entry = "({id: 900000 + i, at: 0, wallAt: 0, weight: 'routine', text: 'old ' + i})";
    tell("Array.from({length: 300}, (_, i) => " + entry + ")");
    assertThat(page.evaluate("document.getElementById('timeline').children.length"))
        .isEqualTo("200");
    tell("[{id: 900000, at: 0, wallAt: 0, weight: 'routine', text: 'again'}]");
    assertThat(page.evaluate("document.getElementById('timeline').textContent"))
        .contains("again", "old 299");
    assertThat(page.evaluate("document.getElementById('timeline').children.length"))
        .isEqualTo("200");
  }

  @Test
  void anotherPoolIsChosenByItsName() throws Exception {
    PoolConfig config =
        PoolConfig.builder(server.libpqUrl()).name("reports").minSize(0).maxSize(3).build();
    try (Pool other = Everpool.builder(config).listener(console).open()) {
      page.awaitTrue("document.getElementById('pool').options.length === 2");
      page.evaluate(
          "(document.getElementById('pool').value = 'reports',"
              + " document.getElementById('pool').dispatchEvent(new Event('change')))");
      page.awaitTrue("document.querySelectorAll('#tiles .tile').length === 3");
      assertThat(page.evaluate("document.title")).contains("reports");
      assertThat(other.isClosed()).isFalse();
    }
    page.awaitTrue("document.getElementById('main').hidden");
  }

  private Pool alsoOpen(String name) throws SQLException {
    PoolConfig config =
        PoolConfig.builder(server.libpqUrl()).name(name).minSize(0).maxSize(3).build();
    return Everpool.builder(config).listener(console).open();
  }

  /** Who is about to suspend one must not find another under his hand. */
  @Test
  void aChosenPoolThatIsGoneIsNotFollowedByAnother() throws Exception {
    String none = "document.getElementById('none')";
    String chosen = "document.getElementById('pool').value";
    try (Pool other = alsoOpen("reports")) {
      page.evaluate("location.hash = 'pool=reports'");
      page.awaitTrue(chosen + " === 'reports'");
      assertThat(other.isClosed()).isFalse();
    }
    page.awaitTrue("document.getElementById('main').hidden && !" + none + ".hidden");
    assertThat(page.evaluate(none + ".textContent")).contains("reports is not open here");
    assertThat(page.evaluate(chosen)).isEmpty();
    try (Pool again = alsoOpen("reports")) {
      page.awaitTrue("!document.getElementById('main').hidden");
      assertThat(page.evaluate(chosen)).isEqualTo("reports");
      assertThat(again.isClosed()).isFalse();
    }
    page.evaluate(
        "(document.getElementById('pool').value = 'orders',"
            + " document.getElementById('pool').dispatchEvent(new Event('change')))");
    page.awaitTrue("document.querySelectorAll('#tiles .tile').length === 12");
  }

  /** Also with the focus on it, where it is not to be disturbed. */
  @Test
  void theListSaysWhichPoolIsShown() throws Exception {
    String chosen = "document.getElementById('pool').value";
    try (Pool other = alsoOpen("reports")) {
      page.evaluate("location.hash = 'pool=reports'");
      page.awaitTrue(chosen + " === 'reports'");
      page.evaluate("document.getElementById('pool').focus()");
      try (Pool third = alsoOpen("audit")) {
        page.awaitTrue("document.getElementById('pool').options.length === 3");
        assertThat(page.evaluate(chosen)).isEqualTo("reports");
        page.evaluate("location.hash = 'pool=audit'");
        page.awaitTrue("document.title.includes('audit')");
        assertThat(page.evaluate(chosen)).isEqualTo("audit");
        assertThat(third.isClosed()).isFalse();
      }
      assertThat(other.isClosed()).isFalse();
    }
  }

  @Test
  void questionsAndOutcomesNameThePool() {
    page.evaluate("(window.asked = [], window.confirm = text => asked.push(text) > 0)");
    for (String order : List.of("suspend", "replace-all", "evict-idle")) {
      page.evaluate("document.querySelector('[data-do=" + order + "]').click()");
      page.awaitTrue(
          "document.getElementById('outcome').textContent.startsWith('orders, " + order + ": ')");
    }
    assertThat(page.evaluate("asked.length")).isEqualTo("2");
    assertThat(page.evaluate("asked.every(text => text.includes('orders'))")).isEqualTo("true");
  }

  /** One connection, and eight who want it. */
  @Test
  void howLargeThePoolShouldBeIsSaidInASentence() throws Exception {
    assertThat(page.evaluate("document.getElementById('advice').textContent"))
        .startsWith("No advice without size-advice = true");
    PoolConfig config =
        PoolConfig.builder(server.libpqUrl())
            .name("small")
            .minSize(0)
            .maxSize(1)
            .sizeAdvice(true)
            .build();
    try (Pool small = Everpool.builder(config).listener(console).open()) {
      List<FutureTask<Boolean>> callers = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        FutureTask<Boolean> caller =
            new FutureTask<>(
                () -> {
                  for (int j = 0; j < 20; j++) {
                    small.use(connection -> connection.createStatement().execute(SHORT_WORK));
                  }
                  return true;
                });
        callers.add(caller);
        new Thread(caller).start();
      }
      for (FutureTask<Boolean> each : callers) {
        assertThat(each.get()).isTrue();
      }
      page.evaluate("location.hash = 'pool=small'");
      String advice = "document.getElementById('advice')";
      page.awaitTrue(advice + ".firstChild.textContent.startsWith('max-size = ')");
      assertThat(page.evaluate(advice + ".className")).isEqualTo("small");
      assertThat(page.evaluate(advice + ".textContent"))
          .contains(" would do, 1 now: of ", "The busiest minute");
      page.awaitTrue("document.getElementById('advice-age').textContent.startsWith('asked ')");
      for (String scheme : List.of("light", "dark")) {
        page.prefers(scheme, "no-preference");
        String contrast = page.evaluate(LEAST_CONTRAST);
        assertThat(Double.parseDouble(contrast.split(" ", 2)[0])).as(contrast).isGreaterThan(4.5);
        shoot("advice-" + scheme);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"light, 1400", "dark, 1400", "light, 390", "dark, 390"})
  void eitherColourSchemeCanBeReadAtAnyWidth(String scheme, int width) throws Exception {
    page.prefers(scheme, "no-preference");
    page.size(width, 1000);
    try (Connection one = pool.getConnection();
        Connection two = pool.getConnection()) {
      assertThat(one).isNotSameAs(two);
      page.awaitTrue("document.querySelectorAll('#tiles .leased').length === 2");
      page.evaluate("document.querySelector('.settings details').open = true");
      String contrast = page.evaluate(LEAST_CONTRAST);
      assertThat(Double.parseDouble(contrast.split(" ", 2)[0])).as(contrast).isGreaterThan(4.5);
      assertThat(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
          .as("nothing to scroll sideways")
          .isEqualTo("true");
      assertThat(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))
          .isEqualTo(scheme.equals("dark") ? "rgb(14, 18, 21)" : "rgb(243, 244, 241)");
      page.evaluate("document.querySelector('.settings details').open = false");
      shoot(scheme + "-" + width);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"reduce", "no-preference"})
  void nothingMovesForWhoeverWantsThat(String motion) {
    page.prefers("light", motion);
    String moving =
        page.evaluate(
            "(document.querySelector('#tiles .tile').className = 'tile probing',"
                + " getComputedStyle(document.querySelector('#tiles .tile')).animationName)");
    assertThat(moving).isEqualTo(motion.equals("reduce") ? "none" : "pulse");
  }

  private void hide(boolean hidden) {
    page.evaluate(
        "(Object.defineProperty(document, 'hidden', { configurable: true, get: () => "
            + hidden
            + " }), document.dispatchEvent(new Event('visibilitychange')))");
  }

  /** A browser has six connections to a place, so seven pages in it could not all be told. */
  @Test
  void aPageThatIsHiddenKeepsNoConnectionAndKnowsAllWhenItIsShown() throws Exception {
    Await.until(Duration.ofSeconds(60), console::isWatched, "the page to look");
    hide(true);
    Await.until(Duration.ofSeconds(60), () -> !console.isWatched(), "the page to look away");
    try (Connection connection = pool.getConnection()) {
      page.evaluate("location.hash = 'pool=orders'");
      hide(true);
      assertThat(console.isWatched()).isFalse();
      assertThat(page.evaluate("document.querySelectorAll('#tiles .leased').length"))
          .isEqualTo("0");
      hide(false);
      page.awaitTrue("document.querySelectorAll('#tiles .leased').length === 1");
      assertThat(connection.isValid(60)).isTrue();
    }
    page.awaitTrue("document.getElementById('link').textContent === 'live'");
    hide(true);
    hide(false);
    page.awaitTrue("document.querySelectorAll('#tiles .leased').length === 0");
  }

  @Test
  void aPageGivesWayAndComesBackWhenItIsToldTo() throws Exception {
    List<Events> others = new ArrayList<>();
    try {
      for (int i = 0; i < Streams.MOST; i++) {
        others.add(Events.open(http.address(), "/events"));
        for (Events each : others) { // each is told at every opening, and cut if too much heaps up
          each.nextWith("pools");
        }
      }
      page.awaitTrue("document.getElementById('link').textContent.startsWith('let go')");
      page.awaitTrue("document.getElementById('spoken').textContent.includes('let go')");
      shoot("let-go");
      page.evaluate("document.getElementById('again').focus()");
      page.press("Enter");
      page.awaitTrue("document.getElementById('link').textContent === 'live'");
      assertThat(page.evaluate("document.getElementById('again').hidden")).isEqualTo("true");
      assertThat(focused("id")).isEqualTo("pool");
      assertThat(others.get(0).nextWith("full")).isNotEmpty();
    } finally {
      for (Events each : others) {
        each.close();
      }
    }
  }

  @Test
  void thePageSaysWhenItIsOldAndWhenThereIsNoPool() throws Exception {
    pool.close();
    page.awaitTrue(
        "!document.getElementById('none').hidden && document.getElementById('main').hidden");
    try (ConsoleServer other = ConsoleServer.start(Console.readOnly(), 0)) {
      page.open(other.address());
      page.awaitTrue("document.getElementById('link').textContent === 'live'");
    }
    page.awaitTrue("document.getElementById('link').className.includes('off')");
  }
}
