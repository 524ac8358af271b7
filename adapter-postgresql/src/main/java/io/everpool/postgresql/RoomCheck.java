package io.everpool.postgresql;

import io.everpool.api.PoolerMode;
import io.everpool.postgresql.failure.FailureRules;
import io.everpool.postgresql.limits.Slots;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Whether the server has room for a pool of this size, and for its instances: asked once, by the
 * first connection and before anybody has it. Behind a pooler its limits count, and nobody can ask
 * for these. Thread-safe.
 */
final class RoomCheck {
  private final Pooler pooler;
  private final int maxSize;

  /** So many may be opened beside the first. */
  private final int minSize;

  private final AtomicBoolean asked = new AtomicBoolean();

  /** What it said to the first connection, until the pool asks over that as well. */
  private final AtomicReference<@Nullable First> first = new AtomicReference<>();

  private volatile @Nullable String warning;

  private record First(Connection connection, Slots slots) {}

  RoomCheck(Pooler pooler, int minSize, int maxSize) {
    this.pooler = pooler;
    this.minSize = minSize;
    this.maxSize = maxSize;
  }

  /**
   * Asks if nobody has.
   *
   * @throws SQLException only if the connection is lost
   */
  void look(Connection connection) throws SQLException {
    if (pooler.mode() != PoolerMode.NONE || !asked.compareAndSet(false, true)) {
      return;
    }
    Slots slots = ask(connection); // once: one that hangs up on this must not keep us out
    if (slots != null) {
      first.set(new First(connection, slots));
      String found = slots.warning(maxSize, Math.max(1, minSize));
      warning = found.isEmpty() ? null : found;
    }
  }

  /**
   * How many more connections there is room for now; empty if nobody can tell.
   *
   * @throws SQLException only if the connection is lost
   */
  OptionalInt left(Connection connection) throws SQLException {
    First known = first.getAndSet(null);
    Slots slots = null;
    if (known != null && known.connection() == connection) {
      slots = known.slots(); // of a moment ago
    } else if (pooler.mode() == PoolerMode.NONE) {
      slots = ask(connection);
    }
    return slots == null ? OptionalInt.empty() : OptionalInt.of(slots.free());
  }

  /** Null of a server that only speaks like PostgreSQL, or doesn't tell this role. */
  private static @Nullable Slots ask(Connection connection) throws SQLException {
    try {
      return Slots.of(connection);
    } catch (SQLException e) {
      if (FailureRules.classify(e).fatal()) {
        throw e;
      }
      return null;
    }
  }

  /** What there is to say of it. */
  List<String> notes() {
    String found = warning;
    return found == null ? List.of() : List.of(found);
  }
}
