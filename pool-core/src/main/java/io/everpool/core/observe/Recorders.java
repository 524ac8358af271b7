package io.everpool.core.observe;

import io.everpool.api.observe.LeaseRecorder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Several recorders as one; what one of them throws the others don't notice. */
public final class Recorders implements LeaseRecorder {
  private final String pool;
  private final LeaseRecorder[] all;

  private Recorders(String pool, List<LeaseRecorder> all) {
    this.pool = pool;
    this.all = all.toArray(LeaseRecorder[]::new);
  }

  /** All as one; null for none, for then the pool needn't read the clock. */
  public static @Nullable LeaseRecorder of(String pool, List<LeaseRecorder> all) {
    return switch (all.size()) {
      case 0 -> null;
      case 1 -> all.get(0);
      default -> new Recorders(pool, all);
    };
  }

  @Override
  public void acquired(long waitedNanos) {
    for (LeaseRecorder each : all) {
      try {
        each.acquired(waitedNanos);
      } catch (Throwable e) {
        Survivor.tell(pool, "a lease recorder", e);
      }
    }
  }

  @Override
  public void released(long heldNanos) {
    for (LeaseRecorder each : all) {
      try {
        each.released(heldNanos);
      } catch (Throwable e) {
        Survivor.tell(pool, "a lease recorder", e);
      }
    }
  }

  @Override
  public LeaseRecorder ofReader(String reader) {
    return new Recorders(reader, List.of(all).stream().map(each -> each.ofReader(reader)).toList());
  }
}
