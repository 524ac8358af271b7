package io.everpool.micrometer;

import static java.util.Map.entry;

import io.everpool.api.CloseReason;
import io.everpool.api.Pool;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.observe.PoolEvent;
import io.everpool.micrometer.Registration.Registrar;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The timers and counters of one pool, which are written to; its gauges are read instead.
 * Thread-safe.
 */
final class PoolMeters {

  /** Events that are only counted, each with its counter's name and a description. */
  private static final Map<Class<? extends PoolEvent>, Count> COUNTED =
      Map.ofEntries(
          entry(
              PoolEvent.ConnectionOpened.class,
              new Count("everpool.connections.opened", "Connections opened")),
          entry(
              PoolEvent.ConnectionFailed.class,
              new Count("everpool.connections.failed", "Connections that failed in use")),
          entry(
              PoolEvent.ConnectFailed.class,
              new Count("everpool.connect.failures", "Failed attempts to open a connection")),
          entry(
              PoolEvent.AcquireRejected.class,
              new Count("everpool.rejected", "Callers turned away at once")),
          entry(PoolEvent.Retried.class, new Count("everpool.retries", "Reruns of units of work")),
          entry(
              PoolEvent.RetryRefused.class,
              new Count(
                  "everpool.retries.refused",
                  "Units of work that failed, not of their own, and were not rerun")),
          entry(
              PoolEvent.WriteUnknown.class,
              new Count("everpool.writes.unknown", "Writes in autocommit whose answer was lost")),
          entry(
              PoolEvent.HealthCheckFailed.class,
              new Count("everpool.health.check.failures", "Idle connections found dead")),
          entry(
              PoolEvent.Fenced.class,
              new Count("everpool.fenced", "Times that every connection was given up")),
          entry(
              PoolEvent.TransactionLeftOpen.class,
              new Count(
                  "everpool.transactions.left.open",
                  "Connections that came back with an open transaction")),
          entry(
              PoolEvent.LeakSuspected.class,
              new Count("everpool.leaks.suspected", "Connections out for longer than allowed")),
          entry(
              PoolEvent.LeakEnded.class,
              new Count("everpool.leaks.ended", "Suspected leaks that are out no longer")),
          entry(
              PoolEvent.LeaseAbandoned.class,
              new Count(
                  "everpool.leases.abandoned", "Connections dropped unclosed, and taken back")),
          entry(
              PoolEvent.NestedAcquire.class,
              new Count(
                  "everpool.nested.acquires",
                  "Told of threads that hold a connection and wait for another")),
          entry(
              PoolEvent.FellAsleep.class,
              new Count("everpool.fell.asleep", "Times that the pool left the database alone")),
          entry(PoolEvent.WokeUp.class, new Count("everpool.woke.up", "Times that work woke it")));

  /** The gauges that only Everpool has. */
  private static final List<Figure> FIGURES =
      List.of(
          new Figure(
              "everpool.connections.connecting",
              "Connections being opened",
              now -> now.connecting()),
          new Figure(
              "everpool.connections.closing", "Connections being closed", now -> now.closing()),
          new Figure(
              "everpool.asleep",
              "1 while the pool leaves an unused database alone, else 0",
              now -> now.asleep() ? 1 : 0),
          new Figure(
              "everpool.down",
              "1 while the server is known to be unreachable, else 0",
              now -> now.down() ? 1 : 0),
          new Figure(
              "everpool.suspended",
              "1 while an operator has suspended the pool, else 0",
              now -> now.suspended() ? 1 : 0));

  /**
   * The buckets of the timers' histograms: those that OpenTelemetry's conventions give to a
   * client's operations, in seconds from 0.001 to 10.
   */
  private static final Duration[] BUCKETS = {
    Duration.ofMillis(1),
    Duration.ofMillis(5),
    Duration.ofMillis(10),
    Duration.ofMillis(50),
    Duration.ofMillis(100),
    Duration.ofMillis(500),
    Duration.ofSeconds(1),
    Duration.ofSeconds(5),
    Duration.ofSeconds(10)
  };

