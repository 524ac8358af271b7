package io.everpool.metrics;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.codahale.metrics.Counter;
import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.MetricRegistryListener;
import com.codahale.metrics.health.HealthCheckRegistry;
import io.everpool.api.CloseReason;
import io.everpool.api.Verdict;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.observe.PoolEvent;
import io.everpool.fakes.FakePool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("contract")
class DropwizardMetricsTest {
  private static final PoolEvent CLOSED_P = new PoolEvent.PoolClosed("p");

  private final MetricRegistry metrics = new MetricRegistry();
  private final HealthCheckRegistry healthChecks = new HealthCheckRegistry();
  private final FakePool pool = new FakePool("p");
  private final DropwizardMetrics poolMetrics = DropwizardMetrics.of("p", metrics, healthChecks);

  /** One of each event that isn't about the pool as such, and the counter that it moves. */
  private static Map<PoolEvent, String> countedEvents() {
    Map<PoolEvent, String> events = new LinkedHashMap<>();
    events.put(new PoolEvent.ConnectionOpened("p", 1, 5_000_000), "opened");
    events.put(
        new PoolEvent.ConnectFailed("p", Verdict.SERVER_DOWN, "refused", 1), "connect-failures");
    events.put(new PoolEvent.AcquireTimedOut("p", 1), "timeouts");
    events.put(new PoolEvent.AcquireRejected("p"), "rejected");
    events.put(new PoolEvent.Retried("p", "work", 2, Verdict.CONNECTION_LOST, "gone"), "retries");
    events.put(new PoolEvent.RetryRefused("p", "work", 1, "a write"), "retries-refused");
    events.put(new PoolEvent.HealthCheckFailed("p", 1, "closed"), "health-check-failures");
    events.put(new PoolEvent.ConnectionFailed("p", 1, Verdict.CONNECTION_LOST, "gone"), "failures");
    events.put(new PoolEvent.Fenced("p", 2, "restart"), "fenced");
    events.put(new PoolEvent.TransactionLeftOpen("p", 1), "transactions-left-open");
    events.put(new PoolEvent.LeakSuspected("p", 1, "main", 1), "leaks-suspected");
    events.put(new PoolEvent.LeakEnded("p", 1, "main", 1), "leaks-ended");
    events.put(new PoolEvent.LeaseAbandoned("p", 1, "main", 1, List.of()), "leases-abandoned");
    events.put(new PoolEvent.NestedAcquire("p", "main", 1, false), "nested-acquires");
    events.put(new PoolEvent.FellAsleep("p"), "fell-asleep");
    events.put(new PoolEvent.WokeUp("p"), "woke-up");
    for (CloseReason reason : CloseReason.values()) {
      events.put(new PoolEvent.ConnectionClosed("p", 1, reason, 1, 1), "closed." + reason.label());
    }
    events.put(new PoolEvent.CommitResolved("p", "7", CommitStatus.COMMITTED), "commits.committed");
    events.put(new PoolEvent.CommitResolved("p", "7", CommitStatus.ABORTED), "commits.aborted");
    events.put(
        new PoolEvent.CommitResolved("p", "7", CommitStatus.IN_PROGRESS), "commits.in-progress");
    events.put(new PoolEvent.CommitResolved("p", "7", CommitStatus.UNKNOWN), "commits.unknown");
    events.put(new PoolEvent.WriteUnknown("p", 1), "writes-unknown");
    return events;
  }

  private void open() {
    poolMetrics.onEvent(new PoolEvent.PoolOpened("p", pool));
  }

  private void close() {
    pool.close();
    poolMetrics.onEvent(CLOSED_P);
  }

  private Object gauge(String name) {
    Gauge<?> gauge = requireNonNull(metrics.getGauges().get("p." + name), name);
    return requireNonNull(gauge.getValue(), name);
  }

  private Map<String, Long> counts() {
    Map<String, Long> counts = new TreeMap<>();
    metrics.getCounters().forEach((name, counter) -> counts.put(name, counter.getCount()));
    return counts;
  }

  /** A counter that moves at the wrong event, or two at one, tells stories. */
  @Test
  void everyEventMovesItsOwnCounterAndNoOther() {
    open();
    countedEvents()
        .forEach(
            (event, name) -> {
              Map<String, Long> expected = counts();
              expected.merge("p." + name, 1L, Long::sum);
              poolMetrics.onEvent(event);
              assertThat(counts()).as(name).isEqualTo(expected);
            });
    assertThat(counts().values()).allMatch(count -> count == 1);
  }

