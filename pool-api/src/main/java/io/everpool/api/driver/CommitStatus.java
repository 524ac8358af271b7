package io.everpool.api.driver;

/** What a server says about a transaction whose COMMIT was not answered. */
public enum CommitStatus {
  /** It was committed: what it wrote is there. */
  COMMITTED,
  /** It was not, and never will be: nothing that it wrote is there. */
  ABORTED,
  /** Ask again; it may be ended meanwhile. Of one that is told at last, it was so to the end. */
  IN_PROGRESS,
  /** The server can't tell, is not to be believed about it, or the ticket isn't one of its own. */
  UNKNOWN
}
