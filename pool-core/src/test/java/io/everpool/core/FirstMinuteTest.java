package io.everpool.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.CloseReason;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.ResetMode;
import io.everpool.api.SleepMode;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.api.driver.TransactionState;
import io.everpool.core.plain.PlainConnector;
import java.net.ConnectException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;

/** Opening where nobody is, and waking up where nobody answers. */
class FirstMinuteTest {

  /** Connections of H2 that can be looked at, and that freeze when the test says so. */
  private static final class Freezer implements Connector {
    private final Connector h2;
    final Set<Frozen> frozen = ConcurrentHashMap.newKeySet();
    final Set<Frozen> all = ConcurrentHashMap.newKeySet();
    final AtomicInteger asked = new AtomicInteger();
    final Set<Thread> askers = ConcurrentHashMap.newKeySet();
    final CountDownLatch thaw = new CountDownLatch(1);
    volatile boolean silent;
    private final AtomicLong firstAsked = new AtomicLong();
    private final SQLException refusal;
    private final long refusesFor;

    Freezer() {
      this(new SQLException("never"), 0);
    }

    Freezer(SQLException refusal, long refusesForNanos) {
      this.refusal = refusal;
      this.refusesFor = refusesForNanos;
      JdbcDataSource source = new JdbcDataSource();
      source.setURL("jdbc:h2:mem:first-minute");
      h2 = PlainConnector.of(source);
    }

    @Override
    public String product() {
      return "Freezer";
    }

    @Override
    public String target() {
      return "here";
    }

    @Override
    public PhysicalConnection open(long timeoutNanos) throws SQLException {
      long now = System.nanoTime();
      firstAsked.compareAndSet(0, now);
      if (now - firstAsked.get() < refusesFor) {
        throw refusal;
      }
      Frozen connection = new Frozen(h2.open(timeoutNanos));
      all.add(connection);
      return connection;
    }

    @Override
    public Verdict classify(Throwable failure) {
      return failure instanceof SQLException e && "57P03".equals(e.getSQLState())
          ? Verdict.SERVER_STARTING
          : Verdict.SERVER_DOWN;
    }

    @Override
    public SideEffects sideEffects(String sql) {
      return SideEffects.NONE;
    }

    final class Frozen implements PhysicalConnection {
      private final PhysicalConnection h2;

      Frozen(PhysicalConnection h2) {
        this.h2 = h2;
      }

      @Override
      public Connection jdbc() {
        return h2.jdbc();
      }

      @Override
      public Look look() {
        return Look.ALIVE;
      }

      @Override
      public void validate(long timeoutNanos) throws SQLException {
        asked.incrementAndGet();
        askers.add(Thread.currentThread());
        if (silent && frozen.contains(this)) {
          try {
            thaw.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        }
        if (frozen.contains(this)) {
          throw new SQLException("no answer", "08006");
        }
      }

      @Override
      public TransactionState transactionState() {
        return TransactionState.NONE;
      }

      @Override
      public void reset(ResetMode mode, SideEffects sideEffects) {}

      @Override
      public void close() throws SQLException {
        h2.close();
      }

      @Override
      public void abort() {
        h2.abort();
      }
    }
  }

  /** Whoever starts an application looks at the console now, not in half a minute. */
  @Test
  void a_port_where_nobody_listens_is_told_long_before_the_acquire_timeout() {
    Freezer nobody =
        new Freezer(
            new SQLException("refused", "08001", new ConnectException("refused")), Long.MAX_VALUE);
    PoolConfig config = PoolConfig.builder("x").acquireTimeout(Duration.ofMinutes(10)).build();
    assertThatThrownBy(() -> Everpool.builder(config).connector(nobody).open())
        .isInstanceOf(SQLTransientConnectionException.class)
        .hasMessageContaining("nobody there")
        .hasMessageContaining("fail-fast = false")
        .hasRootCauseInstanceOf(ConnectException.class);
  }

  /** A server that says that it is starting is worth waiting for. */
  @Test
  void a_server_that_is_starting_is_waited_for() throws SQLException {
    Freezer starting =
        new Freezer(
            new SQLException("the database system is starting up", "57P03"), 2_500_000_000L);
    PoolConfig config = PoolConfig.builder("x").acquireTimeout(Duration.ofMinutes(10)).build();
    try (Pool pool = Everpool.builder(config).connector(starting).open()) {
      assertThat(pool.snapshot().connectFailures()).isPositive();
      Await.until(
          () -> pool.snapshot().opened() > 0,
          pool); // counted once it is in, and may be lent by then
    }
  }

