package io.everpool.core.jdbc;

import io.everpool.api.CloseReason;
import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.driver.CommitTicket;
import io.everpool.api.driver.Effects;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.Verdict;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Wrapper;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * The face of a {@link Connection}: one per lease, for as long as the lease lasts. 32 bytes, which
 * with a statement's 24 is all that the pool allocates for a query.
 *
 * <p>As with any connection, one thread at a time may use it. {@link #close()}, {@link #abort} and
 * a statement's cancel may come from another.
 *
 * <p>Why two threads that close at the same time do no harm, though closing takes no lock and
 * writes nothing but plain fields. Each of them has read the session and the lease. On a session
 * with nothing to clean both call {@link LeaseManager#release}; its compare-and-set of the slot's
 * word from this very lease succeeds once. If there is something to clean, {@link
 * LeaseManager#resetStarted} comes first, and is another move of the same word from the same lease:
 * so of all who close, clean or not, one moves the word, and only he goes on. Between reading and
 * moving, the loser may look at the books of a session that somebody else holds by now, and may
 * conclude nonsense from them; but he writes nothing before his move, and his move fails. (He may
 * clear that session's warnings.)
 *
 * <p>A lease is the name of a state of one slot, so session and lease must be read as a pair that
 * belongs together, and a renewal changes both. Hence the order: it takes the session away, changes
 * the lease, and then sets the new session; a reader reads the session, the lease, and the session
 * again. A mixed pair shows in the second reading. The fences keep loads in order and cost nothing
 * on x86. Only a unit of work renews; while one runs, closing takes the session away by
 * compare-and-set, lest it takes away the new one, which nobody would then give back.
 */
public final class PooledConnection extends RestoredConnection {

  /** The home of statements whose session is gone: closed. */
  static final PooledConnection NOWHERE = new PooledConnection();

  /** In place of a lease: over for good. */
  private static final long CLOSED = -1;

  /** In place of a lease: the last is over and {@link #rebind} may bring another. */
  private static final long BETWEEN = 0;

  private static final int FEW = 8;

  private static final VarHandle SESSION;
  private static final VarHandle LEASE;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      SESSION = lookup.findVarHandle(PooledConnection.class, "session", Session.class);
      LEASE = lookup.findVarHandle(PooledConnection.class, "lease", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private @Nullable Session session;
  private long lease;
  private @Nullable OpenStatement open;
  private @Nullable UnitObserver observer;

  /** For the one who has just acquired {@code lease}, on his own thread. */
  public PooledConnection(Session session, long lease) {
    session.leaseStarted();
    this.session = session;
    this.lease = lease;
  }

  private PooledConnection() {
    lease = CLOSED;
  }

  // ---- closing ------------------------------------------------------------------------------

  /**
   * Ends the lease, whatever happens. Never throws: what nobody has the memory or the stack for is
   * left to upkeep, by a mere write.
   */
  @Override
  public void close() {
    Session s = session;
    long read = lease;
    try {
      close(s);
    } catch (Throwable e) {
      session = null;
      if (s != null) {
        s.stranded = read; // says nothing if that lease is over
      }
    }
  }

  private void close(@Nullable Session s) {
    long l = leaseOf(s);
    if (s == null) {
      LEASE.compareAndSet(this, BETWEEN, CLOSED); // a renewal under way must not bring another
      return;
    }
    if (l == BETWEEN) {
      close(); // renewed between two looks
      return;
    }
    OpenStatement left = open;
    if (observer == null) {
      session = null;
    } else if (!SESSION.compareAndSet(this, s, null)) {
      return;
    }
    if (left == null && s.marks == 0) {
      s.leases.release(s, l);
    } else {
      open = null;
      SessionCleanup.of(s, l, left);
    }
  }

  /**
   * As the driver has it, a connection that was lost is closed: frameworks ask before they roll
   * back or restore.
   */
  @Override
  public boolean isClosed() throws SQLException {
    Session s = session;
    try {
      return s == null || s.jdbc.isClosed();
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  /** Whether it has no session any more: it was closed, or let go by a unit of work. */
  public boolean isGivenBack() {
    return session == null;
  }

  /**
   * Cuts the connection, also under a thread that is using it; it is never lent again. As closing,
   * it first ends the lease and then touches the connection, which by then would be another's if
   * somebody had closed it meanwhile. The cut itself is the pool's, on a thread of its own.
   *
   * @param executor not needed, but JDBC asks for one
   */
  @Override
  public void abort(Executor executor) throws SQLException {
    Session s = session;
    long l = leaseOf(s);
    if (s == null || l == BETWEEN) {
      return;
    }
    if (executor == null) {
      throw new SQLException("Aborting takes an executor", "22023");
    }
    s.leases.cut(s, l, CloseReason.ABORTED);
    SESSION.compareAndSet(this, s, null);
  }

  /**
   * The lease is one already, for drivers that want to know; within it they may be told of more.
   */
  @Override
  public void beginRequest() throws SQLException {
    Connection to = delegate();
    try {
      to.beginRequest();
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  /** As {@link #beginRequest()}. */
  @Override
  public void endRequest() throws SQLException {
    Connection to = delegate();
    try {
      to.endRequest();
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  /** The lease that belongs to a session just read; BETWEEN if it doesn't belong here any more. */
  private long leaseOf(@Nullable Session s) {
    VarHandle.loadLoadFence();
    long l = lease;
    VarHandle.loadLoadFence();
    return s == session ? l : BETWEEN;
  }

  static SQLException closed() {
    return new SQLNonTransientConnectionException("This connection is closed", "08003");
  }

  // ---- what the forwarding asks for ---------------------------------------------------------

  @Override
  Connection delegate() throws SQLException {
    return current().jdbc;
  }

  /** The session of the lease; throws if this is closed. */
  @Override
  public Session current() throws SQLException {
    Session s = session;
    if (s == null) {
      throw closed();
    }
    return s;
  }

  @Override
  PooledConnection home() {
    return this;
  }

  @Override
  SQLException failed(SQLException e) {
    Session s = session;
    if (s == null) {
      return e;
    }
    s.marks |= Session.FAILED;
    try {
      judge(s, e);
      return observer == null && s.commitUnanswered() && isLoss(s, e) ? outcomeUnknown(e) : e;
    } catch (Throwable more) {
      s.marks |= Session.BROKEN; // so deep that nothing can be asked: it is not lent again
    }
    return e;
  }

  /** Whether the connection was lost, and just now: afterwards it is only closed (08003). */
  private static boolean isLoss(Session s, SQLException e) {
    Verdict verdict = s.leases.classify(e);
    return verdict.fatal()
        && verdict != Verdict.READ_ONLY_SERVER
        && !"08003".equals(e.getSQLState());
  }

  /**
   * Of a COMMIT that gets no answer, outside of units of work: these ask what became of it. Not
   * even a server that says that it ends the session has said that.
   */
  private static SQLException outcomeUnknown(SQLException lost) {
    return new CommitOutcomeUnknownException(
        "The connection was lost during a COMMIT, which may have been done: look for its effect"
            + " before you repeat it (Pool.inTransaction asks the server). "
            + lost.getMessage(),
        null,
        lost);
  }

  /** A call of JDBC's that commits. */
  interface Committing {
    void run() throws SQLException;
  }

  /** Commits by a call of JDBC's; a driver may not have seen more of that than we have. */
  @Override
  final void committing(Committing call) throws SQLException {
    Session s = current();
    boolean open = s.pending() && !s.autoCommit();
    long begun = open ? s.moment() : 0;
    try {
      call.run();
    } catch (SQLException e) {
      boolean unseen =
          open
              && !(e instanceof CommitOutcomeUnknownException)
              && isLoss(s, e)
              && s.effectsSince(begun) == Effects.UNPROVEN;
      throw unseen ? outcomeUnknown(e) : e;
    }
  }

  private void judge(Session s, SQLException e) {
    Verdict verdict = s.leases.classify(e);
    if (verdict == Verdict.READ_ONLY_SERVER && !s.serverBecameReadOnly()) {
      return; // the program has asked for a read-only transaction, and that is all
    }
    if (verdict.fatal()) {
      doom(s, verdict, e);
      return;
    }
    if (s.shut()) {
      doom(s, Verdict.CONNECTION_LOST, e); // a state that nobody knows, but the driver has gone
      return;
    }
    if (verdict == Verdict.STALE_PLAN) {
      s.marks |= Session.STALE_PLANS;
    }
    if (verdict != Verdict.STATEMENT_FAILED && observer != null) {
      observer.failed(verdict, e);
    }
  }

  @Override
  void broken(Throwable e) {
    Session s = session;
    if (s == null) {
      return;
    }
    s.marks |= Session.BROKEN; // first, and without a call: there may be no stack left for one
    try {
      s.leases.doom(
          s,
          leaseOf(s),
          Verdict.CONNECTION_LOST,
          new SQLException("The driver has thrown " + e, e));
    } catch (Throwable more) {
      // it is marked, and closed when it comes back
    }
  }

  private void doom(Session s, Verdict verdict, SQLException failure) {
    s.leases.doom(s, leaseOf(s), verdict, failure);
    if (observer != null) {
      observer.failed(verdict, failure);
    }
  }

  @Override
  void preparing(String sql) {
    Session s = session;
    if (s != null) {
      s.show(sql);
    }
  }

  void executing() throws SQLException {
    Session s = session;
    if (s != null) {
      if (s.readOnlyUnsettled) {
        settleReadOnly(s);
      }
      s.executing();
    }
    if (observer != null) {
      tell(observer);
    }
  }

  private void tell(UnitObserver listening) {
    try {
      listening.executing(); // which asks the driver one thing and another
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  private void settleReadOnly(Session s) throws SQLException {
    try {
      s.settleReadOnly();
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  /** Something is about to be sent that is no statement of the program's; it may begin one. */
  private void sending() throws SQLException {
    Session s = current();
    if (s.readOnlyUnsettled) {
      settleReadOnly(s);
    }
  }

  @Override
  public Savepoint setSavepoint() throws SQLException {
    sending();
    return super.setSavepoint();
  }

  @Override
  public Savepoint setSavepoint(String name) throws SQLException {
    sending();
    return super.setSavepoint(name);
  }

  @Override
  public DatabaseMetaData getMetaData() throws SQLException {
    sending();
    return super.getMetaData();
  }

  @Override
  Statement wrap(Statement bare) {
    return track(new PooledStatement(this, bare));
  }

  @Override
  PreparedStatement wrap(PreparedStatement bare) {
    return track(new PooledPreparedStatement(this, bare));
  }

  @Override
  CallableStatement wrap(CallableStatement bare) {
    return track(new PooledCallableStatement(this, bare));
  }

  @Override
  DatabaseMetaData wrap(DatabaseMetaData bare) {
    Session s = session;
    if (s != null) {
      s.querying(); // its calls are queries, too
    }
    return new PooledDatabaseMetaData(this, s == null ? null : s.jdbc, bare);
  }

  // ---- the statements to close ----------------------------------------------------------------

  <S extends OpenStatement> S track(S statement) {
    statement.next = open;
    open = statement;
    return statement;
  }

  /**
   * Takes a statement out that the program has closed. Programs close what they opened last, or
   * nearly so; one from the depths stays until there are as many strays as there were others at the
   * last sweep, so that a sweep costs each close but a step or two.
   */
  void untrack(OpenStatement statement) {
    OpenStatement at = open;
    if (at == statement) {
      open = statement.next;
      statement.next = null;
      return;
    }
    for (int i = 0; i < FEW && at != null; i++, at = at.next) {
      if (at.next == statement) {
        at.next = statement.next;
        statement.next = null;
        return;
      }
    }
    Session s = session;
    if (at != null && s != null && ++s.strays >= s.sweepAt) {
      sweep(s, statement);
    }
  }

  private void sweep(Session s, OpenStatement closing) {
    OpenStatement kept = null;
    int count = 0;
    for (OpenStatement at = open, next; at != null; at = next) {
      next = at.next;
      if (at == closing || at.isShut()) {
        at.next = null;
      } else if (kept == null) {
        kept = at;
        open = at;
        count++;
      } else {
        kept.next = at;
        kept = at;
        count++;
      }
    }
    if (kept == null) {
      open = null;
    } else {
      kept.next = null;
    }
    s.swept(count);
  }

  boolean closesItself() {
    Session s = session;
    return s != null && s.has(Session.CLOSES_ITSELF);
  }

  void markClosesItself() {
    Session s = session;
    if (s != null) {
      s.marks |= Session.CLOSES_ITSELF;
    }
  }

  // ---- transactions ---------------------------------------------------------------------------

  /**
   * Commits. If its answer gets lost it is looked up within a unit of work, and else {@link
   * CommitOutcomeUnknownException} is thrown, SQLState 08007.
   */
  @Override
  public void commit() throws SQLException {
    if (observer != null) {
      observer.commit();
    } else {
      committing(this::commitNow);
    }
  }

  /** Commits, and lets the observer of a unit know nothing of it. */
  public void commitNow() throws SQLException {
    super.commit();
    settled();
  }

  @Override
  public void rollback() throws SQLException {
    super.rollback();
    Session s = session;
    if (s != null && s.has(Session.CHANGED)) {
      s.settings().rolledBack();
    }
    settled();
  }

  @Override
  public void rollback(Savepoint savepoint) throws SQLException {
    super.rollback(savepoint);
    Session s = session;
    if (s != null && s.has(Session.CHANGED)) {
      s.settings().rolledBack();
    }
  }

  private void settled() {
    Session s = session;
    if (s != null) {
      s.settled();
    }
  }

  // ---- the rest -------------------------------------------------------------------------------

  /** An answer of no means that the connection is not lent again. */
  @Override
  public boolean isValid(int seconds) throws SQLException {
    Session s = session;
    if (s == null) {
      return false;
    }
    try {
      if (s.jdbc.isValid(seconds)) {
        return true;
      }
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
    doom(
        s,
        Verdict.CONNECTION_LOST,
        new SQLNonTransientConnectionException("Found invalid by isValid", "08006"));
    return false;
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    return unwrap(type, this, delegate());
  }

  @Override
  public boolean isWrapperFor(Class<?> type) throws SQLException {
    return isWrapperFor(type, this, delegate());
  }

  /** Unwraps any face of this connection's. What the program does by the bare one goes unseen. */
  <T> T unwrap(Class<T> type, Object face, Wrapper bare) throws SQLException {
    Session s = current();
    if (type.isInstance(face)) {
      return type.cast(face);
    }
    s.exposed();
    sending();
    if (observer != null) {
      observer.exposed();
    }
    try {
      return type.isInstance(bare) ? type.cast(bare) : bare.unwrap(type);
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  boolean isWrapperFor(Class<?> type, Object face, Wrapper bare) throws SQLException {
    current();
    try {
      return type.isInstance(face) || type.isInstance(bare) || bare.isWrapperFor(type);
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  @Override
  public String toString() {
    Session s = session;
    return s == null ? "closed connection" : s.toString();
  }

  // ---- for units of work ------------------------------------------------------------------------

  /** The session of the lease; null if this is closed. */
  public @Nullable Session session() {
    return session;
  }

  /** Who hears what is sent; null outside of units of work. */
  @Override
  public @Nullable UnitObserver observer() {
    return observer;
  }

  /** Has {@code value} hear what is sent from now on. */
  public void observer(@Nullable UnitObserver value) {
    observer = value;
  }

  /** Whether this is open and belongs to {@code leases}. */
  public boolean isOf(LeaseManager leases) {
    Session s = session;
    return s != null && s.leases == leases;
  }

  /** The statements that are open. */
  public List<Statement> openStatements() {
    if (open == null) {
      return List.of();
    }
    List<Statement> found = new ArrayList<>();
    for (OpenStatement at = open; at != null; at = at.next) {
      if (!at.isShut()) {
        found.add(at);
      }
    }
    return found;
  }

  /** How many statements are listed, closed ones included. */
  int listed() {
    int count = 0;
    for (OpenStatement at = open; at != null; at = at.next) {
      count++;
    }
    return count;
  }

  /** What has been set on this connection, to be {@link #become become} again after a renewal. */
  public SessionState state() throws SQLException {
    try {
      return current().settings().state();
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  /** Sets what was set when {@code state} was taken, and unsets all else. */
  public void become(SessionState state) throws SQLException {
    try {
      current().become(state);
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  /**
   * Dooms the session if it is dead, though no failure has passed through here that said so: the
   * program may have used the driver's own object. Sends nothing.
   */
  public boolean foundBroken(Verdict verdict, SQLException failure) {
    Session s = session;
    if (s == null || !s.dead()) {
      return false;
    }
    doom(s, verdict, failure);
    return true;
  }

  /** As {@link PhysicalConnection#forgetPlans()}. */
  public void forgetPlans() throws SQLException {
    try {
      current().forgetPlans();
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  /** As {@link PhysicalConnection#commitTicket()}. */
  public @Nullable CommitTicket commitTicket() throws SQLException {
    try {
      return current().physical().commitTicket();
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  /** As {@link PhysicalConnection#commitStatus}. */
  public CommitStatus commitStatus(CommitTicket ticket) throws SQLException {
    try {
      return current().physical().commitStatus(ticket);
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  /** As {@link PhysicalConnection#endBackend}. */
  public void endBackend(CommitTicket ticket) throws SQLException {
    try {
      current().physical().endBackend(ticket);
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  /**
   * Gives the session back to be closed and leaves this face between two sessions: nothing works on
   * it until {@link #rebind} brings another. Its statements are closed without asking the driver,
   * who might wait for an answer.
   */
  public void letGo() {
    Session s = session;
    if (s == null) {
      return;
    }
    long l = lease;
    if (!SESSION.compareAndSet(this, s, null)) {
      return; // closed by another thread
    }
    lease = BETWEEN;
    OpenStatement left = open;
    open = null;
    while (left != null) {
      OpenStatement next = left.next;
      left.orphan();
      left = next;
    }
    s.leases.retire(s, l, CloseReason.FAILED);
  }

  /**
   * Goes on over another session, whose lease the caller has acquired.
   *
   * @throws SQLException if this face was closed meanwhile, or if anything of its old session is
   *     still in use (an open statement, an open transaction); {@code next} stays the caller's
   */
  public void rebind(Session next, long nextLease) throws SQLException {
    Session old = session;
    if (old != null) {
      if (!openStatements().isEmpty() || old.inTransaction()) {
        throw new SQLException(
            "A connection can't be renewed while its statements or its transaction are open",
            "25001");
      }
      long l = lease;
      if (SESSION.compareAndSet(this, old, null)) {
        open = null;
        lease = BETWEEN;
        SessionCleanup.of(old, l, null);
      }
    }
    if (!LEASE.compareAndSet(this, BETWEEN, nextLease)) {
      throw closed();
    }
    next.leaseStarted();
    VarHandle.storeStoreFence();
    session = next;
  }
}
