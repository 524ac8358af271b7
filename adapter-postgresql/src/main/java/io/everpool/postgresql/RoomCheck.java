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
 * Asks whether the server has room for a pool of this size, and for the application's other
 * instances. It asks once, on the first connection, before anybody is lent that connection. Behind
 * a pooler nothing is asked: there the pooler's own limits count, and it doesn't tell them.
 * Thread-safe.
 */
final class RoomCheck {
  private final Pooler pooler;
  private final int maxSize;

  /**
   * How many connections the pool opens when it begins. So up to this many of those that the server
   * already counts may be the pool's own.
   */
  private final int minSize;

  private final AtomicBoolean asked = new AtomicBoolean();

  /**
   * What the server has said to the first connection. The pool asks through that connection as
   * well, a moment later: it then gets this answer, once, without another round trip.
   */
  private final AtomicReference<@Nullable First> first = new AtomicReference<>();

  private volatile @Nullable String warning;

  private record First(Connection connection, Slots slots) {}

  RoomCheck(Pooler pooler, int minSize, int maxSize) {
    this.pooler = pooler;
    this.minSize = minSize;
    this.maxSize = maxSize;
  }

  /**
   * Asks the server if nobody has asked it yet.
   *
   * @throws SQLException only if the connection is lost
   */
  void look(Connection connection) throws SQLException {
    if (pooler.mode() != PoolerMode.NONE || !asked.compareAndSet(false, true)) {
      return;
    }
    // This is asked once only: a server that hangs up on the question must not keep us out for
    // ever.
    Slots slots = ask(connection);
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
      slots = known.slots(); // the answer is only a moment old
    } else if (pooler.mode() == PoolerMode.NONE) {
      slots = ask(connection);
    }
    return slots == null ? OptionalInt.empty() : OptionalInt.of(slots.free());
  }

  /** Null if the server only speaks like PostgreSQL, or doesn't tell this role. */
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

  /** What a user should know of the server's room. */
  List<String> notes() {
    String found = warning;
    return found == null ? List.of() : List.of(found);
  }
}
