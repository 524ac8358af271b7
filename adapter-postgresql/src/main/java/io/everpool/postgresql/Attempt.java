package io.everpool.postgresql;

import io.everpool.api.PoolerMode;
import io.everpool.postgresql.failure.ConnectFailure;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.Set;

/**
 * An opening by what is known when it begins, and what its failures tell for the next. In one
 * thread.
 */
final class Attempt {
  private final ClientCheck check;
  private final Pooler pooler;
  private final boolean asked;
  private final PoolerMode known;

  /** Where it has failed. */
  private final Set<String> tried = new HashSet<>();

  private boolean learnt;

  Attempt(ClientCheck check, Pooler pooler) {
    this.check = check;
    this.pooler = pooler;
    this.asked = check.isAsked();
    this.known = pooler.mode();
  }

  /** Opens at the hosts as they are chosen; where all fail, at each that may tell something. */
  PostgresConnection open(HostChoice.Opener opener, HostChoice hosts, EachHost each, long deadline)
      throws SQLException {
    HostChoice.Opener hearing = (host, count, time) -> at(opener, host, count, time);
    try {
      PostgresConnection connection = hosts.open(hearing, each.share(deadline - System.nanoTime()));
      each.letIn(connection, asked);
      return connection;
    } catch (SQLException e) {
      if (learnt || !mayLearn() || !ConnectFailure.mayPass(e)) {
        throw e;
      }
      return each.open(hearing, Set.copyOf(tried), this::hasLearnt, deadline, e);
    }
  }

  private PostgresConnection at(HostChoice.Opener opener, String authority, int hosts, long nanos)
      throws SQLException {
    try {
      return opener.at(authority, hosts, nanos);
    } catch (SQLException e) {
      tried.add(authority);
      learnt |= check.isRefusedBy(e, asked);
      learnt |= pooler.isShownBy(e, known) || e instanceof Pooler.Found;
      throw e;
    }
  }

  private boolean mayLearn() {
    return asked || known == PoolerMode.AUTO;
  }

  /** Whether a failure has shown that a login has to be another one, which may then succeed. */
  boolean hasLearnt() {
    return learnt;
  }
}
