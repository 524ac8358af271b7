package io.everpool.postgresql;

import io.everpool.api.PoolerMode;
import io.everpool.postgresql.failure.FailureRules;
import io.everpool.postgresql.limits.Slots;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Whether the server has room for a pool of this size, and for its instances: asked once, by the
 * first connection and before anybody has it. Behind a pooler its limits count, and nobody can ask
 * for these. Thread-safe.
 */
final class RoomCheck {
  private final int maxSize;

  /** So many may be opened beside the first. */
  private final int minSize;

  private final AtomicBoolean asked = new AtomicBoolean();
  private volatile @Nullable String warning;

  RoomCheck(int minSize, int maxSize) {
    this.minSize = minSize;
    this.maxSize = maxSize;
  }

  /**
   * Asks if nobody has.
   *
   * @throws SQLException only if the connection is lost
   */
  void look(Connection connection, PoolerMode pooler) throws SQLException {
    if (pooler != PoolerMode.NONE || !asked.compareAndSet(false, true)) {
      return;
    }
    try {
      String found = Slots.of(connection).warning(maxSize, Math.max(1, minSize));
      warning = found.isEmpty() ? null : found;
    } catch (SQLException e) {
      // a server that only speaks like PostgreSQL, or doesn't tell this role: nothing is known
      if (FailureRules.classify(e).fatal()) {
        throw e; // and not asked again: one that hangs up on this question must not keep us out
      }
    }
  }

  /** What there is to say of it. */
  List<String> notes() {
    String found = warning;
    return found == null ? List.of() : List.of(found);
  }
}
