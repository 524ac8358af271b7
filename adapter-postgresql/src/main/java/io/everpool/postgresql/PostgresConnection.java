package io.everpool.postgresql;

import io.everpool.api.ResetMode;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.driver.CommitTicket;
import io.everpool.api.driver.Effects;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.api.driver.StreamedData;
import io.everpool.api.driver.TransactionState;
import io.everpool.postgresql.commit.CommitOutcome;
import io.everpool.postgresql.commit.LookupPermission;
import io.everpool.postgresql.commit.PostgresCommitTicket;
import io.everpool.postgresql.commit.WithoutId;
import io.everpool.postgresql.driver.DriverSettings;
import io.everpool.postgresql.driver.PgjdbcInternals;
import io.everpool.postgresql.driver.Proof;
import io.everpool.postgresql.protocol.ProtocolLog;
import io.everpool.postgresql.session.SessionCatalog;
import io.everpool.postgresql.session.SessionReset;
import io.everpool.postgresql.session.SideEffect;
import io.everpool.postgresql.socket.FinalCancel;
import io.everpool.postgresql.socket.LookableSocket;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * A session on a PostgreSQL server. This class is as long as the driver port's list of questions:
 * one of its parts answers each, and it answers the rest itself.
 */
final class PostgresConnection implements PhysicalConnection {
  private static final PgjdbcInternals DRIVER = PgjdbcInternals.PRESENT;

  private static final String NOT_ON_STANDBY =
      "ask for REPEATABLE READ, or for the primary: of a pool with readers a unit goes there by"
          + " itself that begins with its level (WorkOptions.withIsolation), and a connection that"
          + " was lent already doesn't";

  private final Connection lent;
  private final Connection jdbc;
  private final PGConnection driver;
  private final NetworkLimit limit;
  private final SessionCatalog catalog;
  private final RoomCheck room;
  private final DriverSettings settings;
  private final @Nullable LookableSocket socket;
  private final CommitOutcome commits;
  private final SessionWrites writes;
  private final CommandTimeout commandTimeout;
  private final @Nullable Pooler pooler;
  private final boolean ignoresReadOnly;
  private final BooleanSupplier supersedesEarlier;

  /** Whether the session's plans were forgotten behind a pooler: see {@link Plans}. */
  private boolean preparesNoMore;

  /**
   * @param lent pgjdbc's connection, or what another driver has put around it
   * @param catalog knows what statements of this database leave in a session
   * @param room asks the server for how many more connections it has room
   * @param socket the connection's socket, beneath its TLS; null if it can't be looked at
   * @param writes knows whether the session takes writes
   * @param commandTimeout the {@code command-timeout} that the server was told at the login; zero
   *     if it was told none
   * @param pooler the pooler that gives the session's server process to others between its
   *     transactions; null if there is none of this kind
   * @param ignoresReadOnly whether the driver does nothing for {@code setReadOnly}
   * @param supersedesEarlier whether the server is on a higher timeline than any that was seen
   *     before
   */
  PostgresConnection(
      Connection lent,
      SessionCatalog catalog,
      RoomCheck room,
      @Nullable LookableSocket socket,
      LookupPermission lookupPermission,
      SessionWrites writes,
      Duration commandTimeout,
      @Nullable Pooler pooler,
      boolean ignoresReadOnly,
      BooleanSupplier supersedesEarlier)
      throws SQLException {
    this.lent = lent;
    this.jdbc = PgjdbcInternals.within(lent);
    this.driver = (PGConnection) jdbc;
    this.limit = new NetworkLimit(jdbc);
    this.catalog = catalog;
    this.room = room;
    this.settings = new DriverSettings(jdbc);
    this.socket = socket;
    this.commits = new CommitOutcome(jdbc, lookupPermission);
    this.writes = writes;
    this.commandTimeout = new CommandTimeout(jdbc, commandTimeout, pooler != null);
    this.pooler = pooler;
    this.ignoresReadOnly = ignoresReadOnly;
    this.supersedesEarlier = supersedesEarlier;
  }

  @Override
  public Connection unwatched() {
    return jdbc;
  }

  @Override
  public Connection jdbc() {
    return lent;
  }

  @Override
  public Look look() {
    return socket == null ? Look.BLIND : socket.look();
  }

  @Override
  public boolean supersedesEarlier() {
    return supersedesEarlier.getAsBoolean();
  }

  @Override
  public void validate(long timeoutNanos) throws SQLException {
    limit.during(timeoutNanos, () -> DRIVER.ping(jdbc));
  }

  @Override
  public void refresh(long timeoutNanos) throws SQLException {
    Duration half = SessionCatalog.limit(timeoutNanos, pooler != null);
    limit.during(timeoutNanos, () -> catalog.refresh(jdbc, half));
  }

  @Override
  public OptionalInt room(long timeoutNanos) throws SQLException {
    return limit.within(timeoutNanos, () -> room.left(jdbc));
  }

