package io.everpool.core.observe;

import org.slf4j.Logger;

/**
 * What the log tells of a write in autocommit, outside of units of work, of which nobody knows
 * whether it was done. Each has its line, as each COMMIT has ({@link UnknownCommit}), for somebody
 * has to look for it.
 */
public final class UnknownWrite {
  private static final Logger log = PoolEvents.log();

  private UnknownWrite() {}

  /**
   * Tells of it. Never throws: whoever is told by an exception must be, whatever the log does.
   *
   * @param failure by which the answer was lost
   */
  public static void tell(String pool, long connection, Throwable failure) {
    GuardedCall.survives(
        pool,
        "telling of a write",
        () ->
            log.warn(
                "Pool {}: nobody knows whether a write in autocommit was done, on connection {};"
                    + " look for its effect before it is repeated: {}",
                pool,
                connection,
                FailureText.of(failure)));
  }
}
