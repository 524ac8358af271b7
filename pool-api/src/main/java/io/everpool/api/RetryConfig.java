package io.everpool.api;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How often and how long connects and units of work are retried. Immutable and thread-safe. Values
 * that can't work are refused by {@link PoolConfig.Builder#build()}, with all else that is wrong.
 */
public final class RetryConfig {

  /** Five runs within 30 s, pauses from 20 ms to 16 s, commit outcome on. */
  public static final RetryConfig DEFAULT = builder().build();

  /** A unit runs once; connects are still retried until the caller's acquire timeout. */
  public static final RetryConfig OFF = DEFAULT.withMaxAttempts(1);

  private final SettingValues values;

  private RetryConfig(SettingValues values) {
    this.values = values;
  }

  /** Every setting there is, in order; their keys begin with {@code retry.}. Immutable. */
  public static List<Setting<?>> settings() {
    return RetrySettings.TABLE.settings();
  }

  /** Starts from the defaults. */
  public static Builder builder() {
    return new Builder(new SettingDraft(RetrySettings.TABLE));
  }

  /** A builder that starts from these settings, every one of them taken as said. */
  public Builder toBuilder() {
    return toBuilder(true);
  }

  Builder toBuilder(boolean said) {
    return new Builder(new SettingDraft(values, said));
  }

  /**
   * The value of any of {@link #settings()}.
   *
   * @throws IllegalArgumentException if it is none of these
   */
  public <T> @Nullable T get(Setting<T> setting) {
    return values.get(setting);
  }

  /**
   * How often a unit of work runs at the most, the first run included; runs that lost a race
   * (40001, 40P01) don't count. At least 1.
   */
  public int maxAttempts() {
    return values.required(RetrySettings.MAX_ATTEMPTS);
  }

  /**
   * The time after which no further rerun of a unit begins; positive. The wait for its connection,
   * up to {@link PoolConfig#acquireTimeout()}, may come on top.
   */
  public Duration maxDuration() {
    return values.required(RetrySettings.MAX_DURATION);
  }

  /**
   * The pause before the first retry, of a connect or of a unit that has lost its connection, is
   * drawn between zero and this; positive. What has lost a race (40001, 40P01) waits for up to 1 ms
   * at first and 25 ms later, what met a stale plan not at all, and a connect that the server
   * refuses, or has no room for, is tried again after half a second or more, whatever this is.
   */
  public Duration initialBackoff() {
    return values.required(RetrySettings.INITIAL_BACKOFF);
  }

  /**
   * The longest a pause may grow to by doubling; at least {@link #initialBackoff()}. Pauses between
   * connects to a server that is away grow to 200 ms only while callers wait.
   */
  public Duration maxBackoff() {
    return values.required(RetrySettings.MAX_BACKOFF);
  }

  /**
   * Whether a COMMIT whose answer was lost is looked up on the server. Costs a round trip per
   * transaction of a unit of work that is marked neither read-only nor idempotent, whether it has
   * written or not. Needs PostgreSQL 13 and a role that may execute the functions by which it is
   * done, which every role may unless somebody has revoked that; where it can't be done the pool
   * warns once, and a COMMIT without an answer ends as {@link CommitOutcomeUnknownException}.
   */
  public boolean commitOutcome() {
    return values.required(RetrySettings.COMMIT_OUTCOME);
  }

  /** The same settings with another {@link #maxAttempts()}. */
  public RetryConfig withMaxAttempts(int value) {
    return with(RetrySettings.MAX_ATTEMPTS, value);
  }

  /** The same settings with another {@link #maxDuration()}. */
  public RetryConfig withMaxDuration(Duration value) {
    return with(RetrySettings.MAX_DURATION, value);
  }

  /**
   * The same settings with another first pause; a longest pause that is still the default gives way
   * to it.
   */
  public RetryConfig withInitialBackoff(Duration value) {
    return with(RetrySettings.INITIAL_BACKOFF, value);
  }

  /**
   * The same settings with another longest pause; a first pause that is still the default gives way
   * to it.
   */
  public RetryConfig withMaxBackoff(Duration value) {
    return with(RetrySettings.MAX_BACKOFF, value);
  }

  /** The same settings with another {@link #commitOutcome()}. */
  public RetryConfig withCommitOutcome(boolean value) {
    return with(RetrySettings.COMMIT_OUTCOME, value);
  }

  private <T> RetryConfig with(Setting<T> setting, T value) {
    SettingDraft draft = new SettingDraft(values, true);
    draft.unsayDefaultsBeside(setting);
    return new Builder(draft).set(setting, value).build();
  }

  /** What is wrong with these values. */
  List<String> problems() {
    return values.problems();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RetryConfig that && values.equals(that.values);
  }

  @Override
  public int hashCode() {
    return values.hashCode();
  }

  /** Every setting. */
  @Override
  public String toString() {
    return values.text("RetryConfig");
  }

  /** Collects settings; each starts at its default. Not thread-safe. */
  public static final class Builder {
    private final SettingDraft draft;

    private Builder(SettingDraft draft) {
      this.draft = draft;
    }

    /**
     * Sets any of {@link RetryConfig#settings()}.
     *
     * @throws IllegalArgumentException if it is none of these
     * @throws ClassCastException if the value isn't of its type
     */
    public <T> Builder set(Setting<T> setting, @Nullable T value) {
      draft.set(setting, value);
      return this;
    }

    /**
     * Sets the value that a setting has if nobody sets it. Like the default that it replaces, it
     * gives way to a value that was set: see {@link #initialBackoff} and {@link #maxBackoff}.
     *
     * @throws IllegalArgumentException if it is none of {@link RetryConfig#settings()}
     * @throws ClassCastException if the value isn't of its type
     */
    public <T> Builder setDefault(Setting<T> setting, @Nullable T value) {
      draft.setDefault(setting, value);
      return this;
    }

    /** Sets {@link RetryConfig#maxAttempts()}. */
    public Builder maxAttempts(int value) {
      return set(RetrySettings.MAX_ATTEMPTS, value);
    }

    /** Sets {@link RetryConfig#maxDuration()}. */
    public Builder maxDuration(Duration value) {
      return set(RetrySettings.MAX_DURATION, value);
    }

    /**
     * Sets {@link RetryConfig#initialBackoff()}. If it isn't set, it is 20 ms, or the longest pause
     * if that is less.
     */
    public Builder initialBackoff(Duration value) {
      return set(RetrySettings.INITIAL_BACKOFF, value);
    }

    /**
     * Sets {@link RetryConfig#maxBackoff()}. If it isn't set, it is 16 s, or the first pause if
     * that is more.
     */
    public Builder maxBackoff(Duration value) {
      return set(RetrySettings.MAX_BACKOFF, value);
    }

    /** Sets {@link RetryConfig#commitOutcome()}. */
    public Builder commitOutcome(boolean value) {
      return set(RetrySettings.COMMIT_OUTCOME, value);
    }

    /** Makes the settings; whether they can work is told when a pool's are made of them. */
    public RetryConfig build() {
      return new RetryConfig(draft.values());
    }
  }
}
