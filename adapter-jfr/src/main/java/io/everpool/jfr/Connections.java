package io.everpool.jfr;

import io.everpool.api.observe.PoolEvent.ConnectFailed;
import io.everpool.api.observe.PoolEvent.ConnectionClosed;
import io.everpool.api.observe.PoolEvent.ConnectionFailed;
import io.everpool.api.observe.PoolEvent.ConnectionOpened;
import io.everpool.api.observe.PoolEvent.HealthCheckFailed;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Timespan;

/** The events in the lives of physical connections. */
final class Connections {
  static final String CATEGORY = "Connections";

  private Connections() {}

  @Name("everpool.Connect")
  @Label("Connect")
  @Description("A connection was opened")
  @Category({JfrPools.CATEGORY, CATEGORY})
  static final class Connect extends Told<ConnectionOpened> {
    @Label("Connection")
    long connection;

    @Label("Took")
    @Timespan(Timespan.NANOSECONDS)
    long took;

    @Override
    void take(ConnectionOpened event) {
      connection = event.connection();
      took = event.tookNanos();
    }
  }

  @Name("everpool.ConnectFailure")
  @Label("Connect Failure")
  @Description("A connection could not be opened")
  @Category({JfrPools.CATEGORY, CATEGORY})
  static final class ConnectFailure extends Told<ConnectFailed> {
    @Label("Verdict")
    String verdict = "";

    @Label("Message")
    String message = "";

    @Label("Failures")
    @Description("In a row so far")
    int failures;

    @Override
    void take(ConnectFailed event) {
      verdict = event.verdict().name();
      message = event.message();
      failures = event.failures();
    }
  }

  @Name("everpool.Retire")
  @Label("Retire")
  @Description("A connection was closed")
  @Category({JfrPools.CATEGORY, CATEGORY})
  static final class Retire extends Told<ConnectionClosed> {
    @Label("Connection")
    long connection;

    @Label("Reason")
    String reason = "";

    @Label("Age")
    @Timespan(Timespan.NANOSECONDS)
    long age;

    @Label("Queries")
    @Description("Statement executions, a batch being one")
    long queries;

    @Override
    void take(ConnectionClosed event) {
      connection = event.connection();
      reason = event.reason().label();
      age = event.ageNanos();
      queries = event.queries();
    }
  }

  @Name("everpool.ProbeFailure")
  @Label("Probe Failure")
  @Description("An idle connection was found dead")
  @Category({JfrPools.CATEGORY, CATEGORY})
  static final class ProbeFailure extends Told<HealthCheckFailed> {
    @Label("Connection")
    long connection;

    @Label("Message")
    String message = "";

    @Override
    void take(HealthCheckFailed event) {
      connection = event.connection();
      message = event.message();
    }
  }

  @Name("everpool.ConnectionLoss")
  @Label("Connection Loss")
  @Description("A connection in use failed for good")
  @Category({JfrPools.CATEGORY, CATEGORY})
  static final class ConnectionLoss extends Told<ConnectionFailed> {
    @Label("Connection")
    long connection;

    @Label("Verdict")
    String verdict = "";

    @Label("Message")
    String message = "";

    @Override
    void take(ConnectionFailed event) {
      connection = event.connection();
      verdict = event.verdict().name();
      message = event.message();
    }
  }
}