  /** An event that comes to be must not be forgotten here. */
  @Test
  void everyKindOfEventIsKept() {
    Set<Class<?>> kept = new HashSet<>();
    countedEvents().keySet().forEach(event -> kept.add(event.getClass()));
    kept.addAll(
        List.of(PoolEvent.PoolOpened.class, PoolEvent.PoolClosed.class, PoolEvent.Recovered.class));

    assertThat(kept)
        .containsExactlyInAnyOrderElementsOf(
            Arrays.stream(PoolEvent.class.getDeclaredClasses())
                .filter(PoolEvent.class::isAssignableFrom)
                .toList());
  }

  /** What a dashboard looks for must be there before it first happens, at zero. */
  @Test
  void everythingIsThereFromTheBeginning() {
    open();

    Set<String> expected = new TreeSet<>();
    countedEvents().values().forEach(name -> expected.add("p." + name));
    for (String name :
        List.of("wait", "use", "connect", "outage", "waiting", "asleep", "down", "suspended")) {
      expected.add("p." + name);
    }
    for (String name :
        List.of("total", "idle", "leased", "probing", "connecting", "closing", "min", "max")) {
      expected.add("p.connections." + name);
    }
    assertThat(metrics.getNames()).isEqualTo(expected);
    assertThat(healthChecks.getNames()).containsExactly("p");
    assertThat(counts().values()).allMatch(count -> count == 0);
  }

  /** The page names what there is, all of it and nothing else. */
  @Test
  void thePageOnMetricsNamesEveryMetric() throws IOException {
    open();
    Set<String> documented = new TreeSet<>();
    Matcher row =
        Pattern.compile("(?m)^\\| `<pool>\\.([^`]+)` \\| [a-z]+ \\| (.*) \\|$")
            .matcher(Files.readString(Path.of("..", "docs", "metrics.md")));
    while (row.find()) {
      String name = row.group(1);
      if (!name.contains("<")) {
        documented.add("p." + name);
        continue;
      }
      Matcher each = Pattern.compile("`([^`]+)`").matcher(row.group(2));
      while (each.find()) {
        documented.add("p." + name.substring(0, name.indexOf('<')) + each.group(1));
      }
    }

    assertThat(documented).isEqualTo(metrics.getNames());
  }

  /** Each figure under its own name. */
  @Test
  void gaugesShowThePoolsFigures() {
    pool.down = true;
    open();

    assertThat(gauge("connections.idle")).isEqualTo(1);
    assertThat(gauge("connections.leased")).isEqualTo(2);
    assertThat(gauge("connections.connecting")).isEqualTo(3);
    assertThat(gauge("connections.probing")).isEqualTo(4);
    assertThat(gauge("connections.closing")).isEqualTo(5);
    assertThat(gauge("waiting")).isEqualTo(6);
    assertThat(gauge("connections.min")).isEqualTo(7);
    assertThat(gauge("connections.max")).isEqualTo(8);
    assertThat(gauge("connections.total")).isEqualTo(1 + 2 + 4);
    assertThat(gauge("down")).isEqualTo(1);
    assertThat(gauge("asleep")).isEqualTo(0);
    assertThat(gauge("suspended")).isEqualTo(0);
  }

  /** Who waits for an operator should be told so. */
  @Test
  void aGaugeShowsASuspension() {
    pool.suspended = true;
    open();

    assertThat(gauge("suspended")).isEqualTo(1);
  }

  /** In nanoseconds, as they come. */
  @Test
  void timersTakeLeasesConnectsAndOutages() {
    open();
    poolMetrics.acquired(1_000);
    poolMetrics.released(2_000);
    poolMetrics.released(4_000);
    poolMetrics.onEvent(new PoolEvent.ConnectionOpened("p", 1, 5_000_000));
    poolMetrics.onEvent(new PoolEvent.Recovered("p", TimeUnit.SECONDS.toNanos(3)));

    assertThat(metrics.timer("p.wait").getSnapshot().getValues()).containsExactly(1_000);
    assertThat(metrics.timer("p.use").getSnapshot().getValues()).containsExactly(2_000, 4_000);
    assertThat(metrics.timer("p.connect").getSnapshot().getValues()).containsExactly(5_000_000);
    assertThat(metrics.timer("p.outage").getSnapshot().getMax()).isEqualTo(3_000_000_000L);
  }

