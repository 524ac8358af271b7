package io.everpool.api;

import java.time.Duration;

/**
 * How often and how long connects and units of work are retried.
 *
 * @param maxAttempts how often a unit of work runs at the most, the first run included; at least 1
 * @param maxDuration after which no further rerun of a unit begins; positive
 * @param initialBackoff the pause before the first retry is drawn between zero and this; positive
 * @param maxBackoff the longest a pause may grow to by doubling; at least {@code initialBackoff}
 * @param commitOutcome whether a COMMIT whose answer was lost is looked up on the server; costs a
 *     round trip per writing transaction of a unit of work
 */
public record RetryConfig(
    int maxAttempts,
    Duration maxDuration,
    Duration initialBackoff,
    Duration maxBackoff,
    boolean commitOutcome) {

  /** Five runs within 30 s, pauses from 20 ms to 16 s, commit outcome on. */
  public static final RetryConfig DEFAULT =
      new RetryConfig(
          5, Duration.ofSeconds(30), Duration.ofMillis(20), Duration.ofSeconds(16), true);

  /** A unit runs once; connects are still retried until the caller's acquire timeout. */
  public static final RetryConfig OFF = DEFAULT.withMaxAttempts(1);

  public RetryConfig withMaxAttempts(int value) {
    return new RetryConfig(value, maxDuration, initialBackoff, maxBackoff, commitOutcome);
  }

  public RetryConfig withMaxDuration(Duration value) {
    return new RetryConfig(maxAttempts, value, initialBackoff, maxBackoff, commitOutcome);
  }

  /** With another first pause; a longest pause that is still the default gives way to it. */
  public RetryConfig withInitialBackoff(Duration value) {
    Duration longest = maxBackoff;
    if (value != null && DEFAULT.maxBackoff.equals(longest) && value.compareTo(longest) > 0) {
      longest = value;
    }
    return new RetryConfig(maxAttempts, maxDuration, value, longest, commitOutcome);
  }

  /** With another longest pause; a first pause that is still the default gives way to it. */
  public RetryConfig withMaxBackoff(Duration value) {
    Duration first = initialBackoff;
    if (value != null && DEFAULT.initialBackoff.equals(first) && value.compareTo(first) < 0) {
      first = value;
    }
    return new RetryConfig(maxAttempts, maxDuration, first, value, commitOutcome);
  }

  public RetryConfig withCommitOutcome(boolean value) {
    return new RetryConfig(maxAttempts, maxDuration, initialBackoff, maxBackoff, value);
  }

  /** Adds what is wrong with these values. */
  void check(Requirements must) {
    must.require(
        maxAttempts >= 1,
        "retry.max-attempts is " + maxAttempts + "; it must be 1 (no retry) or more");
    must.bePositive("retry.max-duration", maxDuration);
    must.bePositive("retry.initial-backoff", initialBackoff);
    must.bePositive("retry.max-backoff", maxBackoff);
    must.require(
        maxBackoff == null
            || initialBackoff == null
            || initialBackoff.compareTo(PoolConfig.LONGEST_DURATION) > 0 // told above
            || maxBackoff.compareTo(initialBackoff) >= 0,
        "retry.max-backoff ("
            + PoolConfig.text(maxBackoff)
            + ") is shorter than retry.initial-backoff ("
            + PoolConfig.text(initialBackoff)
            + ")");
  }
}
