package io.everpool.postgresql;

import io.everpool.api.driver.SideEffects;
import io.everpool.postgresql.driver.PgjdbcInternals;
import io.everpool.postgresql.session.SideEffect;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/**
 * {@code command-timeout} in one session: lifts it on request, and names it in the failure of a
 * statement that it has ended. Only the one thread that has the session uses this.
 */
final class CommandTimeout {
  private static final String CANCELED = "57014";

  private static final String UNLIFTED =
      "unless the program has set it itself, with SET LOCAL say, this is the server's own"
          + " statement_timeout, of the role or the database, and through a"
          + " pooler a connection without command-timeout can't lift it: say SET LOCAL"
          + " statement_timeout = 0 in the transaction, or migrate past the pooler or as a role"
          + " without it";

  private final Connection jdbc;
  private final Duration told;
  private final boolean sharedByTransaction;

  /**
   * pgjdbc's own limit of a statement in seconds ({@code queryTimeout}), as it was when the session
   * began.
   */
  private final int ofDriver;

  private boolean lifted;

  /**
   * Is made for a session that has just begun.
   *
   * @param told the {@code command-timeout} that the server was told at the login; zero if it was
   *     told none
   * @param sharedByTransaction whether a pooler shares the server's process by transactions, so
   *     that nothing can be set for the session
   */
  CommandTimeout(Connection jdbc, Duration told, boolean sharedByTransaction) {
    this.jdbc = jdbc;
    this.told = told;
    this.sharedByTransaction = sharedByTransaction;
    this.ofDriver = PgjdbcInternals.queryTimeout(jdbc);
  }

  /**
   * Lets statements take as long as they need, whatever limit the role or the URL sets. Through a
   * pooler, where nothing can be set for a session, this lifts only the driver's own limit.
   */
  void lift() throws SQLException {
    lifted = true;
    limitTo(0, "SET statement_timeout = 0");
  }

  /** Brings back what the role, the URL and the configuration say. */
  void restore() throws SQLException {
    limitTo(ofDriver, "RESET statement_timeout");
    lifted = false;
  }

  private void limitTo(int seconds, String sql) throws SQLException {
    PgjdbcInternals.queryTimeout(jdbc, seconds);
    if (!sharedByTransaction) {
      PgjdbcInternals.PRESENT.update(jdbc, sql);
    }
  }

  /**
   * What to throw for a failure of a statement: the failure itself, or one that adds what to do
   * about {@code command-timeout}. A cancelled statement has the same SQLState, and only the words
   * of the server's message tell it from a time-out. So a message in another language than English
   * is left as it is.
   */
  SQLException explained(SQLException failure, SideEffects sideEffects) {
    boolean ours = lifted ? sharedByTransaction : !told.isZero();
    return ours && Hinted.isSaid(failure, CANCELED, "statement timeout")
        ? Hinted.of(failure, advice(sideEffects))
        : failure;
  }

  private String advice(SideEffects sideEffects) {
    if (lifted) {
      return UNLIFTED;
    }
    boolean mayBeTheirs = sideEffects.has(SideEffect.SETTINGS) || sideEffects.isExposed();
    return (mayBeTheirs
            ? "unless the program has set statement_timeout itself, command-timeout ("
            : "the pool's command-timeout (")
        + told.toMillis()
        + " ms) has ended it: raise command-timeout, or run what is meant to take longer, such as a"
        + " migration, on Pool.withoutCommandTimeout()";
  }
}