  /** A pool connects before it is open, and some never are: those must leave nothing behind. */
  @Test
  void nothingIsRegisteredBeforeThePoolIsOpenButEverythingIsCounted() {
    poolMetrics.onEvent(new PoolEvent.ConnectionOpened("p", 1, 5_000_000));
    poolMetrics.acquired(1);
    assertThat(metrics.getNames()).isEmpty();
    assertThat(healthChecks.getNames()).isEmpty();

    open();
    assertThat(metrics.counter("p.opened").getCount()).isEqualTo(1);
    assertThat(metrics.timer("p.wait").getCount()).isEqualTo(1);
  }

  /** A registry is shared with the whole application. */
  @Test
  void closingRemovesWhatOpeningRegisteredAndNothingElse() {
    metrics.counter("somebody.else");
    Counter like = metrics.counter("p.like");
    FakePool second = new FakePool("second");
    DropwizardMetrics others = DropwizardMetrics.of("second", metrics, healthChecks);
    others.onEvent(new PoolEvent.PoolOpened("second", second));
    Set<String> before = metrics.getNames();
    open();
    assertThat(healthChecks.getNames()).containsExactly("p", "second");

    close();
    close();
    poolMetrics.onEvent(new PoolEvent.AcquireTimedOut("p", 1)); // a straggler

    assertThat(metrics.getNames()).isEqualTo(before);
    assertThat(metrics.counter("p.like")).isSameAs(like);
    assertThat(healthChecks.getNames()).containsExactly("second");
  }

  /** Somebody may have put something in the place of ours meanwhile. */
  @Test
  void whatSomebodyElsePutInOurPlaceStays() {
    open();
    metrics.remove("p.opened");
    Counter theirs = metrics.counter("p.opened");
    healthChecks.unregister("p");
    PoolHealthCheck check = new PoolHealthCheck(pool);
    healthChecks.register("p", check);

    close();

    assertThat(metrics.getNames()).containsExactly("p.opened");
    assertThat(metrics.counter("p.opened")).isSameAs(theirs);
    assertThat(healthChecks.getHealthCheck("p")).isSameAs(check);
  }

