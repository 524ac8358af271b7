package io.everpool.jfr;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CloseReason;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.observe.PoolEvent;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import jdk.jfr.Category;
import jdk.jfr.Event;
import jdk.jfr.EventType;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Recording;
import jdk.jfr.Timespan;
import jdk.jfr.ValueDescriptor;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a recording has of each event: written by Flight Recorder, and read back from its file. */
class JfrPoolsTest {
  private final JfrPools pools = new JfrPools();

  /** What stands in every event of Flight Recorder. */
  private static final List<String> EVERYWHERE =
      List.of("startTime", "duration", "eventThread", "stackTrace", "pool");

  private static final List<StackTraceElement> STACK =
      List.of(
          new StackTraceElement("io.everpool.core.EverpoolPool", "getConnection", "x", 1),
          new StackTraceElement("shop.Orders", "open", "Orders.java", 7));

  /** One of each kind, and what the recording must have of it. */
  private static Map<PoolEvent, String> samples() {
    Map<PoolEvent, String> samples = new LinkedHashMap<>();
    samples.put(
        new PoolEvent.AcquireTimedOut("p", 30_000_000_000L), "AcquireTimeout {waited=PT30S}");
    samples.put(new PoolEvent.AcquireRejected("p"), "AcquireRejection {}");
    samples.put(
        new PoolEvent.LeakSuspected("p", 3, "main #1", 60_000_000_000L, STACK),
        "Leak {acquiredAt=shop.Orders.open(Orders.java:7), connection=3, held=PT1M, holder=main #1}");
    samples.put(
        new PoolEvent.LeakEnded("p", 3, "main #1", 61_000_000_000L),
        "LeakEnd {connection=3, held=PT1M1S, holder=main #1}");
    samples.put(
        new PoolEvent.LeaseAbandoned("p", 3, "main #1", 60_000_000_000L, List.of()),
        "AbandonedLease {acquiredAt=, connection=3, held=PT1M, holder=main #1}");
    samples.put(
        new PoolEvent.NestedAcquire("p", "main #1", 3, true),
        "NestedAcquire {connection=3, deadlock=true, holder=main #1}");
    samples.put(new PoolEvent.TransactionLeftOpen("p", 3), "OpenTransaction {connection=3}");
    samples.put(
        new PoolEvent.ConnectionOpened("p", 3, 5_000_000), "Connect {connection=3, took=PT0.005S}");
    samples.put(
        new PoolEvent.ConnectFailed("p", Verdict.SERVER_DOWN, "refused", 2),
        "ConnectFailure {failures=2, message=refused, verdict=SERVER_DOWN}");
    samples.put(
        new PoolEvent.ConnectionClosed("p", 3, CloseReason.MAX_QUERIES, 9_000_000_000L, 50_000),
        "Retire {age=PT9S, connection=3, queries=50000, reason=max-queries}");
    samples.put(
        new PoolEvent.HealthCheckFailed("p", 3, "closed"),
        "ProbeFailure {connection=3, message=closed}");
    samples.put(
        new PoolEvent.ConnectionFailed("p", 3, Verdict.CONNECTION_LOST, "gone"),
        "ConnectionLoss {connection=3, message=gone, verdict=CONNECTION_LOST}");
    samples.put(
        new PoolEvent.Retried("p", "transfer", 2, Verdict.CONNECTION_LOST, "gone"),
        "Retry {attempt=2, message=gone, unit=transfer, verdict=CONNECTION_LOST}");
    samples.put(
        new PoolEvent.RetryRefused("p", "transfer", 1, "a write"),
        "RetryRefusal {attempts=1, reason=a write, unit=transfer}");
    samples.put(
        new PoolEvent.CommitResolved("p", "7:42", CommitStatus.COMMITTED),
        "CommitOutcome {outcome=COMMITTED, transaction=7:42}");
    samples.put(new PoolEvent.WriteUnknown("p", 3), "UnknownWrite {connection=3}");
    samples.put(new PoolEvent.PoolOpened("p", pool()), "PoolOpen {maxSize=5, minSize=4}");
    samples.put(new PoolEvent.PoolClosed("p"), "PoolClose {}");
    samples.put(
        new PoolEvent.Fenced("p", 8, "a restart"), "Fence {connections=8, reason=a restart}");
    samples.put(new PoolEvent.Recovered("p", 3_000_000_000L), "Recovery {down=PT3S}");
    samples.put(new PoolEvent.FellAsleep("p"), "Sleep {}");
    samples.put(new PoolEvent.WokeUp("p"), "Wake {}");
    return samples;
  }

