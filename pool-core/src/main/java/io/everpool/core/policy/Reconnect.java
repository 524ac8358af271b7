package io.everpool.core.policy;

import io.everpool.api.Verdict;

/** How long to leave the server alone after a connect has failed. */
public final class Reconnect {

  /** While callers wait, a server that is away is tried at least this often; nanoseconds. */
  static final long WATCHFUL = 200_000_000L;

  /** The first pause after an answer that more attempts make worse; nanoseconds. */
  static final long CAUTIOUS = 1_000_000_000L;

  /** The first pause of a pool whose connections are enough for its callers, at most. */
  private static final long PATIENT = 16 * CAUTIOUS;

  /**
   * By this factor a pool whose connections are enough for its callers asks a full server for more
   * less often than a pool that starves: each of ten such pools is refused once in a minute or two.
   */
  private static final int CONTENTED = 8;

  /** By this factor a connect is tried less often while the server itself says that it is full. */
  private static final int UNBELIEVING = 4;

  /** A question whether there is room again is a short statement, and may come sooner. */
  private static final long QUESTION = 2 * CAUTIOUS;

  /**
   * The longest pause between two questions; shorter than the first pause before a connect that
   * nobody has asked about.
   */
  private static final long RAREST_QUESTION = PATIENT / 2;

  /** Further doublings make no difference to anybody. */
  private static final int MOST_DOUBLINGS = 20;

  private Reconnect() {}

  /**
   * How long to wait between two connects while others hang in the driver, where each keeps a
   * thread. The wait doubles with each one that hangs beyond the bearable number. So the number of
   * threads grows with the logarithm of an outage, and a server that is back is found all the same.
   *
   * @param stuck connects that the pool has given up and that have not come back
   * @param bearable how many of them do no harm; 1 or more
   * @param timeout of a connect, nanoseconds
   * @return nanoseconds
   */
  public static long sparing(int stuck, int bearable, long timeout) {
    int beyond = Math.min(MOST_DOUBLINGS, stuck - bearable + 1);
    return beyond <= 0 ? 0 : timeout << Math.min(beyond, Long.numberOfLeadingZeros(timeout) - 2);
  }

  /**
   * The pause after a failed connect.
   *
   * <p>Trying a server that is away costs it nothing. So while callers wait it is tried often, to
   * find it soon when it is back, and otherwise with growing pauses. A server that has no room or
   * refuses the credentials is there and bears the cost of each attempt, and so does a proxy that
   * can let nobody in: there the pause begins long and is never short.
   *
   * @param failures failed connects in a row; 1 or more
   * @param initial the first ceiling, nanoseconds
   * @param max the highest ceiling, nanoseconds
   * @param random from 0 (inclusive) to 1 (exclusive)
   * @return nanoseconds
   */
  public static long pause(
      Verdict verdict, int failures, boolean someoneWaits, long initial, long max, double random) {
    switch (verdict) {
      case PROCESS_LIMIT -> {
        return Backoff.delay(failures, initial, Math.min(max, WATCHFUL), random);
      }
      case ACCESS_DENIED, REFUSED, OUT_OF_SLOTS, PROXY_UNAVAILABLE -> {
        long most = Math.max(CAUTIOUS, max);
        return CAUTIOUS / 2 + Backoff.delay(failures, CAUTIOUS, most, random);
      }
      default -> {
        return Backoff.delay(
            failures, initial, someoneWaits ? Math.min(max, WATCHFUL) : max, random);
      }
    }
  }

  /**
   * The pause of a pool whose callers are served, after a full server has refused it another
   * connection. It is drawn from the upper half of what it has grown to, so that several pools stay
   * apart and none is lucky again and again.
   *
   * @param refusals how many came in a row; those of connects that were in progress together count
   *     as one; 1 or more
   * @param max the highest ceiling of a pool that starves, nanoseconds
   * @param random from 0 (inclusive) to 1 (exclusive)
   * @return nanoseconds
   */
  public static long contentedPause(int refusals, long max, double random) {
    return upperHalf(refusals, PATIENT, CONTENTED * Math.max(CAUTIOUS, max), random);
  }

  /**
   * After how long a connect is tried though the server goes on saying that it has no room: it may
   * count connections that take none.
   *
   * @param max the highest ceiling of a pool that starves, nanoseconds
   * @param random from 0 (inclusive) to 1 (exclusive)
   * @return nanoseconds
   */
  public static long rarestPause(long max, double random) {
    return UNBELIEVING * contentedPause(MOST_DOUBLINGS, max, random);
  }

  /**
   * The pause before a full server is asked, over a connection that the pool has, whether there is
   * room again. It is drawn from the upper half, too.
   *
   * @param answers how many said in a row that there was no room; 0 or more
   * @param random from 0 (inclusive) to 1 (exclusive)
   * @return nanoseconds
   */
  public static long questionPause(int answers, double random) {
    return upperHalf(answers + 1, QUESTION, RAREST_QUESTION, random);
  }

  private static long upperHalf(int failures, long first, long most, double random) {
    long half = Backoff.delay(failures, first, most, 0.5);
    return half + (long) (half * random);
  }
}
