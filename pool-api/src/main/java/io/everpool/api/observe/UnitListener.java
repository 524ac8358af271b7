package io.everpool.api.observe;

import io.everpool.api.Pool;
import io.everpool.api.WorkOptions;
import io.everpool.api.framework.UnitRerunner;
import org.jspecify.annotations.Nullable;

/**
 * A listener that is told where each unit of work begins and ends, so that it can be traced.
 * Without one nothing is done for it.
 *
 * <p>It is called on the unit's own thread, which waits for it; units within a unit begin and end
 * in between. Several units run at once, so it must be thread-safe and quick. What it throws is
 * logged and goes no further.
 */
public interface UnitListener extends PoolListener {

  /** How a unit has come to the pool. */
  enum Kind {
    /** It was given to {@link Pool#run}. */
    RUN,
    /** It was given to {@link Pool#inTransaction}. */
    TRANSACTION,
    /**
     * It runs on a connection that its caller had before: a framework's, such as Jdbi's {@code
     * inTransaction} ({@link UnitRerunner}).
     */
    ON_CONNECTION
  }

  /** Hears of one unit. */
  interface Watch {

    /**
     * The unit is about to be run again.
     *
     * @param run the number of the run that begins; 2 or more
     * @param failure why the last run has failed
     */
    default void runsAgain(int run, Throwable failure) {}

    /**
     * The unit is over, and a connection that it had taken is back. Called once.
     *
     * @param failure what is thrown to its caller; null if it went well
     */
    void ended(@Nullable Throwable failure);
  }

  /**
   * A unit begins. It has no connection yet, unless it is of {@link Kind#ON_CONNECTION}. A unit
   * that is a part of another one, on the same connection, is told of as well, within that one.
   *
   * @param pool the pool's name
   * @return what hears of the rest of this unit; null if nothing has to
   */
  @Nullable Watch unitBegins(String pool, Kind kind, WorkOptions options);
}
