package io.everpool.postgresql;

import io.everpool.postgresql.failure.HostFailure;
import io.everpool.postgresql.failure.SeveralHosts;
import io.everpool.postgresql.failure.Timelines;
import io.everpool.postgresql.socket.HostName;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;

/**
 * Opens at each of several hosts alone, after an opening at all of them has failed.
 *
 * <p>If a login fails at every host, the driver throws only what the last one said. Another host
 * may have refused nothing but the option of {@link ClientCheck}, or shown that it is a {@link
 * Pooler}. Where the sockets are ours each host that the driver has asked is heard. The driver
 * passes over hosts that it remembers as failed ({@code hostRecheckSeconds}), and sockets of
 * someone else's making tell nothing. So the hosts that weren't heard, and that haven't yet let in
 * a login with that option, are asked one by one. Thread-safe.
 */
final class EachHost {
  private final List<String> hosts;
  private final BooleanSupplier closed;

  /** The hosts that have let in a login with the option; they needn't be asked alone. */
  private final Set<String> complete = ConcurrentHashMap.newKeySet();

  /**
   * Whether the last opening had no time left to ask them all; the next one then keeps half of its
   * time for that.
   */
  private volatile boolean late;

  /**
   * For these hosts.
   *
   * @param closed whether the connector is closed, so that nothing is opened any more
   */
  EachHost(List<String> hosts, BooleanSupplier closed) {
    this.hosts = spelledOnce(hosts);
    this.closed = closed;
  }

  /** Each host by its first spelling: by that one its failure is known. */
  private static List<String> spelledOnce(List<String> hosts) {
    List<String> once = new ArrayList<>();
    for (String host : hosts) {
      if (!HostName.isAmong(once, host)) {
        once.add(host);
      }
    }
    return List.copyOf(once);
  }

  /**
   * A host has let a login in.
   *
   * @param asked whether that login had the option
   */
  void letIn(PostgresConnection connection, boolean asked) {
    late = false;
    if (asked) {
      complete.add(connection.host(hosts.get(0)));
    }
  }

  /** How much of its time an opening may use for all hosts together. */
  long share(long nanos) {
    return late ? nanos / 2 : nanos;
  }

  /**
   * Opens a connection at one host after the other, until one lets it in or a failure has shown
   * that the next opening has to be another one.
   *
   * @param tried hosts that were asked alone already, or heard
   * @param learnt whether a failure has shown that
   * @param failure what the opening at all hosts has thrown; thrown again if no host lets the
   *     connection in
   */
  PostgresConnection open(
      HostChoice.Opener opener,
      Set<String> tried,
      BooleanSupplier learnt,
      long deadline,
      SQLException failure)
      throws SQLException {
    List<String> open =
        hosts.stream().filter(host -> !complete.contains(host) && !tried.contains(host)).toList();
    late = false;
    for (int i = 0; i < open.size() && !learnt.getAsBoolean() && !closed.getAsBoolean(); i++) {
      long left = (deadline - System.nanoTime()) / (open.size() - i);
      if (left <= 0) {
        late = true;
        break;
      }
      try {
        return opener.at(open.get(i), 1, left);
      } catch (SQLException e) {
        // the opening at all hosts has said as much, unless something was learnt
      }
    }
    throw failure;
  }

  /**
   * Opens a connection at one of the hosts that the driver has passed over, because it remembers
   * that they have failed. Another one refuses the login for good, for which callers would be
   * refused at once: one of these may be there by now, or soon.
   *
   * @param reached the hosts that it hasn't passed over
   * @param failure what these have said
   * @throws SQLException of all the failure that counts
   */
  PostgresConnection openUnasked(
      HostChoice.Opener opener, Set<String> reached, long deadline, SQLException failure)
      throws SQLException {
    if (hosts.size() == 1) {
      throw failure;
    }
    List<String> open = hosts.stream().filter(host -> !reached.contains(host)).toList();
    HostFailure counts = opener.told(failure, String.join(",", reached));
    for (int i = 0; i < open.size() && !closed.getAsBoolean(); i++) {
      long left = (deadline - System.nanoTime()) / (open.size() - i);
      if (left <= 0) {
        break;
      }
      try {
        return opener.at(open.get(i), 1, left);
      } catch (Timelines.Superseded e) {
        counts.failure().addSuppressed(e); // it lets nobody in, whatever becomes of the others
      } catch (SQLException e) {
        counts = SeveralHosts.of(counts, opener.told(e, open.get(i)));
      }
    }
    throw counts.failure();
  }
}
