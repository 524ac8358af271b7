package io.everpool.core.jdbc;

import io.everpool.api.LeaseInterceptor;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.observe.Repeats;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/** A face whose lease {@link LeaseInterceptor}s take part in. It is made only if there are any. */
public final class InterceptedConnection extends PooledConnection implements Connection {
  private static final Logger log = PoolEvents.log();
  private static final VarHandle PASSED;

  static {
    try {
      PASSED =
          MethodHandles.lookup().findVarHandle(InterceptedConnection.class, "passed", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final List<LeaseInterceptor> interceptors;

  /** How many interceptors have let it pass, and have not been told of its end. */
  private volatile int passed;

  InterceptedConnection(Session session, long lease, List<LeaseInterceptor> interceptors) {
    super(session, lease);
    this.interceptors = interceptors;
  }

  /**
   * Has the interceptors set up the first session of this face.
   *
   * @throws SQLException what an interceptor has thrown; this is then closed
   */
  void acquired() throws SQLException {
    boolean done = false;
    try {
      setUp();
      done = true;
    } finally {
      if (!done) {
        close();
      }
    }
  }

  /**
   * Has the interceptors set up another session. If that session was lost in an interceptor,
   * returns what the interceptor has thrown: this face is then between two sessions, as it was
   * before. Returns null if all went well.
   *
   * @param isLoss whether a failure means that the session was lost
   * @throws SQLException any other failure of an interceptor; this face is then closed
   */
  @Nullable SQLException renewed(Predicate<SQLException> isLoss) throws SQLException {
    boolean done = false;
    try {
      setUp();
      done = true;
      return null;
    } catch (SQLException e) {
      if (!isLoss.test(e)) {
        throw e;
      }
      log.debug("{} was lost in an interceptor", this, e);
      letGo();
      done = true;
      return e;
    } finally {
      if (!done) {
        close();
      }
    }
  }

  /** The interceptors set up the session again, as they do with another session. */
  @Override
  public void beginAnew() throws SQLException {
    super.beginAnew();
    setUp();
  }

  /**
   * Has the interceptors set up the session. They do the same to the next one, so a unit of work
   * that goes on there misses nothing of it; and so the unit doesn't hear of it either.
   */
  private void setUp() throws SQLException {
    Session session = current();
    UnitObserver before = mayBeRenewed() ? silence() : null;
    boolean done = false;
    try {
      session.settingUp(true);
      for (int i = 0; i < interceptors.size(); i++) {
        interceptors.get(i).acquired(this);
        passed = Math.max(passed, i + 1);
      }
      session.setUp();
      done = true;
    } finally {
      observer(before);
      if (!done) {
        session.settingUp(false);
      }
    }
  }

  /** Tells the interceptors first. Each of them is told once, whichever thread closes. */
  @Override
  public void close() {
    try {
      returning();
    } finally {
      super.close();
    }
  }

  @Override
  public void returning() {
    int left = (int) PASSED.getAndSet(this, 0);
    Session session = session();
    if (left > 0 && session != null && (session.mayHangUnseen() || isHeldUp(session))) {
      return;
    }
    for (; left > 0 && session != null; session = present()) {
      LeaseInterceptor next = interceptors.get(--left);
      try {
        next.returning(this);
      } catch (Throwable e) {
        tell(session.leases, next, e);
      }
    }
  }

  /**
   * Whether what interceptors send would wait for ever; the connection is then going to be cut. The
   * look has the time of a clean-up, for a driver may hang in it.
   */
  private boolean isHeldUp(Session session) {
    long lease = leaseOf(session);
    if (!session.mayBeHeldUp() || !session.isUnder(lease)) {
      return false; // the lease is over, and without one a look has no deadline
    }
    session.leases.lookStarted(session, lease);
    try {
      return session.isHeldUp();
    } finally {
      session.leases.resetEnded(session, lease);
    }
  }

  /**
   * The session, or the one that was lost here: each interceptor is told, even if the session was
   * lost in the one before.
   */
  private @Nullable Session present() {
    Session session = session();
    return session == null ? lost() : session;
  }

  /** Logs the failure, once for each interceptor and kind of failure and not for each lease. */
  private void tell(LeaseManager leases, LeaseInterceptor failed, Throwable thrown) {
    try {
      int untold = leases.news(failed.getClass().getName() + ": " + thrown.getClass().getName());
      String line = "A lease interceptor failed at the return of {}";
      Repeats.warn(log, untold, line, this, thrown);
    } catch (Throwable e) {
      // nothing more can be said
    }
  }
}
