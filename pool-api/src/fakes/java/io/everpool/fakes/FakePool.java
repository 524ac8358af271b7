package io.everpool.fakes;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.PoolState;
import io.everpool.api.Work;
import io.everpool.api.WorkOptions;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A pool that only looks like one: it shows whatever figures a test sets, and counts the looks. For
 * the adapters that show a pool's figures, which take it from here.
 */
public final class FakePool implements Pool {
  private final String name;

  public PoolState state = PoolState.OPEN;
  public boolean asleep;
  public boolean down;
  public boolean suspended;
  public int minSize = 7;
  public int idle = 1;
  public int leased = 2;
  public int connecting = 3;
  public int probing = 4;
  public int closing = 5;
  public int waiting = 6;
  public @Nullable String lastConnectError;
  public int looks;

  public FakePool(String name) {
    this.name = name;
  }

  @Override
  public PoolSnapshot snapshot() {
    looks++;
    return PoolSnapshot.builder(name)
        .state(state)
        .asleep(asleep)
        .down(down)
        .suspended(suspended)
        .minSize(minSize)
        .maxSize(8)
        .idle(idle)
        .leased(leased)
        .connecting(connecting)
        .probing(probing)
        .closing(closing)
        .waiting(waiting)
        .lastConnectError(lastConnectError)
        .build();
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public PoolConfig config() {
    return PoolConfig.builder("jdbc:fake").name(name).build();
  }

  @Override
  public void close() {
    state = PoolState.CLOSED;
  }

  @Override
  public boolean isClosed() {
    return state != PoolState.OPEN;
  }

  @Override
  public void replaceAll() {}

  @Override
  public Connection getConnection() throws SQLException {
    throw nothingToLend();
  }

  @Override
  public Connection getConnection(Duration timeout) throws SQLException {
    throw nothingToLend();
  }

  @Override
  public Connection getConnection(String user, String password) throws SQLException {
    throw nothingToLend();
  }

  @Override
  public DataSource reader() {
    return this;
  }

  @Override
  public <T extends @Nullable Object, X extends Exception> T run(
      WorkOptions options, Work<T, X> work) throws SQLException {
    throw nothingToLend();
  }

  @Override
  public <T extends @Nullable Object, X extends Exception> T inTransaction(
      WorkOptions options, Work<T, X> work) throws SQLException {
    throw nothingToLend();
  }

  @Override
  public @Nullable PrintWriter getLogWriter() {
    return null;
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
  public Logger getParentLogger() throws SQLFeatureNotSupportedException {
    throw new SQLFeatureNotSupportedException("a fake has no logger");
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    throw nothingToLend();
  }

  @Override
  public boolean isWrapperFor(Class<?> type) {
    return false;
  }

  private static SQLException nothingToLend() {
    return new SQLException("a fake pool has nothing to lend");
  }
}
