package io.everpool.jfr;

import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolEvent.AcquireRejected;
import io.everpool.api.observe.PoolEvent.AcquireTimedOut;
import io.everpool.api.observe.PoolEvent.LeakEnded;
import io.everpool.api.observe.PoolEvent.LeakSuspected;
import io.everpool.api.observe.PoolEvent.LeaseAbandoned;
import io.everpool.api.observe.PoolEvent.TransactionLeftOpen;
import java.util.List;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/**
 * The events that callers meet with. They are written on the callers' threads, except leaks and
 * nested acquires.
 */
final class Leases {
  static final String CATEGORY = "Leases";

  private Leases() {}

  @Name("everpool.AcquireWait")
  @Label("Acquire Wait")
  @Description("A caller has a connection for which he stood in line")
  @Category({JfrPools.CATEGORY, CATEGORY})
  @StackTrace
  static final class AcquireWait extends OfPool {
    @Label("Waited")
    @Timespan(Timespan.NANOSECONDS)
    long waited;
  }

  @Name("everpool.AcquireTimeout")
  @Label("Acquire Timeout")
  @Description("A caller waited in vain")
  @Category({JfrPools.CATEGORY, CATEGORY})
  @StackTrace
  static final class AcquireTimeout extends Told<AcquireTimedOut> {
    @Label("Waited")
    @Timespan(Timespan.NANOSECONDS)
    long waited;

    @Override
    void take(AcquireTimedOut event) {
      waited = event.waitedNanos();
    }
  }

  @Name("everpool.AcquireRejection")
  @Label("Acquire Rejection")
  @Description("A caller was turned away: the line was full, or the server refuses connections")
  @Category({JfrPools.CATEGORY, CATEGORY})
  @StackTrace
  static final class AcquireRejection extends Told<AcquireRejected> {
    @Override
    void take(AcquireRejected event) {}
  }

  @Name("everpool.Leak")
  @Label("Suspected Leak")
  @Description("A connection has been out for longer than leak-threshold")
  @Category({JfrPools.CATEGORY, CATEGORY})
  static final class Leak extends Told<LeakSuspected> {
    @Label("Connection")
    long connection;

    @Label("Holder")
    @Description("The thread that has it")
    String holder = "";

    @Label("Held")
    @Timespan(Timespan.NANOSECONDS)
    long held;

    @Label("Acquired At")
    @Description("The frame of the program that took it, where that was recorded")
    String acquiredAt = "";

    @Override
    void take(LeakSuspected event) {
      connection = event.connection();
      holder = event.thread();
      held = event.heldNanos();
      acquiredAt = place(event.acquiredAt());
    }
  }

  @Name("everpool.LeakEnd")
  @Label("End of Suspected Leak")
  @Description(
      "A connection that was told of as a leak is out no longer: it is back, or was closed")
  @Category({JfrPools.CATEGORY, CATEGORY})
  static final class LeakEnd extends Told<LeakEnded> {
    @Label("Connection")
    long connection;

    @Label("Holder")
    @Description("The thread that had it")
    String holder = "";

    @Label("Held")
    @Timespan(Timespan.NANOSECONDS)
    long held;

    @Override
    void take(LeakEnded event) {
      connection = event.connection();
      holder = event.thread();
      held = event.heldNanos();
    }
  }

  @Name("everpool.AbandonedLease")
  @Label("Abandoned Lease")
  @Description("A connection was dropped without being closed, and was taken back")
  @Category({JfrPools.CATEGORY, CATEGORY})
  static final class AbandonedLease extends Told<LeaseAbandoned> {
    @Label("Connection")
    long connection;

    @Label("Holder")
    @Description("The thread that had it")
    String holder = "";

    @Label("Held")
    @Timespan(Timespan.NANOSECONDS)
    long held;

    @Label("Acquired At")
    @Description("The frame of the program that took it, where that was recorded")
    String acquiredAt = "";

    @Override
    void take(LeaseAbandoned event) {
      connection = event.connection();
      holder = event.thread();
      held = event.heldNanos();
      acquiredAt = place(event.acquiredAt());
    }
  }

  @Name("everpool.NestedAcquire")
  @Label("Nested Acquire")
  @Description("A thread that has a connection waits for a second one")
  @Category({JfrPools.CATEGORY, CATEGORY})
  static final class NestedAcquire extends Told<PoolEvent.NestedAcquire> {
    @Label("Connection")
    @Description("The one that it has")
    long connection;

    @Label("Holder")
    @Description("The thread")
    String holder = "";

    @Label("Deadlock")
    @Description("Whether all connections are held by threads that wait for another")
    boolean deadlock;

    @Override
    void take(PoolEvent.NestedAcquire event) {
      connection = event.connection();
      holder = event.thread();
      deadlock = event.everyHolderWaits();
    }
  }

  /** The innermost frame that isn't the pool's own; empty if there is no stack. */
  private static String place(List<StackTraceElement> stack) {
    return stack.stream()
        .filter(frame -> !frame.getClassName().startsWith("io.everpool.core."))
        .findFirst()
        .map(StackTraceElement::toString)
        .orElse("");
  }

  @Name("everpool.OpenTransaction")
  @Label("Transaction Left Open")
  @Description("A connection came back with an open transaction, which was rolled back")
  @Category({JfrPools.CATEGORY, CATEGORY})
  @StackTrace
  static final class OpenTransaction extends Told<TransactionLeftOpen> {
    @Label("Connection")
    long connection;

    @Override
    void take(TransactionLeftOpen event) {
      connection = event.connection();
    }
  }
}
