package io.everpool.jdbi;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.Work;
import io.everpool.api.WorkOptions;
import io.everpool.api.WriteOutcomeUnknownException;
import io.everpool.api.framework.UnitRerunner;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A pool that lends sessions on an H2 database in memory and keeps the promises of {@link
 * UnitRerunner} in the plainest way, with faults that strike where a test says so. (That of
 * pool-api/src/fakes only shows figures, and has nothing to lend.)
 */
final class LendingFakePool implements Pool, UnitRerunner {
  static final int MAX_ATTEMPTS = 3;

  final AtomicInteger acquired = new AtomicInteger();
  final AtomicInteger released = new AtomicInteger();
  final AtomicInteger sessions = new AtomicInteger();
  final AtomicInteger reruns = new AtomicInteger();
  final Faults faults = new Faults();

  /** All units, those within others too, in the order in which they were begun. */
  final List<WorkOptions> units = new ArrayList<>();

  private final String url = "jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1";

  Connection session() throws SQLException {
    sessions.incrementAndGet();
    return DriverManager.getConnection(url);
  }

  /** How many connections are out. */
  int leased() {
    return acquired.get() - released.get();
  }

  @Override
  public Connection getConnection() throws SQLException {
    FakeLease lease = new FakeLease(this);
    acquired.incrementAndGet();
    return lease.face();
  }

  @Override
  public DataSource reader() {
    return this;
  }

  @Override
  public void given(Object oneShot) {}

  @Override
  public boolean owns(Connection connection) {
    return FakeLease.of(connection) != null;
  }

  @Override
  public <T extends @Nullable Object, X extends Exception> T rerun(
      Connection connection, WorkOptions options, Work<T, X> work) throws X, SQLException {
    FakeLease lease = FakeLease.of(connection);
    units.add(options);
    if (lease == null || lease.inUnit) {
      return work.run(connection);
    }
    lease.inUnit = true;
    try {
      return attempts(lease, connection, options, work);
    } finally {
      lease.inUnit = false;
    }
  }

  private <T extends @Nullable Object, X extends Exception> T attempts(
      FakeLease lease, Connection connection, WorkOptions options, Work<T, X> work)
      throws X, SQLException {
    lease.prepare(options);
    for (int attempt = 1; ; attempt++) {
      try {
        T result = work.run(connection);
        lease.restore(options);
        return result;
      } catch (Throwable failure) {
        boolean conflict = Faults.has(failure, "40001");
        if (!conflict && !lease.broken()) {
          lease.restore(options);
          throw failure;
        }
        boolean repeatable = options.readOnly() || options.idempotent();
        if (!repeatable && lease.wrote) {
          throw new WriteOutcomeUnknownException(
              options.label() + " may have written; use a transaction", failure);
        }
        if ((lease.committed && !repeatable) || attempt == MAX_ATTEMPTS) {
          throw failure;
        }
        if (!conflict) {
          lease.renew();
        }
        lease.prepare(options);
        reruns.incrementAndGet();
      }
    }
  }

  @Override
  public <T extends @Nullable Object, X extends Exception> T run(
      WorkOptions options, Work<T, X> work) {
    throw new UnsupportedOperationException();
  }

  @Override
  public <T extends @Nullable Object, X extends Exception> T inTransaction(
      WorkOptions options, Work<T, X> work) {
    throw new UnsupportedOperationException();
  }

  @Override
  public String name() {
    return "fake";
  }

  @Override
  public PoolConfig config() {
    return PoolConfig.builder(url).build();
  }

  @Override
  public PoolSnapshot snapshot() {
    throw new UnsupportedOperationException();
  }

  @Override
  public Connection getConnection(Duration timeout) throws SQLException {
    return getConnection();
  }

  @Override
  public Connection getConnection(String user, String password) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void replaceAll() {}

  @Override
  public void close() {}

  @Override
  public boolean isClosed() {
    return false;
  }

  @Override
  public PrintWriter getLogWriter() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void setLogWriter(PrintWriter out) {}

  @Override
  public void setLoginTimeout(int seconds) {}

  @Override
  public int getLoginTimeout() {
    return 0;
  }

  @Override
  public Logger getParentLogger() {
    return Logger.getGlobal();
  }

  @Override
  public <T> T unwrap(Class<T> type) {
    return type.cast(this);
  }

  @Override
  public boolean isWrapperFor(Class<?> type) {
    return type.isInstance(this);
  }
}
