package io.everpool.postgresql;

import io.everpool.api.driver.CommitStatus;
import io.everpool.api.driver.CommitTicket;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.ServerVersion;

/**
 * What became of a COMMIT without an answer; from PostgreSQL 13 on, which has {@code
 * pg_xact_status(xid8)}, where the role may know the server's {@link Incarnation}.
 */
final class CommitOutcome {
  private static final String TRANSACTION =
      "select pg_catalog.pg_current_xact_id_if_assigned()::text, pg_catalog.pg_backend_pid()";

  /** SQLState of {@code transaction ID ... is in the future}. */
  private static final String IN_THE_FUTURE = "22023";

  private final BaseConnection connection;
  private final Incarnation incarnation;

  /** A session doesn't outlive the server's incarnation. */
  private @Nullable String identity;

  CommitOutcome(BaseConnection connection, Incarnation incarnation) {
    this.connection = connection;
    this.incarnation = incarnation;
  }

  /**
   * A ticket for the open transaction; null if it has written nothing. A {@code NOTIFY} alone is
   * nothing yet: it gets its id within the COMMIT.
   *
   * @throws SQLFeatureNotSupportedException if the server can't be asked
   */
  @Nullable CommitTicket ticket() throws SQLException {
    if (!tells()) {
      throw new SQLFeatureNotSupportedException(
          "This server doesn't tell this role what became of a commit: it is older than PostgreSQL"
              + " 13, or hides pg_control_system() or pg_control_checkpoint()",
          "0A000");
    }
    boolean first = identity == null;
    String sql = first ? TRANSACTION + ", " + Incarnation.SQL : TRANSACTION;
    try (Statement statement = connection.execSQLQuery(sql).getStatement();
        ResultSet rows = statement.getResultSet()) {
      rows.next();
      if (first) {
        identity = rows.getString(3);
      }
      String transaction = rows.getString(1);
      return transaction == null
          ? null
          : new CommitTicket(transaction, String.valueOf(identity), rows.getInt(2));
    }
  }

  /**
   * What the server says of another session's transaction.
   *
   * <p>An id that is still to come was never committed here, whatever happened to the server in
   * between: a commit that is on disk has left its id behind. All other answers count only from the
   * incarnation that ran the transaction, and none from a standby, which may be behind.
   */
  CommitStatus status(CommitTicket ticket) throws SQLException {
    if (!tells() || ask("select pg_catalog.pg_is_in_recovery()").equals("t")) {
      return CommitStatus.UNKNOWN;
    }
    String now = identity();
    if (!Incarnation.sameSystem(now, ticket.incarnation())) {
      return CommitStatus.UNKNOWN;
    }
    String said;
    try {
      said = ask("select pg_catalog.pg_xact_status('" + id(ticket) + "'::xid8)");
    } catch (SQLException e) {
      if (IN_THE_FUTURE.equals(e.getSQLState())) {
        return CommitStatus.ABORTED;
      }
      throw e;
    }
    if (!now.equals(ticket.incarnation())) {
      return CommitStatus.UNKNOWN;
    }
    return switch (said) {
      case "committed" -> CommitStatus.COMMITTED;
      case "aborted" -> CommitStatus.ABORTED;
      case "in progress" -> CommitStatus.IN_PROGRESS;
      default -> CommitStatus.UNKNOWN; // null: too long ago
    };
  }

  /** Ends the process only if it is at that very transaction, on the server that began it. */
  void endBackend(CommitTicket ticket) throws SQLException {
    if (tells() && identity().equals(ticket.incarnation())) {
      ask(
          "select pg_catalog.count(pg_catalog.pg_terminate_backend(pid))"
              + " from pg_catalog.pg_stat_activity where pid = "
              + ticket.backend()
              + " and backend_xid = '"
              + id(ticket)
              + "'::xid8::xid");
    }
  }

  private boolean tells() throws SQLException {
    return connection.haveMinimumServerVersion(ServerVersion.v13)
        && incarnation.readable(connection);
  }

  private String identity() throws SQLException {
    String known = identity;
    if (known == null) {
      known = ask("select " + Incarnation.SQL);
      identity = known;
    }
    return known;
  }

  /** Tickets may come from anywhere; only a number goes into SQL. */
  private static String id(CommitTicket ticket) {
    return Long.toUnsignedString(Long.parseUnsignedLong(ticket.transactionId()));
  }

  private String ask(String sql) throws SQLException {
    try (Statement statement = connection.execSQLQuery(sql).getStatement();
        ResultSet rows = statement.getResultSet()) {
      rows.next();
      return String.valueOf(rows.getString(1));
    }
  }
}
