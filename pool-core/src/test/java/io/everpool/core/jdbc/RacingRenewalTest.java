package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * One thread ends a connection while another, whose unit of work runs on it, takes new sessions for
 * it. Whenever that is heard, the connection is closed afterwards and each session has gone back.
 */
class RacingRenewalTest {
  private static final int ROUNDS = 5_000;
  private static final int RENEWALS = 4; // even, so that the first session may be the last

  private final FakeDriver driver = new FakeDriver();
  private final FakeLeaseManager leases = FakeLeaseManager.over(driver);
  private final ExecutorService threads = Executors.newSingleThreadExecutor();

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  /** How the unit comes to a new session. */
  enum Renewal {
    /** The old one is lost, and goes back before there is another. */
    AFTER_LETTING_GO,
    /** The old one is good, and goes back when the other is there. */
    IN_ITS_PLACE
  }

  /** How the other thread ends the connection. */
  enum End {
    CLOSE,
    ABORT
  }

  @ParameterizedTest
  @CsvSource({
    "AFTER_LETTING_GO, CLOSE",
    "AFTER_LETTING_GO, ABORT",
    "IN_ITS_PLACE, CLOSE",
    "IN_ITS_PLACE, ABORT"
  })
  void whatIsEndedStaysSo(Renewal renewal, End end) throws Exception {
    CyclicBarrier start = new CyclicBarrier(2);
    for (int round = 0; round < ROUNDS; round++) {
      PooledConnection connection = leases.acquire();
      connection.silence(); // as before a unit, and within one to whoever closes it
      leases.released.set(0);
      leases.closed.clear();
      int pauses = round % 400; // so that it comes at every moment of the renewals
      Future<?> other = threads.submit(() -> end(end, connection, start, pauses));
      start.await(60, TimeUnit.SECONDS);
      int taken = 1 + renew(connection, renewal);
      other.get(60, TimeUnit.SECONDS);
      assertThat(connection.isClosed()).as("closed, in round %d", round).isTrue();
      assertThat(leases.released.get() + leases.closed.size())
          .as("given back, in round %d", round)
          .isEqualTo(taken);
    }
  }

  /** Two renewals later the session is the first again, and the lease is another. */
  @Test
  void whoAbortsEndsTheLeaseThatIsThere() throws SQLException {
    PooledConnection connection = leases.acquire();
    connection.silence();
    AtomicInteger taken = new AtomicInteger(1);
    leases.onCut =
        () -> {
          leases.onCut = () -> {};
          taken.addAndGet(renew(connection, Renewal.IN_ITS_PLACE));
        };
    connection.abort(Runnable::run);
    assertThat(connection.isClosed()).isTrue();
    assertThat(leases.released.get() + leases.closed.size()).isEqualTo(taken.get());
  }

  /** Takes sessions until it is told that the connection is closed; returns how many. */
  private int renew(PooledConnection connection, Renewal renewal) {
    for (int taken = 0; ; taken++) {
      if (taken == RENEWALS) {
        return taken;
      }
      try {
        if (renewal == Renewal.AFTER_LETTING_GO) {
          connection.letGo();
        }
        leases.renew(connection);
      } catch (SQLException e) {
        return taken + 1; // that one went back
      }
    }
  }

  private static Void end(End end, PooledConnection connection, CyclicBarrier start, int pauses)
      throws Exception {
    start.await(60, TimeUnit.SECONDS);
    for (int i = 0; i < pauses; i++) {
      Thread.onSpinWait();
    }
    switch (end) {
      case CLOSE -> connection.close();
      case ABORT -> connection.abort(Runnable::run);
    }
    return null;
  }
}
