package io.everpool.core.stress;

import io.everpool.api.ResetMode;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.api.driver.TransactionState;
import io.everpool.core.jdbc.FakeDriver;
import io.everpool.core.jdbc.FakePhysical;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A connection that knows who uses it, can be killed, and counts how often it was ended. */
final class Mortal implements PhysicalConnection {
  private final FakePhysical fake;
  private final AtomicInteger ends = new AtomicInteger();
  private final AtomicReference<@Nullable Thread> user = new AtomicReference<>();
  private volatile boolean killed;

  Mortal(FakeDriver driver) {
    fake = driver.open();
  }

  /** As a backend that is terminated, at whatever moment. */
  void kill() {
    killed = true;
    fake.breakOff();
  }

  /** The calling thread has borrowed it; false if somebody else has. */
  boolean taken() {
    return user.compareAndSet(null, Thread.currentThread());
  }

  /** The calling thread is about to give it back; false if somebody else has it. */
  boolean left() {
    return user.compareAndSet(Thread.currentThread(), null);
  }

  /** How often it was closed or cut. */
  int ends() {
    return ends.get();
  }

  @Override
  public Connection jdbc() {
    return fake.jdbc();
  }

  @Override
  public Look look() {
    return killed ? Look.DEAD : Look.ALIVE;
  }

  @Override
  public void validate(long timeoutNanos) throws SQLException {
    if (killed) {
      throw new SQLException("killed", "08006");
    }
  }

  @Override
  public TransactionState transactionState() {
    return fake.transactionState();
  }

  @Override
  public void reset(ResetMode mode, SideEffects sideEffects) throws SQLException {
    fake.reset(mode, sideEffects);
  }

  @Override
  public void close() throws SQLException {
    ends.incrementAndGet();
    fake.close();
  }

  @Override
  public void abort() {
    ends.incrementAndGet();
    fake.abort();
  }
}
