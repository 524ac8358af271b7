package io.everpool.api;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a pool: immutable, and refused as a whole rather than repaired. Made by {@link
 * #builder(String)}; the HOCON key of each is its name in kebab case ({@code min-size}).
 *
 * @param name the pool's name in logs, thread names and metrics; letters, digits, {@code . _ -}
 * @param url the database: a JDBC URL or a libpq URL ({@code postgresql://...})
 * @param user the role to log in as, or null for the one in the URL
 * @param password its password, or null for the one in the URL
 * @param properties further properties for the driver, by the driver's own names
 * @param minSize connections kept open while the pool is awake; 0 to {@code maxSize}
 * @param maxSize connections open at the most; 1 to 10,000
 * @param maxQueries statement executions after which a connection is replaced when it comes back (a
 *     batch is one); 0 for no limit
 * @param maxLifetime age at which a connection is replaced, less a jitter of up to a tenth; zero
 *     for no limit
 * @param idleTimeout idleness after which a connection above the minimum is closed; zero for never
 * @param healthCheckInterval how often idle connections are examined; positive
 * @param healthCheck how they are examined
 * @param commandTimeout longest run of a statement on the server; whole milliseconds; zero for no
 *     limit
 * @param acquireTimeout longest wait for a connection; positive
 * @param connectTimeout longest opening of a connection, set-up included; positive
 * @param validationTimeout longest round trip that asks a connection whether it lives; positive
 * @param resetTimeout longest clean-up of a connection that comes back; positive
 * @param closeTimeout longest polite closing of a connection before it is cut; positive
 * @param drainTimeout how long closing the pool waits for connections in use; zero for not at all
 * @param leakThreshold use after which a holder is logged as a possible leak; zero for never
 * @param maxWaiters threads that may wait at once; 0 or more
 * @param failFast whether opening the pool opens a connection first, and fails if it can't
 * @param sleep whether the pool leaves an unused database alone
 * @param sleepAfter time without work after which it does; positive
 * @param reset how session state set by SQL is cleared
 * @param retry how connects and units of work are retried
 */
public record PoolConfig(
    String name,
    String url,
    @Nullable String user,
    @Nullable String password,
    Map<String, String> properties,
    int minSize,
    int maxSize,
    long maxQueries,
    Duration maxLifetime,
    Duration idleTimeout,
    Duration healthCheckInterval,
    HealthCheck healthCheck,
    Duration commandTimeout,
    Duration acquireTimeout,
    Duration connectTimeout,
    Duration validationTimeout,
    Duration resetTimeout,
    Duration closeTimeout,
    Duration drainTimeout,
    Duration leakThreshold,
    int maxWaiters,
    boolean failFast,
    SleepMode sleep,
    Duration sleepAfter,
    ResetMode reset,
    RetryConfig retry) {

  /** What {@link #maxSize()} may be at the most. */
  public static final int LARGEST_POOL = 10_000;

  private static final int LONGEST_DAYS = 100_000; // that text() counts in milliseconds

  /** What any duration may be at the most. */
  public static final Duration LONGEST_DURATION = Duration.ofDays(365);

  private static final int DEFAULT_MIN_SIZE = 2;
  private static final int DEFAULT_MAX_SIZE = 20;

  /**
   * @throws InvalidPoolConfigException with every problem at once
   */
  public PoolConfig {
    Requirements must = new Requirements();
    properties = must.beProperties(properties);
    must.beName("name", name);
    must.require(
        url != null && !url.isBlank(), "url is missing; set it, or NEON_DB_URL in the environment");
    must.require(
        maxSize >= 1 && maxSize <= LARGEST_POOL,
        "max-size is " + maxSize + "; it must be 1 to " + LARGEST_POOL);
    must.require(minSize >= 0, "min-size is " + minSize + "; it must be 0 or more");
    must.require(
        minSize <= Math.max(maxSize, 0),
        "min-size (" + minSize + ") is above max-size (" + maxSize + ")");
    must.require(
        maxQueries >= 0, "max-queries is " + maxQueries + "; it must be 0 (no limit) or more");
    must.beNotNegative("max-lifetime", maxLifetime);
    must.beNotNegative("idle-timeout", idleTimeout);
    must.bePositive("health-check-interval", healthCheckInterval);
    must.beSet("health-check", healthCheck);
    must.beNotNegative("command-timeout", commandTimeout);
    must.require(
        commandTimeout == null
            || commandTimeout.isZero()
            || commandTimeout.isNegative()
            || commandTimeout.compareTo(Duration.ofMillis(1)) >= 0,
        "command-timeout is " + text(commandTimeout) + "; the server counts in whole ms");
    must.bePositive("acquire-timeout", acquireTimeout);
    must.bePositive("connect-timeout", connectTimeout);
    must.bePositive("validation-timeout", validationTimeout);
    must.bePositive("reset-timeout", resetTimeout);
    must.bePositive("close-timeout", closeTimeout);
    must.beNotNegative("drain-timeout", drainTimeout);
    must.beNotNegative("leak-threshold", leakThreshold);
    must.require(
        maxWaiters >= 0, "max-waiters is " + maxWaiters + "; it must be 0 (nobody waits) or more");
    must.beSet("sleep", sleep);
    must.bePositive("sleep-after", sleepAfter);
    must.beSet("reset", reset);
    must.beSet("retry", retry);
    if (retry != null) {
      retry.check(must);
    }
    must.throwIfAny();
  }

  /** Starts from the defaults, for the database at {@code url}. */
  public static Builder builder(String url) {
    return new Builder().url(url);
  }

  /** A builder that starts from these settings, every one of them taken as said. */
  public Builder toBuilder() {
    return new Builder()
        .name(name)
        .url(url)
        .user(user)
        .password(password)
        .properties(properties)
        .minSize(minSize)
        .maxSize(maxSize)
        .maxQueries(maxQueries)
        .maxLifetime(maxLifetime)
        .idleTimeout(idleTimeout)
        .healthCheckInterval(healthCheckInterval)
        .healthCheck(healthCheck)
        .commandTimeout(commandTimeout)
        .acquireTimeout(acquireTimeout)
        .connectTimeout(connectTimeout)
        .validationTimeout(validationTimeout)
        .resetTimeout(resetTimeout)
        .closeTimeout(closeTimeout)
        .drainTimeout(drainTimeout)
        .leakThreshold(leakThreshold)
        .maxWaiters(maxWaiters)
        .failFast(failFast)
        .sleep(sleep)
        .sleepAfter(sleepAfter)
        .reset(reset)
        .retry(retry);
  }

  /**
   * Every setting but the secrets: no password, and of the URL and the properties nothing secret.
   */
  @Override
  public String toString() {
    return "PoolConfig[name="
        + name
        + ", url="
        + Redaction.url(url)
        + ", user="
        + user
        + ", password="
        + (password == null ? "none" : Redaction.MASK)
        + ", properties="
        + Redaction.properties(properties)
        + ", minSize="
        + minSize
        + ", maxSize="
        + maxSize
        + ", maxQueries="
        + maxQueries
        + ", maxLifetime="
        + text(maxLifetime)
        + ", idleTimeout="
        + text(idleTimeout)
        + ", healthCheckInterval="
        + text(healthCheckInterval)
        + ", healthCheck="
        + healthCheck
        + ", commandTimeout="
        + text(commandTimeout)
        + ", acquireTimeout="
        + text(acquireTimeout)
        + ", connectTimeout="
        + text(connectTimeout)
        + ", validationTimeout="
        + text(validationTimeout)
        + ", resetTimeout="
        + text(resetTimeout)
        + ", closeTimeout="
        + text(closeTimeout)
        + ", drainTimeout="
        + text(drainTimeout)
        + ", leakThreshold="
        + text(leakThreshold)
        + ", maxWaiters="
        + maxWaiters
        + ", failFast="
        + failFast
        + ", sleep="
        + sleep
        + ", sleepAfter="
        + text(sleepAfter)
        + ", reset="
        + reset
        + ", retry="
        + retry
        + "]";
  }

  /** A duration as people write it: {@code 300s}, {@code 1500ms}. */
  static String text(@Nullable Duration value) {
    if (value == null) {
      return "null";
    }
    if (value.toNanosPart() == 0) {
      return value.toSeconds() + "s";
    }
    boolean millis =
        value.toNanosPart() % 1_000_000 == 0
            && value.toDays() < LONGEST_DAYS
            && value.toDays() > -LONGEST_DAYS;
    return millis ? value.toMillis() + "ms" : value.toString();
  }

  /**
   * Collects settings; each starts at its default. What can't work, null where a value must be
   * included, is told by {@link #build()}, all at once. Not thread-safe.
   */
  public static final class Builder {
    private String name = "everpool";
    private String url = "";
    private @Nullable String user;
    private @Nullable String password;
    private Map<String, String> properties = Map.of();
    private @Nullable Integer minSize; // null: not said
    private @Nullable Integer maxSize;
    private long maxQueries = 50_000;
    private Duration maxLifetime = Duration.ofMinutes(30);
    private Duration idleTimeout = Duration.ofSeconds(300);
    private Duration healthCheckInterval = Duration.ofSeconds(30);
    private HealthCheck healthCheck = HealthCheck.AUTO;
    private Duration commandTimeout = Duration.ofSeconds(60);
    private Duration acquireTimeout = Duration.ofSeconds(30);
    private Duration connectTimeout = Duration.ofSeconds(10);
    private Duration validationTimeout = Duration.ofSeconds(5);
    private Duration resetTimeout = Duration.ofSeconds(5);
    private Duration closeTimeout = Duration.ofSeconds(5);
    private Duration drainTimeout = Duration.ofSeconds(30);
    private Duration leakThreshold = Duration.ZERO;
    private int maxWaiters = 10_000;
    private boolean failFast = true;
    private SleepMode sleep = SleepMode.AUTO;
    private Duration sleepAfter = Duration.ofSeconds(60);
    private ResetMode reset = ResetMode.SMART;
    private RetryConfig retry = RetryConfig.DEFAULT;

    private Builder() {}

    public Builder name(String value) {
      name = value;
      return this;
    }

    public Builder url(String value) {
      url = value;
      return this;
    }

    public Builder user(@Nullable String value) {
      user = value;
      return this;
    }

    public Builder password(@Nullable String value) {
      password = value;
      return this;
    }

    public Builder properties(Map<String, String> value) {
      properties = value;
      return this;
    }

    /** Not said, it is 2, or the maximum where that is less. */
    public Builder minSize(int value) {
      minSize = value;
      return this;
    }

    /** Not said, it is 20, or the minimum where that is more. */
    public Builder maxSize(int value) {
      maxSize = value;
      return this;
    }

    public Builder maxQueries(long value) {
      maxQueries = value;
      return this;
    }

    public Builder maxLifetime(Duration value) {
      maxLifetime = value;
      return this;
    }

    public Builder idleTimeout(Duration value) {
      idleTimeout = value;
      return this;
    }

    public Builder healthCheckInterval(Duration value) {
      healthCheckInterval = value;
      return this;
    }

    public Builder healthCheck(HealthCheck value) {
      healthCheck = value;
      return this;
    }

    public Builder commandTimeout(Duration value) {
      commandTimeout = value;
      return this;
    }

    public Builder acquireTimeout(Duration value) {
      acquireTimeout = value;
      return this;
    }

    public Builder connectTimeout(Duration value) {
      connectTimeout = value;
      return this;
    }

    public Builder validationTimeout(Duration value) {
      validationTimeout = value;
      return this;
    }

    public Builder resetTimeout(Duration value) {
      resetTimeout = value;
      return this;
    }

    public Builder closeTimeout(Duration value) {
      closeTimeout = value;
      return this;
    }

    public Builder drainTimeout(Duration value) {
      drainTimeout = value;
      return this;
    }

    public Builder leakThreshold(Duration value) {
      leakThreshold = value;
      return this;
    }

    public Builder maxWaiters(int value) {
      maxWaiters = value;
      return this;
    }

    public Builder failFast(boolean value) {
      failFast = value;
      return this;
    }

    public Builder sleep(SleepMode value) {
      sleep = value;
      return this;
    }

    public Builder sleepAfter(Duration value) {
      sleepAfter = value;
      return this;
    }

    public Builder reset(ResetMode value) {
      reset = value;
      return this;
    }

    public Builder retry(RetryConfig value) {
      retry = value;
      return this;
    }

    /**
     * Makes the settings.
     *
     * @throws InvalidPoolConfigException with every problem at once
     */
    public PoolConfig build() {
      int most = maxSize != null ? maxSize : DEFAULT_MAX_SIZE;
      int least = minSize != null ? minSize : Math.max(0, Math.min(DEFAULT_MIN_SIZE, most));
      if (maxSize == null && least <= LARGEST_POOL) {
        most = Math.max(most, least);
      }
      return new PoolConfig(
          name,
          url,
          user,
          password,
          properties,
          least,
          most,
          maxQueries,
          maxLifetime,
          idleTimeout,
          healthCheckInterval,
          healthCheck,
          commandTimeout,
          acquireTimeout,
          connectTimeout,
          validationTimeout,
          resetTimeout,
          closeTimeout,
          drainTimeout,
          leakThreshold,
          maxWaiters,
          failFast,
          sleep,
          sleepAfter,
          reset,
          retry);
    }
  }
}
