package io.everpool.jdbi;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.Work;
import io.everpool.api.WorkOptions;
import io.everpool.api.WriteOutcomeUnknownException;
import io.everpool.api.framework.NotRepeatableException;
import io.everpool.api.framework.OneShotArguments;
import io.everpool.api.framework.UnitRerunner;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransactionRollbackException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jdbi.v3.core.ConnectionException;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleCallback;
import org.jdbi.v3.core.JdbiException;
import org.jdbi.v3.core.transaction.TransactionException;
import org.jspecify.annotations.Nullable;

/**
 * Runs callbacks of handles as units of work of the pool from which the handles' connections come.
 */
final class HandleUnits {
  private static final String BATCH =
      "it executes a batch that was prepared before it, whose rows Jdbi doesn't keep as they were";

  /**
   * How many runs have begun, of all Jdbis. This is a clock that tells what was made before a run
   * from what was made in it.
   */
  private static final AtomicLong RUNS = new AtomicLong();

  private final UnitRerunner rerunner;
  private final EverpoolPlugin.PooledPostgres postgres;

  /** The innermost unit that runs on each connection; it knows the unit around it. */
  private final Map<Connection, Attempts<?, ?>> running = new ConcurrentHashMap<>();

  /**
   * Whether a handle was already looked at for another plug-in. Not each handle is looked at,
   * because the look adds to the handle's copies of its configuration.
   */
  private volatile boolean looked;

  HandleUnits(UnitRerunner rerunner, EverpoolPlugin.PooledPostgres postgres) {
    this.rerunner = rerunner;
    this.postgres = postgres;
  }

  static long runsBegun() {
    return RUNS.get();
  }

  /**
   * Is called when a batch is about to be executed.
   *
   * @param made how many runs had begun when the batch was prepared
   * @throws UsedUp in a rerun, if the batch was prepared before this run
   */
  void executesBatch(Connection connection, long made) {
    for (Attempts<?, ?> at = running.get(connection); at != null; at = at.outer) {
      at.executesBatch(made);
    }
  }

  /**
   * Is called when a method is about to take arguments that can be read only once.
   *
   * @throws UnitFailedException if an earlier run of some unit on this thread was given the same
   *     object
   */
  void given(List<Object> oneShots) {
    try {
      for (Object each : oneShots) {
        rerunner.given(each);
      }
    } catch (SQLException e) {
      throw new UnitFailedException(e);
    }
  }

  EverpoolPlugin.PooledPostgres postgres() {
    return postgres;
  }

  /**
   * Runs a callback to which {@code handle} was lent for its whole life, from its opening to its
   * closing. What a failed run has changed in the handle's configuration is undone before the next
   * run.
   */
  <R extends @Nullable Object, X extends Exception> R runLent(
      Handle handle, WorkOptions options, HandleCallback<R, X> callback) throws X {
    // Within a SqlObject's method the configuration in force is the method's, not the handle's.
    boolean own = handle.getExtensionMethod() == null;
    return run(handle, options, callback, own ? new PristineConfig(handle) : null);
  }

  /**
   * Runs {@code callback} on {@code handle}, and again if the pool says so. What the callback
   * throws comes out unchanged; what the pool itself throws comes out as a {@link JdbiException}.
   */
  <R extends @Nullable Object, X extends Exception> R run(
      Handle handle, WorkOptions options, HandleCallback<R, X> callback) throws X {
    return run(handle, options, callback, null);
  }

  /**
   * Runs a callback that reads something that can be read only once, so that it can't run again.
   */
  <R extends @Nullable Object, X extends Exception> R runOnce(
      Handle handle, WorkOptions options, HandleCallback<R, X> callback) throws X {
    Attempts<R, X> attempts = new Attempts<>(handle, options, callback, null);
    attempts.useUp(OneShotArguments.BECAUSE);
    return run(attempts);
  }

  /**
   * Runs a transaction. Whether it can run again is known only within it, by the method of its
   * SqlObject.
   */
  <R extends @Nullable Object, X extends Exception> R runTransaction(
      Handle handle, WorkOptions options, HandleCallback<R, X> callback) throws X {
    Attempts<R, X> attempts = new Attempts<>(handle, options, callback, null);
    UnitOptions configured = handle.getConfig(UnitOptions.class);
    if (configured.isOnceOnly()) {
      attempts.useUp(OneShotArguments.BECAUSE);
    }
    Attempts<?, ?> before = configured.transaction(attempts);
    try {
      return run(attempts);
    } finally {
      configured.transaction(before);
    }
  }

  private <R extends @Nullable Object, X extends Exception> R run(
      Handle handle,
      WorkOptions options,
      HandleCallback<R, X> callback,
      @Nullable PristineConfig config)
      throws X {
    return run(new Attempts<>(handle, options, callback, config));
  }

  private <R extends @Nullable Object, X extends Exception> R run(Attempts<R, X> attempts)
      throws X {
    Handle handle = attempts.handle;
    if (!looked) {
      looked = true;
      postgres.lookForAnother(handle);
    }
    if (handle.isInTransaction()) {
      // The unit is the transaction, or what is around it. This callback is only a part of it:
      // rerun alone, it would lack what the transaction did before.
      return attempts.callback.withHandle(handle);
    }
    Connection connection = handle.getConnection();
    attempts.outer = running.put(connection, attempts);
    try {
      return rerunner.rerun(connection, attempts.options, attempts);
    } catch (UsedUp e) {
      throw attempts.first(e);
    } catch (SQLException e) {
      SQLException own = attempts.own(e);
      if (own != null) {
        throw HandleUnits.<X>asThrownByCallback(own);
      }
      throw unchecked(e);
    } finally {
      runsNoMore(connection, attempts.outer);
    }
  }

