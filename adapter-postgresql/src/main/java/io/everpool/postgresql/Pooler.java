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
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import org.postgresql.PGConnection;

/**
 * Knows what lies between here and the server, and what that means. Thread-safe.
 *
 * <p>Unless the configuration says what lies between, it is found out when the first connection is
 * opened. Three things betray a pooler: the pooler gives its client a key of its own for cancel
 * requests, so that the process that the login names isn't the one that answers; it refuses
 * start-up options, for it has started its server connections itself; and it tells its client that
 * the server is a standby when the server that answers is none. Pgpool-II may show the third only,
 * and only after it has gone on to another server; so that is heard later, too. A pooler doesn't
 * say whether it lends its server connections for a session or for a transaction. So it is taken
 * for one that lends them for a transaction, which works with both. Only Pgpool-II and RDS Proxy
 * say their names, and they lend them for a session. The key that Pgpool-II gives may be that of
 * the standby behind it; RDS Proxy says its name as it refuses start-up options.
 */
final class Pooler {
  private static final String BE_CERTAIN =
      " It is taken for one that lends a server connection for each transaction: set pooler ="
          + " transaction if that is so, session if it lends them for the whole session, none if"
          + " there is none";

  /** Names a system catalog because Pgpool-II never sends such a question to a standby. */
  private static final String IS_STANDBY =
      CommitOutcome.TO_PRIMARY
          + "select pg_catalog.pg_is_in_recovery()"
          + " from pg_catalog.pg_namespace where nspname = 'pg_catalog'";

  private static final String NOT_AS_TOLD =
      "the login was told of a standby, and the server that answers is none";

  private static final String ALONE = " Use a transaction where that matters";

  /** Is thrown when a connection that wasn't opened for a pooler turns out to go through one. */
  static final class Found extends SQLException {
    private static final long serialVersionUID = 1L;

    Found() {
      super("A pooler lies between here and the server", "08000");
    }
  }

  private final Set<String> notes = new ConcurrentSkipListSet<>();

  /** Whether the mode was known before anything was found out. */
  private final boolean said;

  private final Preparing preparing;

  /** Written under this object's lock. */
  private volatile PoolerMode mode;

  private volatile Runnable listener = () -> {};

  Pooler(PoolerMode mode) {
    this(mode, Map.of());
  }

  /**
   * @param properties pgjdbc's properties
   */
  Pooler(PoolerMode mode, Map<String, String> properties) {
    this.mode = mode;
    this.said = mode != PoolerMode.AUTO;
    this.preparing =
        new Preparing(
            properties.getOrDefault(PropertyNames.PREPARED_STATEMENT_CACHE_QUERIES, ""),
            this::note);
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
    if (isSaidByRdsProxy(lowerCase(failure))) {
      foundForSessions("RDS Proxy", "");
    } else {
      found("it refuses start-up options");
    }
    return true;
  }

  /**
   * Whether the failure says that start-up options are refused, in PgBouncer's words ({@code
   * unsupported startup parameter: options}) or in those of RDS Proxy.
   */
  static boolean refusesOptions(SQLException failure) {
    String message = lowerCase(failure);
    return (message.contains("unsupported") && message.contains("startup parameter"))
        || isSaidByRdsProxy(message);
  }

  /**
   * {@code Feature not supported: RDS Proxy currently doesn’t support command-line options}, with
   * that apostrophe.
   */
  private static boolean isSaidByRdsProxy(String message) {
    return message.contains("rds proxy") && message.contains("command-line options");
  }

