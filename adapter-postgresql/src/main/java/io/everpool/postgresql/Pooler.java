package io.everpool.postgresql;

import io.everpool.api.PoolerMode;
import io.everpool.api.driver.SideEffects;
import io.everpool.postgresql.driver.PgjdbcInternals;
import io.everpool.postgresql.driver.PropertyNames;
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
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGStatement;

/**
 * What lies between here and the server, and what that means. Thread-safe.
 *
 * <p>Unless the configuration says so, it is found out when the first connection is opened. Two
 * things betray a pooler: it gives its client a key of its own for cancel requests, so that the
 * process named at login isn't the one that answers; and it refuses start-up options, for it has
 * started its server connections itself. Whether it lends them for a session or for a transaction
 * it doesn't say. So it is taken for one of transactions, which is right for both.
 */
final class Pooler {
  /** The prefix that pgjdbc gives to what it prepares. */
  private static final String DRIVERS_OWN = "S_";

  private static final String DUPLICATE_PREPARED_STATEMENT = "42P05";

  /**
   * The prefixes that Supavisor gives, and first gave, on the server to what its clients prepare.
   */
  private static final List<String> SUPAVISORS = List.of("sv_", "supavisor_");

  /**
   * How many statements the driver may keep so that Supavisor bears it: Supavisor ends a client
   * that has prepared more than 100. The driver's own (BEGIN) count among them, and so do
   * statements that are still in use though the driver keeps them no more.
   */
  private static final int BORNE_BY_SUPAVISOR = 90;

  /** How many statements the driver keeps where nobody says otherwise. */
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

  /** A pooler was found by a connection that wasn't opened for one. */
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

  /** Why nothing is prepared on the server; empty if it is, null if nobody knows yet. */
  private volatile @Nullable String unprepared;

  Pooler(PoolerMode mode) {
    this(mode, Map.of());
  }

  /**
   * @param properties the driver's
   */
  Pooler(PoolerMode mode, Map<String, String> properties) {
    this.mode = mode;
    this.kept = kept(properties.getOrDefault(PropertyNames.PREPARED_STATEMENT_CACHE_QUERIES, ""));
  }

  private static int kept(String said) {
    try {
      return Integer.parseInt(said);
    } catch (NumberFormatException e) {
      return KEPT_BY_DEFAULT; // or the driver refuses it
    }
  }

  /** {@link PoolerMode#AUTO} while it is not known. */
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

  /** Whether there is one, of whatever kind; no while it is not known. */
  boolean isThere() {
    return mode != PoolerMode.AUTO && mode != PoolerMode.NONE;
  }

  /** What there is to say of it. */
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
   * Whether a login has failed that may succeed as one to a pooler; from now on all are.
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

  /** Whether it says so: {@code unsupported startup parameter: options}, as PgBouncer has it. */
  static boolean refusesOptions(SQLException failure) {
    String message = String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT);
    return message.contains("unsupported") && message.contains("startup parameter");
  }

  private void found(String how) {
    mode = PoolerMode.TRANSACTION;
    note("A pooler lies between here and the server: " + how + "." + BE_CERTAIN);
  }

  /**
   * Looks what a new connection shows, and sets it up for what it shows.
   *
   * @throws Found if there is a pooler, and the connection was not opened for one
   */
  void meet(Connection connection) throws SQLException {
    if (mode == PoolerMode.AUTO) {
      if (isBehind(connection)) {
        found("the server process that answers is not the one named at login");
        throw new Found();
      }
      mode = PoolerMode.NONE;
    }
    if (lendsByTransaction()) {
      PGConnection driver = (PGConnection) connection;
      int threshold = driver.getPrepareThreshold();
      driver.setPrepareThreshold(0); // of BEGIN and ROLLBACK, too
      if (prepares(connection)) {
        driver.setPrepareThreshold(threshold);
      }
    }
  }

  private static boolean isBehind(Connection connection) throws SQLException {
    try (Statement statement =
            PgjdbcInternals.PRESENT.query(connection, "select pg_catalog.pg_backend_pid()");
        ResultSet row = statement.getResultSet()) {
      return row.next() && row.getInt(1) != ((PGConnection) connection).getBackendPID();
    }
  }

  /** Asks once; of two who ask at once both hear the same. */
  private boolean prepares(Connection connection) throws SQLException {
    String known = unprepared;
    if (known == null) {
      known = unprepared(renamed(connection), kept);
      unprepared = known;
      if (!known.isEmpty()) {
        note(known);
      }
    }
    return known.isEmpty();
  }

  /**
   * Why nothing is to be prepared on the server; empty if it is.
   *
   * @param name which the pooler gives there to what is prepared; null if it gives none
   * @param kept so many the driver keeps
   */
  static String unprepared(@Nullable String name, int kept) {
    if (name == null) {
      return FORGETS;
    }
    boolean supavisors = SUPAVISORS.stream().anyMatch(name::startsWith);
    return supavisors && kept > BORNE_BY_SUPAVISOR ? BEARS_FEW : "";
  }

  /**
   * The name that the pooler has given, on the server connection, to what this session prepares;
   * null if it gives none, and so keeps no track. Asked by a prepared statement that looks for
   * itself, in one transaction and so on one server connection. (A pooler of single statements
   * refuses that, as it should.)
   */
  private static @Nullable String renamed(Connection connection) throws SQLException {
    String sql =
        "select name from pg_catalog.pg_prepared_statements where statement like '%everpool "
            + UUID.randomUUID()
            + "%'";
    connection.setAutoCommit(false);
    String renamed = null;
    try {
      PgjdbcInternals.PRESENT.update(connection, "BEGIN"); // the driver's own would be prepared
      String name = nameOf(connection, sql);
      if (name != null && name.startsWith(DRIVERS_OWN)) {
        // It stays on the server connection, and the next client that is lent that would prepare
        // under the same name.
        PgjdbcInternals.PRESENT.update(connection, "DEALLOCATE \"" + name + "\"");
      } else {
        renamed = name;
      }
    } catch (SQLException e) {
      if (!DUPLICATE_PREPARED_STATEMENT.equals(e.getSQLState())) {
        throw e;
      }
      // The name is taken on this server connection: another client has prepared under it, and the
      // pooler passes names on as they are. So nothing is renamed.
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

  /** A statement stands alone though a level of isolation was set. */
  void hearIsolation() {
    note(
        "The pooler lends a server connection for each transaction, and a level of isolation goes"
            + " with a transaction: a single statement in autocommit runs at the server's own."
            + ALONE);
  }

  /** A statement stands alone though it is declared read-only. */
  void hearReadOnly() {
    note(
        "The pooler lends a server connection for each transaction, and read-only goes with a"
            + " transaction: a single statement in autocommit may write."
            + ALONE);
  }

  /** Says, once of each kind, what a statement wants of a session that can't be had. */
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
