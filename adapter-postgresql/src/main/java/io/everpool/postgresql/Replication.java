package io.everpool.postgresql;

import io.everpool.postgresql.driver.PgjdbcInternals;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Statement;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Asks the server of a session how far its log is, whether it writes or follows a server that does.
 * Any role may ask these questions.
 */
final class Replication {
  private static final PgjdbcInternals DRIVER = PgjdbcInternals.PRESENT;

  /**
   * The lag of a standby that has replayed no transaction yet, so that nobody knows how old its
   * data is.
   */
  private static final Duration VERY_LONG = Duration.ofDays(36_500);

  private static final int MILLIS_PER_SECOND = 1000;

  /**
   * The lag in seconds; null if nobody knows.
   *
   * <ul>
   *   <li>A server that follows no other has none.
   *   <li>A standby has none either, if it is connected to its primary and has replayed all that it
   *       received, however long ago the last transaction was: an idle primary sends nothing.
   *   <li>In all other cases the lag is the age of the last transaction that was replayed. A
   *       standby without a connection may miss everything that was committed since. (A standby
   *       that replays an archive looks the same.)
   * </ul>
   */
  private static final String LAG =
      """
      select case
          when not pg_catalog.pg_is_in_recovery() then 0
          when pg_catalog.pg_last_wal_receive_lsn() <= pg_catalog.pg_last_wal_replay_lsn()
              and exists (select from pg_catalog.pg_stat_wal_receiver) then 0
          else extract(epoch from pg_catalog.clock_timestamp()
              - pg_catalog.pg_last_xact_replay_timestamp()) end""";

  private static final String TIMELINE =
      """
      case when pg_catalog.pg_is_in_recovery() then null else pg_catalog.substr(
          pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 1, 8) end""";

  private static final String INSERTS =
      """
      case when pg_catalog.pg_is_in_recovery() then null
          else pg_catalog.pg_current_wal_insert_lsn() end""";

  private static final String POSITION =
      "select "
          + TIMELINE
          + ", "
          + INSERTS
          + ", pg_catalog.pg_last_wal_replay_lsn(),"
          + " pg_catalog.current_setting('wal_block_size')::bigint,"
          + " pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size'))";

  /**
   * The highest timeline that a standby has noted, or receives. The standby writes its timeline
   * into its control file when it makes sure of its pages, which comes some time after a failover.
   * Which timeline it receives, the server tells only to roles that may read all statistics.
   */
  private static final String FOLLOWS =
      """
      , case when pg_catalog.pg_is_in_recovery() then greatest(
          (select timeline_id from pg_catalog.pg_control_checkpoint()),
          (select min_recovery_end_timeline from pg_catalog.pg_control_recovery()),
          (select received_tli from pg_catalog.pg_stat_wal_receiver)) end""";

  private static final int FOLLOWS_COLUMN = 6;

  /** No server is on a lower timeline than this. */
  private static final int FIRST_TIMELINE = 1;

  private final Connection jdbc;

  Replication(Connection jdbc) {
    this.jdbc = jdbc;
  }

  private interface Reading<T> {
    T of(ResultSet row) throws SQLException;
  }

  /** How far the server lags behind the one that it follows. */
  Duration lag() throws SQLException {
    return ask(
        LAG,
        row -> {
          double seconds = row.getDouble(1);
          return row.wasNull()
              ? VERY_LONG
              : Duration.ofMillis(Math.max(0, (long) Math.ceil(seconds * MILLIS_PER_SECOND)));
        });
  }

  /** The position up to which the server has written. */
  WalPosition position() throws SQLException {
    return ask(
        POSITION,
        row -> {
          String inserts = row.getString(2);
          return inserts == null
              ? new WalPosition(0, WalPosition.lsn(row.getString(3)))
              : new WalPosition(
                  timeline(row.getString(1)),
                  WalPosition.end(WalPosition.lsn(inserts), row.getLong(4), row.getLong(5)));
        });
  }

  /**
   * Whether a query here sees what was written up to a position. If this server writes on the
   * position's own timeline, a query sees all that this server has written; otherwise it sees what
   * this server has replayed. So a standby that was promoted since sees what it had replayed by
   * then, and what it writes itself.
   *
   * <p>A server on a lower timeline may have come as far by its place in the log, but on another
   * branch. Such a server is a standby that had replayed more than the one that was promoted, or
   * the primary before the failover. It hasn't reached the position.
   *
   * @param text what {@link #position} has said
   * @throws SQLException with state 22023 if the text is no position; with 0A000 if nobody can
   *     tell, which is so also of a standby that has not noted yet that it follows a failover
   */
  boolean hasReached(String text) throws SQLException {
    WalPosition position = WalPosition.parse(text);
    if (position == null) {
      throw new SQLException("This is no position that the pool has given", "22023");
    }
    boolean branches = Integer.compareUnsigned(position.timeline(), FIRST_TIMELINE) > 0;
    return ask(
        branches ? POSITION + FOLLOWS : POSITION, row -> hasReached(row, position, branches));
  }

  private static boolean hasReached(ResultSet row, WalPosition position, boolean branches)
      throws SQLException {
    String written = row.getString(1);
    boolean writes = written != null;
    if (!writes && branches && isBefore(row.getInt(FOLLOWS_COLUMN), position)) {
      throw new SQLFeatureNotSupportedException(
          "it hasn't noted that it follows the timeline of " + position, "0A000");
    }
    int timeline = timeline(written);
    if (writes && isBefore(timeline, position)) {
      return false;
    }
    boolean own = writes && timeline == position.timeline();
    String reached = own ? row.getString(2) : row.getString(3);
    return reached != null && position.isReachedBy(WalPosition.lsn(reached));
  }

  private static boolean isBefore(int timeline, WalPosition position) {
    return Integer.compareUnsigned(timeline, position.timeline()) < 0;
  }

  private static int timeline(@Nullable String digits) {
    return digits == null ? 0 : Integer.parseUnsignedInt(digits, 16);
  }

  private <T> T ask(String question, Reading<T> reading) throws SQLException {
    try (Statement statement = DRIVER.query(jdbc, question);
        ResultSet row = statement.getResultSet()) {
      row.next();
      return reading.of(row);
    } catch (SQLException e) {
      String state = String.valueOf(e.getSQLState());
      if (state.startsWith("42") || state.startsWith("0A")) {
        throw new SQLFeatureNotSupportedException(
            "This server doesn't tell how far it is: " + e.getMessage(), state, e);
      }
      throw e;
    }
  }
}
