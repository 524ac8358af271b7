package io.everpool.api;

/** What a failure means for the connection, for its neighbours and for whoever wants to retry. */
public enum Verdict {
  /** The caller's SQL or data was wrong; the connection is as good as before. */
  STATEMENT_FAILED(false),
  /** The transaction lost a race (serialization failure, deadlock); the connection is good. */
  TRANSACTION_CONFLICT(false),
  /**
   * A prepared plan doesn't fit its tables any more (a migration); the connection is good once its
   * plans are forgotten.
   */
  STALE_PLAN(false),
  /**
   * This connection remembers what isn't so any more, and only a new connection doesn't: what the
   * database has changed since (a type that was made anew), or that a pooler in between keeps track
   * of prepared statements.
   */
  STALE_SESSION(true),
  /**
   * The session was ended, by the server or by the driver, because a limit was passed that the
   * caller's own work is under, or because of what that work has set.
   */
  DEADLINE(true),
  /** This connection is gone; nothing is known about the others. */
  CONNECTION_LOST(true),
  /** The server ends sessions or is gone; if others say so too, every connection is. */
  SERVER_DOWN(true),
  /** The server is starting, recovering or stopping and takes no sessions yet. */
  SERVER_STARTING(true),
  /**
   * The server doesn't write any more (a failover): the connection is good for reading, and is
   * given up when a new one has found a server that writes.
   */
  READ_ONLY_SERVER(true),
  /** The server has no room for another session. */
  OUT_OF_SLOTS(true),
  /**
   * What stands before the server (a proxy, or what a provider wakes it with) can let nobody in
   * just now. That says nothing of the sessions that are there, and more attempts make it worse.
   */
  PROXY_UNAVAILABLE(true),
  /**
   * This process is at a limit of its own (threads, open files, memory), and can't open a
   * connection; that says nothing of the server. It is tried again often, for it heals at once.
   */
  PROCESS_LIMIT(true),
  /** The server refuses these credentials, this role or this database; retrying only annoys it. */
  ACCESS_DENIED(true),
  /**
   * The server or a proxy refuses for good (disabled, unknown, unsupported); retrying is useless.
   */
  REFUSED(true);

  private final boolean fatal;

  Verdict(boolean fatal) {
    this.fatal = fatal;
  }

  /**
   * Whether the connection must not be lent again. With {@link #READ_ONLY_SERVER} it may be lent
   * until a connection to a server that writes has been opened.
   */
  public boolean fatal() {
    return fatal;
  }

  /** Whether opening another connection may help, now or later. */
  public boolean reconnectable() {
    return fatal && this != ACCESS_DENIED && this != REFUSED;
  }
}
