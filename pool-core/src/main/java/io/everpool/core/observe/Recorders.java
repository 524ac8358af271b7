package io.everpool.core.observe;

import io.everpool.api.observe.LeaseRecorder;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Several recorders as one. If one of them throws, the others are called all the same. */
public final class Recorders implements LeaseRecorder {
  private final String pool;
  private final LeaseRecorder[] all;
  private final LongSupplier clock;
  private final CallbackFailures failures;

  private Recorders(String pool, List<LeaseRecorder> all, LongSupplier clock) {
    this.pool = pool;
    this.all = all.toArray(LeaseRecorder[]::new);
    this.clock = clock;
    this.failures = new CallbackFailures(clock);
  }

  /**
   * All as one; null for none, for then the pool needn't read the clock.
   *
   * @param clock limits how often the log tells of a recorder that fails
   */
  public static @Nullable LeaseRecorder of(
      String pool, List<LeaseRecorder> all, LongSupplier clock) {
    return switch (all.size()) {
      case 0 -> null;
      case 1 -> all.get(0);
      default -> new Recorders(pool, all, clock);
    };
  }

  @Override
  public void acquired(long waitedNanos) {
    for (LeaseRecorder each : all) {
      try {
        each.acquired(waitedNanos);
      } catch (Throwable e) {
        failures.tell(pool, "a lease recorder", each, e);
      }
    }
  }

  @Override
  public void released(long heldNanos) {
    for (LeaseRecorder each : all) {
      try {
        each.released(heldNanos);
      } catch (Throwable e) {
        failures.tell(pool, "a lease recorder", each, e);
      }
    }
  }

  @Override
  public LeaseRecorder ofReader(String reader) {
    List<LeaseRecorder> ofReader =
        List.of(all).stream().map(each -> each.ofReader(reader)).toList();
    return new Recorders(reader, ofReader, clock);
  }
}
