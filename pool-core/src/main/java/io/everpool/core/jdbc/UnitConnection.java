package io.everpool.core.jdbc;

import io.everpool.api.driver.CommitStatus;
import io.everpool.api.driver.CommitTicket;
import io.everpool.api.driver.PhysicalConnection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A connection as units of work use it, beside what JDBC has: what was set on it, what became of a
 * COMMIT, how far a server has come. Failures mean what they do in any other call.
 */
abstract class UnitConnection extends RestoredConnection {
  UnitConnection(Session session, long lease) {
    super(session, lease);
  }

  UnitConnection() {}

  /** What statements were given that they can send only once, and have not sent yet. */
  public List<Unsent> unsent() {
    return Unsent.allOf(session());
  }

  /** What has been set on this connection, to be {@link #become become} again after a renewal. */
  public SessionState state() throws SQLException {
    return request(
        s -> {
          s.payBackOutside();
          return s.state();
        });
  }

  /** Sets what was set when {@code state} was taken, and unsets all else. */
  public void become(SessionState state) throws SQLException {
    perform(s -> s.become(state));
  }

  /**
   * Makes the session what a new connection is, without giving it back. Must be called outside of a
   * transaction. If that fails, the session is something in between and has to be {@link #letGo let
   * go of}.
   */
  public void beginAnew() throws SQLException {
    perform(Session::beginAnew);
  }

  /** As {@link PhysicalConnection#forgetPlans()}. */
  public void forgetPlans() throws SQLException {
    perform(Session::forgetPlans);
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
    return request(s -> s.commitStatus(ticket));
  }

  /** As {@link PhysicalConnection#replicaLag}. */
  public Duration replicaLag(long timeoutNanos) throws SQLException {
    return asked(timeoutNanos, s -> s.replicaLag(timeoutNanos));
  }

  /** As {@link #request}, for a question whose answer may take so long. */
  private <T> T asked(long timeoutNanos, Request<T> question) throws SQLException {
    Session s = current();
    s.hurried = timeoutNanos < s.leases.config().validationTimeout().toNanos();
    try {
      return request(question);
    } finally {
      s.hurried = false;
    }
  }

  /** As {@link PhysicalConnection#highestIsolation}. */
  public int highestIsolation() throws SQLException {
    return request(s -> s.physical().highestIsolation());
  }

  /** The level of isolation that was set on it; 0 for none. No round trip. */
  public int isolationSet() throws SQLException {
    return request(Session::isolationSet);
  }

  /** As {@link PhysicalConnection#position}. */
  public String position(long timeoutNanos) throws SQLException {
    return asked(timeoutNanos, s -> s.position(timeoutNanos));
  }

  /** As {@link PhysicalConnection#hasReached}. */
  public boolean hasReached(String position, long timeoutNanos) throws SQLException {
    return asked(timeoutNanos, s -> s.physical().hasReached(position, timeoutNanos));
  }

  /** As {@link PhysicalConnection#endTransaction}. */
  public void endTransaction(CommitTicket ticket) throws SQLException {
    perform(s -> s.physical().endTransaction(ticket));
  }
}
