package io.everpool.postgresql;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;

/**
 * The identity of a running server, which a crash or a failover changes and nothing else does.
 *
 * <p>After a crash a server gives transaction ids out again that hadn't reached the disk, and then
 * speaks of the new transaction where it is asked about the old. The start of the postmaster isn't
 * enough to notice, for it survives the crash of a child; its statistics don't (PostgreSQL: "The
 * Cumulative Statistics System"). Times are given as numbers, lest the session's time zone show.
 *
 * <p>An administrator may hide these functions from a role. In a transaction a refusal would be the
 * end of it, so the first to ask looks at the privileges. Thread-safe.
 */
final class Incarnation {
  /** An expression; its first part is the system identifier, which standbys share. */
  static final String SQL =
      """
      pg_catalog.concat_ws('/',
        (select system_identifier from pg_catalog.pg_control_system()),
        (select timeline_id from pg_catalog.pg_control_checkpoint()),
        extract(epoch from pg_catalog.pg_postmaster_start_time()),
        (select extract(epoch from stats_reset) from pg_catalog.pg_stat_bgwriter))""";

  private static final String PRIVILEGES =
      """
      select pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute')
        and pg_catalog.has_function_privilege('pg_catalog.pg_control_checkpoint()', 'execute')
        and pg_catalog.has_table_privilege('pg_catalog.pg_stat_bgwriter', 'select')""";

  private volatile @Nullable Boolean readable;

  /** Whether this role may know; costs a round trip the first time. */
  boolean readable(BaseConnection connection) throws SQLException {
    Boolean known = readable;
    if (known == null) {
      try (Statement statement = connection.execSQLQuery(PRIVILEGES).getStatement();
          ResultSet rows = statement.getResultSet()) {
        rows.next();
        known = rows.getBoolean(1);
      }
      readable = known;
    }
    return known;
  }

  /** Whether both are of the same system: a server, or one made from a copy of its files. */
  static boolean sameSystem(String one, String other) {
    return one.substring(0, one.indexOf('/') + 1)
        .equals(other.substring(0, other.indexOf('/') + 1));
  }
}
