package io.everpool.core.jdbc;

import io.everpool.api.CloseReason;
import io.everpool.api.driver.Verdict;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.observe.Journal;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/** Brings a session back to what a new connection is, and then gives it back. Never throws. */
final class Homecoming {
  private static final Logger log = Journal.log();

  private final Session session;
  private final Lessor lessor;

  private Homecoming(Session session) {
    this.session = session;
    lessor = session.lessor;
  }

  /**
   * Gives back a session on which something was done.
   *
   * @param left the first of the statements that are still open, or null
   */
  static void of(Session session, long lease, @Nullable OpenStatement left) {
    if (left == null && session.tidy()) {
      giveBack(session, lease);
    } else {
      new Homecoming(session).cleanUp(lease, left);
    }
  }

  private static void giveBack(Session session, long lease) {
    Lessor lessor = session.lessor;
    if (session.wornOut()) {
      lessor.retire(session, lease, CloseReason.MAX_QUERIES);
    } else {
      lessor.release(session, lease);
    }
  }

  private void cleanUp(long lease, @Nullable OpenStatement left) {
    long claimed = lessor.resetStarted(session, lease);
    if (claimed == 0) {
      lessor.release(
          session, lease); // buries a doomed one, and does nothing for a lease that is over
      return;
    }
    Throwable failure = null;
    try {
      closeAll(left);
      if (session.inTransaction()) {
        rollBack();
      }
      session.restore();
    } catch (SQLException | RuntimeException | Error e) {
      failure = e;
    } finally {
      lessor.resetEnded(session);
    }
    if (failure == null && session.foundReadOnly()) {
      log.warn(
          "Pool {}: the server of connection {} writes no more; it is replaced",
          lessor.config().name(),
          session.number());
      lessor.retire(session, claimed, CloseReason.FENCED);
    } else if (failure == null) {
      giveBack(session, claimed);
    } else {
      giveUp(claimed, failure);
    }
  }

  /** Closes what the program forgot to. All of it, even if some fail. */
  private static void closeAll(@Nullable OpenStatement left) throws SQLException {
    SQLException first = null;
    for (OpenStatement s = left; s != null; s = s.next) {
      try {
        s.bare().close();
      } catch (SQLException e) {
        if (first == null) {
          first = e;
        } else if (first != e) {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }

  private void rollBack() throws SQLException {
    if (session.jdbc.getAutoCommit()) {
      // Begun in SQL: JDBC refuses to roll back what it didn't begin.
      try (Statement statement = session.jdbc.createStatement()) {
        statement.execute("ROLLBACK");
      }
    } else {
      session.jdbc.rollback();
    }
    session.settled();
    String pool = lessor.config().name();
    log.warn(
        "Pool {}: connection {} came back with an open transaction, which was rolled back",
        pool,
        session.number(),
        new Throwable("It was closed here; commit or roll back before"));
    lessor.emit(new PoolEvent.TransactionLeftOpen(pool, session.number()));
  }

  private void giveUp(long claimed, Throwable failure) {
    log.warn(
        "Pool {}: connection {} could not be brought back to the state of a new one; it is closed",
        lessor.config().name(),
        session.number(),
        failure);
    if (failure instanceof SQLException e) {
      Verdict verdict = lessor.classify(e);
      if (verdict.fatal()) {
        lessor.doom(session, claimed, verdict, e);
        lessor.release(session, claimed);
        return;
      }
    }
    lessor.retire(session, claimed, CloseReason.RESET_FAILED);
  }
}