  /** Found out where the pool is put together, not in a log of the running application. */
  @Test
  void aNameThatIsTakenIsRefusedWithAdvice() {
    open();

    assertThatThrownBy(() -> DropwizardMetrics.of("p", metrics, null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("metric p.")
        .hasMessageContaining("give each pool a name of its own");
    assertThatThrownBy(() -> DropwizardMetrics.of("p", new MetricRegistry(), healthChecks))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("health check p already");
    assertThat(DropwizardMetrics.of("p", new MetricRegistry(), null)).isNotNull();
  }

  /** Two pools of one name that are opened side by side: the first keeps its figures whole. */
  @Test
  void theSecondOfTwoPoolsOfOneNameIsRefusedWholeAndLeavesTheFirstAlone() {
    DropwizardMetrics twin = DropwizardMetrics.of("p", metrics, healthChecks);
    open();
    Map<String, Object> before = new TreeMap<>(metrics.getMetrics());

    assertThatThrownBy(() -> twin.onEvent(new PoolEvent.PoolOpened("p", new FakePool("p"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("give each pool a name of its own");
    twin.onEvent(CLOSED_P);

    assertThat(new TreeMap<String, Object>(metrics.getMetrics())).isEqualTo(before);
    assertThat(healthChecks.getNames()).containsExactly("p");
  }

  /** Another of its name has opened with the same object, or failed to, and closes: that is all. */
  @Test
  void whatAnotherPoolOfTheNameClosesIsNotOurs() {
    open();
    Map<String, Object> before = new TreeMap<>(metrics.getMetrics());

    poolMetrics.onEvent(CLOSED_P);

    assertThat(new TreeMap<String, Object>(metrics.getMetrics())).isEqualTo(before);
    assertThat(healthChecks.getNames()).containsExactly("p");
    close();
    assertThat(metrics.getNames()).isEmpty();
    assertThat(healthChecks.getNames()).isEmpty();
  }

  /** Two pools would count into one object, and the first to close would end the other's. */
  @Test
  void oneObjectIsForOnePoolAtATime() {
    open();
    poolMetrics.onEvent(new PoolEvent.ConnectionOpened("p", 1, 5_000_000));
    Map<String, Object> before = new TreeMap<>(metrics.getMetrics());

    for (FakePool next : List.of(new FakePool("p"), pool)) {
      assertThatThrownBy(() -> poolMetrics.onEvent(new PoolEvent.PoolOpened("p", next)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("that is open")
          .hasMessageContaining("give it a name of its own");
      poolMetrics.onEvent(CLOSED_P); // of the second, or of one that could not even be opened
      assertThat(new TreeMap<String, Object>(metrics.getMetrics())).isEqualTo(before);
      assertThat(healthChecks.getNames()).containsExactly("p");
    }
    close();
    assertThat(metrics.getNames()).isEmpty();
    assertThat(healthChecks.getNames()).isEmpty();
  }

  /** Also where it is the very metric that a pool of the same name would have registered. */
  @Test
  void whatIsThereAlreadyIsNotTakenAway() {
    open();
    Counter opened = metrics.counter("p.opened");
    close();
    metrics.register("p.opened", opened);

    assertThatThrownBy(() -> poolMetrics.onEvent(new PoolEvent.PoolOpened("p", new FakePool("p"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("give each pool a name of its own");

    assertThat(metrics.getNames()).containsExactly("p.opened");
    assertThat(healthChecks.getNames()).isEmpty();
  }

  @Test
  void theNextMayFollowTheOneThatHasClosedThoughItsEndIsToldLater() {
    open();
    pool.close();
    FakePool next = new FakePool("p");
    next.idle = 3;
    poolMetrics.onEvent(new PoolEvent.PoolOpened("p", next));
    poolMetrics.onEvent(CLOSED_P);

    assertThat(gauge("connections.idle")).isEqualTo(3);
    assertThat(healthChecks.runHealthCheck("p").isHealthy()).isTrue();
    next.close();
    poolMetrics.onEvent(CLOSED_P);
    assertThat(metrics.getNames()).isEmpty();
    assertThat(healthChecks.getNames()).isEmpty();
  }

  /** All or nothing, also where only the last of the names is taken. */
  @Test
  void aTakenHealthCheckLeavesNoMetricBehind() {
    PoolHealthCheck theirs = new PoolHealthCheck(pool);
    healthChecks.register("p", theirs);

    assertThatThrownBy(this::open).isInstanceOf(IllegalArgumentException.class);
    poolMetrics.onEvent(CLOSED_P);

    assertThat(metrics.getNames()).isEmpty();
    assertThat(healthChecks.getHealthCheck("p")).isSameAs(theirs);
  }

  /** One pool's metrics with another pool's figures in them would be believed. */
  @Test
  void thePoolMustBeTheOneNamed() {
    assertThatThrownBy(() -> poolMetrics.onEvent(new PoolEvent.PoolOpened("q", new FakePool("q"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("These are the metrics of pool p, not of q");
    open();
    poolMetrics.onEvent(new PoolEvent.AcquireRejected("q"));
    poolMetrics.onEvent(new PoolEvent.PoolClosed("q"));
    assertThat(metrics.counter("p.rejected").getCount()).isZero();
    assertThat(healthChecks.getNames()).containsExactly("p");
  }

  /** Figures that are read together should be of one and the same moment. */
  @Test
  void gaugesReadTogetherShareOneLookAtThePool() {
    ManualClock clock = new ManualClock();
    SharedSnapshot shared = new SharedSnapshot(pool, clock);
    List<Integer> idle = new ArrayList<>();

    idle.add(shared.now().idle());
    pool.idle = 9;
    clock.advance(SharedSnapshot.GOOD_FOR - 1);
    idle.add(shared.now().idle());
    clock.advance(1);
    idle.add(shared.now().idle());

    assertThat(idle).containsExactly(1, 1, 9);
    assertThat(pool.looks).isEqualTo(2);
  }

  private static final class ManualClock extends com.codahale.metrics.Clock {
    private long tick = -5;

    void advance(long nanos) {
      tick += nanos;
    }

    @Override
    public long getTick() {
      return tick;
    }
  }

  /** Nor keeps the application's own listener anything of a pool there, whenever it throws. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aListenerOfTheRegistryThatThrowsLeavesNothingBehind(boolean atRemoval) {
    metrics.addListener(
        new MetricRegistryListener.Base() {
          @Override
          public void onGaugeAdded(String name, Gauge<?> gauge) {
            if (!atRemoval && name.endsWith("idle")) {
              throw new IllegalArgumentException("no gauges");
            }
          }

          @Override
          public void onCounterRemoved(String name) {
            throw new IllegalStateException("no removal of " + name);
          }
        });
    assertThatThrownBy(
            () -> {
              open();
              close();
            })
        .hasMessageStartingWith("no ");
    assertThat(metrics.getNames()).isEmpty();
    assertThat(healthChecks.getNames()).isEmpty();
  }
}
