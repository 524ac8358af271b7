package io.everpool.jfr;

import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.WaitListener;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import jdk.jfr.FlightRecorder;

/**
 * Writes what happens in pools into the recordings of JDK Flight Recorder, if there are any:
 *
 * <pre>{@code
 * Pool pool = Everpool.builder(config).listener(new JfrPools()).open();
 * }</pre>
 *
 * <p>The events are called {@code everpool.…} and stand below <i>Everpool</i> in JDK Mission
 * Control. They are on by default; a recording's settings choose among them by name. While nobody
 * records, no event object is made. Of leases, only those that had to wait are told.
 *
 * <p>One object serves any number of pools. Thread-safe.
 */
public final class JfrPools implements WaitListener {

  /** The category below which all of the events stand. */
  static final String CATEGORY = "Everpool";

  /**
   * The kinds of the pool's events that a recording can have, each with the event of Flight
   * Recorder that tells of it.
   */
  private static final List<Kind<?>> ALL =
      List.of(
          kind(
              PoolEvent.AcquireTimedOut.class,
              Leases.AcquireTimeout.class,
              Leases.AcquireTimeout::new),
          kind(
              PoolEvent.AcquireRejected.class,
              Leases.AcquireRejection.class,
              Leases.AcquireRejection::new),
          kind(PoolEvent.LeakSuspected.class, Leases.Leak.class, Leases.Leak::new),
          kind(PoolEvent.LeakEnded.class, Leases.LeakEnd.class, Leases.LeakEnd::new),
          kind(
              PoolEvent.LeaseAbandoned.class,
              Leases.AbandonedLease.class,
              Leases.AbandonedLease::new),
          kind(
              PoolEvent.NestedAcquire.class, Leases.NestedAcquire.class, Leases.NestedAcquire::new),
          kind(
              PoolEvent.TransactionLeftOpen.class,
              Leases.OpenTransaction.class,
              Leases.OpenTransaction::new),
          kind(
              PoolEvent.ConnectionOpened.class,
              Connections.Connect.class,
              Connections.Connect::new),
          kind(
              PoolEvent.ConnectFailed.class,
              Connections.ConnectFailure.class,
              Connections.ConnectFailure::new),
          kind(PoolEvent.ConnectionClosed.class, Connections.Retire.class, Connections.Retire::new),
          kind(
              PoolEvent.HealthCheckFailed.class,
              Connections.ProbeFailure.class,
              Connections.ProbeFailure::new),
          kind(
              PoolEvent.ConnectionFailed.class,
              Connections.ConnectionLoss.class,
              Connections.ConnectionLoss::new),
          kind(PoolEvent.Retried.class, Units.Retry.class, Units.Retry::new),
          kind(PoolEvent.RetryRefused.class, Units.RetryRefusal.class, Units.RetryRefusal::new),
          kind(PoolEvent.CommitResolved.class, Units.CommitOutcome.class, Units.CommitOutcome::new),
          kind(PoolEvent.WriteUnknown.class, Units.UnknownWrite.class, Units.UnknownWrite::new),
          kind(PoolEvent.PoolOpened.class, Servers.PoolOpen.class, Servers.PoolOpen::new),
          kind(PoolEvent.PoolClosed.class, Servers.PoolClose.class, Servers.PoolClose::new),
          kind(PoolEvent.Fenced.class, Servers.Fence.class, Servers.Fence::new),
          kind(PoolEvent.Recovered.class, Servers.Recovery.class, Servers.Recovery::new),
          kind(PoolEvent.FellAsleep.class, Servers.Sleep.class, Servers.Sleep::new),
          kind(PoolEvent.WokeUp.class, Servers.Wake.class, Servers.Wake::new));

  private static final Map<Class<? extends PoolEvent>, Kind<?>> KINDS = new HashMap<>();

  static {
    for (Kind<?> kind : ALL) {
      KINDS.put(kind.event, kind);
    }
  }

  /**
   * @param told the event of Flight Recorder; it is registered at once, so that a console shows it
   *     before it first happens
   */
  record Kind<E extends PoolEvent>(
      Class<E> event, Class<? extends Told<E>> told, Supplier<? extends Told<E>> made) {

    void tell(PoolEvent news) {
      Told<E> record = made.get();
      if (record.isEnabled()) {
        record.pool = news.pool();
        record.take(event.cast(news));
        record.commit();
      }
    }
  }

  private static <E extends PoolEvent, T extends Told<E>> Kind<E> kind(
      Class<E> event, Class<T> told, Supplier<T> made) {
    return new Kind<>(event, told, made);
  }

  /** Makes a listener for any number of pools. */
  public JfrPools() {
    FlightRecorder.register(Leases.AcquireWait.class);
    for (Kind<?> kind : ALL) {
      FlightRecorder.register(kind.told);
    }
  }

  /** All kinds, for tests. */
  static List<Kind<?>> all() {
    return ALL;
  }

  @Override
  public void onEvent(PoolEvent event) {
    Kind<?> kind = KINDS.get(event.getClass());
    if (kind != null) {
      kind.tell(event);
    }
  }

  @Override
  public void waited(String pool, long waitedNanos) {
    Leases.AcquireWait record = new Leases.AcquireWait();
    if (record.isEnabled()) {
      record.pool = pool;
      record.waited = waitedNanos;
      record.commit();
    }
  }

  @Override
  public String toString() {
    return "JfrPools";
  }
}
