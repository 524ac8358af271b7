package io.everpool.postgresql;

import io.everpool.api.PoolerMode;
import io.everpool.api.Verdict;
import io.everpool.api.driver.SideEffects;
import io.everpool.postgresql.commit.CommitOutcome;
import io.everpool.postgresql.driver.PgjdbcInternals;
import io.everpool.postgresql.driver.PropertyNames;
import io.everpool.postgresql.failure.FailureRules;
import io.everpool.postgresql.session.SideEffect;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGStatement;

/**
 * Knows what lies between here and the server, and what that means. Thread-safe.
 *
 * <p>Unless the configuration says what lies between, it is found out when the first connection is
 * opened. Two things betray a pooler: the pooler gives its client a key of its own for cancel
 * requests, so that the process that the login names isn't the one that answers; and it refuses
 * start-up options, for it has started its server connections itself. A pooler doesn't say whether
 * it lends its server connections for a session or for a transaction. So it is taken for one that
 * lends them for a transaction, which works with both. Only Pgpool-II says its name, and it lends
 * them for a session: the key that it gives may be that of the standby behind it.
 */
final class Pooler {
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

  private static final String BE_CERTAIN =
      " It is taken for one that lends a server connection for each transaction: set pooler ="
          + " transaction if that is so, session if it lends them for the whole session, none if"
          + " there is none";

  private static final String ALONE = " Use a transaction where that matters";

  /** Is thrown when a connection that wasn't opened for a pooler turns out to go through one. */
  static final class Found extends SQLException {
    private static final long serialVersionUID = 1L;

    Found() {
      super("A pooler lies between here and the server", "08000");
    }
  }

  private final Set<String> notes = new ConcurrentSkipListSet<>();

  /** How many statements the driver keeps for each connection. */
  private final int kept;

  private volatile PoolerMode mode;
  private volatile Runnable listener = () -> {};

  /** Why nothing is prepared on the server; empty as long as statements are, or nobody knows. */
  private volatile String unprepared = "";

  Pooler(PoolerMode mode) {
    this(mode, Map.of());
  }

  /**
   * @param properties pgjdbc's properties
   */
  Pooler(PoolerMode mode, Map<String, String> properties) {
    this.mode = mode;
    this.kept = kept(properties.getOrDefault(PropertyNames.PREPARED_STATEMENT_CACHE_QUERIES, ""));
  }

  private static int kept(String said) {
    try {
      return Integer.parseInt(said);
    } catch (NumberFormatException e) {
      return KEPT_BY_DEFAULT; // it isn't set; or it is no number, which the driver itself refuses
    }
  }

  /** The kind of pooler; {@link PoolerMode#AUTO} while it is not known. */
  PoolerMode mode() {
    return mode;
  }

  /** Whether the session may go on with another server process after each transaction. */
  boolean lendsByTransaction() {
    return mode == PoolerMode.TRANSACTION;
  }

  /** Whether sessions can be given options at their start. */
  boolean takesOptions() {
    return !isThere();
  }

  /** Whether there is a pooler, of whatever kind; false while it is not known. */
  boolean isThere() {
    return mode != PoolerMode.AUTO && mode != PoolerMode.NONE;
  }

  /** What a user should know of the pooler. */
  List<String> notes() {
    return new ArrayList<>(notes);
  }

  void whenNoted(Runnable value) {
    listener = value;
  }

  private void note(String note) {
    if (notes.add(note)) {
      listener.run();
    }
  }

  /**
   * Whether a login has failed that may succeed as a login to a pooler; if so, all further logins
   * are made for a pooler.
   *
   * @param then what was known when that login began
   */
  boolean isShownBy(SQLException failure, PoolerMode then) {
    if (then != PoolerMode.AUTO || !refusesOptions(failure)) {
      return false;
    }
    found("it refuses start-up options");
    return true;
  }

