package io.everpool.core.jdbc;

import io.everpool.api.ResetMode;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.driver.CommitTicket;
import io.everpool.api.driver.Effects;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.api.driver.StreamedData;
import io.everpool.api.driver.TransactionState;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A connection of the fake driver's; its fields say how it behaves. */
public final class FakePhysical implements PhysicalConnection {
  private final FakeDriver driver;
  private final Fake jdbc;

  /** Whether the driver knows of its transactions. */
  public boolean tracksTransactions = true;

  /** Whether it throws when it is asked for the state behind the end of a transaction. */
  public boolean failsToTell;

  public boolean readOnlyServer;

  /** Whether nobody is in the driver, and no answer is outstanding. */
  public boolean inStep = true;

  /** What can be seen of its socket. */
  public Look look = Look.BLIND;

  /** What it says of all that was sent. */
  public Effects effects = Effects.UNPROVEN;

  /** Whether it lives, and how often it was asked. */
  public boolean valid = true;

  public int validations;

  /** Whether it has seen the server take writes that it was told to refuse. */
  public boolean takesWrites;

  /** Whether it has seen a COMMIT that isn't answered. */
  public boolean commitUnanswered;

  /** What it has seen of a write that isn't answered, and of a query. */
  public Effects unanswered = Effects.UNPROVEN;

  public Effects unansweredIfQueriesWrite = Effects.UNPROVEN;

  public @Nullable RuntimeException unansweredFailure;

  /** What resets it was asked for, such as {@code SMART [SET, LISTEN]}. */
  public final List<String> resets = new ArrayList<>();

  public @Nullable SQLException resetFailure;

  /** What beginning a transaction fails with. */
  public @Nullable SQLException beginFailure;

  /** Run at each reset. */
  public Runnable onReset = () -> {};

  private final List<Streamed> streamed = new ArrayList<>();

  /** With what it compares what is streamed. */
  public List<StreamedData> expected = List.of();

  /** Whether it has cut the connection for what was streamed. */
  public boolean refusedStreamed;

  private long moment;
  private long settled;
  private boolean writesRefused;

  FakePhysical(FakeDriver driver, Fake jdbc) {
    this.driver = driver;
    this.jdbc = jdbc;
  }

  /** As a server that goes away: every call finds the connection closed from now on. */
  public void breakOff() {
    jdbc.breakOff();
  }

  /** From now on isValid says no, and setShardingKeyIfValid. */
  public void invalid() {
    jdbc.set("Valid", false);
  }

  /** Whether anybody has closed it. */
  public boolean closed() throws SQLException {
    return jdbc().isClosed();
  }

  public void transaction(TransactionState state) {
    jdbc.transaction = state;
  }

  @Override
  public Connection jdbc() {
    return (Connection) jdbc.proxy;
  }

  @Override
  public boolean inStep() {
    return inStep;
  }

  @Override
  public Look look() {
    return look;
  }

  @Override
  public void validate(long timeoutNanos) throws SQLException {
    validations++;
    if (!valid) {
      throw new SQLException("not valid", "08006");
    }
  }

  @Override
  public TransactionState transactionState() {
    if (failsToTell && jdbc.transaction != TransactionState.OPEN) {
      throw new IllegalStateException("can't tell the state");
    }
    return tracksTransactions ? jdbc.transaction : TransactionState.UNKNOWN;
  }

  /** As a driver that sees the protocol: all that was sent until now has had such effects. */
  public void seeCommit(Effects seen) {
    effects = seen;
    settled = ++moment;
  }

  @Override
  public long moment() {
    return moment;
  }

  @Override
  public Effects effectsSince(long since) {
    return settled > 0 && since >= settled ? Effects.NONE : effects;
  }

  @Override
  public boolean takesWritesSince(long since) {
    return takesWrites;
  }

  @Override
  public boolean commitUnanswered() {
    return commitUnanswered;
  }

  @Override
  public Effects unanswered(boolean queriesWrite) {
    if (unansweredFailure != null) {
      throw unansweredFailure;
    }
    return queriesWrite ? unansweredIfQueriesWrite : unanswered;
  }

  private record Streamed(long at, StreamedData data) {}

  /** As a driver that has seen so many bytes being streamed. */
  public void stream(long length, boolean whole) {
    streamed.add(new Streamed(++moment, new StreamedData(length, whole, 0)));
  }

  @Override
  public List<StreamedData> streamedSince(long since) {
    return streamed.stream().filter(each -> each.at > since).map(Streamed::data).toList();
  }

  @Override
  public void expectStreamed(List<StreamedData> before) {
    expected = before;
  }

  @Override
  public boolean refusedStreamed() {
    return refusedStreamed;
  }

  private void outsideOfTransactions() {
    if (jdbc.transaction != TransactionState.NONE) {
      throw new AssertionError("called within a transaction");
    }
  }

  @Override
  public void forgetPlans() {
    outsideOfTransactions();
    driver.plansForgotten++;
  }

  @Override
  public boolean refusesWritesInTransactions() {
    return driver.takesReadOnlyAsAHint;
  }

  @Override
  public boolean refuseWrites(boolean value) throws SQLException {
    if (driver.canRefuseWrites && value != writesRefused) {
      driver.writesRefused.add(value);
      writesRefused = value;
    }
    return driver.canRefuseWrites;
  }

  @Override
  public boolean isSharedByTransaction() {
    return driver.shared;
  }

  @Override
  public void begin(int isolation, boolean readOnly, @Nullable String schema) throws SQLException {
    if (beginFailure != null) {
      throw beginFailure;
    }
    driver.begun.add(
        isolation + (readOnly ? " read only" : "") + (schema == null ? "" : " in " + schema));
    transaction(TransactionState.OPEN);
  }

  @Override
  public void standsAlone() {
    driver.alone++;
  }

  @Override
  public boolean isServerReadOnly(SideEffects sideEffects) {
    return readOnlyServer && sideEffects.isNone();
  }

  @Override
  public void reset(ResetMode mode, SideEffects sideEffects) throws SQLException {
    outsideOfTransactions();
    resets.add(mode + " " + sideEffects);
    onReset.run();
    if (resetFailure != null) {
      throw resetFailure;
    }
  }

  @Override
  public @Nullable CommitTicket commitTicket() throws SQLException {
    if (!driver.commits.truthful) {
      return driver.commits.ticket();
    }
    String id = driver.database.id(jdbc);
    return id.isEmpty() ? null : new FakeCommits.Ticket(id);
  }

  @Override
  public CommitStatus commitStatus(CommitTicket ticket) throws SQLException {
    if (!driver.commits.truthful) {
      try {
        return driver.commits.status(ticket);
      } catch (SQLException e) {
        readOnlyServer |= "25006".equals(e.getSQLState());
        throw e;
      }
    }
    Object instead = driver.commits.insteadOfTruth.get();
    if (instead != null) {
      return driver.commits.said(instead);
    }
    return driver.database.isCommitted(ticket.toString())
        ? CommitStatus.COMMITTED
        : CommitStatus.ABORTED;
  }

  @Override
  public void endTransaction(CommitTicket ticket) throws SQLException {
    driver.commits.end(ticket);
  }

  @Override
  public void close() throws SQLException {
    jdbc().close();
  }

  @Override
  public void abort() {
    breakOff();
  }
}
