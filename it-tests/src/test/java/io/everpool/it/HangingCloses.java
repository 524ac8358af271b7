package io.everpool.it;

import io.everpool.api.PoolConfig;
import io.everpool.api.ResetMode;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.api.driver.TransactionState;
import io.everpool.postgresql.PostgresAdapter;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** PostgreSQL's own connector, save that closes hang when told to, until its own end. */
final class HangingCloses implements Connector {
  private final Connector real;
  private final AtomicInteger hangs = new AtomicInteger();
  private final CountDownLatch over = new CountDownLatch(1);

  private HangingCloses(Connector real) {
    this.real = real;
  }

  static HangingCloses of(PoolConfig config) {
    return new HangingCloses(new PostgresAdapter().connector(config));
  }

  /** So many of the closes to come hang. */
  void hangs(int count) {
    hangs.set(count);
  }

  @Override
  public String product() {
    return real.product();
  }

  @Override
  public String target() {
    return real.target();
  }

  @Override
  public PhysicalConnection open(long timeoutNanos) throws SQLException {
    return new Physical(real.open(timeoutNanos));
  }

  @Override
  public Verdict classify(Throwable failure) {
    return real.classify(failure);
  }

  @Override
  public SideEffects sideEffects(String sql) {
    return real.sideEffects(sql);
  }

  @Override
  public void close() {
    over.countDown();
    real.close();
  }

  private final class Physical implements PhysicalConnection {
    private final PhysicalConnection real;

    Physical(PhysicalConnection real) {
      this.real = real;
    }

    @Override
    public Connection jdbc() {
      return real.jdbc();
    }

    @Override
    public Look look() {
      return real.look();
    }

    @Override
    public void validate(long timeoutNanos) throws SQLException {
      real.validate(timeoutNanos);
    }

    @Override
    public TransactionState transactionState() {
      return real.transactionState();
    }

    @Override
    public void reset(ResetMode mode, SideEffects sideEffects) throws SQLException {
      real.reset(mode, sideEffects);
    }

    @Override
    public void close() throws SQLException {
      if (hangs.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
        try {
          over.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
      real.close();
    }

    @Override
    public void abort() {
      real.abort();
    }
  }
}
