package io.everpool.core.policy;

/** How long to pause before trying again. */
public final class Backoff {

  private Backoff() {}

  /**
   * Exponential backoff with full jitter: anything between nothing and a ceiling that doubles with
   * each failure, so that many who failed together don't return together.
   *
   * @param failures failures in a row so far; 1 or more
   * @param initial the first ceiling, nanoseconds
   * @param max the highest ceiling, nanoseconds
   * @param random from 0 (inclusive) to 1 (exclusive)
   * @return nanoseconds
   * @see <a href="https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/">the
   *     comparison of jitters that this follows</a>
   */
  public static long delay(int failures, long initial, long max, double random) {
    int doublings = Math.min(failures - 1, Long.numberOfLeadingZeros(initial) - 1);
    long ceiling = Math.min(max, initial << Math.max(0, doublings));
    return (long) (ceiling * random);
  }
}
