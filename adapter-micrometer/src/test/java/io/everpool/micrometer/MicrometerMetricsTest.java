package io.everpool.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.CloseReason;
import io.everpool.api.Verdict;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.observe.PoolEvent;
import io.everpool.fakes.FakePool;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MockClock;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.simple.SimpleConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
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
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@org.junit.jupiter.api.Tag("contract")
class MicrometerMetricsTest {
  private static final PoolEvent CLOSED_P = new PoolEvent.PoolClosed("p");
  private static final PoolEvent OPENED = new PoolEvent.ConnectionOpened("p", 1, 5_000_000);

  private final MockClock clock = new MockClock();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry(SimpleConfig.DEFAULT, clock);
  private final FakePool pool = new FakePool("p");
  private final MicrometerMetrics poolMetrics = MicrometerMetrics.of("p", registry);

  /** One of each event that isn't about the pool as such, and the counter that it moves. */
  private static Map<PoolEvent, String> countedEvents() {
    Map<PoolEvent, String> events = new LinkedHashMap<>();
    events.put(OPENED, "everpool.connections.opened");
    events.put(
        new PoolEvent.ConnectFailed("p", Verdict.SERVER_DOWN, "refused", 1),
        "everpool.connect.failures");
    events.put(new PoolEvent.AcquireTimedOut("p", 1), "db.client.connection.timeouts");
    events.put(new PoolEvent.AcquireRejected("p"), "everpool.rejected");
    events.put(
        new PoolEvent.Retried("p", "work", 2, Verdict.CONNECTION_LOST, "gone"), "everpool.retries");
    events.put(new PoolEvent.RetryRefused("p", "work", 1, "a write"), "everpool.retries.refused");
    events.put(new PoolEvent.HealthCheckFailed("p", 1, "closed"), "everpool.health.check.failures");
    events.put(
        new PoolEvent.ConnectionFailed("p", 1, Verdict.CONNECTION_LOST, "gone"),
        "everpool.connections.failed");
    events.put(new PoolEvent.Fenced("p", 2, "restart"), "everpool.fenced");
    events.put(new PoolEvent.TransactionLeftOpen("p", 1), "everpool.transactions.left.open");
    events.put(new PoolEvent.LeakSuspected("p", 1, "main", 1), "everpool.leaks.suspected");
    events.put(new PoolEvent.LeakEnded("p", 1, "main", 1), "everpool.leaks.ended");
    events.put(
        new PoolEvent.LeaseAbandoned("p", 1, "main", 1, List.of()), "everpool.leases.abandoned");
    events.put(new PoolEvent.NestedAcquire("p", "main", 1, false), "everpool.nested.acquires");
    events.put(new PoolEvent.WriteUnknown("p", 1), "everpool.writes.unknown");
    events.put(new PoolEvent.FellAsleep("p"), "everpool.fell.asleep");
    events.put(new PoolEvent.WokeUp("p"), "everpool.woke.up");
    for (CloseReason reason : CloseReason.values()) {
      events.put(
          new PoolEvent.ConnectionClosed("p", 1, reason, 1, 1),
          "everpool.connections.closed reason=" + reason.label());
    }
    events.put(
        new PoolEvent.CommitResolved("p", "7", CommitStatus.COMMITTED),
        "everpool.commits status=committed");
    events.put(
        new PoolEvent.CommitResolved("p", "7", CommitStatus.ABORTED),
        "everpool.commits status=aborted");
    events.put(
        new PoolEvent.CommitResolved("p", "7", CommitStatus.IN_PROGRESS),
        "everpool.commits status=in-progress");
    events.put(
        new PoolEvent.CommitResolved("p", "7", CommitStatus.UNKNOWN),
        "everpool.commits status=unknown");
    return events;
  }

  private void open() {
    poolMetrics.onEvent(new PoolEvent.PoolOpened("p", pool));
  }

  private void close() {
    pool.close();
    poolMetrics.onEvent(CLOSED_P);
  }

  private MicrometerMetrics hikari(String name) {
    return MicrometerMetrics.builder(name, registry).names(MetricNames.HIKARI_CP).build();
  }

