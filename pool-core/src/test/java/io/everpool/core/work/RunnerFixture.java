package io.everpool.core.work;

import io.everpool.api.PoolConfig;
import io.everpool.api.RetryConfig;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.jdbc.FakeDriver;
import io.everpool.core.jdbc.FakeLeaseManager;
import io.everpool.core.jdbc.Logged;
import io.everpool.core.jdbc.PooledConnection;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;

/** A runner over a fake driver, with a clock that moves only while it pauses. */
abstract class RunnerFixture {
  static final String RECONNECTING = "Attempting to reconnect to database...";

  final FakeDriver driver = new FakeDriver();
  final Logged logged = new Logged();
  final List<Long> pauses = new ArrayList<>();

  /** Time has no origin: this one is about to wrap. */
  private static final long ORIGIN = Long.MAX_VALUE - 1_000_000_000L;

  long now = ORIGIN;
  FakeLeaseManager leases = leases(RetryConfig.DEFAULT);
  UnitRunner runner = runner(leases);

  /** How often the work of the test ran. */
  int runs;

  @AfterEach
  void stopLogging() {
    logged.close();
  }

  FakeLeaseManager leases(RetryConfig retry) {
    return FakeLeaseManager.over(driver, PoolConfig.builder("fake:").retry(retry).build());
  }

  UnitRunner runner(FakeLeaseManager over) {
    return new UnitRunner(over, () -> now, () -> 0.5, this::pause);
  }

  void retry(RetryConfig retry) {
    leases = leases(retry);
    runner = runner(leases);
  }

  private void pause(long nanos) throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    pauses.add(nanos);
    now += nanos;
  }

  /** How much time has passed; nanoseconds. */
  long passed() {
    return now - ORIGIN;
  }

  /** A failure as when the connection breaks. */
  static SQLException lost() {
    return new SQLException("gone", "08006");
  }

  static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Work that loses its connection while it reads. */
  boolean readAndBreak(Connection connection) throws SQLException {
    runs++;
    driver.breakNext("execute");
    execute(connection, "select 1");
    return true;
  }

  static long number(Connection connection) {
    return FakeLeaseManager.session((PooledConnection) connection).number();
  }

  <E extends PoolEvent> Stream<E> events(Class<E> type) {
    return leases.events.stream().filter(type::isInstance).map(type::cast);
  }
}
