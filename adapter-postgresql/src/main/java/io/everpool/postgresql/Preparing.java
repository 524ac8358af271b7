package io.everpool.postgresql;

import io.everpool.postgresql.driver.PgjdbcInternals;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.WeakHashMap;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGStatement;

/**
 * Whether statements may be prepared on the server behind a pooler that lends by transactions: they
 * may where it keeps track of them. Thread-safe.
 */
final class Preparing {
  /** The prefix that pgjdbc gives to the names of the statements that it prepares. */
  private static final String DRIVERS_OWN = "S_";

  private static final String DUPLICATE_PREPARED_STATEMENT = "42P05";
  private static final String UNKNOWN_PREPARED_STATEMENT = "26000";
  private static final Set<String> OF_PREPARED_STATEMENTS =
      Set.of(DUPLICATE_PREPARED_STATEMENT, UNKNOWN_PREPARED_STATEMENT);

  /** Such a name in a message, within quotes of whatever language. */
  private static final Pattern NAMED_BY_DRIVER = Pattern.compile("\\b" + DRIVERS_OWN + "\\d+\\b");

  /**
   * The prefixes of the names under which Supavisor prepares its clients' statements on the server:
   * the one of today, and the one of its first versions.
   */
  private static final List<String> SUPAVISORS = List.of("sv_", "supavisor_");

  /**
   * How many statements the driver may keep so that Supavisor bears it: Supavisor ends a client
   * that has prepared more than 100. The statements of the driver itself (BEGIN) count among them,
   * and so do statements that are still in use though the driver has dropped them from its cache.
   */
  private static final int BORNE_BY_SUPAVISOR = 90;

  /** How many statements the driver keeps if its properties don't say otherwise. */
  private static final int KEPT_BY_DEFAULT = 256;

  private static final String FORGETS =
      "Statements are not prepared on the server, for the pooler keeps no track of them (PgBouncer"
          + " does from 1.21 on with max_prepared_statements)";

  private static final String BEARS_FEW =
      "Statements are not prepared on the server, for Supavisor ends a connection that has more"
          + " than 100 of them, and pgjdbc keeps more: set preparedStatementCacheQueries to "
          + BORNE_BY_SUPAVISOR
          + " or less among the properties to have them prepared";

  /** How many statements the driver keeps for each connection. */
  private final int kept;

  private final Consumer<String> noted;

  /** Why nothing is prepared on the server; empty as long as statements are, or nobody knows. */
  private volatile String unprepared = "";

  /** The connections that may prepare. */
  private final Set<Connection> allowed = Collections.newSetFromMap(new WeakHashMap<>());

  /** The errors that have told that the pooler keeps no track any more. */
  private final Set<SQLException> telling = Collections.newSetFromMap(new WeakHashMap<>());

  /**
   * @param keptByDriver what the driver's properties say of how many statements it keeps
   * @param noted told why nothing is prepared
   */
  Preparing(String keptByDriver, Consumer<String> noted) {
    this.kept = kept(keptByDriver);
    this.noted = noted;
  }

  private static int kept(String said) {
    try {
      return Integer.parseInt(said);
    } catch (NumberFormatException e) {
      return KEPT_BY_DEFAULT; // it isn't set; or it is no number, which the driver itself refuses
    }
  }

  /**
   * Asks for each connection anew, as long as the answers are that statements may be prepared: the
   * pooler may have been restarted with other settings, or be one of several that don't have the
   * same. Where a pooler keeps no track, one client's statement would be run in place of another's.
   * One answer that statements may not be prepared counts for all connections to come.
   */
  boolean may(Connection connection) throws SQLException {
    if (!unprepared.isEmpty()) {
      return false;
    }
    String answer = unprepared(renamed(connection), kept);
    if (!answer.isEmpty()) {
      learn(answer);
      return false;
    }
    allow(connection);
    return true;
  }

  /** Takes a session for one that prepares statements. */
  synchronized void allow(Connection connection) {
    allowed.add(connection);
  }

  /** Keeps why nothing is prepared; the first reason counts. */
  private void learn(String why) {
    synchronized (this) {
      if (!unprepared.isEmpty()) {
        return;
      }
      unprepared = why;
    }
    noted.accept(why);
  }

