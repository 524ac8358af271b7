package io.everpool.postgresql.commit;

import io.everpool.api.driver.TransactionState;
import io.everpool.postgresql.driver.PgjdbcInternals;
import io.everpool.postgresql.failure.FailureRules;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whether the server tells this role of its {@link ServerRun} and of transactions. The server may
 * be too old, an administrator may hide the functions, and a database that only speaks PostgreSQL's
 * language may not have them. In a transaction a refusal would abort the transaction, so there the
 * question is asked behind a savepoint. Thread-safe.
 */
public final class LookupPermission {
  /** What a user should do where commits can't be looked up. */
  public static final String ADVICE =
      "It takes PostgreSQL 13 and a role that may execute what docs/failures.md names;"
          + " retry.commit-outcome = false saves asking for it";

  /** The first version of the server that has pg_xact_status(xid8). */
  private static final int OLDEST_SERVER = 13;

  /**
   * Calls all functions that tickets are made of and looked up by; to ask about a null id costs
   * nothing.
   */
  private static final String EVERYTHING =
      """
      select pg_catalog.pg_xact_status(pg_catalog.pg_current_xact_id_if_assigned()),
      pg_catalog.pg_backend_pid(),
      pg_catalog.pg_wal_lsn_diff(checkpoint_lsn, '0/0'),
      """
          + ServerRun.ALL
          + " from pg_catalog.pg_control_checkpoint()";

  private static final PgjdbcInternals DRIVER = PgjdbcInternals.PRESENT;

  private volatile boolean complete;

  /**
   * The reason that was first found why commits can't be looked up. Another session's reason would
   * make another note, so the first is kept.
   */
  private volatile @Nullable String missing;

  private volatile Runnable listener = () -> {};

  /** Has {@code newListener} called when there is something in {@link #notes()}. */
  public void whenNoted(Runnable newListener) {
    listener = newListener;
  }

  /**
   * What the user should know; empty as long as no session had to ask, and where nothing is
   * missing.
   */
  public List<String> notes() {
    String why = missing;
    return why == null || complete
        ? List.of()
        : List.of(
            "A COMMIT whose answer is lost can't be looked up here ("
                + why
                + "): its unit of work ends with CommitOutcomeUnknownException. "
                + ADVICE);
  }

  /**
   * Why commits can't be looked up; null if they can. The question costs up to three round trips,
   * until the server has answered once.
   */
  public @Nullable String obstacle(Connection connection) throws SQLException {
    if (complete) {
      return null;
    }
    String why = ask(connection);
    if (why == null) {
      complete = true;
    } else if (missing == null) {
      missing = why;
      listener.run();
    }
    return why;
  }

  private static @Nullable String ask(Connection connection) throws SQLException {
    DatabaseMetaData data = connection.getMetaData();
    if (data.getDatabaseMajorVersion() < OLDEST_SERVER) {
      return "the server is " + data.getDatabaseProductVersion();
    }
    TransactionState state = DRIVER.transaction(connection);
    boolean within =
        state == TransactionState.OPEN
            || (state == TransactionState.UNKNOWN && !connection.getAutoCommit());
    if (within) {
      DRIVER.update(connection, "savepoint everpool");
    }
    String refused = null;
    try {
      DRIVER.query(connection, EVERYTHING).close();
    } catch (SQLException e) {
      if (FailureRules.classify(e).fatal()) {
        throw e;
      }
      refused = String.valueOf(e.getMessage());
    }
    if (within) {
      DRIVER.update(
          connection,
          refused == null
              ? "release savepoint everpool"
              : "rollback to savepoint everpool; release savepoint everpool");
    }
    return refused;
  }
}
