package io.everpool.jfr;

import io.everpool.api.observe.PoolEvent.FellAsleep;
import io.everpool.api.observe.PoolEvent.Fenced;
import io.everpool.api.observe.PoolEvent.PoolClosed;
import io.everpool.api.observe.PoolEvent.PoolOpened;
import io.everpool.api.observe.PoolEvent.Recovered;
import io.everpool.api.observe.PoolEvent.WokeUp;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Timespan;

/** The events that concern a pool as a whole, and its server. */
final class Servers {
  static final String CATEGORY = "Pool";

  private Servers() {}

  @Name("everpool.PoolOpen")
  @Label("Pool Open")
  @Description("The pool is open for business")
  @Category({JfrPools.CATEGORY, CATEGORY})
  static final class PoolOpen extends Told<PoolOpened> {
    @Label("Minimum")
    int minSize;

    @Label("Maximum")
    int maxSize;

    @Override
    void take(PoolOpened event) {
      minSize = event.self().config().minSize();
      maxSize = event.self().config().maxSize();
    }
  }

  @Name("everpool.PoolClose")
  @Label("Pool Close")
  @Description("The pool has closed every connection")
  @Category({JfrPools.CATEGORY, CATEGORY})
  static final class PoolClose extends Told<PoolClosed> {
    @Override
    void take(PoolClosed event) {}
  }

  @Name("everpool.Fence")
  @Label("Fence")
  @Description("Every connection opened so far was given up")
  @Category({JfrPools.CATEGORY, CATEGORY})
  static final class Fence extends Told<Fenced> {
    @Label("Connections")
    int connections;

    @Label("Reason")
    String reason = "";

    @Override
    void take(Fenced event) {
      connections = event.connections();
      reason = event.why();
    }
  }

  @Name("everpool.Recovery")
  @Label("Recovery")
  @Description("The server answers again after an outage")
  @Category({JfrPools.CATEGORY, CATEGORY})
  static final class Recovery extends Told<Recovered> {
    @Label("Down")
    @Timespan(Timespan.NANOSECONDS)
    long down;

    @Override
    void take(Recovered event) {
      down = event.downNanos();
    }
  }

  @Name("everpool.Sleep")
  @Label("Sleep")
  @Description("The pool leaves the database alone for want of work")
  @Category({JfrPools.CATEGORY, CATEGORY})
  static final class Sleep extends Told<FellAsleep> {
    @Override
    void take(FellAsleep event) {}
  }

  @Name("everpool.Wake")
  @Label("Wake")
  @Description("Work came and the pool is awake again")
  @Category({JfrPools.CATEGORY, CATEGORY})
  static final class Wake extends Told<WokeUp> {
    @Override
    void take(WokeUp event) {}
  }
}
