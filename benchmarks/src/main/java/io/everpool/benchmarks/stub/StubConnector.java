package io.everpool.benchmarks.stub;

import io.everpool.api.ResetMode;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.api.driver.TransactionState;
import java.sql.SQLException;

/** Everpool's driver port to a {@link StubDatabase}. */
public final class StubConnector implements Connector {

  private final StubDatabase database;

  public StubConnector(StubDatabase database) {
    this.database = database;
  }

  /** Makes a connector to the stub at a URL. */
  public static StubConnector to(String url) throws SQLException {
    return new StubConnector(StubDatabase.at(url));
  }

  @Override
  public String product() {
    return "Stub";
  }

  @Override
  public String target() {
    return database.url();
  }

  @Override
  public PhysicalConnection open(long timeoutNanos) throws SQLException {
    return new Physical(database.connect());
  }

  @Override
  public Verdict classify(Throwable failure) {
    return Verdict.STATEMENT_FAILED;
  }

  @Override
  public SideEffects sideEffects(String sql) {
    return SideEffects.NONE;
  }

  private record Physical(StubConnection jdbc) implements PhysicalConnection {

    @Override
    public Look look() {
      return Look.ALIVE;
    }

    @Override
    public void validate(long timeoutNanos) {}

    @Override
    public TransactionState transactionState() {
      return TransactionState.NONE;
    }

    @Override
    public void reset(ResetMode mode, SideEffects sideEffects) {}

    @Override
    public void close() {
      jdbc.close();
    }

    @Override
    public void abort() {
      jdbc.close();
    }
  }
}