  /**
   * Whether the failure says that start-up options are refused, in PgBouncer's words: {@code
   * unsupported startup parameter: options}.
   */
  static boolean refusesOptions(SQLException failure) {
    String message = String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT);
    return message.contains("unsupported") && message.contains("startup parameter");
  }

  private void found(String how) {
    mode = PoolerMode.TRANSACTION;
    note("A pooler lies between here and the server: " + how + "." + BE_CERTAIN);
  }

  private void foundPgpool() {
    mode = PoolerMode.SESSION;
    note(
        "Pgpool-II lies between here and the server, and lends a server connection for the whole"
            + " session: set pooler = session, and max-size no larger than num_init_children allows"
            + " for all of its clients");
  }

  /**
   * Looks at what a new connection shows of a pooler, and sets the connection up accordingly.
   *
   * @throws Found if there is a pooler, and the connection was not opened for one
   */
  void meet(Connection connection) throws SQLException {
    if (mode == PoolerMode.AUTO) {
      if (isBehind(connection)) {
        if (isPgpool(connection)) {
          foundPgpool();
          throw new Found();
        }
        found("the server process that answers is not the one named at login");
        throw new Found();
      }
      mode = PoolerMode.NONE;
    }
    if (lendsByTransaction()) {
      PGConnection driver = (PGConnection) connection;
      int threshold = driver.getPrepareThreshold();
      driver.setPrepareThreshold(0); // so that BEGIN and ROLLBACK aren't prepared, either
      if (prepares(connection)) {
        driver.setPrepareThreshold(threshold);
      }
    }
  }

  private static boolean isBehind(Connection connection) throws SQLException {
    try (Statement statement =
            PgjdbcInternals.PRESENT.query(
                connection, CommitOutcome.TO_PRIMARY + "select pg_catalog.pg_backend_pid()");
        ResultSet row = statement.getResultSet()) {
      return row.next() && row.getInt(1) != ((PGConnection) connection).getBackendPID();
    }
  }

  /**
   * Whether it is Pgpool-II that answers, which it does by the simple protocol only. A server has
   * no such parameter. It logs that, so this is asked only where there is a pooler that nobody has
   * spoken of.
   */
  private static boolean isPgpool(Connection connection) throws SQLException {
    try {
      PgjdbcInternals.PRESENT.simpleQuery(connection, "show pool_version");
      return true;
    } catch (SQLException e) {
      if (FailureRules.classify(e).fatal()) {
        throw e;
      }
      return false;
    }
  }

  /**
   * Asks for each connection anew, as long as the answers are that statements may be prepared: the
   * pooler may have been restarted with other settings, or be one of several that don't have the
   * same. Where a pooler keeps no track, one client's statement would be run in place of another's.
   * One answer that statements may not be prepared counts for all connections to come.
   */
  private boolean prepares(Connection connection) throws SQLException {
    return unprepared.isEmpty() && isLearnt(unprepared(renamed(connection), kept));
  }

  /** Whether statements may be prepared according to this answer, which is kept if they may not. */
  private boolean isLearnt(String answer) {
    if (!answer.isEmpty()) {
      unprepared = answer;
      note(answer);
    }
    return answer.isEmpty();
  }

  /**
   * Judges a failure that tells of the names under which the driver prepares. A pooler that keeps
   * track gives names of its own, so the server knows nothing of the driver's. If a failure has the
   * driver's, the pooler keeps no track any more, and each session that was opened before goes on
   * by names that may mean another client's statement by now: the pool is to replace them all.
   */
  Verdict judge(Throwable failure, Verdict verdict) {
    if (verdict.fatal() || !lendsByTransaction() || !namesDriversOwn(failure)) {
      return verdict;
    }
    isLearnt(FORGETS);
    return Verdict.STALE_SESSION;
  }

  /** Whether the server says that it has, or hasn't, a statement under a name of the driver's. */
  private static boolean namesDriversOwn(Throwable failure) {
    for (Throwable at = failure; at != null; at = at.getCause()) {
      if (at instanceof SQLException said
          && OF_PREPARED_STATEMENTS.contains(String.valueOf(said.getSQLState()))
          && NAMED_BY_DRIVER.matcher(String.valueOf(said.getMessage())).find()) {
        return true;
      }
    }
    return false;
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
      String name = nameOf(connection, sql);
      if (name != null && name.startsWith(DRIVERS_OWN)) {
        // The statement stays on the server connection, and the next client that gets this server
        // connection would prepare under the same name. So it is deallocated.
        PgjdbcInternals.PRESENT.update(connection, "DEALLOCATE \"" + name + "\"");
      } else {
        renamed = name;
      }
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

  private static @Nullable String nameOf(Connection connection, String sql) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.unwrap(PGStatement.class).setPrepareThreshold(1);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() ? row.getString(1) : null;
      }
    }
  }

  /** Notes that a statement in autocommit runs without the level of isolation that was set. */
  void hearIsolation() {
    note(
        "The pooler lends a server connection for each transaction, and a level of isolation goes"
            + " with a transaction: a single statement in autocommit runs at the server's own."
            + ALONE);
  }

  /**
   * Notes that a statement in autocommit isn't refused its writes though it is declared read-only.
   */
  void hearReadOnly() {
    note(
        "The pooler lends a server connection for each transaction, and read-only goes with a"
            + " transaction: a single statement in autocommit may write."
            + ALONE);
  }

  /**
   * Notes, once for each kind, what a statement wants of a session and can't have through the
   * pooler.
   */
  void hear(SideEffects sideEffects) {
    if (lendsByTransaction()) {
      for (SideEffect kind : SideEffect.values()) {
        if (sideEffects.has(kind) && kind.outlivesTransaction()) {
          note(kind.throughPooler());
        }
      }
    }
  }
}