  /** Without the gauges in which this registry shows the buckets of timers. */
  private Set<String> names() {
    return registry.getMeters().stream()
        .map(meter -> meter.getId().getName())
        .filter(name -> !name.endsWith(".histogram"))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Without the pool's own tag. */
  private Map<String, Double> counts() {
    Map<String, Double> counts = new TreeMap<>();
    for (Meter meter : registry.getMeters()) {
      if (meter instanceof Counter counter) {
        String tags =
            meter.getId().getTags().stream()
                .filter(tag -> !tag.getValue().equals("p"))
                .map(tag -> " " + tag.getKey() + "=" + tag.getValue())
                .collect(Collectors.joining());
        counts.put(meter.getId().getName() + tags, counter.count());
      }
    }
    return counts;
  }

  private double gauge(String name, String... tags) {
    return registry.get(name).tags(tags).gauge().value();
  }

  private Timer timer(String name) {
    return registry.get(name).tag("db.client.connection.pool.name", "p").timer();
  }

  /** A counter that moves at the wrong event, or two at one, tells stories. */
  @Test
  void everyEventMovesItsOwnCounterAndNoOther() {
    open();
    countedEvents()
        .forEach(
            (event, name) -> {
              Map<String, Double> expected = counts();
              expected.merge(name, 1.0, Double::sum);
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

    assertThat(counts().keySet()).isEqualTo(new TreeSet<>(countedEvents().values()));
    assertThat(counts().values()).allMatch(count -> count == 0);
    assertThat(registry.getMeters())
        .allMatch(meter -> "p".equals(meter.getId().getTag("db.client.connection.pool.name")))
        .filteredOn(meter -> names().contains(meter.getId().getName()))
        .allMatch(meter -> meter.getId().getDescription() != null);
  }

  /** The page names what there is, all of it and nothing else. */
  @ParameterizedTest
  @EnumSource(MetricNames.class)
  void thePageOnMetricsNamesEveryMetric(MetricNames choice) throws IOException {
    MicrometerMetrics.builder("p", registry)
        .names(choice)
        .build()
        .onEvent(new PoolEvent.PoolOpened("p", pool));
    String prefix = choice == MetricNames.HIKARI_CP ? "hikaricp" : "db\\.client";
    Set<String> documented = new TreeSet<>();
    Matcher row =
        Pattern.compile(
                "(?m)^\\| (?:\\| )?(`(?:db\\.client|everpool|hikaricp).*) \\| [a-z]+ \\| .* \\|$")
            .matcher(Files.readString(Path.of("..", "docs", "metrics.md")));
    while (row.find()) {
      Matcher name =
          Pattern.compile("`((?:" + prefix + "|everpool)\\.[a-z_.]+)`").matcher(row.group(1));
      while (name.find()) {
        documented.add(name.group(1));
      }
    }

    assertThat(documented).isEqualTo(names());
  }

  /** Each figure under its own name. */
  @Test
  void gaugesShowThePoolsFigures() {
    pool.down = true;
    open();

    assertThat(gauge("db.client.connection.count", "db.client.connection.state", "idle"))
        .isEqualTo(1 + 4);
    assertThat(gauge("db.client.connection.count", "db.client.connection.state", "used"))
        .isEqualTo(2);
    assertThat(gauge("db.client.connection.pending_requests")).isEqualTo(6);
    assertThat(gauge("db.client.connection.idle.min")).isEqualTo(7);
    assertThat(gauge("db.client.connection.idle.max")).isEqualTo(8);
    assertThat(gauge("db.client.connection.max")).isEqualTo(8);
    assertThat(gauge("everpool.connections.connecting")).isEqualTo(3);
    assertThat(gauge("everpool.connections.closing")).isEqualTo(5);
    assertThat(gauge("everpool.down")).isEqualTo(1);
    assertThat(gauge("everpool.asleep")).isZero();
    assertThat(gauge("everpool.suspended")).isZero();
  }

  /** Who waits for an operator should be told so. */
  @Test
  void aGaugeShowsASuspension() {
    pool.suspended = true;
    open();

    assertThat(gauge("everpool.suspended")).isEqualTo(1);
  }

  @Test
  void byHikariCpsNamesGaugesShowThePoolsFigures() {
    hikari("p").onEvent(new PoolEvent.PoolOpened("p", pool));

    assertThat(gauge("hikaricp.connections", "pool", "p")).isEqualTo(1 + 2 + 4);
    assertThat(gauge("hikaricp.connections.idle", "pool", "p")).isEqualTo(1 + 4);
    assertThat(gauge("hikaricp.connections.active", "pool", "p")).isEqualTo(2);
    assertThat(gauge("hikaricp.connections.pending", "pool", "p")).isEqualTo(6);
    assertThat(gauge("hikaricp.connections.min", "pool", "p")).isEqualTo(7);
    assertThat(gauge("hikaricp.connections.max", "pool", "p")).isEqualTo(8);
  }

  /** In nanoseconds, as they come. */
  @Test
  void timersTakeLeasesConnectsAndOutages() {
    open();
    poolMetrics.acquired(1_000);
    poolMetrics.released(2_000);
    poolMetrics.released(4_000);
    poolMetrics.onEvent(OPENED);
    poolMetrics.onEvent(new PoolEvent.Recovered("p", TimeUnit.SECONDS.toNanos(3)));

    assertThat(timer("db.client.connection.wait_time").totalTime(TimeUnit.NANOSECONDS))
        .isEqualTo(1_000);
    assertThat(timer("db.client.connection.use_time").count()).isEqualTo(2);
    assertThat(timer("db.client.connection.use_time").totalTime(TimeUnit.NANOSECONDS))
        .isEqualTo(6_000);
    assertThat(timer("db.client.connection.create_time").totalTime(TimeUnit.MILLISECONDS))
        .isEqualTo(5);
    assertThat(timer("everpool.outage").totalTime(TimeUnit.SECONDS)).isEqualTo(3);
  }

  /** A pool connects before it is open, and some never are: those must leave nothing behind. */
  @Test
  void aPoolThatNeverOpensIsCountedWhileItTriesAndLeavesNothing() {
    poolMetrics.acquired(1);
    poolMetrics.released(1);
    assertThat(registry.getMeters()).isEmpty();

    poolMetrics.onEvent(OPENED);
    assertThat(timer("db.client.connection.create_time").count()).isEqualTo(1);
    assertThat(registry.find("db.client.connection.count").meter()).isNull();

    poolMetrics.onEvent(CLOSED_P);
    assertThat(registry.getMeters()).isEmpty();
  }

  /** What was counted until a pool is open stays counted. */
  @Test
  void whatHappensBeforeThePoolIsOpenIsCounted() {
    poolMetrics.onEvent(OPENED);
    open();

    assertThat(counts()).containsEntry("everpool.connections.opened", 1.0);
  }

  /** Whoever tries again with the same object has his connects counted, as the first time. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatHappensBeforeTheNextPoolIsOpenIsCounted(boolean firstHasOpened) {
    PoolEvent refused = new PoolEvent.ConnectFailed("p", Verdict.SERVER_DOWN, "refused", 1);
    poolMetrics.onEvent(refused);
    if (firstHasOpened) {
      open();
      close();
    } else {
      poolMetrics.onEvent(CLOSED_P);
    }

    poolMetrics.onEvent(refused);
    poolMetrics.onEvent(refused);
    poolMetrics.onEvent(CLOSED_P);
    poolMetrics.onEvent(refused);
    poolMetrics.onEvent(OPENED);
    assertThat(registry.getMeters()).as("it may never open").isEmpty();
    FakePool next = new FakePool("p");
    poolMetrics.onEvent(new PoolEvent.PoolOpened("p", next));
    poolMetrics.onEvent(OPENED);

    assertThat(counts())
        .containsEntry("everpool.connect.failures", 1.0)
        .containsEntry("everpool.connections.opened", 2.0);
    assertThat(timer("db.client.connection.create_time").count()).isEqualTo(2);
    next.close();
    poolMetrics.onEvent(CLOSED_P);
    assertThat(registry.getMeters()).isEmpty();
  }

  @Test
  void soItIsWithThePoolOfAReader() {
    for (int i = 0; i < 2; i++) {
      FakePool reader = new FakePool("p-reader-1");
      poolMetrics.onEvent(new PoolEvent.ConnectionOpened("p-reader-1", 1, 5_000_000));
      poolMetrics.onEvent(new PoolEvent.PoolOpened("p-reader-1", reader));
      assertThat(registry.get("everpool.connections.opened").counter().count()).isEqualTo(1);
      reader.close();
      poolMetrics.onEvent(new PoolEvent.PoolClosed("p-reader-1"));
    }
    assertThat(registry.getMeters()).isEmpty();
  }

  /** What a pool that is nowhere to be seen goes on telling is kept for nobody. */
  @Test
  void whatIsToldOfAPoolThatWasRefusedIsNoneOfTheNext() {
    MicrometerMetrics twin = MicrometerMetrics.of("p", registry);
    open();
    assertThatThrownBy(() -> twin.onEvent(new PoolEvent.PoolOpened("p", new FakePool("p"))))
        .isInstanceOf(IllegalArgumentException.class);
    close();
    twin.onEvent(OPENED);
    twin.onEvent(CLOSED_P);
    twin.onEvent(new PoolEvent.PoolOpened("p", new FakePool("p")));

    assertThat(counts()).containsEntry("everpool.connections.opened", 0.0);
  }

  /** Whoever has waited for its end may open the next before that is told. */
  @Test
  void theNextMayOpenBeforeTheEndOfTheFirstIsTold() {
    open();
    pool.close();
    FakePool next = new FakePool("p");
    next.idle = 3;
    poolMetrics.onEvent(new PoolEvent.PoolOpened("p", next));
    poolMetrics.onEvent(CLOSED_P);

    assertThat(gauge("db.client.connection.count", "db.client.connection.state", "idle"))
        .isEqualTo(3 + 4);
    next.close();
    poolMetrics.onEvent(CLOSED_P);
    assertThat(registry.getMeters()).isEmpty();
  }

  /** A registry is shared with the whole application. */
  @Test
  void closingRemovesWhatOpeningRegisteredAndNothingElse() {
    registry.counter("everpool.retries", "db.client.connection.pool.name", "somebody");
    MicrometerMetrics others = MicrometerMetrics.of("second", registry);
    others.onEvent(new PoolEvent.PoolOpened("second", new FakePool("second")));
    Set<Meter> before = new HashSet<>(registry.getMeters());
    open();
    assertThat(registry.getMeters()).hasSizeGreaterThan(before.size());

    close();
    close();
    poolMetrics.onEvent(new PoolEvent.AcquireTimedOut("p", 1)); // a straggler
    poolMetrics.acquired(1);

    assertThat(new HashSet<>(registry.getMeters())).isEqualTo(before);
  }

  /** An application that opens its pool anew may do so with the same object. */
  @Test
  void anotherPoolMayFollowTheOneThatHasClosed() {
    open();
    poolMetrics.onEvent(OPENED);
    close();
    open();

    assertThat(counts()).containsEntry("everpool.connections.opened", 0.0);
    assertThat(gauge("db.client.connection.max")).isEqualTo(8);
  }

  /** Found out where the pool is put together, not in a log of the running application. */
  @Test
  void aNameThatIsTakenIsRefusedWithAdvice() {
    open();

    assertThatThrownBy(() -> MicrometerMetrics.of("p", registry))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("db.client.connection.")
        .hasMessageContaining("give each pool a name of its own");
    assertThat(hikari("p")).hasToString("MicrometerMetrics of p");
    assertThat(MicrometerMetrics.builder("p", registry).tags(Tags.of("db", "reports")).build())
        .isNotNull();
    assertThat(MicrometerMetrics.of("q", registry)).isNotNull();
  }

  /** Two pools of one name that are opened side by side: the first keeps its figures whole. */
  @Test
  void theSecondOfTwoPoolsOfOneNameIsRefusedWholeAndLeavesTheFirstAlone() {
    MicrometerMetrics twin = MicrometerMetrics.of("p", registry);
    open();
    Set<Meter> before = new HashSet<>(registry.getMeters());

    assertThatThrownBy(() -> twin.onEvent(new PoolEvent.PoolOpened("p", new FakePool("p"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("give each pool a name of its own");
    twin.onEvent(OPENED); // said once, and not again at each event
    twin.acquired(1);
    twin.onEvent(CLOSED_P);

    assertThat(new HashSet<>(registry.getMeters())).isEqualTo(before);
    assertThat(timer("db.client.connection.wait_time").count()).isZero();
    assertThat(counts().values()).allMatch(count -> count == 0);
  }

  /** The same where a filter makes one of what two pools would have had. */
  @Test
  void aFilterThatTakesThePoolsNameAwayIsNoticed() {
    registry.config().meterFilter(MeterFilter.ignoreTags("db.client.connection.pool.name"));
    open();

    assertThatThrownBy(
            () ->
                MicrometerMetrics.of("q", registry)
                    .onEvent(new PoolEvent.PoolOpened("q", new FakePool("q"))))
        .isInstanceOf(IllegalArgumentException.class);
    close();
    assertThat(registry.getMeters()).isEmpty();
  }

  /** Two pools would count into one object, and the first to close would end the other's. */
  @Test
  void oneObjectIsForOnePoolAtATime() {
    open();
    Set<Meter> before = new HashSet<>(registry.getMeters());

    assertThatThrownBy(this::open)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("that is open")
        .hasMessageContaining("give it a name of its own");
    poolMetrics.onEvent(CLOSED_P); // of the second, or of one that could not even be opened

    assertThat(new HashSet<>(registry.getMeters())).isEqualTo(before);
    close();
    assertThat(registry.getMeters()).isEmpty();
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
    assertThat(counts()).containsEntry("everpool.rejected", 0.0);
  }

  @Test
  void tagsAreOnEveryMetric() {
    MicrometerMetrics.builder("p", registry)
        .tags(Tags.of("service", "till"))
        .tags(List.of(Tag.of("zone", "b")))
        .build()
        .onEvent(new PoolEvent.PoolOpened("p", pool));

    assertThat(registry.getMeters())
        .isNotEmpty()
        .allMatch(meter -> "till".equals(meter.getId().getTag("service")))
        .allMatch(meter -> "b".equals(meter.getId().getTag("zone")))
        .allMatch(meter -> "p".equals(meter.getId().getTag("db.client.connection.pool.name")));
  }

  /** Spring Boot's registry is one of several. */
  @Test
  void aCompositeHasThemInEachAndLosesThemInEach() {
    CompositeMeterRegistry all = new CompositeMeterRegistry(clock);
    all.add(registry);
    MicrometerMetrics metrics = MicrometerMetrics.of("p", all);
    metrics.onEvent(new PoolEvent.PoolOpened("p", pool));
    metrics.acquired(1_000);

    assertThat(timer("db.client.connection.wait_time").count()).isEqualTo(1);
    assertThat(gauge("db.client.connection.max")).isEqualTo(8);
    pool.close();
    metrics.onEvent(CLOSED_P);
    assertThat(registry.getMeters()).isEmpty();
    assertThat(all.getMeters()).isEmpty();
  }

  /** Figures that are read together should be of one and the same moment. */
  @Test
  void gaugesReadTogetherShareOneLookAtThePool() {
    SharedSnapshot shared = new SharedSnapshot(pool, clock);
    List<Integer> idle = new ArrayList<>();

    idle.add(shared.now().idle());
    pool.idle = 9;
    clock.add(SharedSnapshot.GOOD_FOR - 1, TimeUnit.NANOSECONDS);
    idle.add(shared.now().idle());
    clock.add(1, TimeUnit.NANOSECONDS);
    idle.add(shared.now().idle());

    assertThat(idle).containsExactly(1, 1, 9);
    assertThat(pool.looks).isEqualTo(2);
  }

  /** Nor does the application's own listener keep anything of a pool there. */
  @Test
  void aListenerOfTheRegistryThatThrowsLeavesNothingBehind() {
    registry
        .config()
        .onMeterRemoved(
            meter -> {
              if (meter instanceof Counter) { // a timer has gauges, which Micrometer itself removes
                throw new IllegalStateException("no removal");
              }
            });
    open();
    assertThatThrownBy(this::close).hasMessage("no removal");
    assertThat(registry.getMeters()).isEmpty();
  }
}
