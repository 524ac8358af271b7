package io.everpool.core.policy;

import io.everpool.api.Verdict;

/** When the failure of some connections is taken for the end of all. */
public final class Fencing {

  /** How long a failure counts as evidence; nanoseconds. */
  public static final long WINDOW = 2_000_000_000L;

  /**
   * The shortest time between two fences that fall because sessions remember a database that has
   * changed since; nanoseconds. A failure that only looks like that must not keep the pool busy.
   */
  public static final long STALE_EVERY = 60_000_000_000L;

  private Fencing() {}

  /** Whether this verdict says that every connection opened so far may be out of date. */
  public static boolean isStale(Verdict verdict) {
    return verdict == Verdict.STALE_SESSION;
  }

  /** Whether a failure with this verdict says something about the server. */
  public static boolean isEvidence(Verdict verdict) {
    return switch (verdict) {
      case CONNECTION_LOST, SERVER_DOWN, SERVER_STARTING -> true;
      default -> false;
    };
  }

  /**
   * Whether to give up the whole generation. One killed backend is no reason: its neighbours would
   * be closed for nothing. It is a reason if half of the connections have failed within the window,
   * or if one has failed and a connect has found the server away. A server that can no longer write
   * can still read; the pool leaves it only for one that writes.
   *
   * @param failed connections of this generation that failed within the window
   * @param live connections of this generation before the first of these failed
   * @param serverAway whether a connect has failed within the window as on a server that is down
   */
  public static boolean corroborated(int failed, int live, boolean serverAway) {
    return failed > 0 && (serverAway || (failed >= 2 && 2 * failed >= live));
  }
}
