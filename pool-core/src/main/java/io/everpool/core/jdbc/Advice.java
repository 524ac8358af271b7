package io.everpool.core.jdbc;

import io.everpool.api.PoolSnapshot;
import io.everpool.api.driver.Verdict;

/** What to do about it, for the messages of exceptions. */
final class Advice {

  private Advice() {}

  /**
   * For a caller that waited in vain.
   *
   * @param lastConnect what the last failed connect means; counts while connects fail
   */
  static String forTimeout(PoolSnapshot pool, Verdict lastConnect) {
    if (pool.suspended()) {
      return "An operator has suspended the pool: it lends nothing until it is resumed.";
    }
    if (pool.lastConnectError() != null) {
      return (pool.total() == 0 ? "" : "The pool could not grow. ")
          + whileConnectsFail(lastConnect)
          + " The last connect error is below.";
    }
    if (pool.total() >= pool.maxSize()) {
      return "Every connection is in use: return connections sooner (try-with-resources; no slow"
          + " work while holding one), raise max-size if the server has room, or raise"
          + " acquire-timeout. The holders are below.";
    }
    return "Connections were being opened but none was ready in time: see connect-timeout and"
        + " acquire-timeout.";
  }

  private static String whileConnectsFail(Verdict verdict) {
    return switch (verdict) {
      case ACCESS_DENIED ->
          "The server is there and refuses these credentials, or this database: check user,"
              + " password and the database's name.";
      case REFUSED ->
          "The server, or a proxy before it, refuses new connections, and waiting doesn't help:"
              + " see its answer.";
      case OUT_OF_SLOTS ->
          "The server is there and has no place for another connection: lower max-size here or in"
              + " other applications, or raise the server's limit.";
      case SERVER_STARTING ->
          "The server takes no connections yet: it is starting, recovering or waking up; raise"
              + " acquire-timeout if that takes longer.";
      case READ_ONLY_SERVER -> "The servers found don't write: a failover may be under way.";
      case SERVER_DOWN, CONNECTION_LOST ->
          "The database cannot be reached: check the host and port in url, the network, and"
              + " whether the server runs.";
      case PROCESS_LIMIT ->
          "No connection can be opened, and neither the database nor the network is to blame.";
      default -> "No connection can be opened.";
    };
  }
}
