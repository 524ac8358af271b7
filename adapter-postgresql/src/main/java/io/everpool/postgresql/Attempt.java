package io.everpool.postgresql;

import io.everpool.api.PoolerMode;
import io.everpool.postgresql.failure.ConnectFailure;
import java.sql.SQLException;
import java.util.HashSet;
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

  private boolean learnt;

  Attempt(ClientCheck check, Pooler pooler) {
    this.check = check;
    this.pooler = pooler;
    this.asked = check.isAsked();
    this.known = pooler.mode();
  }

  /** Opens at the hosts that {@code hosts} chooses; if all fail, at each that may tell more. */
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

  /** Whether there is anything left that a failure could show. */
  private boolean mayLearn() {
    return asked || known == PoolerMode.AUTO;
  }

  /** Whether a failure has shown that a login has to be another one, which may then succeed. */
  boolean hasLearnt() {
    return learnt;
  }
}