  private static String lowerCase(SQLException failure) {
    return String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT);
  }

  private void found(String how) {
    become(PoolerMode.TRANSACTION);
    note("A pooler lies between here and the server: " + how + "." + BE_CERTAIN);
  }

  /** What another opening has found meanwhile counts, whatever this one has seen. */
  private synchronized void foundNone() throws Found {
    if (mode == PoolerMode.AUTO) {
      mode = PoolerMode.NONE;
    } else if (isThere()) {
      throw new Found();
    }
  }

  private synchronized void become(PoolerMode found) {
    mode = found;
  }

  private void found(Connection connection, String how) throws SQLException {
    if (isPgpool(connection)) {
      foundForSessions(
          "Pgpool-II",
          ", and max-size no larger than num_init_children allows for all of its clients");
    } else {
      found(how);
    }
    throw new Found();
  }

  private void foundForSessions(String name, String andSet) {
    become(PoolerMode.SESSION);
    note(
        name
            + " lies between here and the server, and lends a server connection for the whole"
            + " session: set pooler = session"
            + andSet);
  }

  /**
   * Looks at what a new connection shows of a pooler, and sets the connection up accordingly.
   *
   * @throws Found if there is a pooler, and the connection was not opened for one
   */
  void meet(Connection connection) throws SQLException {
    if (mode == PoolerMode.AUTO) {
      String evidence = evidence(connection);
      if (!evidence.isEmpty()) {
        found(connection, evidence);
      }
      foundNone();
    }
    if (mayBeMistaken()) {
      preparing.allow(connection); // it prepares, and a pooler may be found yet
    }
    if (lendsByTransaction()) {
      PGConnection driver = (PGConnection) connection;
      int threshold = driver.getPrepareThreshold();
      driver.setPrepareThreshold(0); // so that BEGIN and ROLLBACK aren't prepared, either
      if (preparing.may(connection)) {
        driver.setPrepareThreshold(threshold);
      }
    }
  }

  /** How a pooler has shown itself; empty if none has. */
  private static String evidence(Connection connection) throws SQLException {
    try (Statement statement =
            PgjdbcInternals.PRESENT.query(
                connection, CommitOutcome.TO_PRIMARY + "select pg_catalog.pg_backend_pid()");
        ResultSet row = statement.getResultSet()) {
      if (row.next() && row.getInt(1) != ((PGConnection) connection).getBackendPID()) {
        return "the server process that answers is not the one named at login";
      }
    }
    return isNotAsTold(connection) ? NOT_AS_TOLD : "";
  }

  /** Whether a standby was told of, and a server answers that is none; only then it is asked. */
  private static boolean isNotAsTold(Connection connection) throws SQLException {
    if (!SessionWrites.isToldStandby(connection)) {
      return false;
    }
    try (Statement statement = PgjdbcInternals.PRESENT.query(connection, IS_STANDBY);
        ResultSet row = statement.getResultSet()) {
      return row.next() && !row.getBoolean(1) && SessionWrites.isToldStandby(connection);
    } catch (SQLException e) {
      if (FailureRules.classify(e).fatal()) {
        throw e;
      }
      return false; // it is another product, or doesn't tell this role
    }
  }

  /**
   * Looks at a session that was told that its server is a standby, and whose server has answered
   * since that it is none. A server tells at the latest with its answer that it was promoted, so
   * there is a pooler that repeats what it was told itself, or what another of its servers tells.
   * Sessions that were opened before go on as if there were none.
   *
   * @throws Found if nobody knew of a pooler; the session was opened as if there were none
   */
  void meetContradiction(Connection connection) throws SQLException {
    if (mayBeMistaken() && SessionWrites.isToldStandby(connection)) {
      found(connection, NOT_AS_TOLD);
    }
  }

  /** Whether it was found that there is none, by what its first connection has shown. */
  boolean mayBeMistaken() {
    return !said && mode == PoolerMode.NONE;
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
   * Judges a failure by what it shows of the pooler: if it doesn't keep track of prepared
   * statements any more, the pool is to replace all sessions.
   */
  Verdict judge(Throwable failure, Verdict verdict) {
    return !verdict.fatal() && lendsByTransaction() && preparing.isOverBy(failure)
        ? Verdict.STALE_SESSION
        : verdict;
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