  /**
   * Whether a failure tells that the pooler keeps no track any more, which is remembered. A pooler
   * that keeps track gives names of its own on the server, so an error of the server's doesn't have
   * the driver's. (The pooler itself may say such an error by the name that its client knows; then
   * it doesn't find what the client has prepared, and a new session is the remedy, too.) Each
   * session that was opened before goes on by names that may mean another client's statement by
   * now.
   *
   * <p>Where no session is left that was allowed to prepare, the failure tells nothing new: a
   * program has set the threshold on the driver's own object.
   */
  boolean isOverBy(Throwable failure) {
    SQLException said = namingDriversOwn(failure);
    if (said == null || !tellsOfEnd(said)) {
      return false;
    }
    learn(FORGETS);
    return true;
  }

  /** A failure is judged again after its session was closed, and must mean the same then. */
  private synchronized boolean tellsOfEnd(SQLException said) {
    return telling.contains(said)
        || (allowed.stream().anyMatch(Preparing::isOpen) && telling.add(said));
  }

  private static boolean isOpen(Connection connection) {
    try {
      return !connection.isClosed();
    } catch (SQLException e) {
      return false;
    }
  }

  /** The error that there is, or isn't, a statement under a name of the driver's; or null. */
  private static @Nullable SQLException namingDriversOwn(Throwable failure) {
    for (Throwable at = failure; at != null; at = at.getCause()) {
      if (at instanceof SQLException said
          && OF_PREPARED_STATEMENTS.contains(String.valueOf(said.getSQLState()))
          && NAMED_BY_DRIVER.matcher(String.valueOf(said.getMessage())).find()) {
        return said;
      }
    }
    return null;
  }

  /**
   * Why nothing is to be prepared on the server; empty if statements may be prepared.
   *
   * @param name the name that the pooler gives on the server to what is prepared; null if it gives
   *     none of its own
   * @param kept how many statements the driver keeps
   */
  static String unprepared(@Nullable String name, int kept) {
    if (name == null) {
      return FORGETS;
    }
    boolean supavisors = SUPAVISORS.stream().anyMatch(name::startsWith);
    return supavisors && kept > BORNE_BY_SUPAVISOR ? BEARS_FEW : "";
  }

  /**
   * The name that the pooler gives, on the server connection, to what this session prepares; null
   * if the pooler gives none of its own, and so keeps no track of what is prepared. The question is
   * a prepared statement that looks for itself, within one transaction and so on one server
   * connection. (A pooler that lends for single statements refuses the transaction, as it should.)
   */
  private static @Nullable String renamed(Connection connection) throws SQLException {
    String sql =
        "select name from pg_catalog.pg_prepared_statements where statement like '%everpool "
            + UUID.randomUUID()
            + "%'";
    connection.setAutoCommit(false);
    String renamed = null;
    try {
      // the driver's own BEGIN would be prepared
      PgjdbcInternals.PRESENT.update(connection, "BEGIN");
      renamed = renamedOf(connection, sql);
    } catch (SQLException e) {
      if (!DUPLICATE_PREPARED_STATEMENT.equals(e.getSQLState())) {
        throw e;
      }
      // Another client has prepared under this name on the same server connection, so the pooler
      // passes names on as they are, and renames nothing.
    }
    connection.rollback();
    connection.setAutoCommit(true);
    return renamed;
  }

  /**
   * The name of the question, if the pooler gives it one of its own. A question under a name of the
   * driver's stays on the server connection, and the next client that gets this server connection
   * would prepare under the same name. So it is deallocated. This comes before its closing: a
   * driver that keeps no statements (preparedStatementCacheQueries=0) then deallocates it by
   * itself, which does no harm, and the other way round DEALLOCATE would find none.
   */
  private static @Nullable String renamedOf(Connection connection, String sql) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.unwrap(PGStatement.class).setPrepareThreshold(1);
      String name;
      try (ResultSet row = statement.executeQuery()) {
        name = row.next() ? row.getString(1) : null;
      }
      if (name == null || !name.startsWith(DRIVERS_OWN)) {
        return name;
      }
      PgjdbcInternals.PRESENT.update(connection, "DEALLOCATE \"" + name + "\"");
      return null;
    }
  }
}
