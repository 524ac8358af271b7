package io.everpool.core.policy;

/**
 * How long to try before a pool that is being opened is told that nobody is there. A server that is
 * starting says so, or is silent, and is waited for; a closed port or a name that nobody knows is
 * most likely a slip in the configuration, and whoever made it looks at the console now.
 */
public final class StartUp {

  /** Long enough for a port that is closed between two starts of a server; nanoseconds. */
  static final long PATIENCE = 2_000_000_000L;

  /** One refusal may be chance. */
  static final int LEAST = 3;

  /**
   * For a database that says nothing at all; nanoseconds. Callers may wait for a year, but a start
   * that hangs for so long tells nobody that it won't come to anything.
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
