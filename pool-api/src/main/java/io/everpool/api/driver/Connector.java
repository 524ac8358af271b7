package io.everpool.api.driver;

import io.everpool.api.Contradiction;
import io.everpool.api.Credentials;
import io.everpool.api.Verdict;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.List;

/** Opens connections to one database and knows what its failures mean. Thread-safe. */
public interface Connector extends AutoCloseable {

  /** The product's name in logs, such as {@code PostgreSQL}. */
  String product();

  /** Where connections go, such as {@code db.example.com:5432/orders}; carries no secret. */
  String target();

  /**
   * Sentences about what is done otherwise than the configuration might make one expect, and why;
   * without secrets. The pool logs them as warnings when it opens.
   */
  default List<String> notes() {
    return List.of();
  }

  /**
   * The contradictions in what the configuration says of the driver or of the database. The pool
   * logs each of them once, as a warning: when it opens, after its own {@link
   * io.everpool.api.Contradictions}, or when a connection has shown it. It asks for them as often
   * as for {@link #notes()}.
   */
  default List<Contradiction> contradictions() {
    return List.of();
  }

  /** Whether the server suspends itself when unused, so that the pool should let it. */
  default boolean serverless() {
    return false;
  }

  /**
   * Whether new connections may lead to another server than those that are open, because there are
   * several hosts, say. The pool then looks where they lead when a server says nothing for some
   * time. Always the same answer.
   */
  default boolean hasOtherHosts() {
    return false;
  }

  /**
   * Has the listener called when there is something new in {@link #notes()} or {@link
   * #contradictions()}, on whatever thread has found it.
   */
  default void whenNoted(Runnable listener) {}

  /**
   * Opens a connection and sets its session up.
   *
   * @param timeoutNanos how long all of it may take; positive. The pool gives up on its own at that
   *     time; a connection that comes later is closed.
   * @throws SQLException whose message carries no secret
   */
  PhysicalConnection open(long timeoutNanos) throws SQLException;

  /**
   * As {@link #open(long)}, with other credentials than those of the configuration.
   *
   * @param credentials the credentials; their user is null if nobody has set one, except perhaps in
   *     the URL. The pool itself looks after their expiry
   * @throws SQLFeatureNotSupportedException from a connector that doesn't implement it
   */
  default PhysicalConnection open(Credentials credentials, long timeoutNanos) throws SQLException {
    throw new SQLFeatureNotSupportedException(
        "The connector for "
            + product()
            + " ("
            + getClass().getName()
            + ") knows no credentials but those of the configuration: it would have to implement"
            + " open(Credentials, long)",
        "0A000");
  }

  /** What a failure means; looks through causes. */
  Verdict classify(Throwable failure);

  /**
   * What the text of a statement may leave behind in the session beyond JDBC's own state; {@link
   * SideEffects#NONE} for nothing, and for what the connector doesn't know how to clear. A function
   * of the text and of what the connector knows of the database; the pool remembers its answers
   * until {@link #whenSideEffectsChange} says otherwise.
   */
  SideEffects sideEffects(String sql);

  /**
   * Has {@code listener} told, from any thread, whenever {@link #sideEffects} may answer otherwise
   * than before, because the connector has learnt something of the database. Called once, before
   * the first connection is opened.
   */
  default void whenSideEffectsChange(Runnable listener) {}

  /** Frees what the connector holds beside connections. */
  @Override
  default void close() {}
}
