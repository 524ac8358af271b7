package io.everpool.postgresql;

import io.everpool.api.PoolerMode;
import io.everpool.postgresql.driver.PropertyNames;
import io.everpool.postgresql.failure.ConnectFailure;
import io.everpool.postgresql.failure.HostFailure;
import io.everpool.postgresql.failure.SeveralHosts;
import io.everpool.postgresql.failure.Timelines;
import io.everpool.postgresql.socket.HostEnd;
import io.everpool.postgresql.socket.HostName;
import io.everpool.postgresql.socket.Opening;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

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

  /**
   * The hosts' own failures that are known, whether or not the driver has said anything of them.
   */
  private final Map<String, SQLException> heard = new HashMap<>();

  /**
   * These, those that have let a login in, and those of which only the driver knows what has become
   * of it.
   */
  private final Set<String> reached = new HashSet<>();

  /** Whose each failure is, for the driver may have been given several hosts together. */
  private final IdentityHashMap<SQLException, HostFailure> whose = new IdentityHashMap<>();

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
    HostChoice.Opener hearing = new Hearing(opener);
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
      askedAlone.addAll(heard.keySet());
      return each.open(hearing, askedAlone, this::hasLearnt, deadline, e);
    }
  }

  /** Makes a session of a connection that the driver has returned. */
  @FunctionalInterface
  interface Beginning {
    PostgresConnection of(Connection connection) throws SQLException;
  }

  /**
   * Has the driver connect, and a session begin.
   *
   * @param said the properties
   * @throws SQLException of all hosts that the driver has asked the failure that counts
   */
  PostgresConnection connect(
      Opening opening, Opening.Login login, Map<String, String> said, Beginning beginning)
      throws SQLException {
    Connection connection;
    try {
      connection = opening.connect(login);
    } catch (SQLException e) {
      List<HostEnd> ends = hear(opening.ends());
      if (ends.isEmpty()) {
        throw e;
      }
      String kind = said.getOrDefault(PropertyNames.TARGET_SERVER_TYPE, "any");
      HostFailure counts = SeveralHosts.of(e, ends, SeveralHosts.Kind.of(kind));
      whose.put(counts.failure(), counts);
      throw counts.failure();
    }
    List<HostEnd> ends = hear(opening.ends()); // who lets a login in may yet be superseded
    try {
      return beginning.of(connection);
    } catch (SQLException e) {
      if (!ends.isEmpty()) {
        String host = ends.get(ends.size() - 1).host();
        tried.add(host);
        whose.put(e, new HostFailure(host, e));
      }
      throw e;
    }
  }

  List<HostEnd> hear(List<HostEnd> ends) {
    for (HostEnd end : ends) {
      reached.add(end.host());
      SQLException failure = end.failure();
      if (failure != null) {
        heard.put(end.host(), failure);
      }
    }
    return ends;
  }

  /** Whether this attempt has failed at that host, and it is known why. */
  boolean hasHeard(String host) {
    return heard.containsKey(host);
  }

  /** Whether this attempt has come to that host. */
  boolean hasReached(String host) {
    return reached.contains(host);
  }

  /** Learns from each failure. */
  private final class Hearing implements HostChoice.Opener {
    private final HostChoice.Opener opener;

    Hearing(HostChoice.Opener opener) {
      this.opener = opener;
    }

    @Override
    public PostgresConnection at(String authority, int hosts, long nanos) throws SQLException {
      try {
        return opener.at(authority, hosts, nanos);
      } catch (SQLException e) {
        tried.add(authority);
        learnt |= e instanceof Pooler.Found;
        learn(ConnectFailure.ofEachHost(e));
        if (e instanceof Timelines.Superseded) {
          learn(heard.values()); // the driver has come to that server by their failures
        }
        throw e;
      }
    }

    private void learn(Collection<SQLException> failures) {
      for (SQLException one : failures) {
        learnt |= check.isRefusedBy(one, asked);
        learnt |= pooler.isShownBy(one, known);
      }
    }

    @Override
    public HostFailure told(SQLException failure, String authority) {
      return whose.getOrDefault(failure, new HostFailure(authority, failure));
    }

    @Override
    public @Nullable HostFailure heard(String host) {
      // if a login has to be another one, the host may let that in
      return learnt
          ? null
          : heard.entrySet().stream()
              .filter(one -> HostName.areSame(one.getKey(), host))
              .findFirst()
              .map(one -> new HostFailure(host, one.getValue()))
              .orElse(null);
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
