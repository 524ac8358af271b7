package io.everpool.postgresql.commit;

import io.everpool.api.driver.CommitStatus;
import io.everpool.api.driver.CommitTicket;
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
 * Finds out what became of a COMMIT without an answer. This works from PostgreSQL 13 on, which has
 * {@code pg_xact_status(xid8)}, and where the role may know the server's {@link ServerRun}.
 *
 * <p>Behind a pooler that lends by transactions, a session may go on with another server process,
 * and another run of the server, whenever no transaction is open. So whatever belongs together is
 * asked in one statement or within one transaction.
 */
public final class CommitOutcome {
  /**
   * Is put before what only the primary can answer. Pgpool-II sends what it takes for a read to a
   * standby, and by such a comment it knows what isn't to be sent there, unless {@code
   * allow_sql_comments} is on (Pgpool-II: "Load Balancing"). The server skips the comment.
   */
  public static final String TO_PRIMARY = "/*NO LOAD BALANCE*/ ";

  /**
   * A column that does the same where {@code allow_sql_comments} is on: what names a system catalog
   * is sent to no standby. The server never runs this, for it drops the branch when it plans. A
   * question that names such a catalog anyway doesn't need it.
   */
  private static final String OF_PRIMARY =
      "case when false then (select 1 from pg_catalog.pg_namespace) end";

  /**
   * The transaction's id, its process and the position in the log, which fails on a standby, where
   * no transaction has an id; and whether it is a standby that answers.
   */
  private static final String TRANSACTION =
      TO_PRIMARY
          + """
      select pg_catalog.pg_current_xact_id_if_assigned()::text,
      pg_catalog.pg_backend_pid(),
      case when pg_catalog.pg_current_xact_id_if_assigned() is not null
        then pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0') end::text,
      pg_catalog.pg_is_in_recovery(),
      """
          + OF_PRIMARY
          + ", ";

  private static final int STANDBY_COLUMN = 4;
  private static final int RUN_COLUMN = 6;

  /** Whether a COMMIT waits for a standby, as far as this session's settings say. */
  private static final String REPLICATED =
      """
      pg_catalog.current_setting('synchronous_standby_names') <> ''
      and pg_catalog.current_setting('synchronous_commit') not in ('off', 'local')""";

  /** SQLState of {@code transaction ID ... is in the future}. */
  private static final String IN_THE_FUTURE = "22023";

  private final Connection connection;
  private final LookupPermission lookupPermission;

  /**
   * The server's run at the session's previous transaction; most often it is this one's as well.
   */
  private @Nullable ServerRun last;

  public CommitOutcome(Connection connection, LookupPermission lookupPermission) {
    this.connection = connection;
    this.lookupPermission = lookupPermission;
  }

  /**
   * A ticket for the open transaction; null if the transaction has no id. Then it has written
   * nothing, or nothing that has an id before the COMMIT on this server: a {@code NOTIFY} gets its
   * id within the COMMIT, and a foreign table is another server's. If a standby has answered, that
   * proves nothing of a transaction on a primary: the ticket is {@link WithoutId#ASKED_OF_STANDBY}.
   *
   * @throws SQLFeatureNotSupportedException if the server can't be asked
   */
  public @Nullable CommitTicket ticket() throws SQLException {
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

  private static @Nullable CommitTicket ticket(ResultSet row, ServerRun run) throws SQLException {
    String transaction = row.getString(1);
    if (transaction == null) {
      return row.getBoolean(STANDBY_COLUMN) ? WithoutId.ASKED_OF_STANDBY : null;
    }
    LogPosition position = new LogPosition(run, new BigInteger(row.getString(3)));
    return new PostgresCommitTicket(transaction, position, row.getInt(2));
  }

  /**
   * What became of another session's transaction, as far as the server's answer can be believed.
   *
   * @throws SQLException with state 25006 if this server may lack what another has, so that it can
   *     give no answer
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
        TO_PRIMARY
            + "select pg_catalog.pg_xact_status('"
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
   * Waits until the synchronous standby has the transaction; false if it may not have it. A COMMIT
   * that waits for the standby is in progress. If its session ends meanwhile (and {@link
   * #endBackend} may be why), the transaction is committed on this server, and may yet be lost with
   * this server. So a transaction of our own is committed, which is later in the log: once the
   * standby has that, it has all that came before. The server may break off the wait; it then gives
   * a warning.
   */
  private boolean standbyFollows() throws SQLException {
    try (Statement statement =
        query(
            TO_PRIMARY
                + "select pg_catalog.pg_logical_emit_message(true, 'everpool', ''), "
                + OF_PRIMARY)) {
      return statement.getWarnings() == null;
    }
  }

  /**
   * Whether a transaction whose id is still to come was never committed. It wasn't, whatever
   * happened to the server in between: a commit that is in the log has raised the ids beyond its
   * own. The server must have been in the same run before and after the question.
   */
  private boolean neverCommitted(LogPosition position, ServerRun before) throws SQLException {
    ServerRun after = run();
    requireWhole(after, position);
    return after.system().equals(position.run().system()) && before.isRun(after);
  }

  /**
   * Throws if this server may lack the transaction. Such a server may be the standby, asked while
   * the primary restarts, or the primary before a failover, which may be read again while the new
   * one takes no connections. A server that may lack the transaction gives no answer, and another
   * server may be there in a moment. The SQLState 25006 makes the caller look for a server that
   * takes writes.
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
    try (Statement statement = query(TO_PRIMARY + "select " + ServerRun.ALL);
        ResultSet row = statement.getResultSet()) {
      row.next();
      return ServerRun.read(row, 1);
    }
  }

  /**
   * Ends the server's process, but only if it is still at that very transaction, in the run that
   * began it.
   */
  public void endBackend(PostgresCommitTicket ticket) throws SQLException {
    if (tells() && run().isRun(ticket.position().run())) {
      String sql =
          TO_PRIMARY
              + "select pg_catalog.count(pg_catalog.pg_terminate_backend(pid))"
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

  /**
   * The transaction's id as a number, so that only a number goes into SQL: tickets may come from
   * anywhere.
   */
  private static String id(PostgresCommitTicket ticket) {
    return Long.toUnsignedString(Long.parseUnsignedLong(ticket.transactionId()));
  }

  /**
   * Runs a query and returns the statement with its rows. It runs in a transaction only if one is
   * open already.
   */
  private Statement query(String sql) throws SQLException {
    return PgjdbcInternals.PRESENT.query(connection, sql);
  }
}