  @Override
  public boolean refuseWrites(boolean value) throws SQLException {
    if (pooler != null) {
      if (value) {
        pooler.hearReadOnly();
      }
      return false; // by the next statement the server's session belongs to another client
    }
    writes.refuse(value);
    return true;
  }

  @Override
  public boolean limitStatements(boolean value) throws SQLException {
    if (value) {
      commandTimeout.restore();
    } else {
      commandTimeout.lift();
    }
    return true;
  }

  @Override
  public SQLException explained(SQLException failure, SideEffects sideEffects) {
    settings.failed(failure);
    return Hinted.isSaid(failure, "0A000", "serializable mode in a hot standby")
        ? Hinted.of(failure, NOT_ON_STANDBY)
        : commandTimeout.explained(failure, sideEffects);
  }

  @Override
  public boolean isSharedByTransaction() {
    return pooler != null;
  }

  @Override
  public void begin(int isolation, boolean readOnly, @Nullable String schema) throws SQLException {
    if (schema != null) {
      settings.beginsIn(schema);
    }
    DRIVER.update(jdbc, TransactionStart.sql(isolation, readOnly, schema));
  }

  @Override
  public void standsAlone() {
    if (pooler != null) {
      pooler.hearIsolation();
    }
  }

  @Override
  public boolean refusesWritesInTransactions() throws SQLException {
    return ignoresReadOnly;
  }

  @Override
  public void forgetPlans() throws SQLException {
    preparesNoMore |= pooler != null;
    Plans.forget(jdbc, pooler != null);
  }

  /**
   * A session belongs to one database. pgjdbc accepts {@code setCatalog} and does nothing, and from
   * 42.7.11 on it asks the server at {@code getCatalog}.
   */
  @Override
  public boolean keepsCatalog() {
    return true;
  }

  @Override
  public TransactionState transactionState() {
    return DRIVER.transaction(jdbc);
  }

  @Override
  public boolean isServerReadOnly(SideEffects sideEffects) {
    return writes.haveEnded(sideEffects);
  }

  @Override
  public boolean isWriteRefusedByServer(SideEffects sideEffects) {
    return writes.haveRefused(sideEffects);
  }

  @Override
  public boolean beganReadOnly() {
    return writes.wereRefusedAtFirst();
  }

  boolean onStandby() {
    return writes.onStandby();
  }

  @Override
  public int highestIsolation() {
    return onStandby()
        ? Connection.TRANSACTION_REPEATABLE_READ
        : Connection.TRANSACTION_SERIALIZABLE;
  }

  /**
   * The host and the port that the session is connected to; {@code otherwise} if the driver hides
   * them.
   */
  String host(String otherwise) {
    return PgjdbcInternals.host(jdbc, otherwise);
  }

  /** What was said in the protocol; null if the socket is of someone else's making. */
  @Nullable ProtocolLog log() {
    return socket == null ? null : socket.log();
  }

  @Override
  public boolean inStep() {
    ProtocolLog log = log();
    return (log == null || log.isInStep()) && !DRIVER.isBusy(jdbc);
  }

  /** Looks twice, because between the two looks of one pair another thread may have gone on. */
  @Override
  public boolean isHeldUp() {
    if (!DRIVER.showsThreads()) {
      // a thread may be in the driver, but it will leave it in the end
      return DRIVER.isCopying(jdbc);
    }
    return !inStep() && !DRIVER.isOccupied(jdbc) && !inStep() && !DRIVER.isOccupied(jdbc);
  }

  @Override
  public void prove() throws SQLException {
    Proof.of(jdbc);
    if (!inStep()) {
      throw new SQLException("Answers were left that nobody has read", "08P01");
    }
  }

  @Override
  public long moment() {
    ProtocolLog log = log();
    return log == null ? 0 : log.moment();
  }

  @Override
  public Effects effectsSince(long moment) {
    ProtocolLog log = log();
    return log == null ? Effects.UNPROVEN : log.effectsSince(moment);
  }

  @Override
  public List<StreamedData> streamedSince(long moment) {
    ProtocolLog log = log();
    return log == null ? List.of() : log.streamedSince(moment);
  }

  @Override
  public void expectStreamed(List<StreamedData> before) {
    ProtocolLog log = log();
    if (log != null) {
      log.expectStreamed(before);
    }
  }

  @Override
  public boolean refusedStreamed() {
    ProtocolLog log = log();
    return log != null && log.isRefused();
  }

  @Override
  public boolean takesWritesSince(long moment) {
    ProtocolLog log = log();
    return log != null && log.takesWritesSince(moment);
  }

  @Override
  public Effects unanswered(boolean queriesWrite) {
    ProtocolLog log = log();
    return log == null ? Effects.UNPROVEN : log.unanswered(queriesWrite);
  }

  @Override
  public boolean commitUnanswered() {
    ProtocolLog log = log();
    return log != null && log.commitUnanswered();
  }

