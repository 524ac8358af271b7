package io.everpool.core.jdbc;

import io.everpool.api.PoolSnapshot;
import io.everpool.api.Verdict;
import org.jspecify.annotations.Nullable;

/**
 * What a user can do if callers get no connection, for the messages of exceptions and of the log.
 */
final class Advice {
  private static final String UNREACHABLE =
      "The database cannot be reached: check the host and port in url, the network, and whether"
          + " the server runs.";

  static final String PASS_IT_ON =
      "Pass the first connection on to what needs one, or give it back before another is asked for;"
          + " threads that need several at once need (threads x (connections of each - 1)) + 1 in"
          + " max-size.";

  private static final String NOT_GROWN = "The pool could not grow. ";

  private Advice() {}

  /** The advice for a caller who holds nothing, and who waits or has waited in vain. */
  static String forWaiting(Exhaustion why) {
    return forWaiting(why, null);
  }

  /**
   * The advice for a caller who may hold connections himself.
   *
   * @param caller his thread, as the snapshot names it; null if he is none of its holders
   */
  static String forWaiting(Exhaustion why, @Nullable String caller) {
    if (why.pool().suspended()) {
      return "An operator has suspended the pool: it lends nothing until it is resumed.";
    }
    String smaller =
        why.wasMadeSmaller()
            ? "An operator has made the pool smaller: it may have "
                + why.pool().maxSize()
                + " connections now, and max-size is "
                + why.config().maxSize()
                + ". "
            : "";
    return smaller + forOpen(why, caller);
  }

  private static String forOpen(Exhaustion why, @Nullable String caller) {
    PoolSnapshot pool = why.pool();
    if (why.everyHolderWaits()
        && pool.holders().stream().allMatch(it -> it.thread().equals(caller))) {
      return "This thread holds every connection itself and asks for another: it has forgotten to"
          + " close them (a leak), or acquires one within another (a nested acquire). Close them with"
          + " try-with-resources, pass the first one on to what needs one, or raise max-size above"
          + " what a thread needs at once. Where it is now is below.";
    }
    if (why.everyHolderWaits()) {
      return "Nested acquire: every holder waits for a second connection (a deadlock). None comes"
          + " back until one of them gives up. "
          + PASS_IT_ON
          + " Who waits where is below.";
    }
    if (pool.lastConnectError() != null) {
      return (pool.total() == 0 ? "" : NOT_GROWN)
          + whileConnectsFail(why.lastConnect())
          + " The last connect error is below.";
    }
    if (why.isFull()) {
      return whileAllAreHeld(why, caller);
    }
    if (why.serverFull()) {
      return NOT_GROWN + whileConnectsFail(Verdict.OUT_OF_SLOTS) + " The holders are below.";
    }
    return whileConnecting(why);
  }

  private static String whileAllAreHeld(Exhaustion why, @Nullable String caller) {
    if (why.pool().holders().stream().anyMatch(it -> it.thread().equals(caller))) {
      return "Nested acquire: this thread holds a connection already and asks for another, and every"
          + " connection is in use. "
          + PASS_IT_ON
          + " The holders are below.";
    }
    long overdue = why.overdue();
    if (overdue == 0) {
      return "Every connection is in use: return connections sooner (try-with-resources; no slow"
          + " work while holding one), "
          + (why.wasMadeSmaller() ? "have it made larger again" : "raise max-size")
          + " if the server has room, or raise acquire-timeout. The holders are below.";
    }
    String much = "Every connection is in use, " + overdue + " of " + why.pool().leased();
    return why.hasThreshold()
        ? much
            + " for longer than leak-threshold: whoever took those has forgotten them, or does slow"
            + " work with them. Close connections with try-with-resources where they were acquired,"
            + " which the log says. The holders are below."
        : much
            + " for more than twice acquire-timeout: whoever took those has forgotten them (a leak), or"
            + " does slow work with them. Set leak-threshold, and the log says where they were"
            + " acquired; close connections with try-with-resources. The holders are below.";
  }

  private static String whileConnecting(Exhaustion why) {
    int connecting = why.pool().connecting();
    if (why.waking()) {
      return "The database was asleep, for nobody had asked it for anything, and is being woken"
          + sofar(why, ": a connection is being opened")
          + ". Where a start takes longer, raise acquire-timeout and connect-timeout above that, or"
          + " keep the database awake with sleep = off.";
    }
    if (connecting == 0) {
      return "No connection was ready in time, though the pool may grow: raise acquire-timeout.";
    }
    return "No connection was ready in time: "
        + (connecting == 1 ? "one was being opened" : connecting + " were being opened")
        + sofar(why, "")
        + ". The server, or the way to it (DNS, a proxy, TLS, the login), is slow: raise"
        + " acquire-timeout above what a connect takes, keep more connections ready with min-size,"
        + " or see connect-timeout ("
        + why.config().connectTimeout().toMillis()
        + " ms).";
  }

  private static String sofar(Exhaustion why, String of) {
    return why.pool().connecting() == 0
        ? ""
        : of + " for " + why.connectingFor() / 1_000_000 + " ms now";
  }

  /**
   * The advice for a caller who can't be helped while no connection can be opened.
   *
   * @param verdict what the last failed connect means
   */
  static String whileConnectsFail(Verdict verdict) {
    return switch (verdict) {
      case ACCESS_DENIED ->
          "The server is there and refuses these credentials, or this database: check user,"
              + " password and the database's name.";
      case REFUSED ->
          "The server, a proxy before it or the driver itself refuses new connections, and waiting"
              + " doesn't help: see its answer.";
      case OUT_OF_SLOTS ->
          "The server is there and has no slot for another connection: lower max-size here or in"
              + " other applications, or raise the server's limit.";
      case SERVER_STARTING ->
          "The server takes no connections yet: it is starting, recovering or waking up; raise"
              + " acquire-timeout if that takes longer.";
      case PROXY_UNAVAILABLE ->
          "A proxy before the server lets nobody in just now, which says nothing of the server: see"
              + " its answer, and the provider's status page if it goes on.";
      case READ_ONLY_SERVER -> "The servers found don't write: a failover may be under way.";
      case SERVER_DOWN -> UNREACHABLE;
      case CONNECTION_LOST ->
          UNREACHABLE
              + " A pooler before it that has no place left may let newcomers wait and say nothing:"
              + " then lower max-size, or raise the pooler's limit.";
      case PROCESS_LIMIT ->
          "No connection can be opened, and neither the database nor the network is to blame.";
      default -> "No connection can be opened.";
    };
  }
}