  private final Timer wait;
  private final Timer use;
  private final Timer connect;
  private final Timer outage;
  private final Counter timeouts;
  private final Map<Class<? extends PoolEvent>, Counter> counters = new HashMap<>();
  private final Map<CloseReason, Counter> closed = new EnumMap<>(CloseReason.class);
  private final Map<CommitStatus, Counter> commits = new EnumMap<>(CommitStatus.class);

  PoolMeters(Registrar registrar, MetricNames names, Tags tags) {
    wait = timer(registrar, names.wait, tags, "From asking for a connection to having it");
    use = timer(registrar, names.use, tags, "From having a connection to giving it back");
    connect = timer(registrar, names.connect, tags, "Opening a connection");
    outage =
        timer(registrar, "everpool.outage", tags, "For how long the server was seen to be away");
    timeouts = counter(registrar, new Count(names.timeouts, "Callers who waited in vain"), tags);
    COUNTED.forEach((event, count) -> counters.put(event, counter(registrar, count, tags)));
    for (CloseReason reason : CloseReason.values()) {
      Count count = new Count("everpool.connections.closed", "Connections closed");
      closed.put(reason, counter(registrar, count, tags.and("reason", reason.label())));
    }
    for (CommitStatus status : CommitStatus.values()) {
      Count count =
          new Count("everpool.commits", "COMMITs whose answer was lost, by what came out");
      commits.put(status, counter(registrar, count, tags.and("status", label(status))));
    }
  }

  /** Registers the gauges of a pool, which is looked at whenever they are read. */
  static void gauges(Registrar registrar, MetricNames names, Tags tags, Pool pool) {
    SharedSnapshot snapshot = new SharedSnapshot(pool, registrar.registry().config().clock());
    for (List<Figure> figures : List.of(names.figures, FIGURES)) {
      for (Figure figure : figures) {
        registrar.add(
            Gauge.builder(figure.name(), () -> figure.of().applyAsInt(snapshot.now()))
                    .tags(tags.and(figure.tags()))
                    .description(figure.what())
                ::register);
      }
    }
  }

  void acquired(long waitedNanos) {
    wait.record(waitedNanos, TimeUnit.NANOSECONDS);
  }

  void released(long heldNanos) {
    use.record(heldNanos, TimeUnit.NANOSECONDS);
  }

  void count(PoolEvent event) {
    if (event instanceof PoolEvent.ConnectionClosed closing) {
      count(closed.get(closing.reason()));
    } else if (event instanceof PoolEvent.CommitResolved resolved) {
      count(commits.get(resolved.status()));
    } else if (event instanceof PoolEvent.AcquireTimedOut) {
      timeouts.increment();
    } else if (event instanceof PoolEvent.Recovered recovered) {
      outage.record(recovered.downNanos(), TimeUnit.NANOSECONDS);
    } else {
      if (event instanceof PoolEvent.ConnectionOpened opened) {
        connect.record(opened.tookNanos(), TimeUnit.NANOSECONDS);
      }
      count(counters.get(event.getClass()));
    }
  }

  private static void count(@Nullable Counter counter) {
    if (counter != null) {
      counter.increment();
    }
  }

  private static String label(CommitStatus status) {
    return status.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static Counter counter(Registrar registrar, Count count, Tags tags) {
    return registrar.add(
        Counter.builder(count.name()).tags(tags).description(count.of())::register);
  }

  /** Makes a timer, with a histogram if the registry has histograms. */
  private static Timer timer(Registrar registrar, String name, Tags tags, String what) {
    return registrar.add(
        Timer.builder(name).tags(tags).description(what).serviceLevelObjectives(BUCKETS)::register);
  }

  private record Count(String name, String of) {}
}
