package io.everpool.api.framework;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import java.sql.SQLException;
import java.util.List;

/**
 * What an operator may do to a pool while it runs, beside {@link Pool#replaceAll()}; for consoles,
 * such as JMX. A pool is asked for it by {@link #of}. If it has {@link PoolConfig#readers()}, these
 * are suspended, resumed and evicted with it, and asked what they have given up; all else is the
 * writer's. On a pool that is being closed none of these methods does anything. Thread-safe; none
 * of them waits for a connection or a server.
 */
public interface PoolOperations {

  /**
   * The operations of {@code pool}, through whatever is wrapped around it.
   *
   * @throws IllegalArgumentException if the pool is no Everpool, nor a wrapper of one
   */
  static PoolOperations of(Pool pool) {
    try {
      return pool.unwrap(PoolOperations.class);
    } catch (SQLException e) {
      throw new IllegalArgumentException(
          "This pool can't be operated: " + pool.getClass().getName(), e);
    }
  }

  /**
   * Keeps the pool between other bounds than it was opened with, from its next pass of upkeep on,
   * until it is closed or this is called again. What is above the new maximum goes: idle
   * connections now, leased ones when they come back.
   *
   * @param minSize 0 to {@code maxSize}
   * @param maxSize 1 to {@link PoolConfig#maxSize()}: there are no slots for more
   * @throws IllegalArgumentException if they are not
   */
  void resize(int minSize, int maxSize);

  /**
   * Lends nothing any more, from the next pass of upkeep on, until {@link #resume()}: idle
   * connections are closed now, leased ones when they come back, and none is opened. Callers stand
   * in line and wait for as long as they always do, so a short suspension costs them time and no
   * error. This is for a failover by hand, or for work on the server that wants nobody connected.
   * If a reader is suspended alone, by its own operations, its callers are served elsewhere
   * instead, as if it could not be reached. A second call does nothing.
   *
   * <p>Nothing is open any more once the snapshot says that the pool is suspended and has no
   * connection in any state, and {@link #connectsGivenUp()}, asked after that, is 0.
   */
  void suspend();

  /**
   * Ends a suspension: connections are opened for those who wait, and up to the minimum. Does
   * nothing if there is none.
   */
  void resume();

  /**
   * Whether {@link #suspend()} was called, and {@link #resume()} not since. This tells it at once,
   * while the snapshot shows it from the next pass of upkeep on. If the pool has readers, it tells
   * whether the writer's pool and all of theirs are suspended.
   */
  boolean isSuspended();

  /**
   * How many connects were given up (by a suspension, a replacement of all, their timeout) and
   * haven't come back: for each of them a thread is still in the driver, perhaps with a socket, and
   * what it brings is closed before it stops counting. If the pool has readers, theirs are counted,
   * too.
   */
  int connectsGivenUp();

  /**
   * Closes the connections that are idle now. What is missing to the minimum is opened anew, unless
   * the pool sleeps.
   */
  void evictIdle();

  /**
   * As {@link Pool#snapshot()}, with what the holders do just now. It looks at their threads, so it
   * costs more; not for gauges.
   */
  PoolSnapshot examine();

  /**
   * Each of the pool's slots as it is now, in their order, as many as {@link PoolConfig#maxSize()}.
   * They were read one after the other while the pool went on. It looks up the holders' names, so
   * it costs more than {@link Pool#snapshot()}; not for gauges.
   */
  List<PoolSlot> slots();
}
