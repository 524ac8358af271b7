package io.everpool.api;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A pool of connections to one database: opened once when the application starts, alive until
 * {@link #close()}, healing itself in between.
 *
 * <p>Where {@link PoolConfig#readers()} are configured, units of work whose options say that they
 * only read ({@link WorkOptions#READ_ONLY}) and {@link #reader()} use those; all else, {@link
 * #getConnection()} included, the writer. What is said of one pool here then holds for each, and
 * {@link #snapshot()} is the writer's.
 *
 * <p>In Kotlin {@code pool.use { ... }} is {@link #use(VoidWork)}, a unit of work, and not the
 * extension that closes afterwards: that is {@code (pool as AutoCloseable).use { ... }}.
 *
 * <p>A later version may have more methods: a class that implements this for a test, or wraps a
 * pool, then has to be compiled again.
 *
 * <p>All methods may be called from any thread, virtual threads included. A connection taken from
 * {@link #getConnection()} goes back by its {@code close()}; use try-with-resources.
 */
public interface Pool extends DataSource, AutoCloseable {

  /** The name that logs, threads and metrics carry. */
  String name();

  /** The settings this pool was opened with. */
  PoolConfig config();

  /** What the pool looks like now; a consistent-enough reading that blocks nobody. */
  PoolSnapshot snapshot();

  /**
   * Takes a connection, waiting in line for at most {@link PoolConfig#acquireTimeout()}.
   *
   * <p>The pool runs nothing again for whoever works with it. If it is lost before the answer has
   * come to a COMMIT, or to a write in autocommit, its call throws {@link
   * CommitOutcomeUnknownException} or {@link WriteOutcomeUnknownException}: look for the effect
   * before you repeat it.
   *
   * @throws AcquireTimeoutException if none came in time, or it became known while waiting that
   *     none will; carries the last connect failure and a snapshot that names the holders
   * @throws TooManyWaitersException if {@link PoolConfig#maxWaiters()} threads wait already
   * @throws PoolClosedException if the pool is closed, also while waiting
   * @throws java.sql.SQLNonTransientConnectionException if the pool has no connection and can't
   *     have one by waiting, for the server refuses these credentials, say: with the server's
   *     answer as its cause, and that one's SQLState
   * @throws java.sql.SQLTransientConnectionException if the thread is interrupted while waiting;
   *     its interrupt flag is then set again
   * @throws SQLException as a {@link LeaseInterceptor} has thrown it
   */
  @Override
  Connection getConnection() throws SQLException;

  /**
   * As {@link #getConnection()}, but with a limit for this call in place of {@link
   * PoolConfig#acquireTimeout()}; it may also be longer than that one.
   *
   * @param timeout how long to wait; zero or less to take only a connection that is there at once
   * @throws SQLException as {@link #getConnection()}
   */
  Connection getConnection(Duration timeout) throws SQLException;

  /**
   * Always throws, because a pool has only the credentials of its configuration or of its {@link
   * CredentialsProvider}. Use {@link #getConnection()}, and open a second pool for another user.
   *
   * @param user is not used
   * @param password is not used
   * @throws SQLFeatureNotSupportedException always
   */
  @Override
  Connection getConnection(String user, String password) throws SQLException;

  /**
   * Runs a unit of work on a connection of its own and reruns it when a connection error makes that
   * necessary and nothing can be doubled by it: everything sent so far was read-only, or in a
   * transaction whose COMMIT was not sent (or was found to have failed).
   *
   * <p>A rerun begins from the beginning, so whatever can be used only once has to be made within
   * the work: a stream is opened there, and the rows of a batch are added there. If the work has
   * used up what it was given from outside, it isn't run again; or its next run ends where it gives
   * a driver a stream that an earlier run was given. Then the failure of the earlier run is thrown,
   * with the reason among its suppressed exceptions. The pool doesn't see an iterator, a result set
   * or a stream that the work reads by itself.
   *
   * <p>All runs of the work, and the pauses between them, are on the thread that calls this.
   *
   * @throws X what the work has thrown, if it isn't run again
   * @throws SQLException as {@link #getConnection()} if there is no connection to be had; and the
   *     failure of the database that the work has met, if it isn't run again
   * @throws WriteOutcomeUnknownException if a write in autocommit was cut off
   * @throws CommitOutcomeUnknownException if a COMMIT was cut off and the server cannot tell, or
   *     can't be asked; it is asked only about a COMMIT that {@code commit()} has sent
   */
  default <T extends @Nullable Object, X extends Exception> T run(Work<T, X> work)
      throws X, SQLException {
    return run(WorkOptions.DEFAULT, work);
  }

  /** As {@link #run(Work)}, with what the caller knows about the work. */
  <T extends @Nullable Object, X extends Exception> T run(WorkOptions options, Work<T, X> work)
      throws X, SQLException;

  /**
   * Runs a unit of work in a transaction: committed if the work returns, rolled back if it throws.
   * It is rerun whole after a connection error, a serialization failure or a deadlock. A COMMIT
   * whose answer was lost is looked up on the server if that can be done ({@link
   * RetryConfig#commitOutcome()}), never replayed blindly. What can be used only once has to be
   * made within the work, as for {@link #run(Work)}.
   *
   * @throws X what the work has thrown, if it isn't run again
   * @throws SQLException as of {@link #run(Work)}
   * @throws CommitOutcomeUnknownException if a COMMIT was cut off and the server cannot tell, or
   *     can't be asked; it is not asked about one that the work has sent as a text
   * @throws WriteOutcomeUnknownException if the work has ended its transaction by itself, and then
   *     a write in autocommit was cut off
   */
  default <T extends @Nullable Object, X extends Exception> T inTransaction(Work<T, X> work)
      throws X, SQLException {
    return inTransaction(WorkOptions.DEFAULT, work);
  }

  /** As {@link #inTransaction(Work)}, with what the caller knows about the work. */
  <T extends @Nullable Object, X extends Exception> T inTransaction(
      WorkOptions options, Work<T, X> work) throws X, SQLException;

  /** As {@link #run(Work)}, for work without a result. */
  default <X extends Exception> void use(VoidWork<X> work) throws X, SQLException {
    use(WorkOptions.DEFAULT, work);
  }

  /** As {@link #run(WorkOptions, Work)}, for work without a result. */
  default <X extends Exception> void use(WorkOptions options, VoidWork<X> work)
      throws X, SQLException {
    this.<Boolean, X>run(
        options,
        connection -> {
          work.run(connection);
          return true;
        });
  }

  /** As {@link #inTransaction(Work)}, for work without a result. */
  default <X extends Exception> void useTransaction(VoidWork<X> work) throws X, SQLException {
    useTransaction(WorkOptions.DEFAULT, work);
  }

  /** As {@link #inTransaction(WorkOptions, Work)}, for work without a result. */
  default <X extends Exception> void useTransaction(WorkOptions options, VoidWork<X> work)
      throws X, SQLException {
    this.<Boolean, X>inTransaction(
        options,
        connection -> {
          work.run(connection);
          return true;
        });
  }

  /**
   * A data source for programs and frameworks that want a connection only to read. Each of its
   * connections is read-only. If {@link PoolConfig#readers()} are configured it is a reader's, and
   * {@link PoolConfig#readerFallback()} says what is done if no reader can serve. {@link
   * #getConnection()} is always the writer's.
   */
  DataSource reader();

  /**
   * A data source for migrations, and for whatever else has statements that are meant to take long.
   * On its connections neither {@link PoolConfig#commandTimeout()} nor a network time-out ends a
   * statement; a limit that the program sets itself does. At the next lease the limits are back.
   * Each connection costs a round trip at its beginning and one at its end. Behind a pooler, where
   * nothing can be set for a session, a limit of the role's or the database's own stays. With
   * {@link PoolConfig#readers()} they are the writer's connections.
   *
   * @throws UnsupportedOperationException if this pool is another implementation, which has no such
   *     connections
   */
  default DataSource withoutCommandTimeout() {
    throw new UnsupportedOperationException("This pool can't lift its command-timeout");
  }

  /**
   * What the readers' pools look like now, in the order of {@link PoolConfig#readers()}; empty if
   * there are none.
   */
  default List<PoolSnapshot> readerSnapshots() {
    return List.of();
  }

  /**
   * How large the pool should be, by what it was asked for; empty without {@link
   * PoolConfig#sizeAdvice()}, or until it has seen a hundred leases. Takes some ten milliseconds of
   * processor time and no connection. With readers, it is about the writer's pool.
   */
  default Optional<SizeAdvice> advise() {
    return Optional.empty();
  }

  /**
   * How far the writer has written by now, for {@link WorkOptions#after}: call it when the commit
   * has returned. Costs a connection for a round trip. The text may be handed on, to the client of
   * a web application for instance; it is no secret.
   *
   * @throws java.sql.SQLFeatureNotSupportedException if the driver can't tell
   */
  default String position() throws SQLException {
    throw new SQLFeatureNotSupportedException("This pool knows no positions of its server");
  }

  /**
   * Replaces every connection: the idle ones now, the leased ones when they come back. For an
   * operator who changed something on the server (credentials, a failover by hand): whatever has
   * failed before, new ones are opened at once. What a {@link CredentialsProvider} has said is good
   * until it expires or the server refuses it. Does nothing once the pool is being closed.
   */
  void replaceAll();

  /**
   * Stops lending at once, tells those who wait, gives the holders {@link
   * PoolConfig#drainTimeout()} to return, then closes every connection. A call while another one is
   * closing the pool returns when that has closed it; but it returns at once if it comes from a
   * listener that is being told of an event. A call after that does nothing. Never throws. If a
   * thread that waits here is interrupted, that cuts the draining short.
   */
  @Override
  void close();

  /** Whether {@link #close()} was called. */
  boolean isClosed();
}
