package io.everpool.core.policy;

/**
 * How long to try before whoever opens a pool is told that no server is there. A server that is
 * starting says so or is silent, and the pool waits for it. A closed port or an unknown name is
 * most likely a slip in the configuration, and the person who made it is looking at the console
 * now.
 */
public final class StartUp {

  /** Long enough for a port that is closed between two starts of a server; nanoseconds. */
  static final long PATIENCE = 2_000_000_000L;

  /** One refusal may be chance. */
  static final int LEAST = 3;

  /**
   * How long to wait at most for a database that says nothing at all; nanoseconds. Callers may be
   * configured to wait for a year, but a start that hangs for a year tells nobody that it will
   * fail.
   */
  public static final long LONGEST = 300_000_000_000L;

  private StartUp() {}

  /**
   * Whether to give up.
   *
   * @param refusals connects in a row that found nobody there
   * @param sinceNanos time since the first of them
   */
  public static boolean hopeless(int refusals, long sinceNanos) {
    return refusals >= LEAST && sinceNanos >= PATIENCE;
  }
}
