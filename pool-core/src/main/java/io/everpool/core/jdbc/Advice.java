package io.everpool.core.jdbc;

import io.everpool.api.PoolSnapshot;

/** What to do about it, for the messages of exceptions. */
final class Advice {

  private Advice() {}

  /** For a caller that waited in vain. */
  static String forTimeout(PoolSnapshot pool) {
    if (pool.down() || (pool.total() == 0 && pool.lastConnectError() != null)) {
      return "The database cannot be reached: check the host and port in url, the network, and"
          + " whether the server runs; the last connect error is below.";
    }
    if (pool.lastConnectError() != null) {
      return "The pool could not grow: the last connect error is below.";
    }
    if (pool.total() >= pool.maxSize()) {
      return "Every connection is in use: return connections sooner (try-with-resources; no slow"
          + " work while holding one), raise max-size if the server has room, or raise"
          + " acquire-timeout. The holders are below.";
    }
    return "Connections were being opened but none was ready in time: see connect-timeout and"
        + " acquire-timeout.";
  }
}
