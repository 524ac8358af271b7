package io.everpool.core.observe;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * What the log tells of a COMMIT of which nobody knows whether it was done. Each has its line, for
 * it is a write that somebody has to look for: a limit would hide one behind another.
 */
public final class UnknownCommit {
  private static final Logger log = PoolEvents.log();

  private UnknownCommit() {}

  /**
   * Tells of it. Never throws: whoever is told by an exception must be, whatever the log does.
   *
   * @param label of the unit of work; null outside of units
   * @param transaction as the server knows it; null if that is not known
   * @param goesOn whether it was still in progress when the server was last asked
   * @param failure by which the answer was lost
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
