package io.everpool.api;

import java.time.Duration;

/** The table of what {@link RetryConfig} has: name, type, default, range, and what it does. */
final class RetrySettings {
  static final SettingTable TABLE = new SettingTable("retry.");

  static final Setting<Integer> MAX_ATTEMPTS =
      TABLE.add(
          "maxAttempts",
          Kind.INTEGER,
          5,
          Rule.atLeast(1, "no retry"),
          "How often a unit of work runs at the most, the first run included; runs that lost a race"
              + " (40001, 40P01) don't count; 1 for no retry at all.");

  static final Setting<Duration> MAX_DURATION =
      TABLE.add(
          "maxDuration",
          Kind.DURATION,
          Duration.ofSeconds(30),
          Rule.positive(),
          "Time after which no further rerun of a unit begins, but for the wait for its connection"
              + " (acquire-timeout).");

  static final Setting<Duration> INITIAL_BACKOFF =
      TABLE.add(
          "initialBackoff",
          Kind.DURATION,
          Duration.ofMillis(20),
          Rule.positive(),
          "The pause before the first retry, of a connect or of a unit that has lost its connection,"
              + " is drawn between zero and this; a lost race (40001, 40P01), a stale plan and a"
              + " connect that the server refuses have pauses of their own.");

  static final Setting<Duration> MAX_BACKOFF =
      TABLE.add(
          "maxBackoff",
          Kind.DURATION,
          Duration.ofSeconds(16),
          Rule.positive(),
          "The longest that pause may grow to by doubling; for a connect 200 ms at the most while"
              + " callers wait for a server that is away.");

  static final Setting<Boolean> COMMIT_OUTCOME =
      TABLE.add(
          "commitOutcome",
          Kind.SWITCH,
          true,
          Rule.any("true or false"),
          "Whether a COMMIT whose answer was lost is looked up on the server; costs a round trip"
              + " per transaction of a unit of work that is marked neither read-only nor idempotent,"
              + " and needs PostgreSQL 13 and a role that may ask.");

  static {
    TABLE.order(
        INITIAL_BACKOFF,
        MAX_BACKOFF,
        (first, longest) ->
            MAX_BACKOFF.key()
                + (" (" + longest + ") is shorter than ")
                + INITIAL_BACKOFF.key()
                + (" (" + first + ")"));
  }

  private RetrySettings() {}
}
