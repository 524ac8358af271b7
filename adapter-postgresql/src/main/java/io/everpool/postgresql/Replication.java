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
 * How far the server of a session is, as the one that writes or as one that follows it. What it
 * asks any role may ask.
 */
final class Replication {
  private static final PgjdbcInternals DRIVER = PgjdbcInternals.PRESENT;

  /** Of one that has replayed nothing yet nobody knows how old it is. */
  private static final Duration VERY_LONG = Duration.ofDays(36_500);

  private static final int MILLIS_PER_SECOND = 1000;

  /**
   * Whoever has replayed all that it has received, and receives, lags not at all, however long ago
   * that was: an idle primary sends nothing. Whoever receives nothing may miss anything that was
   * committed after the last transaction that it has replayed; so may one that replays an archive,
   * which can't be told from it. A server that follows no other is its own measure.
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

  private final Connection jdbc;

  Replication(Connection jdbc) {
    this.jdbc = jdbc;
  }

  private interface Reading<T> {
    T of(ResultSet row) throws SQLException;
  }

  /** How far it lags behind the one that it follows. */
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

  /** Where it has written up to. */
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
   * Whether it shows what was written up to there. One that was promoted since shows what it had
   * replayed until then, and what it writes itself.
   *
   * @throws SQLException with state 22023 if that is no position
   */
  boolean hasReached(String text) throws SQLException {
    WalPosition position = WalPosition.parse(text);
    if (position == null) {
      throw new SQLException("This is no position that the pool has given", "22023");
    }
    return ask(
        POSITION,
        row -> {
          String timeline = row.getString(1);
          boolean own = timeline != null && timeline(timeline) == position.timeline();
          String reached = own ? row.getString(2) : row.getString(3);
          return reached != null && position.isBefore(WalPosition.lsn(reached));
        });
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
