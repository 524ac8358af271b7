package io.everpool.servers;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;

/**
 * When a compute was last active, as Neon's own monitor finds it (compute_tools/src/monitor.rs): by
 * the state of its sessions, its own and other superusers' left out. It knows only what it has seen
 * when it looked.
 */
final class NeonActivity {
  private static final String SESSIONS =
      "select coalesce(max(state_change)::text, ''), count(*) filter (where state <> 'idle')"
          + " from pg_stat_activity where backend_type = 'client backend'"
          + " and usename <> 'postgres' and state is not null";

  private final PostgresServer compute;
  private @Nullable Connection session;
  private String lastChange = "";
  private volatile long last;

  NeonActivity(PostgresServer compute, long now) {
    this.compute = compute;
    this.last = now;
  }

  void sessionBegan(long now) {
    last = now;
  }

  long last() {
    return last;
  }

  /** Looks what the sessions do. */
  void look(long now) {
    try {
      Connection asking = session;
      if (asking == null) {
        asking = compute.adminConnection();
        session = asking;
      }
      try (Statement statement = asking.createStatement();
          ResultSet seen = statement.executeQuery(SESSIONS)) {
        seen.next();
        // an end of a session may leave an earlier change as the last: that is no news
        boolean changed = seen.getString(1).compareTo(lastChange) > 0;
        lastChange = changed ? seen.getString(1) : lastChange;
        if (changed || seen.getInt(2) > 0) {
          last = now;
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException("can't look at the compute's sessions", e);
    }
  }

  /** Before the compute goes. */
  void close() {
    try {
      if (session != null) {
        session.close();
      }
    } catch (SQLException e) {
      // it went before
    } finally {
      session = null;
    }
  }
}
