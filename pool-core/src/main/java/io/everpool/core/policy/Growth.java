package io.everpool.core.policy;

/**
 * How many connections to begin opening now.
 *
 * <p>What is missing to the minimum is opened at once. For those who wait, one connect is begun at
 * once, and further ones only while the first in line goes on waiting. A burst that the present
 * connections serve within a fraction of a connect's time needs no new ones, and a pool that opens
 * one for each waiter of a burst hurts its server. The number of connects doubles with every step
 * that the first has waited, so that a real lack is met within a few steps. But for those who wait
 * no more connects are in progress than there are connections already, or than {@link #FEW}. So a
 * pool can double within a connect's time, but beyond those few no more than that; and when many
 * pools are asked at once, each learns by a few refusals that their server is full, and not by one
 * for each caller.
 *
 * <p>While the server is down, one connect at a time tries it. When it is back, every connect that
 * succeeds doubles the number of those that may be in progress (1, 2, 4 and so on), with a short
 * pause between the steps.
 */
public final class Growth {

  /** Shortest and longest step, nanoseconds. */
  static final long SHORTEST_STEP = 25_000_000L;

  static final long LONGEST_STEP = 100_000_000L;

  /**
   * How long the first connection after an outage or a sleep serves the line alone, before more are
   * opened; nanoseconds. Often those who wait want it for a moment only, and then one connection is
   * all they need.
   */
  public static final long FIRST_BREATH = SHORTEST_STEP;

  /** How many connects may be in progress for those who wait, however few connections there are. */
  static final int FEW = 4;

  private Growth() {}

  /**
   * What growth depends on.
   *
   * @param live connections that exist or are being opened
   * @param idle connections ready to be lent, or counted on to be so soon
   * @param connecting connects in progress
   * @param empty slots with nothing in them that may be filled
   * @param minSize connections to keep; 0 while the pool sleeps
   * @param waiting callers in line
   * @param firstWaited how long the first of them has waited for a server that was there,
   *     nanoseconds; below 0 if it joined after {@code now} was read
   * @param connectTakes what a connect takes, as far as known, nanoseconds; 0 if unknown
   * @param allowance connects that may be in progress at once
   */
  public record Facts(
      int live,
      int idle,
      int connecting,
      int empty,
      int minSize,
      int waiting,
      long firstWaited,
      long connectTakes,
      int allowance) {

    /** A line that began after the look at the clock has not waited at all. */
    public Facts {
      firstWaited = Math.max(0, firstWaited);
    }
  }

  /**
   * Whether sleepers that are being examined count as idle: if such a connection is well, it
   * answers within a round trip.
   */
  public static boolean answersSoon(long firstWaited) {
    return firstWaited < SHORTEST_STEP;
  }

  /** How many connects to begin now. */
  public static int connects(Facts facts) {
    int allowed = Math.min(facts.empty(), facts.allowance() - facts.connecting());
    return Math.max(0, Math.min(wanted(facts), allowed));
  }

  /** How many would be begun if nothing held them back. */
  public static int wanted(Facts facts) {
    int missing = facts.minSize() - facts.live();
    int demanded = demanded(facts) - facts.connecting();
    return Math.max(0, Math.max(missing, demanded));
  }

  /** After how long the answer may change though nothing else does, nanoseconds. */
  public static long lookAgainIn(Facts facts) {
    if (facts.waiting() <= facts.connecting() || facts.empty() == 0) {
      return Long.MAX_VALUE;
    }
    long step = step(facts.connectTakes());
    return step - facts.firstWaited() % step;
  }

  private static int demanded(Facts facts) {
    int unserved = facts.waiting() - facts.idle();
    if (unserved <= 0) {
      return 0;
    }
    long steps = Math.min(20, facts.firstWaited() / step(facts.connectTakes()));
    int doubling = Math.max(FEW, facts.live() - facts.connecting());
    return Math.min(unserved, Math.min(1 << steps, doubling));
  }

  /** A quarter of a connect's time: if the first waits less, the line moves well enough. */
  private static long step(long connectTakes) {
    return Math.min(LONGEST_STEP, Math.max(SHORTEST_STEP, connectTakes / 4));
  }

  /**
   * How long to pause before the next step of a refill: up to a connect's time, and too short for
   * anybody to notice. If several pools have lost the same server, each pauses for another time.
   *
   * @param random from 0 (inclusive) to 1 (exclusive)
   * @return nanoseconds
   */
  public static long breath(long connectTakes, double random) {
    return (long) (Math.min(connectTakes, SHORTEST_STEP) * random);
  }

  /** The allowance after a connect has succeeded: doubled, up to {@code most}. */
  public static int opened(int allowance, int most) {
    return (int) Math.min(most, 2L * allowance);
  }
}