  /** If the program had the driver's own object, it may have set anything, and all is reset. */
  @Override
  public void reset(ResetMode mode, SideEffects sideEffects) throws SQLException {
    boolean exposed = sideEffects.isExposed();
    int left = SideEffect.bits(sideEffects) | (exposed ? SessionReset.ANYTHING : 0);
    // This comes first, for how the driver sends the statements below depends on its settings.
    settings.restore(exposed, SessionReset.movesNames(mode, left));
    if (exposed && preparesNoMore) {
      Plans.prepareNoMore(driver);
    }
    if (pooler != null) {
      // No SQL is sent. What this lease has set is on another server connection by now, and on the
      // one that the statements would reach they would clear other clients' settings.
      DRIVER.forgetNotifications(jdbc);
      return;
    }
    catalog.requireResettable(mode, left);
    String sql = SessionReset.sql(mode, left);
    if (!sql.isEmpty()) {
      DRIVER.update(jdbc, sql);
      if (SessionReset.resetsSettings(mode, left)) {
        writes.settingsReset();
      }
    }
    if (SessionReset.forgetsNotifications(mode, left)) {
      // Notifications that had arrived before are still in the driver, and the next borrower would
      // get them.
      DRIVER.forgetNotifications(jdbc);
    }
  }

  @Override
  public @Nullable CommitTicket commitTicket() throws SQLException {
    return switch (transactionState()) {
      case OPEN, UNKNOWN -> {
        ProtocolLog log = log();
        // This is looked up before the ticket is asked for, because the log sees the answer to that
        // question as well.
        boolean written = log != null && log.hasWritten();
        CommitTicket ticket = commits.ticket();
        if (ticket == WithoutId.ASKED_OF_STANDBY && onStandby() && !written) {
          ticket = null; // the standby is the session's own, and nothing can be written on it
        }
        yield ticket == null && written ? WithoutId.WRITTEN : ticket;
      }
      case NONE, FAILED -> null;
    };
  }

  @Override
  public CommitStatus commitStatus(CommitTicket ticket) throws SQLException {
    return ticket instanceof PostgresCommitTicket own ? commits.status(own) : CommitStatus.UNKNOWN;
  }

  @Override
  public void endTransaction(CommitTicket ticket) throws SQLException {
    if (ticket instanceof PostgresCommitTicket own) {
      commits.endBackend(own);
    }
  }

  @Override
  public void cancel(long timeoutNanos) throws SQLException {
    if (runsStatement()) {
      try {
        FinalCancel.run(jdbc, socket, this::abort, timeoutNanos);
      } catch (IOException e) {
        throw new SQLException("The end of the session did not come", "08006", e);
      }
    }
  }

  @Override
  public boolean cancelStatement(long timeoutNanos) {
    if (!runsStatement() || commitUnanswered()) {
      // A COMMIT may be waiting for its standby: a cancel would make it succeed without the
      // standby.
      return false;
    }
    FinalCancel.request(jdbc, System.nanoTime() + timeoutNanos);
    return true;
  }

  /**
   * The number of waits; it is odd while a wait is under way. A wait that is under way counts only
   * if it is for the server: an answer is outstanding, or the server doesn't take what is sent. A
   * program that waits for a notification has asked the server for nothing; such a wait is left out
   * of the count, which is then even.
   */
  @Override
  public long waits() {
    ProtocolLog log = log();
    if (socket == null || log == null) {
      return 0;
    }
    long waits = socket.waits();
    boolean underWay = waits % 2 == 1;
    boolean forNotification = underWay && !socket.waitsToSend() && !log.mayStillRun();
    return forNotification ? waits - 1 : waits;
  }

  @Override
  public boolean isOver() throws SQLException {
    ProtocolLog log = log();
    return jdbc.isClosed() || (log != null && log.isOver());
  }

  @Override
  public Duration replicaLag(long timeoutNanos) throws SQLException {
    return limit.within(timeoutNanos, () -> new Replication(jdbc).lag());
  }

  @Override
  public String position(long timeoutNanos) throws SQLException {
    return limit.within(timeoutNanos, () -> new Replication(jdbc).position().toString());
  }

  @Override
  public boolean hasReached(String position, long timeoutNanos) throws SQLException {
    return limit.within(timeoutNanos, () -> new Replication(jdbc).hasReached(position));
  }

  /** Whether a statement runs, as far as can be seen from another thread than the holder's. */
  private boolean runsStatement() {
    ProtocolLog log = log();
    return DRIVER.isOccupied(jdbc)
        || (log == null ? DRIVER.isBusy(jdbc) : log.mayStillRun() && !log.isInStep());
  }

  @Override
  public void close() throws SQLException {
    if (socket != null && socket.isClosed()) {
      abort(); // the socket is closed, so that nobody would hear a farewell
    } else {
      lent.close();
    }
  }

  @Override
  public void abort() {
    Abort.of(jdbc, socket);
  }

  @Override
  public String toString() {
    return "PostgreSQL session " + driver.getBackendPID();
  }
}
