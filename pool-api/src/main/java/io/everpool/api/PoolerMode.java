package io.everpool.api;

/**
 * What lies between this pool and its server, and lends the server's connections itself: PgBouncer,
 * Supavisor, a cloud's proxy.
 */
public enum PoolerMode {
  /**
   * The pool finds out: by the URL if that names a known one, otherwise when the first connection
   * is opened. A pooler that was found, and of which the URL says nothing more, is taken for {@link
   * #TRANSACTION}, which is right with either kind.
   */
  AUTO,
  /** There is none, and the pool doesn't look for one. */
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
