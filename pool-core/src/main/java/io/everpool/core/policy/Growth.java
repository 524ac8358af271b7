package io.everpool.core.policy;

/**
 * How many connections to begin opening now.
 *
 * <p>What is missing to the minimum is opened at once. For those who wait, one connect is begun at
 * once and further ones only while the first in line goes on waiting: a burst that the connections
 * at hand serve within a fraction of a connect's time needs no new ones, and opening one for each
 * waiter of a burst is how pools hurt their server. The allowance doubles with every step that the
 * first has waited, so that a real lack is met within a few steps; but for those who wait no more
 * are in progress than there are connections already, or a few. So the pool doubles within a
 * connect's time, and many pools that are asked at once learn that their server is full by a few
 * refusals each, and not by as many as they have callers.
 *
 * <p>While the server is down one connect at a time tries it; when it is back the allowance opens
 * up again, 1, 2, 4 and so on, for every connect that succeeds, with a breath between the steps.
 */
public final class Growth {

  /** Shortest and longest step, nanoseconds. */
  static final long SHORTEST_STEP = 25_000_000L;

  static final long LONGEST_STEP = 100_000_000L;

  /**
   * How long the first connection after an outage or a sleep has the line for itself: many who wait
   * want it for a moment only, and then it is all they need; nanoseconds.
   */
  public static final long FIRST_BREATH = SHORTEST_STEP;

  /** So many connects may be in progress for those who wait, however few connections there are. */
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
   * Whether connections that are being asked, for they have slept, are counted on as if they were
   * idle: one that is well answers within a round trip.
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

  /** A quarter of a connect: waiting less than that, the line is moving well enough without it. */
  private static long step(long connectTakes) {
    return Math.min(LONGEST_STEP, Math.max(SHORTEST_STEP, connectTakes / 4));
  }

  /**
   * How long to hold before the next step of a refill: up to a connect's time, and no longer than
   * anybody notices. Of several pools that lost the same server each holds for another time.
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
