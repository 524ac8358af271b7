package io.everpool.postgresql.commit;

import java.math.BigInteger;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One run of a server, from a start or a recovery to the next, as it tells of itself.
 *
 * <p>After a crash a server gives out again those transaction ids that hadn't reached the disk. If
 * it is asked about the old transaction then, it speaks of the new one. So a server's answer counts
 * within its run, and in a later run only as far as {@link CommitEvidence} allows. Two of these
 * facts need an explanation:
 *
 * <ul>
 *   <li>{@code recoveredTo}: a recovery (from a crash, from a backup or as a standby) leaves behind
 *       how far it has replayed the log, and that stays as it is until the next start; a start
 *       after an orderly shutdown replays nothing and leaves null (PostgreSQL: {@code
 *       pg_last_wal_replay_lsn}). Together with the start of the postmaster, which survives the
 *       crash of a child, it tells each run from every other.
 *   <li>{@code statistics}: the server keeps its statistics over an orderly shutdown, and in any
 *       other case throws them away and notes the time (PostgreSQL: "The Cumulative Statistics
 *       System"). So this time stays the same over orderly restarts and over nothing else. If
 *       somebody resets the statistics, that looks like a crash.
 * </ul>
 *
 * <p>Positions in the log are bytes since its beginning, which a failover goes on counting. Times
 * are read as numbers, because their text would depend on the session's time zone, and as numbers
 * of type numeric, because before PostgreSQL 14 they are floating-point numbers at first, whose
 * text would depend on the session's {@code extra_float_digits}.
 *
 * @param system the system identifier, which a server shares with every copy of its files
 * @param timeline the timeline, which each promotion changes; empty on a standby
 * @param started when the postmaster was started
 * @param statistics since when the server has its statistics; empty if it doesn't say
 * @param recoveredTo where the log ended that was replayed before this run, in bytes; null if none
 *     was replayed
 */
record ServerRun(
    String system,
    String timeline,
    String started,
    String statistics,
    @Nullable BigInteger recoveredTo) {

  /** The two columns that tell the runs of one system apart. The server has them in memory. */
  static final String RUN =
      """
      extract(epoch from pg_catalog.pg_postmaster_start_time())::numeric::text,
      pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_last_wal_replay_lsn(), '0/0')::text""";

  /** All five columns: {@link #RUN} and the rest, for which the server reads a file. */
  static final String ALL =
      RUN
          + """
          ,
          (select system_identifier::text from pg_catalog.pg_control_system()),
          case when pg_catalog.pg_is_in_recovery() then '' else pg_catalog.substr(
            pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 1, 8) end,
          (select coalesce(extract(epoch from stats_reset)::numeric::text, '')
            from pg_catalog.pg_stat_bgwriter)""";

  /** Reads the columns of {@link #ALL}, of which {@code column} is the first. */
  static ServerRun read(ResultSet row, int column) throws SQLException {
    return new ServerRun(
        row.getString(column + 2),
        row.getString(column + 3),
        row.getString(column),
        row.getString(column + 4),
        position(row.getString(column + 1)));
  }

  private static @Nullable BigInteger position(@Nullable String text) {
    return text == null ? null : new BigInteger(text);
  }

  /** Whether the columns of {@link #RUN}, of which {@code column} is the first, are of this run. */
  boolean isRun(ResultSet row, int column) throws SQLException {
    return started.equals(row.getString(column))
        && Objects.equals(recoveredTo, position(row.getString(column + 1)));
  }

  /**
   * Whether the other is this same run. The statistics don't matter here: somebody may have reset
   * them within a run, and the other facts tell each run from every other.
   */
  boolean isRun(ServerRun other) {
    return system.equals(other.system)
        && timeline.equals(other.timeline)
        && started.equals(other.started)
        && Objects.equals(recoveredTo, other.recoveredTo);
  }

  /**
   * Whether what was done in the other run may be missing here, though it was not undone. That is
   * so if this is a standby, which may be behind, or if it is on a lower timeline: then it was the
   * primary before a failover, and the other run comes after that failover. Such a server's log,
   * its ids and their states are no evidence.
   */
  boolean mayLack(ServerRun other) {
    // Both have eight hexadecimal digits, so the texts compare like the numbers.
    return standby() || timeline.compareTo(other.timeline) < 0;
  }

  /** Whether the server follows a primary, and doesn't write itself. */
  boolean standby() {
    return timeline.isEmpty();
  }
}
