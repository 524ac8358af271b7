package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CloseReason;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import java.lang.reflect.Proxy;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLClientInfoException;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A driver of which only java.sql is known, and which hangs in what the pool asks at a return. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HangingReturnTest {
  private final CountDownLatch reached = new CountDownLatch(1);
  private final CountDownLatch told = new CountDownLatch(1);

  /** The method that hangs, once; empty for none. */
  private volatile String hanging = "";

  private void called(String method) {
    if (!method.equals(hanging)) {
      return;
    }
    hanging = "";
    reached.countDown();
    boolean interrupted = false;
    while (true) {
      try {
        told.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static void run(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("select 1");
    }
  }

  @ParameterizedTest
  @CsvSource({"clearWarnings, false", "getAutoCommit, false", "getAutoCommit, true"})
  void theNextBorrowerIsServedAfterResetTimeout(String method, boolean doomed) throws Exception {
    PoolConfig config =
        PoolConfig.builder("h2:")
            .name("hanging")
            .minSize(1)
            .maxSize(1)
            .acquireTimeout(Duration.ofSeconds(60))
            .resetTimeout(Duration.ofMillis(100))
            .build();
    try (Pool pool = Everpool.builder(config).dataSource(source()).open()) {
      Connection held = pool.getConnection();
      run(held);
      if (doomed) {
        FakeLeaseManager.doom(
            Objects.requireNonNull(PooledConnection.behind(held)), CloseReason.EVICTED);
      }
      Thread borrower =
          new Thread(
              () -> {
                try {
                  held.close();
                } catch (SQLException e) {
                  throw new AssertionError(e);
                }
              });
      hanging = method;
      borrower.start();
      try {
        assertThat(reached.await(60, TimeUnit.SECONDS)).as("it hangs in %s", method).isTrue();
        try (Connection next = pool.getConnection()) {
          run(next);
        }
      } finally {
        told.countDown();
        borrower.join();
      }
      try (Connection next = pool.getConnection()) {
        run(next);
      }
      assertThat(pool.snapshot().leased()).isZero();
    }
  }

  private DataSource source() {
    return (DataSource)
        Proxy.newProxyInstance(
            HangingReturnTest.class.getClassLoader(),
            new Class<?>[] {DataSource.class},
            (self, method, args) -> new Driven(DriverManager.getConnection("jdbc:h2:mem:hanging")));
  }

  /** As drivers were written before there was a {@code beginRequest}. */
  private final class Driven extends ForwardingConnection {
    private final Connection bare;

    Driven(Connection bare) {
      this.bare = bare;
    }

    @Override
    public void clearWarnings() throws SQLException {
      called("clearWarnings");
      bare.clearWarnings();
    }

    @Override
    public boolean getAutoCommit() throws SQLException {
      called("getAutoCommit");
      return bare.getAutoCommit();
    }

    @Override
    public void close() throws SQLException {
      bare.close();
    }

    @Override
    public boolean isClosed() throws SQLException {
      return bare.isClosed();
    }

    @Override
    public void abort(Executor executor) throws SQLException {
      bare.abort(executor);
    }

    @Override
    public boolean isValid(int timeout) throws SQLException {
      return bare.isValid(timeout);
    }

    @Override
    public void setClientInfo(String name, String value) throws SQLClientInfoException {
      bare.setClientInfo(name, value);
    }

    @Override
    public void setClientInfo(Properties properties) throws SQLClientInfoException {
      bare.setClientInfo(properties);
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
      return bare.unwrap(type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
      return bare.isWrapperFor(type);
    }

    @Override
    Connection delegate() {
      return bare;
    }

    @Override
    PooledConnection home() {
      return PooledConnection.NOWHERE;
    }

    @Override
    CallableStatement wrap(CallableStatement statement) {
      return statement;
    }

    @Override
    DatabaseMetaData wrap(DatabaseMetaData data) {
      return data;
    }

    @Override
    PreparedStatement wrap(PreparedStatement statement) {
      return statement;
    }

    @Override
    Statement wrap(Statement statement) {
      return statement;
    }

    @Override
    SQLException failed(SQLException e) {
      return e;
    }

    @Override
    void broken(Throwable e) {}

    @Override
    void preparing(String sql) {}
  }
}
