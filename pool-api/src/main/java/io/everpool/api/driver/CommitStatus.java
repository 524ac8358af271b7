package io.everpool.api.driver;

/** What a server says about a transaction whose COMMIT was not answered. */
public enum CommitStatus {
  COMMITTED,
  ABORTED,
  /** Ask again; its backend may be ended meanwhile. */
  IN_PROGRESS,
  /** The server can't tell, or is not the incarnation that ran it. */
  UNKNOWN
}
