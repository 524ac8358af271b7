package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Two threads close the same connection at the same time, and a third takes it at once. */
class RacingClosersTest {
  private static final int ROUNDS = 5_000;

  private final FakeDriver driver = new FakeDriver();
  private final FakeLeaseManager leases = FakeLeaseManager.over(driver);
  private final ExecutorService threads = Executors.newFixedThreadPool(2);

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  /** What was done on the connection before it is closed, and so which way closing takes. */
  enum Use {
    NOTHING,
    RAN,
    FORGOT_A_STATEMENT,
    CHANGED
  }

  /**
   * One of them gives it back; a slot that moved twice would show as a lease that ends while its
   * holder has it. The next holder changes the session at once, so that a late closer who acts on
   * what he sees there would undo it.
   */
  @ParameterizedTest
  @EnumSource
  void oneOfThemGivesItBack(Use use) throws Exception {
    CyclicBarrier start = new CyclicBarrier(3);
    for (int round = 0; round < ROUNDS; round++) {
      PooledConnection connection = leases.acquire();
      use(connection, use);
      int released = leases.released.get();
      Future<?> first = threads.submit(() -> closeAfter(start, connection));
      Future<?> second = threads.submit(() -> closeAfter(start, connection));
      start.await(60, TimeUnit.SECONDS);
      PooledConnection next = leases.acquire();
      next.setReadOnly(true);
      first.get(60, TimeUnit.SECONDS);
      second.get(60, TimeUnit.SECONDS);
      assertThat(leases.released).hasValue(released + 1);
      assertThat(FakeLeaseManager.physical(next).jdbc().isReadOnly()).isTrue();
      assertThat(next.isClosed()).isFalse();
      next.close();
      assertThat(FakeLeaseManager.physical(leases.acquire()).jdbc().isReadOnly()).isFalse();
      driver.calls.clear();
    }
    assertThat(leases.closed).isEmpty();
    assertThat(leases.doomed).isEmpty();
    assertThat(leases.resetsEnded.get()).isEqualTo(leases.resetsStarted.get());
  }

  private static void use(PooledConnection connection, Use use) throws SQLException {
    switch (use) {
      case NOTHING -> {}
      case RAN -> {
        try (Statement statement = connection.createStatement()) {
          statement.execute("select 1");
        }
      }
      case FORGOT_A_STATEMENT -> connection.createStatement().execute("select 1");
      case CHANGED -> connection.setReadOnly(true);
    }
  }

  private static Void closeAfter(CyclicBarrier start, PooledConnection connection)
      throws Exception {
    start.await(60, TimeUnit.SECONDS);
    connection.close();
    return null;
  }

  /** A connection aborted while it is being closed ends once, one way or the other. */
  @Test
  void abortAgainstClose() throws Exception {
    CyclicBarrier start = new CyclicBarrier(2);
    for (int round = 0; round < ROUNDS; round++) {
      PooledConnection connection = leases.acquire();
      connection.createStatement().execute("select 1");
      Future<?> closer = threads.submit(() -> closeAfter(start, connection));
      start.await(60, TimeUnit.SECONDS);
      connection.abort(Runnable::run);
      closer.get(60, TimeUnit.SECONDS);
      assertThat(leases.released.get() + leases.closed.size()).isEqualTo(round + 1);
    }
  }
}
