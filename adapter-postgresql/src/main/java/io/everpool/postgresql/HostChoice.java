package io.everpool.postgresql;

import io.everpool.postgresql.failure.HostFailure;
import io.everpool.postgresql.failure.SeveralHosts;
import io.everpool.postgresql.failure.Timelines;
import io.everpool.postgresql.socket.HostName;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the host of the URL at which a connection is opened. Thread-safe.
 *
 * <p>The driver takes the first host that suits it. Two kinds of servers suit it and not us, and
 * then the other hosts are tried:
 *
 * <ul>
 *   <li>One that a failover has superseded ({@link Timelines}). It is never used.
 *   <li>One that takes no writes, where sessions are to write and the URL leaves the kind of server
 *       open. It is set aside: for a while the driver gets it only if no other host lets us in. It
 *       is used if no host takes writes.
 * </ul>
 *
 * <p>The driver knows neither rule, and what it remembers of hosts ({@code hostRecheckSeconds}) may
 * keep it from a host. So the others are given to it one by one, each as the only one.
 */
final class HostChoice {
  private static final long SECOND = 1_000_000_000L;

  /** The longest time for which a host is set aside; nanoseconds. */
  private static final long LONGEST_ASIDE = 60 * SECOND;

  /** Opens a connection at the first of some hosts that suits the driver. */
  @FunctionalInterface
  interface Opener {
    /**
     * Opens.
     *
     * @param authority the hosts and ports as they stand in a URL
     * @param hosts how many these are
     */
    PostgresConnection at(String authority, int hosts, long timeoutNanos) throws SQLException;

    /**
     * Whose failure it is that {@link #at} has thrown.
     *
     * @param authority as it was given to it
     */
    default HostFailure told(SQLException failure, String authority) {
      return new HostFailure(authority, failure);
    }

    /**
     * What a host has said of its own failure in this opening, on the driver's way to another one;
     * null if it wasn't asked, or if nobody knows.
     */
    default @Nullable HostFailure heard(String host) {
      return null;
    }
  }

  private final List<String> hosts;
  private final boolean free;
  private final Purpose purpose;
  private final BooleanSupplier closed;

  /**
   * Until when a host is set aside, and for how long that was; the next time it is twice as long.
   */
  private record Aside(long until, long lasts) {}

  private final Map<String, Aside> aside = new ConcurrentHashMap<>();

  /** When all hosts may be tried for one that takes writes: later, after none was found. */
  private volatile long lookAround = System.nanoTime();

  /**
   * A choice of these.
   *
   * @param free whether they are several, and the URL leaves open what kind of server it wants
   * @param closed whether nothing is opened any more
   */
  HostChoice(List<String> hosts, boolean free, Purpose purpose, BooleanSupplier closed) {
    this.hosts = List.copyOf(hosts);
    this.free = free;
    this.purpose = purpose;
    this.closed = closed;
  }

  /**
   * Opens a connection.
   *
   * @throws SQLException if a superseded server was found, what another host said, for that is the
   *     one to mend; the superseded one is among the suppressed
   */
  PostgresConnection open(Opener opener, long timeoutNanos) throws SQLException {
    long deadline = System.nanoTime() + timeoutNanos;
    PostgresConnection first = first(opener, deadline);
    if (choosesWriters() && first.beganReadOnly()) {
      return orOneThatWrites(first, opener, deadline);
    }
    if (!aside.isEmpty()) {
      aside.remove(host(first));
    }
    return first;
  }

  private String host(PostgresConnection connection) {
    return connection.host(hosts.get(0));
  }

  private boolean choosesWriters() {
    return free && purpose.isWriting();
  }

  private PostgresConnection first(Opener opener, long deadline) throws SQLException {
    List<String> preferred = preferred();
    int last = hosts.size() - preferred.size();
    long share = (deadline - System.nanoTime()) / (last == 0 ? 1 : 2);
    try {
      return opener.at(String.join(",", preferred), preferred.size(), share);
    } catch (Timelines.Superseded e) {
      return elsewhere(e, without(List.of(e.host())), null, opener, deadline);
    } catch (SQLException e) {
      if (last == 0) {
        throw e;
      }
      return atThoseSetAside(preferred, opener, deadline, e);
    }
  }

  /** The hosts without those that are set aside, in the URL's order; all of them if all are. */
  private List<String> preferred() {
    if (!choosesWriters()) {
      return hosts;
    }
    long now = System.nanoTime();
    List<String> preferred =
        hosts.stream().filter(host -> isPreferred(aside.get(host), now)).toList();
    return preferred.isEmpty() ? hosts : preferred;
  }

