package io.everpool.api;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a pool: immutable, thread-safe, and refused as a whole rather than repaired. Made
 * by {@link #builder(String)}; the HOCON key of each is its name in kebab case ({@code min-size}).
 * What there is, with default, range and meaning, {@link #settings()} tells; a later version may
 * have more. No duration is longer than {@link #LONGEST_DURATION}.
 */
// Over 400 lines for the sake of one list: each setting has an accessor and a builder method. What
// a setting is stands in the table, PoolSettings.
public final class PoolConfig {

  /** What {@link #maxSize()} may be at the most. */
  public static final int LARGEST_POOL = 10_000;

  /** What any duration may be at the most. */
  public static final Duration LONGEST_DURATION = Duration.ofDays(365);

  private final SettingValues values;

  /** Where values stand, by their keys; this doesn't count in {@link #equals}. */
  private final Map<String, String> origins;

  private PoolConfig(SettingValues values, Map<String, String> origins) {
    this.values = values;
    this.origins = Map.copyOf(origins);
  }

  /** Every setting there is, in order; those of {@link #retry()} as parts of it. Immutable. */
  public static List<Setting<?>> settings() {
    return PoolSettings.TABLE.settings();
  }

  /** Starts from the defaults, for the database at {@code url}. */
  public static Builder builder(String url) {
    return new Builder(new SettingDraft(PoolSettings.TABLE), Map.of()).url(url);
  }

  /** A builder that starts from these settings, every one of them taken as said. */
  public Builder toBuilder() {
    return new Builder(new SettingDraft(values, true), origins);
  }

  /**
   * The value of any setting, {@link #settings() one of these} or a part of one; null only where it
   * is optional.
   *
   * @throws IllegalArgumentException if it is none of these
   */
  public <T> @Nullable T get(Setting<T> setting) {
    return RetrySettings.TABLE.has(setting) ? retry().get(setting) : values.get(setting);
  }

  /**
   * Where the value of a setting stands, as whoever has read it said: {@code application.conf: 12};
   * null if nobody did. Carries no secret. Two configurations that differ in this alone are equal.
   *
   * @param key of one of {@link #settings()}, of a part of one, or of one of {@link #properties()}:
   *     {@code properties.socketTimeout}
   */
  public @Nullable String origin(String key) {
    return origins.get(key);
  }

  /** The pool's name in logs, thread names and metrics; 1 to 64 letters, digits, {@code . _ -}. */
  public String name() {
    return values.required(PoolSettings.NAME);
  }

  /** The database: a JDBC URL or a libpq URL ({@code postgresql://...}). May hold a password. */
  public String url() {
    return values.required(PoolSettings.URL);
  }

  /** The role to log in as, or null for the one in the URL. */
  public @Nullable String user() {
    return values.get(PoolSettings.USER);
  }

  /** The role's password, or null for the one in the URL. */
  public @Nullable String password() {
    return values.get(PoolSettings.PASSWORD);
  }

  /**
   * A file that holds the password, in UTF-8 and without anything else but line ends behind it; or
   * null. It is read anew for each new connection, so that a password that changes on the server
   * has to be changed only there. Can't be set beside {@link #password()} or {@link
   * #passwordEnv()}.
   *
   * @see CredentialsProvider
   */
  public @Nullable String passwordFile() {
    return values.get(PoolSettings.PASSWORD_FILE);
  }

  /**
   * The name of an environment variable that holds the password, or null. Can't be set beside
   * {@link #password()} or {@link #passwordFile()}.
   */
  public @Nullable String passwordEnv() {
    return values.get(PoolSettings.PASSWORD_ENV);
  }

  /** Further properties for the driver, by the driver's own names. Immutable; may hold secrets. */
  public Map<String, String> properties() {
    return values.required(PoolSettings.PROPERTIES);
  }

  /** Connections kept open while the pool is awake; 0 to {@link #maxSize()}. */
  public int minSize() {
    return values.required(PoolSettings.MIN_SIZE);
  }

  /** Connections open at the most; 1 to {@link #LARGEST_POOL}. */
  public int maxSize() {
    return values.required(PoolSettings.MAX_SIZE);
  }

  /**
   * Statement executions after which a connection is replaced when it comes back (a batch is one);
   * 0 for no limit.
   */
  public long maxQueries() {
    return values.required(PoolSettings.MAX_QUERIES);
  }

  /** Age at which a connection is replaced, less a jitter of up to a tenth; zero for no limit. */
  public Duration maxLifetime() {
    return values.required(PoolSettings.MAX_LIFETIME);
  }

  /**
   * Idleness after which a connection above the minimum is closed, while the pool is awake; zero
   * for never.
   */
  public Duration idleTimeout() {
    return values.required(PoolSettings.IDLE_TIMEOUT);
  }

  /** How often idle connections are examined; positive. */
  public Duration healthCheckInterval() {
    return values.required(PoolSettings.HEALTH_CHECK_INTERVAL);
  }

  /** How idle connections are examined. */
  public HealthCheck healthCheck() {
    return values.required(PoolSettings.HEALTH_CHECK);
  }

  /**
   * Longest run of a statement on the server; whole milliseconds, or behind a pooler, where the
   * driver cancels for it, seconds, rounded up; zero for no limit.
   */
  public Duration commandTimeout() {
    return values.required(PoolSettings.COMMAND_TIMEOUT);
  }

  /** Longest wait for a connection; positive. */
  public Duration acquireTimeout() {
    return values.required(PoolSettings.ACQUIRE_TIMEOUT);
  }

  /** Longest opening of a connection, set-up included; positive. */
  public Duration connectTimeout() {
    return values.required(PoolSettings.CONNECT_TIMEOUT);
  }

  /** Longest round trip that asks a connection whether it lives; positive. */
  public Duration validationTimeout() {
    return values.required(PoolSettings.VALIDATION_TIMEOUT);
  }

  /** Longest clean-up of a connection that comes back; positive. */
  public Duration resetTimeout() {
    return values.required(PoolSettings.RESET_TIMEOUT);
  }

  /** Longest polite closing of a connection before it is cut; positive. */
  public Duration closeTimeout() {
    return values.required(PoolSettings.CLOSE_TIMEOUT);
  }

  /** How long closing the pool waits for connections in use; zero for not at all. */
  public Duration drainTimeout() {
    return values.required(PoolSettings.DRAIN_TIMEOUT);
  }

  /** Use after which a holder is logged as a possible leak; zero for never. */
  public Duration leakThreshold() {
    return values.required(PoolSettings.LEAK_THRESHOLD);
  }

  /** For which leases it is recorded where they were acquired. */
  public LeakStackTraces leakStackTraces() {
    return values.required(PoolSettings.LEAK_STACK_TRACES);
  }

  /** Threads that may wait at once; 0 or more. */
  public int maxWaiters() {
    return values.required(PoolSettings.MAX_WAITERS);
  }

  /**
   * Whether opening the pool opens a connection first, and fails if it can't within {@link
   * #acquireTimeout()}, five minutes at the most.
   */
  public boolean failFast() {
    return values.required(PoolSettings.FAIL_FAST);
  }

  /**
   * Whether the pool remembers its latest leases, for {@link Pool#advise()}: half a megabyte, and
   * two readings of the clock per lease.
   */
  public boolean sizeAdvice() {
    return values.required(PoolSettings.SIZE_ADVICE);
  }

  /**
   * SQL that sets a new connection up before anybody borrows it, and again after a clean-up that
   * has cleared what SQL had set; null for none. Several statements if the driver takes them in one
   * text; what they write is committed.
   *
   * @see ConnectionInitializer
   */
  public @Nullable String connectionInitSql() {
    return values.get(PoolSettings.CONNECTION_INIT_SQL);
  }

  /** Whether a pooler lies between this pool and its server. */
  public PoolerMode pooler() {
    return values.required(PoolSettings.POOLER);
  }

  /** Whether the pool leaves an unused database alone. */
  public SleepMode sleep() {
    return values.required(PoolSettings.SLEEP);
  }

  /** Time without work after which the pool sleeps; positive. */
  public Duration sleepAfter() {
    return values.required(PoolSettings.SLEEP_AFTER);
  }

  /** How session state set by SQL is cleared. */
  public ResetMode reset() {
    return values.required(PoolSettings.RESET);
  }

  /**
   * The databases that work which only reads goes to; none by default. Each has a pool of its own,
   * of {@link #maxSize()}, called after this one: {@code orders-reader-1}. Immutable; may hold
   * passwords.
   */
  public List<String> readers() {
    return values.required(PoolSettings.READERS);
  }

  /** What becomes of work that only reads when no reader can take it. */
  public ReaderFallback readerFallback() {
    return values.required(PoolSettings.READER_FALLBACK);
  }

  /** How far behind the writer a reader may be when work begins on it; zero for any. */
  public Duration maxReplicaLag() {
    return values.required(PoolSettings.MAX_REPLICA_LAG);
  }

  /** How connects and units of work are retried. */
  public RetryConfig retry() {
    return values.required(PoolSettings.RETRY);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof PoolConfig that && values.equals(that.values);
  }

  @Override
  public int hashCode() {
    return values.hashCode();
  }

  /**
   * Every setting but the secrets: no password, and nothing secret of the URL and the properties.
   */
  @Override
  public String toString() {
    return values.text("PoolConfig");
  }

  /**
   * Collects settings; each starts at its default. What can't work is refused by {@link #build()},
   * all at once; so is null if there must be a value. Not thread-safe.
   */
  public static final class Builder {
    private final SettingDraft draft;
    private final Map<String, String> origins;

    /** The parts of {@link #retry} that were set one by one, or null. */
    private RetryConfig.@Nullable Builder retry;

    private Builder(SettingDraft draft, Map<String, String> origins) {
      this.draft = draft;
      this.origins = new HashMap<>(origins);
    }

    /**
     * Sets any setting, {@link PoolConfig#settings() one of these} or a part of one.
     *
     * @throws IllegalArgumentException if it is none of these
     * @throws ClassCastException if the value isn't of its type
     */
    public <T> Builder set(Setting<T> setting, @Nullable T value) {
      origins.keySet().removeIf(key -> (key + ".").startsWith(setting.key() + "."));
      if (RetrySettings.TABLE.has(setting)) {
        retryParts().set(setting, value);
        return this;
      }
      draft.set(setting, value);
      if (setting == PoolSettings.RETRY) {
        retry = null;
      }
      return this;
    }

    /**
     * Sets the value that a setting has if nobody sets it; for programs that have defaults of their
     * own, or read them from a file. Like the default that it replaces, it gives way to a value
     * that was set: see {@link #minSize} and {@link #maxSize}.
     *
     * @throws IllegalArgumentException if it is none of {@link PoolConfig#settings()} or their
     *     parts
     * @throws ClassCastException if the value isn't of its type
     */
    public <T> Builder setDefault(Setting<T> setting, @Nullable T value) {
      if (RetrySettings.TABLE.has(setting)) {
        retryParts().setDefault(setting, value);
      } else {
        draft.setDefault(setting, value);
        if (setting == PoolSettings.RETRY && !draft.isSaid(setting)) {
          retryDefaults(draft.get(PoolSettings.RETRY));
        }
      }
      return this;
    }

    /** Changes the parts, too, that nobody has set; null is refused in place of all of them. */
    private void retryDefaults(@Nullable RetryConfig whole) {
      RetryConfig.Builder parts = retry;
      if (whole == null) {
        retry = null;
      } else if (parts != null) {
        RetryConfig.settings().forEach(part -> retryDefault(parts, part, whole));
      }
    }

    private static <T> void retryDefault(
        RetryConfig.Builder parts, Setting<T> part, RetryConfig whole) {
      parts.setDefault(part, whole.get(part));
    }

    /**
     * Says where a value stands that was set before, for whoever has to find it; setting it anew
     * forgets that.
     *
     * @param key the key, as for {@link PoolConfig#origin}
     * @param where a file and a line, for example; without secrets
     */
    public Builder origin(String key, String where) {
      origins.put(key, where);
      return this;
    }

    private RetryConfig.Builder retryParts() {
      if (retry == null) {
        RetryConfig whole = draft.get(PoolSettings.RETRY);
        retry =
            whole == null
                ? RetryConfig.builder()
                : whole.toBuilder(draft.isSaid(PoolSettings.RETRY));
      }
      return retry;
    }

    /** Sets {@link PoolConfig#name()}. */
    public Builder name(String value) {
      return set(PoolSettings.NAME, value);
    }

    /** Sets {@link PoolConfig#url()}. */
    public Builder url(String value) {
      return set(PoolSettings.URL, value);
    }

    /** Sets {@link PoolConfig#user()}. */
    public Builder user(@Nullable String value) {
      return set(PoolSettings.USER, value);
    }

    /** Sets {@link PoolConfig#password()}. */
    public Builder password(@Nullable String value) {
      return set(PoolSettings.PASSWORD, value);
    }

    /** Sets {@link PoolConfig#passwordFile()}. */
    public Builder passwordFile(@Nullable String value) {
      return set(PoolSettings.PASSWORD_FILE, value);
    }

    /** Sets {@link PoolConfig#passwordEnv()}. */
    public Builder passwordEnv(@Nullable String value) {
      return set(PoolSettings.PASSWORD_ENV, value);
    }

    /** Sets {@link PoolConfig#properties()}. */
    public Builder properties(Map<String, String> value) {
      return set(PoolSettings.PROPERTIES, value);
    }

    /**
     * Sets {@link PoolConfig#minSize()}. If it isn't set, it is 2, or the maximum if that is less.
     */
    public Builder minSize(int value) {
      return set(PoolSettings.MIN_SIZE, value);
    }

    /**
     * Sets {@link PoolConfig#maxSize()}. If it isn't set, it is 20, or the minimum if that is more.
     */
    public Builder maxSize(int value) {
      return set(PoolSettings.MAX_SIZE, value);
    }

    /** Sets {@link PoolConfig#maxQueries()}. */
    public Builder maxQueries(long value) {
      return set(PoolSettings.MAX_QUERIES, value);
    }

    /** Sets {@link PoolConfig#maxLifetime()}. */
    public Builder maxLifetime(Duration value) {
      return set(PoolSettings.MAX_LIFETIME, value);
    }

    /** Sets {@link PoolConfig#idleTimeout()}. */
    public Builder idleTimeout(Duration value) {
      return set(PoolSettings.IDLE_TIMEOUT, value);
    }

    /** Sets {@link PoolConfig#healthCheckInterval()}. */
    public Builder healthCheckInterval(Duration value) {
      return set(PoolSettings.HEALTH_CHECK_INTERVAL, value);
    }

    /** Sets {@link PoolConfig#healthCheck()}. */
    public Builder healthCheck(HealthCheck value) {
      return set(PoolSettings.HEALTH_CHECK, value);
    }

    /** Sets {@link PoolConfig#commandTimeout()}. */
    public Builder commandTimeout(Duration value) {
      return set(PoolSettings.COMMAND_TIMEOUT, value);
    }

    /** Sets {@link PoolConfig#acquireTimeout()}. */
    public Builder acquireTimeout(Duration value) {
      return set(PoolSettings.ACQUIRE_TIMEOUT, value);
    }

    /** Sets {@link PoolConfig#connectTimeout()}. */
    public Builder connectTimeout(Duration value) {
      return set(PoolSettings.CONNECT_TIMEOUT, value);
    }

    /** Sets {@link PoolConfig#validationTimeout()}. */
    public Builder validationTimeout(Duration value) {
      return set(PoolSettings.VALIDATION_TIMEOUT, value);
    }

    /** Sets {@link PoolConfig#resetTimeout()}. */
    public Builder resetTimeout(Duration value) {
      return set(PoolSettings.RESET_TIMEOUT, value);
    }

    /** Sets {@link PoolConfig#closeTimeout()}. */
    public Builder closeTimeout(Duration value) {
      return set(PoolSettings.CLOSE_TIMEOUT, value);
    }

    /** Sets {@link PoolConfig#drainTimeout()}. */
    public Builder drainTimeout(Duration value) {
      return set(PoolSettings.DRAIN_TIMEOUT, value);
    }

    /** Sets {@link PoolConfig#leakThreshold()}. */
    public Builder leakThreshold(Duration value) {
      return set(PoolSettings.LEAK_THRESHOLD, value);
    }

    /** Sets {@link PoolConfig#leakStackTraces()}. */
    public Builder leakStackTraces(LeakStackTraces value) {
      return set(PoolSettings.LEAK_STACK_TRACES, value);
    }

    /** Sets {@link PoolConfig#maxWaiters()}. */
    public Builder maxWaiters(int value) {
      return set(PoolSettings.MAX_WAITERS, value);
    }

    /** Sets {@link PoolConfig#failFast()}. */
    public Builder failFast(boolean value) {
      return set(PoolSettings.FAIL_FAST, value);
    }

    /** Sets {@link PoolConfig#sizeAdvice()}. */
    public Builder sizeAdvice(boolean value) {
      return set(PoolSettings.SIZE_ADVICE, value);
    }

    /** Sets {@link PoolConfig#connectionInitSql()}. */
    public Builder connectionInitSql(@Nullable String value) {
      return set(PoolSettings.CONNECTION_INIT_SQL, value);
    }

    /** Sets {@link PoolConfig#pooler()}. */
    public Builder pooler(PoolerMode value) {
      return set(PoolSettings.POOLER, value);
    }

    /** Sets {@link PoolConfig#sleep()}. */
    public Builder sleep(SleepMode value) {
      return set(PoolSettings.SLEEP, value);
    }

    /** Sets {@link PoolConfig#sleepAfter()}. */
    public Builder sleepAfter(Duration value) {
      return set(PoolSettings.SLEEP_AFTER, value);
    }

    /** Sets {@link PoolConfig#reset()}. */
    public Builder reset(ResetMode value) {
      return set(PoolSettings.RESET, value);
    }

    /** Sets {@link PoolConfig#readers()}. */
    public Builder readers(List<String> value) {
      return set(PoolSettings.READERS, value);
    }

    /** Sets {@link PoolConfig#readerFallback()}. */
    public Builder readerFallback(ReaderFallback value) {
      return set(PoolSettings.READER_FALLBACK, value);
    }

    /** Sets {@link PoolConfig#maxReplicaLag()}. */
    public Builder maxReplicaLag(Duration value) {
      return set(PoolSettings.MAX_REPLICA_LAG, value);
    }

    /** Sets {@link PoolConfig#retry()}. */
    public Builder retry(RetryConfig value) {
      return set(PoolSettings.RETRY, value);
    }

    /**
     * Makes the settings.
     *
     * @throws InvalidPoolConfigException with every problem at once
     */
    public PoolConfig build() {
      if (retry != null) {
        draft.put(PoolSettings.RETRY, retry.build());
      }
      SettingValues values = draft.values();
      List<String> problems = values.problems();
      if (!problems.isEmpty()) {
        throw new InvalidPoolConfigException(problems);
      }
      return new PoolConfig(values, origins);
    }
  }
}
