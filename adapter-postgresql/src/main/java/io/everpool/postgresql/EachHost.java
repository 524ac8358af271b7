package io.everpool.postgresql;

import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;

/**
 * What each of several hosts says alone. Of a login that fails at all of them the driver throws
 * what the last has said: that another refuses an option, and would let in whoever leaves it out,
 * is heard by nobody. So those that have not shown yet that they take logins as they are, are asked
 * one by one. Thread-safe.
 */
final class EachHost {
  private final List<String> hosts;
  private final BooleanSupplier closed;

  /** They have let in somebody who asked for everything. */
  private final Set<String> content = ConcurrentHashMap.newKeySet();

  /** The time was over before they could be asked: the next opening leaves some. */
  private volatile boolean late;

  /**
   * Of these.
   *
   * @param closed whether nothing is opened any more
   */
  EachHost(List<String> hosts, BooleanSupplier closed) {
    this.hosts = List.copyOf(hosts);
    this.closed = closed;
  }

  /**
   * One has let somebody in.
   *
   * @param asked whether he has asked for everything
   */
  void letIn(PostgresConnection connection, boolean asked) {
    late = false;
    if (asked) {
      content.add(connection.host(hosts.get(0)));
    }
  }

  /** How much of the time an opening at all of them may take. */
  long share(long nanos) {
    return late ? nanos / 2 : nanos;
  }

  /**
   * Opens a connection at one of them, until one lets it in or something is learnt.
   *
   * @param tried those that were asked alone before
   * @param failure of an opening at all of them, thrown if nobody lets it in
   */
  PostgresConnection open(
      HostChoice.Opener opener,
      Set<String> tried,
      BooleanSupplier learnt,
      long deadline,
      SQLException failure)
      throws SQLException {
    List<String> open =
        hosts.stream().filter(host -> !content.contains(host) && !tried.contains(host)).toList();
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
        // it is no better alone, unless something was learnt
      }
    }
    throw failure;
  }
}
