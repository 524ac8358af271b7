package io.everpool.core.observe;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * What the log tells of a COMMIT of which nobody knows whether it was done. Each gets its own line,
 * because somebody has to look for what it wrote; a limit on such lines would hide some of them.
 */
public final class UnknownCommit {
  private static final Logger log = PoolEvents.log();

  private UnknownCommit() {}

  /**
   * Logs the line. Never throws: the caller must get its own exception, whatever the log does.
   *
   * @param label the unit of work's label; null outside of units
   * @param transaction as the server knows it; null if that is not known
   * @param goesOn whether it was still in progress when the server was last asked
   * @param failure the one by which the answer was lost
   */
  public static void tell(
      String pool,
      @Nullable String label,
      long connection,
      @Nullable String transaction,
      boolean goesOn,
      Throwable failure) {
    GuardedCall.survives(
        pool,
        "telling of a COMMIT",
        () ->
            log.warn(
                "Pool {}: nobody knows whether a COMMIT{} was done, on connection {}, {}; look for"
                    + " its effect before it is repeated: {}",
                pool,
                label == null ? "" : " of " + label,
                connection,
                transaction == null
                    ? "its transaction's id is not known"
                    : "transaction " + transaction + (goesOn ? ", still in progress" : ""),
                FailureText.of(failure)));
  }
}