  private static boolean isPreferred(@Nullable Aside known, long now) {
    return known == null || now - known.until >= 0;
  }

  private List<String> without(List<String> some) {
    return hosts.stream().filter(host -> !HostName.isAmong(some, host)).toList();
  }

  private PostgresConnection atThoseSetAside(
      List<String> preferred, Opener opener, long deadline, SQLException failure)
      throws SQLException {
    List<String> rest = without(preferred);
    String others = String.join(",", rest);
    HostFailure known = opener.told(failure, String.join(",", preferred));
    try {
      return opener.at(others, rest.size(), deadline - System.nanoTime());
    } catch (Timelines.Superseded e) {
      List<String> unasked =
          rest.stream().filter(host -> !HostName.areSame(host, e.host())).toList();
      return elsewhere(e, unasked, known, opener, deadline);
    } catch (SQLException other) {
      throw SeveralHosts.of(known, opener.told(other, others)).failure();
    }
  }

  /**
   * Opens at one of the others, for a failover has superseded the server that was found. Those that
   * have failed before the driver came to it aren't asked once more.
   *
   * @param known the failure of hosts that were asked before; null if none were
   */
  private PostgresConnection elsewhere(
      Timelines.Superseded e,
      List<String> others,
      @Nullable HostFailure known,
      Opener opener,
      long deadline)
      throws SQLException {
    List<Timelines.Superseded> superseded = new ArrayList<>(List.of(e));
    HostFailure counts = known;
    List<String> unasked = new ArrayList<>();
    for (String host : others) {
      HostFailure heard = opener.heard(host);
      if (heard == null) {
        unasked.add(host);
      } else {
        counts = counts == null ? heard : SeveralHosts.of(counts, heard);
      }
    }
    for (int i = 0; i < unasked.size() && !closed.getAsBoolean(); i++) {
      long left = (deadline - System.nanoTime()) / (unasked.size() - i);
      if (left <= 0) {
        break;
      }
      try {
        return opener.at(unasked.get(i), 1, left);
      } catch (Timelines.Superseded other) {
        superseded.add(other);
      } catch (SQLException other) {
        HostFailure told = new HostFailure(unasked.get(i), other);
        counts = counts == null ? told : SeveralHosts.of(counts, told);
      }
    }
    SQLException failure = counts == null ? superseded.remove(0) : counts.failure();
    superseded.forEach(failure::addSuppressed);
    throw failure;
  }

  /**
   * Tries the other hosts for one that takes writes, and returns {@code reads} if there is none. So
   * that reading doesn't wait for hosts that don't answer, that takes at most half of the time that
   * is left for this opening; and after it the hosts aren't tried again for twice as long as it
   * took.
   */
  private PostgresConnection orOneThatWrites(
      PostgresConnection reads, Opener opener, long deadline) {
    String here = setAside(reads);
    long begun = System.nanoTime();
    if (begun - lookAround < 0) {
      return reads;
    }
    long until = begun + (deadline - begun) / 2;
    List<String> others = without(List.of(here));
    for (int i = 0; i < others.size() && !closed.getAsBoolean(); i++) {
      long left = (until - System.nanoTime()) / (others.size() - i);
      if (left <= 0) {
        break;
      }
      try {
        PostgresConnection other = opener.at(others.get(i), 1, left);
        if (!other.beganReadOnly()) {
          aside.remove(others.get(i));
          end(reads);
          return other;
        }
        setAside(other);
        end(other);
      } catch (SQLException | RuntimeException e) {
        // it takes no writes either, as far as this connection is concerned
      } catch (Error e) {
        end(reads);
        throw e;
      }
    }
    long now = System.nanoTime();
    lookAround = now + Math.max(SECOND, 2 * (now - begun));
    return reads;
  }

  private String setAside(PostgresConnection reads) {
    String host = host(reads);
    long now = System.nanoTime();
    aside.compute(
        host,
        (key, before) -> {
          if (before != null && now - before.until < 0) {
            return before;
          }
          long lasts = before == null ? SECOND : Math.min(LONGEST_ASIDE, 2 * before.lasts);
          return new Aside(now + lasts, lasts);
        });
    return host;
  }

  static void end(PostgresConnection unwanted) {
    try {
      unwanted.close();
    } catch (SQLException | RuntimeException e) {
      unwanted.abort();
    }
  }
}
