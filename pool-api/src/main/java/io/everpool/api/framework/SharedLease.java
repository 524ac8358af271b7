package io.everpool.api.framework;

import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * A second view of a pool's connection, for frameworks that lend it within its lease to one part of
 * their work after the other, as Spring Boot's starter does in a unit of work. A connection is
 * asked for it by {@link #of}; if the connection is renewed in place, this goes on with it. Only
 * the thread that uses the connection may use it.
 */
public interface SharedLease {

  /**
   * The shared lease of {@code connection}, through whatever is wrapped around it; null if the
   * connection isn't an Everpool's, or is closed.
   */
  static @Nullable SharedLease of(Connection connection) {
    try {
      return connection.isWrapperFor(SharedLease.class)
          ? connection.unwrap(SharedLease.class)
          : null;
    } catch (SQLException e) {
      return null;
    }
  }

  /**
   * Whether the next part may have the connection. It may not if something of the driver's own
   * object is still under way, a copy say, behind which the next part would wait for ever; nor if
   * the driver doesn't read the answer to what it asks. The connection is good for nothing but
   * closing then. Costs three round trips if the driver's own object was handed out in this lease,
   * and none otherwise.
   *
   * @throws SQLException if the connection was lost, as far as that is seen here, or is closed
   */
  boolean mayBeginPart() throws SQLException;

  /**
   * Closes what a part has left open: its statements, and the transaction, which is rolled back,
   * however it was begun. What is set stays; but autocommit may be on afterwards if only JDBC is
   * known of the driver and SQL may have begun the transaction.
   *
   * @return false if nothing of that could be done, for something is still under way on it, or the
   *     connection is closed
   * @throws SQLException if it failed; what is open then, nobody knows
   */
  boolean endPart() throws SQLException;
}
