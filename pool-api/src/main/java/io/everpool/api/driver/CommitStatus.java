package io.everpool.api.driver;

/** What a server says about a transaction whose COMMIT was not answered. */
public enum CommitStatus {
  /** It was committed: what it wrote is there. */
  COMMITTED,
  /** It was not committed, and never will be: nothing that it wrote is there. */
  ABORTED,
  /**
   * It is still in progress: ask again, for it may end meanwhile. If this is told as the outcome,
   * it was so until the pool stopped asking.
   */
  IN_PROGRESS,
  /** The server can't tell, is not to be believed about it, or the ticket isn't one of its own. */
  UNKNOWN
}
