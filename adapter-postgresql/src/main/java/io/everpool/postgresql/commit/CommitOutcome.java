package io.everpool.postgresql.commit;

import io.everpool.api.driver.CommitStatus;
import io.everpool.postgresql.driver.PgjdbcInternals;
import java.math.BigInteger;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLTransientException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;

/**
 * What became of a COMMIT without an answer; from PostgreSQL 13 on, which has {@code
 * pg_xact_status(xid8)}, where the role may know the server's {@link ServerRun}.
 *
 * <p>Behind a pooler of transactions a session may go on with another server process, and another
 * run of the server, whenever no transaction is open. So whatever belongs together is asked in one
 * statement or within one transaction.
 */
public final class CommitOutcome {
  /** An id, a process, a position in the log; these functions fail on a standby, where no id is. */
  private static final String TRANSACTION =
      """
      select pg_catalog.pg_current_xact_id_if_assigned()::text,
      pg_catalog.pg_backend_pid(),
      case when pg_catalog.pg_current_xact_id_if_assigned() is not null
        then pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0') end::text,
      """;

  private static final int RUN_COLUMN = 4;

  /** Whether a COMMIT waits for a standby, as far as this session's settings go. */
  private static final String REPLICATED =
      """
      pg_catalog.current_setting('synchronous_standby_names') <> ''
      and pg_catalog.current_setting('synchronous_commit') not in ('off', 'local')""";

  /** SQLState of {@code transaction ID ... is in the future}. */
  private static final String IN_THE_FUTURE = "22023";

  private final Connection connection;
  private final LookupPermission lookupPermission;

  /** Of the transaction before; most often of this one as well. */
  private @Nullable ServerRun last;

  public CommitOutcome(Connection connection, LookupPermission lookupPermission) {
    this.connection = connection;
    this.lookupPermission = lookupPermission;
  }

  /**
   * A ticket for the open transaction; null if it has no id, for it has written nothing, or nothing
   * here: a {@code NOTIFY} gets its id within the COMMIT, and a foreign table is another server's.
   *
   * @throws SQLFeatureNotSupportedException if the server can't be asked
   */
  public @Nullable PostgresCommitTicket ticket() throws SQLException {
    String obstacle = lookupPermission.obstacle(connection);
    if (obstacle != null) {
      throw new SQLFeatureNotSupportedException(
          "This server doesn't tell this role what became of a commit: " + obstacle, "0A000");
    }
    ServerRun known = last;
    if (known != null) {
      try (Statement statement = query(TRANSACTION + ServerRun.RUN);
          ResultSet row = statement.getResultSet()) {
        row.next();
        if (row.getString(1) == null || known.isRun(row, RUN_COLUMN)) {
          return ticket(row, known);
        }
      }
    }
    try (Statement statement = query(TRANSACTION + ServerRun.ALL);
        ResultSet row = statement.getResultSet()) {
      row.next();
      ServerRun read = ServerRun.read(row, RUN_COLUMN);
      last = read.standby() ? null : read;
      return ticket(row, read);
    }
  }

  private static @Nullable PostgresCommitTicket ticket(ResultSet row, ServerRun run)
      throws SQLException {
    String transaction = row.getString(1);
    if (transaction == null) {
      return null;
    }
    LogPosition position = new LogPosition(run, new BigInteger(row.getString(3)));
    return new PostgresCommitTicket(transaction, position, row.getInt(2));
  }

  /**
   * What became of another session's transaction, as far as the server is to be believed.
   *
   * @throws SQLException with state 25006 if this server may lack what another has: that is no
   *     answer
   */
  public CommitStatus status(PostgresCommitTicket ticket) throws SQLException {
    LogPosition position = ticket.position();
    if (!tells()) {
      return CommitStatus.UNKNOWN;
    }
    ServerRun before = run();
    requireWhole(before, position);
    try {
      return status(position, id(ticket));
    } catch (SQLException e) {
      if (IN_THE_FUTURE.equals(e.getSQLState())) {
        return neverCommitted(position, before) ? CommitStatus.ABORTED : CommitStatus.UNKNOWN;
      }
      throw e;
    }
  }

