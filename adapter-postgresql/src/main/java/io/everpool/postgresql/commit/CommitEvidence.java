package io.everpool.postgresql.commit;

import io.everpool.api.driver.CommitStatus;
import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/**
 * What a server says about a transaction of the past, and how far that can be believed.
 *
 * @param said the server's answer about the transaction's id: committed, aborted, in progress, or
 *     null if the transaction was too long ago
 * @param now the run of the server that says so
 * @param checkpoint the position of the server's latest checkpoint in its log, in bytes
 */
record CommitEvidence(@Nullable String said, ServerRun now, BigInteger checkpoint) {

  /** What became of the transaction that was at work at this position. */
  CommitStatus about(LogPosition position) {
    ServerRun then = position.run();
    if (!now.system().equals(then.system()) || now.mayLack(then)) {
      return CommitStatus.UNKNOWN;
    }
    if (now.isRun(then) || onlyOrderlyRestartsSince(position)) {
      return word();
    }
    return cutOffBefore(position) ? CommitStatus.ABORTED : CommitStatus.UNKNOWN;
  }

  private CommitStatus word() {
    if (said == null) {
      return CommitStatus.UNKNOWN;
    }
    return switch (said) {
      case "committed" -> CommitStatus.COMMITTED;
      case "aborted" -> CommitStatus.ABORTED;
      case "in progress" -> CommitStatus.IN_PROGRESS;
      default -> CommitStatus.UNKNOWN;
    };
  }

  /**
   * Whether the server has only had orderly restarts since the transaction. An orderly shutdown
   * loses nothing: no transaction, and no id that was given out. The latest start came after an
   * orderly shutdown, for nothing was replayed; and so did all starts before it, for the statistics
   * were kept. The checkpoint is a second witness against a server whose files were put back to an
   * earlier state while it was down: such files begin from a checkpoint of that earlier time.
   */
  private boolean onlyOrderlyRestartsSince(LogPosition position) {
    ServerRun then = position.run();
    return now.recoveredTo() == null
        && now.timeline().equals(then.timeline())
        && !now.statistics().isEmpty()
        && now.statistics().equals(then.statistics())
        && checkpoint.compareTo(position.lsn()) >= 0;
  }

  /**
   * Whether a recovery has cut the COMMIT off. A recovery that ended where the log stood before the
   * COMMIT has not seen it, whatever happened before and after. It must be a later recovery than
   * the one before the transaction's own run, for that one ended before the COMMIT, too. Each
   * recovery writes into the log, so that no later one ends where it did.
   *
   * <p>The opposite doesn't hold: between a crash that lost the COMMIT and this recovery there may
   * have been a run that gave the transaction's id to another transaction.
   */
  private boolean cutOffBefore(LogPosition position) {
    BigInteger recoveredTo = now.recoveredTo();
    return recoveredTo != null
        && !recoveredTo.equals(position.run().recoveredTo())
        && recoveredTo.compareTo(position.lsn()) <= 0;
  }
}