  /** A look doesn't show a server that hangs; the first to come after a rest would find it. */
  @Test
  void who_wakes_the_pool_is_not_lent_a_connection_that_froze_meanwhile() throws SQLException {
    Freezer freezer = new Freezer();
    PoolConfig config =
        PoolConfig.builder("x")
            .minSize(3)
            .maxSize(3)
            .sleep(SleepMode.ON)
            .sleepAfter(Duration.ofMillis(300))
            .build();
    try (Pool pool = Everpool.builder(config).connector(freezer).open()) {
      useThree(pool); // it falls asleep when all of them have rested
      Await.until(() -> pool.snapshot().asleep(), pool);
      int before = freezer.asked.get();
      freezer.frozen.addAll(freezer.all);
      try (Connection connection = pool.getConnection()) {
        Connection lent = connection.unwrap(Connection.class);
        assertThat(freezer.frozen).noneMatch(frozen -> frozen.jdbc() == lent);
        assertThat(freezer.asked.get()).isGreaterThan(before);
      }
      // and upkeep finds the others, before anybody else comes for them
      Await.until(() -> pool.snapshot().closedTotal() >= 3, pool);
    }
  }

  private static Pool fallenAsleep(Freezer freezer, int maxWaiters) throws SQLException {
    PoolConfig config =
        PoolConfig.builder("x")
            .minSize(3)
            .maxSize(3)
            .maxWaiters(maxWaiters)
            .acquireTimeout(Duration.ofMinutes(10))
            .validationTimeout(Duration.ofMinutes(10))
            .sleep(SleepMode.ON)
            .sleepAfter(Duration.ofMillis(300))
            .build();
    Pool pool = Everpool.builder(config).connector(freezer).open();
    Await.until(() -> pool.snapshot().asleep() && pool.snapshot().idle() == 3, pool);
    return pool;
  }

  /**
   * The pool is full of connections that hang: they are asked, but not by him, and not for as long
   * as they might take.
   */
  @Test
  void who_wakes_the_pool_does_not_find_out_himself_that_connections_hang() throws SQLException {
    Freezer freezer = new Freezer();
    try (Pool pool = fallenAsleep(freezer, 10)) {
      freezer.frozen.addAll(freezer.all);
      freezer.silent = true;
      try (Connection connection = pool.getConnection()) {
        Connection lent = connection.unwrap(Connection.class);
        assertThat(freezer.frozen).noneMatch(frozen -> frozen.jdbc() == lent);
      }
      Await.until(() -> pool.snapshot().closedTotal() >= 3, pool);
      assertThat(pool.snapshot().closed()).containsOnlyKeys(CloseReason.ASLEEP);
      assertThat(freezer.askers).isNotEmpty().doesNotContain(Thread.currentThread());
    } finally {
      freezer.thaw.countDown();
    }
  }

  /** He has nobody to wait behind: there are connections. */
  @Test
  void who_wakes_the_pool_is_not_turned_away_because_nobody_may_wait() throws SQLException {
    Freezer freezer = new Freezer();
    try (Pool pool = fallenAsleep(freezer, 0);
        Connection connection = pool.getConnection()) {
      assertThat(connection.isClosed()).isFalse();
      assertThat(pool.snapshot().opened()).isEqualTo(3);
    }
  }

  /** Then he asks himself: it is the only way to be lent one at once. */
  @Test
  void who_wakes_the_pool_and_will_not_wait_is_lent_what_answers() throws SQLException {
    Freezer freezer = new Freezer();
    try (Pool pool = fallenAsleep(freezer, 10);
        Connection connection = pool.getConnection(Duration.ZERO)) {
      assertThat(connection.isClosed()).isFalse();
      assertThat(freezer.askers).contains(Thread.currentThread());
    }
  }

  private static void useThree(Pool pool) throws SQLException {
    try (Connection first = pool.getConnection();
        Connection second = pool.getConnection();
        Connection third = pool.getConnection()) {
      assertThat(List.of(first, second, third)).doesNotHaveDuplicates();
    }
  }

  @Test
  void a_login_timeout_is_never_none() throws SQLException {
    Freezer freezer = new Freezer();
    for (long[] expected : new long[][] {{1, 1}, {900, 1}, {1_000, 1}, {1_001, 2}, {30_000, 30}}) {
      PoolConfig config =
          PoolConfig.builder("x")
              .failFast(false)
              .acquireTimeout(Duration.ofMillis(expected[0]))
              .build();
      try (Pool pool = Everpool.builder(config).connector(freezer).open()) {
        assertThat(pool.getLoginTimeout()).isEqualTo((int) expected[1]);
      }
    }
  }
}
