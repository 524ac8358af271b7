package io.everpool.postgresql.failure;

import io.everpool.postgresql.driver.PgjdbcInternals;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Remembers the highest timeline that was seen of each database system. Each promotion begins a
 * higher one: a server that takes writes on a lower one was the primary before a failover, and what
 * is written to it will be thrown away. Thread-safe.
 *
 * <p>It knows only what this connector has seen since it was made. Two copies of a system that were
 * promoted from the same timeline, neither knowing of the other, have the same number and can't be
 * told apart.
 *
 * <p>No connection to a superseded server outlives the news. A connection that is judged after a
 * higher timeline was seen is refused. One that was judged before was also begun before the first
 * connection on the higher timeline reached the pool; when that one arrives, the pool gives up all
 * connections that were begun by then.
 */
public final class Timelines {
  private static final PgjdbcInternals DRIVER = PgjdbcInternals.PRESENT;

  private static final int HEXADECIMAL = 16;

  /** The name of a WAL file begins with its timeline, such as {@code 00000003}. */
  private static final Pattern TIMELINE = Pattern.compile("[0-9A-F]{8}");

  /**
   * Asks for the system and its timeline; the timeline is null in a session that doesn't write. The
   * server answers from its memory and one small file. The control file's own timeline ({@code
   * pg_control_checkpoint}) is no good: it lags behind a promotion until the checkpoint that
   * follows. The question names a system catalog because Pgpool-II never sends such a question to a
   * standby.
   */
  static final String QUESTION =
      """
      select (select system_identifier::text from pg_catalog.pg_control_system()),
        case when reads then null else pg_catalog.substr(
          pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 1, 8) end,
        reads
      from (select pg_catalog.pg_is_in_recovery()
        or pg_catalog.current_setting('transaction_read_only') = 'on' as reads
        from pg_catalog.pg_namespace where nspname = 'pg_catalog') as server""";

  /**
   * One system's highest timeline: {@code seen} by any connection, and {@code told} to the pool.
   */
  private record Height(AtomicLong seen, AtomicLong told) {
    Height(long timeline) {
      this(new AtomicLong(timeline), new AtomicLong(timeline));
    }
  }

  private final Map<String, Height> heights = new ConcurrentHashMap<>();

  /**
   * What was found out about a new session.
   *
   * @param readOnly whether the session takes no writes; false if the server doesn't say
   * @param supersedesEarlier tells, when the pool asks, whether the session's timeline is higher
   *     than all that the pool was told of
   */
  public record Judgement(boolean readOnly, BooleanSupplier supersedesEarlier) {
    /** The judgement of a session that takes no writes: as nobody writes, nothing can be lost. */
    public static final Judgement READS = new Judgement(true, () -> false);

    /** The judgement of a session whose server doesn't say what it is. */
    public static final Judgement UNKNOWN = new Judgement(false, () -> false);

    /** Whether the server has said what it is. */
    public boolean says() {
      return !equals(UNKNOWN);
    }
  }

  /** Whether the server has no such functions, or gives us no right to call them. */
  private volatile boolean unknowable;

  /** Is thrown when a connection is refused because of its server's timeline. */
  public static final class Superseded extends SQLTransientConnectionException {
    private static final long serialVersionUID = 1L;
    private final String host;

    Superseded(String host, String system, long timeline, long highest) {
      super(
          host
              + " takes writes on timeline "
              + timeline
              + ", a lower timeline than the "
              + highest
              + " that was seen of the same system ("
              + system
              + "): it was the primary before a failover, and what is written to it would be lost",
          "08001");
      this.host = host;
    }

    /** The server's host and port. */
    public String host() {
      return host;
    }
  }

  /**
   * Asks the server, in one round trip. A standby isn't judged, nor a session that is read-only
   * from its beginning: as nobody writes there, nothing can be lost.
   *
   * @param host the name by which messages call the server
   * @throws Superseded if the server's timeline is lower than one that was seen before
   * @throws SQLException if the connection is lost, or the server says nothing though others did
   */
  public Judgement judge(Connection connection, String host) throws SQLException {
    if (unknowable) {
      return Judgement.UNKNOWN;
    }
    try (Statement statement = DRIVER.query(connection, QUESTION);
        ResultSet row = statement.getResultSet()) {
      row.next();
      return row.getBoolean(3) ? Judgement.READS : judge(host, row.getString(1), row.getString(2));
    } catch (Superseded e) {
      throw e;
    } catch (SQLException e) {
      boolean cannotSay = cannotSay(String.valueOf(e.getSQLState()));
      if (FailureRules.classify(e).fatal() || (!cannotSay && !heights.isEmpty())) {
        throw e;
      }
      unknowable = cannotSay;
      return Judgement.UNKNOWN;
    }
  }

  /**
   * Whether the SQLState means that there is no such function, that we have no right to it, or that
   * it isn't PostgreSQL and can't do this.
   */
  private static boolean cannotSay(String state) {
    return state.startsWith("42") || state.startsWith("0A");
  }

  /** Judges a session by what its server has said; null stands for what the server doesn't say. */
  public Judgement judge(String host, @Nullable String system, @Nullable String timeline)
      throws Superseded {
    if (system == null || timeline == null || !TIMELINE.matcher(timeline).matches()) {
      return Judgement.UNKNOWN;
    }
    long now = Long.parseLong(timeline, HEXADECIMAL);
    Height height = heights.computeIfAbsent(system, key -> new Height(now));
    long before = height.seen.getAndAccumulate(now, Math::max);
    if (now < before) {
      throw new Superseded(host, system, now, before);
    }
    return new Judgement(false, () -> height.told.getAndAccumulate(now, Math::max) < now);
  }
}
