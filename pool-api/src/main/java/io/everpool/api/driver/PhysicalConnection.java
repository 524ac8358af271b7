package io.everpool.api.driver;

import io.everpool.api.ResetMode;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import org.jspecify.annotations.Nullable;

/**
 * One session on the server. Used by one thread at a time, save {@link #abort()}, which may come
 * from any.
 */
public interface PhysicalConnection {

  /** The driver's connection. Always the same object. */
  Connection jdbc();

  /** Looks at the connection without sending a byte, in about a microsecond; no statement runs. */
  Look look();

  /**
   * Asks the server for a sign of life; returns if it comes.
   *
   * @param timeoutNanos how long the answer may take; positive
   */
  void validate(long timeoutNanos) throws SQLException;

  /** What the driver remembers of the transaction; no round trip. */
  TransactionState transactionState();

  /**
   * Whether the server has become one that doesn't write, as far as the driver was told; no round
   * trip. What the program itself has asked for (a read-only transaction) doesn't count.
   *
   * @param traces what {@link Connector#traces} said of the statements of this lease, or-ed: what
   *     they have set may look the same
   */
  default boolean readOnlyServer(int traces) {
    return false;
  }

  /**
   * Clears session state that SQL has set. Called outside of a transaction.
   *
   * @param mode how; never {@link ResetMode#NONE}
   * @param traces what {@link Connector#traces} said of the statements of this lease, or-ed
   */
  void reset(ResetMode mode, int traces) throws SQLException;

  /**
   * What to ask about after a COMMIT that may lose its answer; null if the open transaction has
   * written nothing and may be repeated. May cost a round trip.
   *
   * @throws SQLFeatureNotSupportedException if this driver can't tell; it is not asked again on
   *     this connection, and a COMMIT that loses its answer has an unknown outcome
   */
  default @Nullable CommitTicket commitTicket() throws SQLException {
    throw new SQLFeatureNotSupportedException("This driver can't look up a commit");
  }

  /** Asks about another session's transaction. Called on a fresh connection. */
  default CommitStatus commitStatus(CommitTicket ticket) throws SQLException {
    return CommitStatus.UNKNOWN;
  }

  /** Ends the server process of {@code ticket} if it still runs that transaction. */
  default void endBackend(CommitTicket ticket) throws SQLException {}

  /** Closes politely; may block for as long as the network does. */
  void close() throws SQLException;

  /** Cuts the connection without a word and at once; never throws. Harmless if it is closed. */
  void abort();
}
