package io.everpool.api;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

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

  public RetryConfig withInitialBackoff(Duration value) {
    return new RetryConfig(maxAttempts, maxDuration, value, maxBackoff, commitOutcome);
  }

  public RetryConfig withMaxBackoff(Duration value) {
    return new RetryConfig(maxAttempts, maxDuration, initialBackoff, value, commitOutcome);
  }

  public RetryConfig withCommitOutcome(boolean value) {
    return new RetryConfig(maxAttempts, maxDuration, initialBackoff, maxBackoff, value);
  }

  /** What is wrong with these values; empty if they can work. */
  List<String> problems() {
    List<String> problems = new ArrayList<>();
    if (maxAttempts < 1) {
      problems.add("retry.max-attempts is " + maxAttempts + "; it must be 1 (no retry) or more");
    }
    PoolConfig.requirePositive(problems, "retry.max-duration", maxDuration);
    PoolConfig.requirePositive(problems, "retry.initial-backoff", initialBackoff);
    PoolConfig.requirePositive(problems, "retry.max-backoff", maxBackoff);
    if (maxBackoff.compareTo(initialBackoff) < 0) {
      problems.add(
          "retry.max-backoff ("
              + PoolConfig.text(maxBackoff)
              + ") is shorter than retry.initial-backoff ("
              + PoolConfig.text(initialBackoff)
              + ")");
    }
    return problems;
  }
}
