package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.everpool.api.CloseReason;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.engine.Slot;
import io.everpool.core.upkeep.OutageLog;
import io.everpool.core.upkeep.PrimarySearch;
import java.lang.management.ManagementFactory;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Bytes, not time: what a lease and a query allocate is counted by the JVM and doesn't waver. */
class AllocationTest {
  /** So many that what the JVM allocates once, on the side, is a tenth of a byte a run at most. */
  private static final int TIMES = 100_000;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private interface Action {
    void run() throws SQLException;
  }

  /** Interpreted code allocates all that the source says, so there is nothing to warm up. */
  private static double bytesPerRun(Action action) throws SQLException {
    for (int i = 0; i < 1_000; i++) {
      action.run();
    }
    long before = THREADS.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < TIMES; i++) {
      action.run();
    }
    return (0.0 + THREADS.getCurrentThreadAllocatedBytes() - before) / TIMES;
  }

  private @Nullable Object kept;

  private final Session session =
      new Session(new Slot(0), 1, new StubPhysical(), new StubLeaseManager(new FakeConnector()));

  @Test
  void aLeaseIs32Bytes() throws SQLException {
    assertThat(bytesPerRun(() -> lease().close())).isBetween(32.0, 32.5);
  }

  /** Its hot fields, and two cache lines between these and its neighbours'. */
  @Test
  void aSlotIs184Bytes() throws SQLException {
    assertThat(bytesPerRun(() -> kept = new Slot(0))).isBetween(184.0, 184.5);
  }

  /** The face's 24, and the 24 of the stub's own statement. */
  @Test
  void aQueryAdds24BytesToTheDriversOwn() throws SQLException {
    assertThat(bytesPerRun(() -> query(lease()))).isBetween(32.0 + 24 + 24, 32 + 24 + 24.5);
  }

  @Test
  void theOtherKindsOfStatementAreNoBigger() throws SQLException {
    double plain =
        bytesPerRun(
            () -> {
              try (Connection c = lease();
                  Statement s = c.createStatement()) {
                kept = s;
                s.execute("select 1");
              }
            });
    assertThat(plain).isBetween(32.0 + 24 + 24, 32 + 24 + 24.5);
  }

  private Connection lease() {
    PooledConnection connection = new PooledConnection(session, 1);
    kept = connection; // lest the compiler sees that nobody else gets it, and allocates nothing
    return connection;
  }

  private void query(Connection connection) throws SQLException {
    try (connection;
        PreparedStatement statement = connection.prepareStatement("select 1")) {
      kept = statement;
      statement.execute();
    }
  }

  /** Takes everything and allocates nothing. */
  private record StubLeaseManager(Connector connector) implements LeaseManager {
    private static final PoolConfig CONFIG = PoolConfig.builder("stub:").build();

    @Override
    public boolean release(Session session, long lease) {
      return true;
    }

    @Override
    public void retire(Session session, long lease, CloseReason reason) {
      throw new AssertionError(reason);
    }

    @Override
    public void cut(Session session, long lease, CloseReason reason) {
      throw new AssertionError(reason);
    }

    @Override
    public void doom(Session session, long lease, Verdict verdict, SQLException failure) {
      throw new AssertionError(failure);
    }

    @Override
    public int news(OutageLog.Kind kind, String reason) {
      throw new AssertionError(kind);
    }

    @Override
    public boolean canReplace() {
      throw new AssertionError();
    }

    @Override
    public void retireWhenReplaceable(Session session) {
      throw new AssertionError();
    }

    @Override
    public PrimarySearch.Refusal writeRefused(Session session) {
      throw new AssertionError();
    }

    @Override
    public boolean awaitPrimary(long nanos) {
      throw new AssertionError();
    }

    @Override
    public void renew(PooledConnection face, long timeoutNanos) {
      throw new AssertionError();
    }

    @Override
    public Runnable watch(long at, LongSupplier overrun) {
      throw new AssertionError();
    }

    @Override
    public Runnable cancel(Session session, long lease) {
      throw new AssertionError();
    }

    @Override
    public Verdict classify(Throwable failure) {
      return Verdict.STATEMENT_FAILED;
    }

    @Override
    public long resetStarted(Session session, long lease) {
      throw new AssertionError("nothing to clean");
    }

    @Override
    public void resetEnded(Session session, long lease) {}

    @Override
    public PoolConfig config() {
      return CONFIG.toBuilder().maxQueries(0).build();
    }

    @Override
    public SqlTexts texts() {
      return new SqlTexts(connector);
    }

    @Override
    public void emit(PoolEvent event) {}
  }
}
