package io.everpool.postgresql;

import io.everpool.api.PoolerMode;
import io.everpool.postgresql.driver.PropertyNames;
import io.everpool.postgresql.failure.ConnectFailure;
import io.everpool.postgresql.failure.SeveralHosts;
import io.everpool.postgresql.socket.HostEnd;
import io.everpool.postgresql.socket.Opening;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One attempt to open a connection, with what is known of the way to the server when it begins. Its
 * failures may show that a login has to be another one (without an option, or as one to a pooler);
 * then the next attempt is that. For one thread.
 */
final class Attempt {
  private final ClientCheck check;
  private final Pooler pooler;
  private final boolean asked;
  private final PoolerMode known;

  /**
   * The hosts, as they stand in a URL, at which this attempt has failed; several may be one text.
   */
  private final Set<String> tried = new HashSet<>();

  /** The hosts whose own failure is known, whether or not the driver has said anything of it. */
  private final Set<String> heard = new HashSet<>();

  /**
   * These, those that have let a login in, and those of which only the driver knows what has become
   * of it.
   */
  private final Set<String> reached = new HashSet<>();

  private boolean learnt;

  Attempt(ClientCheck check, Pooler pooler) {
    this.check = check;
    this.pooler = pooler;
    this.asked = check.isAsked();
    this.known = pooler.mode();
  }

  /**
   * Opens at the hosts that {@code hosts} chooses; if all fail, at each that may tell more; if all
   * that were asked refuse for good, at those that the driver has passed over.
   */
  PostgresConnection open(HostChoice.Opener opener, HostChoice hosts, EachHost each, long deadline)
      throws SQLException {
    HostChoice.Opener hearing = (host, count, time) -> at(opener, host, count, time);
    try {
      PostgresConnection connection = hosts.open(hearing, each.share(deadline - System.nanoTime()));
      each.letIn(connection, asked);
      return connection;
    } catch (SQLException e) {
      if (!learnt && !heard.isEmpty() && !ConnectFailure.mayPass(e)) {
        return each.openUnasked(hearing, Set.copyOf(reached), deadline, e);
      }
      if (learnt || !mayLearn() || !ConnectFailure.mayPass(e)) {
        throw e;
      }
      Set<String> askedAlone = new HashSet<>(tried);
      askedAlone.addAll(heard);
      return each.open(hearing, askedAlone, this::hasLearnt, deadline, e);
    }
  }

  /**
   * Has the driver connect.
   *
   * @param said the properties
   * @throws SQLException of all hosts that the driver has asked the failure that counts
   */
  Connection connect(Opening opening, Opening.Login login, Map<String, String> said)
      throws SQLException {
    try {
      Connection connection = opening.connect(login);
      hear(opening.ends()); // whoever lets a login in may yet turn out to be superseded
      return connection;
    } catch (SQLException e) {
      List<HostEnd> ends = opening.ends();
      hear(ends);
      String kind = said.getOrDefault(PropertyNames.TARGET_SERVER_TYPE, "any");
      throw SeveralHosts.of(e, ends, !kind.equals("any"));
    }
  }

  void hear(List<HostEnd> ends) {
    for (HostEnd end : ends) {
      reached.add(end.host());
      if (end.failure() != null) {
        heard.add(end.host());
      }
    }
  }

  /** Whether this attempt has failed at that host, and it is known why. */
  boolean hasHeard(String host) {
    return heard.contains(host);
  }

  private PostgresConnection at(HostChoice.Opener opener, String authority, int hosts, long nanos)
      throws SQLException {
    try {
      return opener.at(authority, hosts, nanos);
    } catch (SQLException e) {
      tried.add(authority);
      learnt |= e instanceof Pooler.Found;
      for (SQLException one : ConnectFailure.ofEachHost(e)) {
        learnt |= check.isRefusedBy(one, asked);
        learnt |= pooler.isShownBy(one, known);
      }
      throw e;
    }
  }

  /** Whether there is anything left that a failure could show. */
  private boolean mayLearn() {
    return asked || known == PoolerMode.AUTO;
  }

  /** Whether a failure has shown that a login has to be another one, which may then succeed. */
  boolean hasLearnt() {
    return learnt;
  }
}
