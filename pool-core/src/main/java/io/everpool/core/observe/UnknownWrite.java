package io.everpool.core.observe;

import org.slf4j.Logger;

/**
 * What the log tells of a write in autocommit, outside of units of work, of which nobody knows
 * whether it was done. Each gets its own line, as each COMMIT does ({@link UnknownCommit}), because
 * somebody has to look for what it wrote.
 */
public final class UnknownWrite {
  private static final Logger log = PoolEvents.log();

  private UnknownWrite() {}

  /**
   * Logs the line. Never throws: the caller must get its own exception, whatever the log does.
   *
   * @param failure the one by which the answer was lost
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
