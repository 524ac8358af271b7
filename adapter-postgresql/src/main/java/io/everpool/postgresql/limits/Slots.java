package io.everpool.postgresql.limits;

import io.everpool.postgresql.driver.PgjdbcInternals;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * How many connections a server lets a role open, and how many of them are taken. Any role sees how
 * many sessions there are. But a role that may not read all statistics ({@code pg_read_all_stats})
 * doesn't see of which kind other roles' sessions are. So such a role also counts some that take no
 * slot: parallel workers, the workers of a subscription, senders of WAL.
 *
 * @param most the server's {@code max_connections}
 * @param reserved how many of these are reserved for other roles than this one; 0 for a superuser
 * @param taken how many connections all roles have, the session that asks included
 * @param role how many connections the role may have; below 0 for no limit, as a superuser has none
 * @param takenByRole how many connections the role has
 * @param database how many connections the database may have; below 0 for no limit
 * @param takenOfDatabase how many connections the database has
 * @param namesakes how many sessions this role and database have with the same application name,
 *     the session that asks included
 * @param hosts from how many addresses these come; 1 or more
 */
public record Slots(
    int most,
    int reserved,
    int taken,
    int role,
    int takenByRole,
    int database,
    int takenOfDatabase,
    int namesakes,
    int hosts) {

  private static final String QUERY =
      """
      select pg_catalog.current_setting('max_connections')::int,
        case when r.rolsuper then 0
          else pg_catalog.current_setting('superuser_reserved_connections')::int
            + case when exists (select from pg_catalog.pg_roles p
                where p.rolname = 'pg_use_reserved_connections'
                  and pg_catalog.pg_has_role(r.oid, p.oid, 'usage')) then 0
              else coalesce(pg_catalog.current_setting('reserved_connections', true), '0')::int
              end end,
        pg_catalog.count(*),
        case when r.rolsuper then -1 else r.rolconnlimit end,
        pg_catalog.count(*) filter (where a.usesysid = r.oid),
        case when r.rolsuper then -1 else d.datconnlimit end,
        pg_catalog.count(*) filter (where a.datid = d.oid),
        pg_catalog.count(*) filter (where a.usesysid = r.oid and a.datid = d.oid
          and a.application_name = pg_catalog.current_setting('application_name')),
        pg_catalog.count(distinct coalesce(a.client_addr::text, '')) filter (where a.usesysid = r.oid
          and a.datid = d.oid
          and a.application_name = pg_catalog.current_setting('application_name'))
      from pg_catalog.pg_stat_activity a, pg_catalog.pg_roles r, pg_catalog.pg_database d
      where r.rolname = session_user and d.datname = pg_catalog.current_database()
        and a.datid is not null and a.usesysid is not null
        and coalesce(a.backend_type, 'client backend') = 'client backend'
      group by r.rolsuper, r.rolconnlimit, r.oid, d.datconnlimit, d.oid""";

  /**
   * Asks the server, in one round trip.
   *
   * @throws SQLException if the question fails, also because this is no PostgreSQL that could
   *     answer it
   */
  public static Slots of(Connection connection) throws SQLException {
    try (Statement statement = PgjdbcInternals.PRESENT.query(connection, QUERY);
        ResultSet row = statement.getResultSet()) {
      if (!row.next()) {
        throw new SQLException("The server doesn't tell who is connected", "02000");
      }
      return new Slots(
          row.getInt(1),
          row.getInt(2),
          row.getInt(3),
          row.getInt(4),
          row.getInt(5),
          row.getInt(6),
          row.getInt(7),
          row.getInt(8),
          Math.max(1, row.getInt(9)));
    }
  }

  /** How many connections the role could have if it were alone. */
  public int usable() {
    return Math.min(most - reserved, Math.min(limit(role), limit(database)));
  }

  /** How many more connections the role may open; never below 0. */
  public int free() {
    int ofRole = role < 0 ? Integer.MAX_VALUE : role - takenByRole;
    int ofDatabase = database < 0 ? Integer.MAX_VALUE : database - takenOfDatabase;
    return Math.max(0, Math.min(most - reserved - taken, Math.min(ofRole, ofDatabase)));
  }

  private static int limit(int value) {
    return value < 0 ? Integer.MAX_VALUE : value;
  }

  /**
   * How many pools of this name there are at the least, judged by the number of their connections
   * and of the addresses that these come from.
   */
  public int instances(int maxSize) {
    return Math.max(hosts, (namesakes + maxSize - 1) / maxSize);
  }

  /** The limits, and how much of them is taken, in words. */
  public String text() {
    return "max_connections is "
        + most
        + (reserved > 0 ? ", of which " + reserved + " are reserved for other roles" : "")
        + (role >= 0 ? ", this role may have " + role + " and has " + takenByRole : "")
        + (database >= 0 ? ", this database " + database + " and has " + takenOfDatabase : "")
        + "; "
        + taken
        + " are taken, and "
        + free()
        + " are left";
  }

  /**
   * The warning for a pool that is just being opened, as its first connection sees it; empty if the
   * server has room for the pool, as far as one can see.
   *
   * @param ownMost how many of the sessions of this name may be the pool's own, the one that asks
   *     included; 1 or more
   */
  public String warning(int maxSize, int ownMost) {
    int room = free() + Math.max(1, Math.min(namesakes, ownMost));
    if (room < maxSize) {
      return "max-size is "
          + maxSize
          + ", and the server has room for "
          + room
          + " of these connections now: "
          + text()
          + ". Lower max-size, here or in other applications, or raise the server's limit;"
          + " max-size times the number of instances should be below it";
    }
    int instances = instances(maxSize);
    if ((long) instances * maxSize > usable()) {
      return "max-size is "
          + maxSize
          + ", and there are "
          + instances
          + " instances of this pool at the least: together they may ask for "
          + (long) instances * maxSize
          + " connections of "
          + usable()
          + " ("
          + text()
          + "). Lower max-size to "
          + Math.max(1, usable() / instances)
          + ", or raise the server's limit";
    }
    return "";
  }
}
