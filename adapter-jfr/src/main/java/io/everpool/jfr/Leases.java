package io.everpool.jfr;

import io.everpool.api.observe.PoolEvent.AcquireRejected;
import io.everpool.api.observe.PoolEvent.AcquireTimedOut;
import io.everpool.api.observe.PoolEvent.LeakSuspected;
import io.everpool.api.observe.PoolEvent.TransactionLeftOpen;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** What callers meet with; on their threads, but for the leak. */
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
  @Description("The line of waiters was full and a caller was turned away")
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

    @Override
    void take(LeakSuspected event) {
      connection = event.connection();
      holder = event.thread();
      held = event.heldNanos();
    }
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
