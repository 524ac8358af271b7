package io.everpool.api;

/**
 * What lies between this pool and its server, and lends the server's connections itself: PgBouncer,
 * Supavisor, a cloud's proxy.
 */
public enum PoolerMode {
  /**
   * Found out: by the URL where that names a known one, else when the first connection is opened.
   * One that was found, and of which the URL says nothing more, is taken for {@link #TRANSACTION},
   * which is right with either kind.
   */
  AUTO,
  /** None; nobody looks for one. */
  NONE,
  /**
   * One that lends a server connection for each transaction. Nothing is set for the session or
   * promised of it: isolation and read-only go with each transaction, and statements are prepared
   * on the server only where the pooler keeps track of them.
   */
  TRANSACTION,
  /** One that lends a server connection for as long as the session lasts. */
  SESSION
}