  private void runsNoMore(Connection connection, @Nullable Attempts<?, ?> outer) {
    if (outer == null) {
      running.remove(connection);
    } else {
      running.put(connection, outer);
    }
  }

  /**
   * Makes a connection learn its isolation level, once for each session, in a unit that can be
   * repeated: Handle and SqlObject ask for the level before they begin a transaction, and so
   * outside of its unit.
   */
  void learnLevel(Connection connection) throws SQLException {
    rerunner.rerun(connection, UnitRerunner.SET_UP, Connection::getTransactionIsolation);
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // the callback threw it as its X
  private static <X extends Exception> X asThrownByCallback(Throwable e) {
    return (X) e;
  }

  private static JdbiException unchecked(SQLException e) {
    if (e instanceof CommitOutcomeUnknownException) {
      return new TransactionException(e.getMessage(), e);
    }
    if (e instanceof WriteOutcomeUnknownException) {
      return new UnitFailedException(e);
    }
    return new ConnectionException(e);
  }

  /**
   * Is thrown in place of a run that would read or send something that the first run has used up.
   */
  private static final class UsedUp extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UsedUp(String label, String why) {
      super(label + " was not run again: " + why, null, false, false);
    }
  }

  /** The runs of one unit. */
  final class Attempts<R extends @Nullable Object, X extends Exception> implements Work<R, X> {
    private final Handle handle;
    private final WorkOptions options;
    private final HandleCallback<R, X> callback;
    private final @Nullable PristineConfig config;
    private @Nullable Attempts<?, ?> outer;
    private boolean ran;
    private boolean again;
    private @Nullable String usedUp;

    /** How many runs had begun when the present run began, this one included. */
    private long begun;

    private @Nullable Throwable failure;

    /**
     * What the run before the last one has thrown. The pool may throw this again, if what the last
     * run has thrown comes from the pool itself.
     */
    private @Nullable Throwable before;

    Attempts(
        Handle handle,
        WorkOptions options,
        HandleCallback<R, X> callback,
        @Nullable PristineConfig config) {
      this.handle = handle;
      this.options = options;
      this.callback = callback;
      this.config = config;
    }

    /** Notes that the unit can't run a second time, and why. */
    void useUp(String why) {
      usedUp = why;
    }

    private void executesBatch(long made) {
      if (made < begun) {
        useUp(BATCH);
        if (again) {
          throw new UsedUp(options.label(), BATCH);
        }
      }
    }

    /** What the first run has thrown, if no other run was possible. */
    private X first(UsedUp because) {
      Throwable thrown = failure == null ? because : failure;
      if (thrown != because) {
        thrown.addSuppressed(because);
      }
      return HandleUnits.<X>asThrownByCallback(thrown);
    }

    /**
     * The callback's own exception, if that is what is thrown; null if the pool has something to
     * say. If races were lost again and again, the pool says how often, in an exception around the
     * last one.
     */
    @Nullable SQLException own(SQLException thrown) {
      if (isOfCallback(thrown)) {
        return thrown;
      }
      if (!(thrown instanceof SQLTransactionRollbackException)
          || !isOfCallback(thrown.getCause())
          || !(thrown.getCause() instanceof SQLException last)) {
        return null;
      }
      last.addSuppressed(
          new SQLTransactionRollbackException(
              thrown.getMessage(), thrown.getSQLState(), thrown.getErrorCode()));
      return last;
    }

    private boolean isOfCallback(@Nullable Throwable thrown) {
      return thrown != null && (thrown == failure || thrown == before);
    }

    @Override
    public R run(Connection connection) throws X {
      if (ran && usedUp != null) {
        handle.rollback(); // otherwise the handle would go on in a transaction that is gone
        throw new UsedUp(options.label(), usedUp);
      }
      again = ran;
      begun = RUNS.incrementAndGet();
      try {
        if (!ran) {
          ran = true;
          if (options.position() != null || options.isolation() != 0) {
            rebind(); // the handle may be on another session by now, which the unit needs
          }
          return callback.withHandle(handle);
        }
        return config == null ? rerun(handle) : config.within(handle, this::rerun);
      } catch (UsedUp e) {
        throw e; // this is no failure of the run: the caller throws what the first run has thrown
      } catch (Throwable e) {
        before = failure;
        failure = e;
        lookAgain(e);
        if (usedUp != null && e instanceof Exception thrown) {
          throw new NotRepeatableException(thrown, usedUp);
        }
        throw e;
      }
    }

    /** Looks once more for another plug-in: it may have been installed since, and matters now. */
    private void lookAgain(Throwable thrown) {
      try {
        postgres.lookForAnother(handle);
      } catch (RuntimeException e) {
        thrown.addSuppressed(e);
      }
    }

    private R rerun(Handle again) throws X {
      startAfresh();
      return callback.withHandle(again);
    }

    /**
     * Makes the handle forget the failed run. It forgets the transaction that it still believes to
     * be in ({@code begin()} would do nothing, and what follows would run in autocommit), the
     * {@code afterCommit} callbacks of that run (they would run twice), and the session in which it
     * looks up large objects and types.
     */
    private void startAfresh() {
      handle.rollback();
      rebind();
    }

    private void rebind() {
      try {
        postgres.rebind(handle);
      } catch (SQLException e) {
        throw new ConnectionException(e);
      }
    }
  }
}
