package io.everpool.postgresql;

import io.everpool.api.PoolerMode;
import io.everpool.postgresql.driver.PropertyNames;
import io.everpool.postgresql.failure.ConnectFailure;
import io.everpool.postgresql.failure.Timelines;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.postgresql.util.PSQLException;

/**
 * Opens at a primary that the driver turns away. Thread-safe.
 *
 * <p>Where {@code targetServerType} asks for one, pgjdbc believes what it is told of {@code
 * in_hot_standby} at a login, and a pooler goes on telling what it was told at its own first one
 * ({@link SessionWrites}): a server that was promoted since then would be turned away for good. So
 * where there is a pooler, or may be, the hosts that the driver has turned away are asked
 * themselves. Whom the driver lets in, it has asked. That there is none may be a mistake ({@link
 * Pooler#mayBeMistaken}). So the hosts are asked then, too, but seldom: in most cases there is
 * none, and each question is another login at a standby.
 */
final class PrimaryBehindPooler {
  /** Opens a connection at some hosts with these properties. */
  @FunctionalInterface
  interface Opener {
    PostgresConnection at(
        Attempt attempt, Map<String, String> said, String authority, long timeoutNanos)
        throws SQLException;
  }

  /**
   * The least time between two looks behind hosts that were found to have no pooler before them.
   */
  private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final AtomicLong looked = new AtomicLong(System.nanoTime() - PAUSE_NANOS);
  private final boolean wanted;
  private final Pooler pooler;
  private final BooleanSupplier closed;

  /**
   * @param targetServerType what the URL says
   * @param closed whether nothing is opened any more
   */
  PrimaryBehindPooler(String targetServerType, Pooler pooler, BooleanSupplier closed) {
    this.wanted = List.of("primary", "master").contains(targetServerType.toLowerCase(Locale.ROOT));
    this.pooler = pooler;
    this.closed = closed;
  }

  /**
   * Opens as the driver does, and at the hosts that it turns away.
   *
   * @param attempt which has heard the hosts that have failed by themselves: these weren't turned
   *     away
   * @throws SQLException what the driver has said, if there is no primary; what a host has shown of
   *     a pooler, if nobody knew
   */
  PostgresConnection open(
      Opener opener,
      Attempt attempt,
      Map<String, String> said,
      String authority,
      int hosts,
      long timeoutNanos)
      throws SQLException {
    long deadline = System.nanoTime() + timeoutNanos;
    try {
      return opener.at(attempt, said, authority, timeoutNanos);
    } catch (Pooler.Found e) {
      throw e; // the next opening is another one
    } catch (SQLException e) {
      if (!wanted || !mayBeTurnedAway(e, hosts)) {
        throw e;
      }
      List<String> turnedAway = turnedAway(attempt, authority);
      if (turnedAway.isEmpty()) {
        throw e;
      }
      return orAtOneThatWrites(opener, attempt, said, turnedAway, deadline, e);
    }
  }

  /** The hosts that the driver has turned away, and that are worth a question. */
  private List<String> turnedAway(Attempt attempt, String authority) {
    boolean mistaken = pooler.mayBeMistaken();
    if (pooler.mode() == PoolerMode.NONE && !mistaken) {
      return List.of();
    }
    List<String> hosts =
        Arrays.stream(authority.split(","))
            .filter(host -> !attempt.hasHeard(host) && (!mistaken || attempt.hasReached(host)))
            .toList();
    return hosts.isEmpty() || !mistaken || isTimeToLook() ? hosts : List.of();
  }

  private boolean isTimeToLook() {
    long now = System.nanoTime();
    long last = looked.get();
    return now - last >= PAUSE_NANOS && looked.compareAndSet(last, now);
  }

  /** Of several hosts each may be. The driver's own refusal has nobody's behind it. */
  private static boolean mayBeTurnedAway(SQLException failure, int hosts) {
    if (failure instanceof Timelines.Superseded || !ConnectFailure.mayPass(failure)) {
      return false;
    }
    return hosts > 1
        || (failure instanceof PSQLException own
            && own.getServerErrorMessage() == null
            && own.getCause() == null);
  }

  private PostgresConnection orAtOneThatWrites(
      Opener opener,
      Attempt attempt,
      Map<String, String> said,
      List<String> hosts,
      long deadline,
      SQLException failure)
      throws SQLException {
    // The driver has heard of a standby, and lets it in as one. After a login at any kind of server
    // it would remember that the host is a good one, and pass over those that have failed before.
    Map<String, String> asStandby = new LinkedHashMap<>(said);
    asStandby.put(PropertyNames.TARGET_SERVER_TYPE, "secondary");
    PoolerMode then = pooler.mode();
    for (int i = 0; i < hosts.size() && pooler.mode() == then && !closed.getAsBoolean(); i++) {
      long left = (deadline - System.nanoTime()) / (hosts.size() - i);
      if (left <= 0) {
        break;
      }
      try {
        PostgresConnection found = opener.at(attempt, asStandby, hosts.get(i), left);
        if (!found.beganReadOnly()) {
          return found;
        }
        HostChoice.end(found);
      } catch (Pooler.Found e) {
        throw e; // the next opening is another one
      } catch (SQLException e) {
        // the driver has said as much
      }
    }
    throw failure;
  }
}