  /** Of which nothing is asked but its configuration. */
  private static Pool pool() {
    PoolConfig config =
        PoolConfig.builder("jdbc:fake").name("p").password("hunter2").minSize(4).maxSize(5).build();
    return (Pool)
        Proxy.newProxyInstance(
            Pool.class.getClassLoader(),
            new Class<?>[] {Pool.class},
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "config" -> config;
                  case "toString" -> "a pool";
                  case "hashCode" -> 1;
                  default -> throw new UnsupportedOperationException(method.getName());
                });
  }

  private void tellAll() {
    samples().keySet().forEach(pools::onEvent);
    pools.waited("p", 7_000);
  }

  private static List<RecordedEvent> events(Recording recording, Path directory)
      throws IOException {
    recording.stop();
    Path file = directory.resolve("recording.jfr");
    recording.dump(file);
    return RecordingFile.readAllEvents(file).stream()
        .filter(event -> event.getEventType().getName().startsWith("everpool."))
        .toList();
  }

  /** An event that comes to be must not be forgotten here. */
  @Test
  void everyKindOfEventIsTold() {
    List<Class<?>> there =
        Arrays.stream(PoolEvent.class.getDeclaredClasses())
            .filter(PoolEvent.class::isAssignableFrom)
            .<Class<?>>map(type -> type)
            .toList();
    List<Class<?>> sampled =
        samples().keySet().stream().<Class<?>>map(PoolEvent::getClass).toList();
    List<Class<?>> told = JfrPools.all().stream().<Class<?>>map(JfrPools.Kind::event).toList();
    assertThat(told).containsExactlyInAnyOrderElementsOf(there);
    assertThat(sampled).containsExactlyInAnyOrderElementsOf(there);
  }

  @Test
  void eachIsReadBackFromTheFileWithAllThatItHas(@TempDir Path directory) throws IOException {
    List<String> expected = new ArrayList<>(samples().values());
    expected.add("AcquireWait {waited=PT0.000007S}");
    try (Recording recording = new Recording()) {
      recording.start();
      tellAll();

      assertThat(events(recording, directory))
          .allSatisfy(event -> assertThat(event.getString("pool")).isEqualTo("p"))
          .allSatisfy(event -> assertThat(event.toString()).doesNotContain("hunter2"))
          .map(JfrPoolsTest::text)
          .containsExactlyInAnyOrderElementsOf(expected);
    }
  }

  /** Its name and what it has beside what all have, in order. */
  private static String text(RecordedEvent event) {
    Map<String, Object> values = new TreeMap<>();
    for (ValueDescriptor field : event.getFields()) {
      if (!EVERYWHERE.contains(field.getName())) {
        values.put(
            field.getName(),
            field.getAnnotation(Timespan.class) != null
                ? event.getDuration(field.getName())
                : requireNonNull(event.<Object>getValue(field.getName())));
      }
    }
    return event.getEventType().getName().replace("everpool.", "") + " " + values;
  }

  /** Mission Control shows a tree of categories, labels and units; nothing may stand outside. */
  @Test
  void everyEventHasItsPlaceAndEveryFieldItsLabel() {
    for (EventType type : types()) {
      assertThat(type.getName()).startsWith("everpool.");
      assertThat(type.getAnnotation(Name.class)).isNotNull();
      assertThat(type.getLabel()).isNotBlank();
      assertThat(type.getDescription()).as(type.getName()).isNotBlank();
      assertThat(type.getAnnotation(Category.class).value())
          .as(type.getName())
          .hasSize(2)
          .startsWith("Everpool")
          .containsAnyOf("Leases", "Connections", "Units of Work", "Pool");
      for (ValueDescriptor field : type.getFields()) {
        assertThat(field.getAnnotation(Label.class))
            .as(type.getName() + " " + field.getName())
            .isNotNull();
      }
    }
    assertThat(types()).map(EventType::getName).doesNotHaveDuplicates();
  }

  private static List<EventType> types() {
    List<EventType> types = new ArrayList<>();
    types.add(EventType.getEventType(Leases.AcquireWait.class));
    JfrPools.all().forEach(kind -> types.add(EventType.getEventType(kind.told())));
    return types;
  }

  /** A caller's own stack says which code waits; that of a thread of the pool says nothing. */
  @Test
  void onlyWhatHappensOnCallersThreadsHasAStack(@TempDir Path directory) throws IOException {
    List<String> callers =
        List.of(
            "AcquireWait",
            "AcquireTimeout",
            "AcquireRejection",
            "OpenTransaction",
            "Retry",
            "RetryRefusal",
            "CommitOutcome",
            "UnknownWrite");
    try (Recording recording = new Recording()) {
      recording.start();
      tellAll();

      assertThat(events(recording, directory))
          .filteredOn(event -> event.getStackTrace() != null)
          .map(event -> event.getEventType().getName().replace("everpool.", ""))
          .containsExactlyInAnyOrderElementsOf(callers);
    }
  }

  private static final class Reluctant extends Told<PoolEvent.WokeUp> {
    private static int taken;

    @Override
    void take(PoolEvent.WokeUp event) {
      taken++;
    }
  }

  /** Free when off: nothing is read off an event that no recording wants. */
  @Test
  void nothingIsTakenWhileNobodyRecords() {
    JfrPools.Kind<PoolEvent.WokeUp> kind =
        new JfrPools.Kind<>(PoolEvent.WokeUp.class, Reluctant.class, Reluctant::new);
    kind.tell(new PoolEvent.WokeUp("p"));
    assertThat(Reluctant.taken).isZero();

    try (Recording recording = new Recording()) {
      recording.start();
      kind.tell(new PoolEvent.WokeUp("p"));
      assertThat(Reluctant.taken).isEqualTo(1);
      recording.stop();
      kind.tell(new PoolEvent.WokeUp("p"));
      assertThat(Reluctant.taken).isEqualTo(1);
    }
  }

  /** A recording's settings choose by name. */
  @Test
  void aRecordingCanLeaveOneOut(@TempDir Path directory) throws IOException {
    try (Recording recording = new Recording()) {
      recording.disable("everpool.AcquireWait");
      recording.start();
      pools.waited("p", 1);
      pools.onEvent(new PoolEvent.WokeUp("p"));

      assertThat(events(recording, directory))
          .singleElement()
          .satisfies(
              event -> {
                assertThat(event.getEventType().getName()).isEqualTo("everpool.Wake");
                assertThat(event.getDuration()).isEqualTo(Duration.ZERO);
              });
    }
  }

  /** Of a later version of the pool, say. */
  @Test
  void anEventThatNobodyKnowsIsLeftAlone(@TempDir Path directory) throws IOException {
    try (Recording recording = new Recording()) {
      recording.start();
      pools.onEvent(() -> "p");

      assertThat(events(recording, directory)).isEmpty();
      assertThat(pools).hasToString("JfrPools");
      assertThat(Event.class).isAssignableFrom(Told.class);
    }
  }
}