  private CommitStatus status(LogPosition position, String id) throws SQLException {
    String sql =
        "select pg_catalog.pg_xact_status('"
            + id
            + "'::xid8), pg_catalog.pg_wal_lsn_diff(checkpoint_lsn, '0/0')::text, "
            + REPLICATED
            + ", "
            + ServerRun.ALL
            + " from pg_catalog.pg_control_checkpoint()";
    boolean replicated;
    CommitEvidence evidence;
    try (Statement statement = query(sql);
        ResultSet row = statement.getResultSet()) {
      row.next();
      replicated = row.getBoolean(3);
      evidence =
          new CommitEvidence(
              row.getString(1), ServerRun.read(row, 4), new BigInteger(row.getString(2)));
    }
    requireWhole(evidence.now(), position);
    CommitStatus status = evidence.about(position);
    return status == CommitStatus.COMMITTED && replicated && !standbyFollows()
        ? CommitStatus.IN_PROGRESS
        : status;
  }

  /**
   * Waits for the synchronous standby. A COMMIT that waits for it is in progress; if its session
   * ends meanwhile (and {@link #endBackend} may be why) it is committed on this server, and may yet
   * be lost with it. A transaction of our own is later in the log: once the standby has that, it
   * has all before. The wait may be broken off, with a warning.
   */
  private boolean standbyFollows() throws SQLException {
    try (Statement statement =
        query("select pg_catalog.pg_logical_emit_message(true, 'everpool', '')")) {
      return statement.getWarnings() == null;
    }
  }

  /**
   * An id that is still to come was never committed here, whatever happened to the server in
   * between: a commit that is in the log has left its id behind.
   */
  private boolean neverCommitted(LogPosition position, ServerRun before) throws SQLException {
    ServerRun after = run();
    requireWhole(after, position);
    return after.system().equals(position.run().system()) && before.isRun(after);
  }

  /**
   * The primary restarts, and its standby is asked; or the primary before a failover is, which is
   * back to be read from, while the new one takes no connections. Whoever may lack the transaction
   * answers nothing, and another may be there in a moment. This state has one looked for that takes
   * writes.
   */
  private static void requireWhole(ServerRun now, LogPosition position) throws SQLException {
    if (now.system().equals(position.run().system()) && now.mayLack(position.run())) {
      throw new SQLTransientException(
          (now.standby()
                  ? "This server is a standby, which may be behind,"
                  : "This server was the primary before a failover,")
              + " and can't say what became of a COMMIT on another",
          "25006");
    }
  }

  private ServerRun run() throws SQLException {
    try (Statement statement = query("select " + ServerRun.ALL);
        ResultSet row = statement.getResultSet()) {
      row.next();
      return ServerRun.read(row, 1);
    }
  }

  /** Ends the process only if it is at that very transaction, in the run that began it. */
  public void endBackend(PostgresCommitTicket ticket) throws SQLException {
    if (tells() && run().isRun(ticket.position().run())) {
      String sql =
          "select pg_catalog.count(pg_catalog.pg_terminate_backend(pid))"
              + " from pg_catalog.pg_stat_activity where pid = "
              + ticket.backend()
              + " and backend_xid = '"
              + id(ticket)
              + "'::xid8::xid";
      query(sql).close();
    }
  }

  private boolean tells() throws SQLException {
    return lookupPermission.obstacle(connection) == null;
  }

  /** Tickets may come from anywhere; only a number goes into SQL. */
  private static String id(PostgresCommitTicket ticket) {
    return Long.toUnsignedString(Long.parseUnsignedLong(ticket.transactionId()));
  }

  /** A statement that has its rows; in a transaction only if there is one. */
  private Statement query(String sql) throws SQLException {
    return PgjdbcInternals.PRESENT.query(connection, sql);
  }
}
