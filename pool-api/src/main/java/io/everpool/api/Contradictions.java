package io.everpool.api;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/**
 * The settings of a pool that contradict one another, as one table: what can be told of them alone,
 * whatever the database. A pure function of the configuration.
 *
 * <p>A default never contradicts a default, and a setting that has no effect is told of only if
 * somebody has set it.
 */
public final class Contradictions {

  /** What the rows look at. */
  record Facts(PoolConfig config, boolean serverless) {

    boolean sleeps() {
      return config.sleep() == SleepMode.ON || (config.sleep() == SleepMode.AUTO && serverless);
    }

    /** Whether idle connections are examined by a query. */
    boolean queries() {
      return config.healthCheck() == HealthCheck.QUERY
          || (config.healthCheck() == HealthCheck.AUTO && !sleeps());
    }

    boolean reruns() {
      return config.retry().maxAttempts() > 1;
    }

    /** Whether its value isn't the default, so that somebody must have set it. */
    boolean isSaid(Setting<?> setting) {
      return said(setting);
    }

    private <T> boolean said(Setting<T> setting) {
      return !setting.isAtDefault(config.get(setting));
    }
  }

  static final List<ContradictionRule<Facts>> TABLE =
      List.of(
          row(
              "connect-beyond-acquire",
              "`connect-timeout` is longer than `acquire-timeout`",
              "whoever waits for a connection gives up before a slow connect does: make"
                  + " connect-timeout the shorter one",
              f -> isOver(f.config.connectTimeout(), f.config.acquireTimeout()),
              PoolSettings.CONNECT_TIMEOUT,
              PoolSettings.ACQUIRE_TIMEOUT),
          row(
              "validation-beyond-acquire",
              "`validation-timeout` is longer than `acquire-timeout`",
              "one connection that hangs takes the whole wait of whoever was to have it: make"
                  + " validation-timeout a fraction of acquire-timeout",
              f -> isOver(f.config.validationTimeout(), f.config.acquireTimeout()),
              PoolSettings.VALIDATION_TIMEOUT,
              PoolSettings.ACQUIRE_TIMEOUT),
          row(
              "reset-beyond-acquire",
              "`reset-timeout` is longer than `acquire-timeout`",
              "one clean-up that hangs takes the whole wait of whoever is next in line: make"
                  + " reset-timeout a fraction of acquire-timeout",
              f -> isOver(f.config.resetTimeout(), f.config.acquireTimeout()),
              PoolSettings.RESET_TIMEOUT,
              PoolSettings.ACQUIRE_TIMEOUT),
          row(
              "validation-beyond-health-check",
              "idle connections are asked, and `validation-timeout` is longer than"
                  + " `health-check-interval`",
              "a connection that hangs is found after validation-timeout, however often it is"
                  + " looked for: lower validation-timeout, or examine less often",
              f ->
                  f.queries()
                      && isOver(f.config.validationTimeout(), f.config.healthCheckInterval()),
              PoolSettings.VALIDATION_TIMEOUT,
              PoolSettings.HEALTH_CHECK_INTERVAL),
          row(
              "lifetime-under-health-check",
              "`max-lifetime` is `health-check-interval` or shorter",
              "connections are replaced before they are ever examined: raise max-lifetime, or"
                  + " examine more often",
              f ->
                  isSet(f.config.maxLifetime())
                      && isAtLeast(f.config.healthCheckInterval(), f.config.maxLifetime()),
              PoolSettings.MAX_LIFETIME,
              PoolSettings.HEALTH_CHECK_INTERVAL),
          row(
              "idle-beyond-lifetime",
              "`idle-timeout` is set, and is `max-lifetime` or longer",
              "no connection lives until idle-timeout: lower it, or raise max-lifetime",
              f ->
                  f.isSaid(PoolSettings.IDLE_TIMEOUT)
                      && isSet(f.config.maxLifetime())
                      && isAtLeast(f.config.idleTimeout(), f.config.maxLifetime()),
              PoolSettings.IDLE_TIMEOUT,
              PoolSettings.MAX_LIFETIME),
          row(
              "idle-without-room",
              "`idle-timeout` is set, and `min-size` is `max-size`",
              "there is no connection above min-size that idle-timeout could close: lower min-size,"
                  + " or leave idle-timeout out",
              f ->
                  f.isSaid(PoolSettings.IDLE_TIMEOUT)
                      && isSet(f.config.idleTimeout())
                      && f.config.minSize() == f.config.maxSize(),
              PoolSettings.IDLE_TIMEOUT,
              PoolSettings.MIN_SIZE,
              PoolSettings.MAX_SIZE),
          row(
              "leak-under-command",
              "`leak-threshold` is shorter than a `command-timeout` that is set",
              "a statement that may run so long is told of as a leak: raise leak-threshold above"
                  + " command-timeout",
              f ->
                  f.isSaid(PoolSettings.COMMAND_TIMEOUT)
                      && isSet(f.config.leakThreshold())
                      && isOver(f.config.commandTimeout(), f.config.leakThreshold()),
              PoolSettings.LEAK_THRESHOLD,
              PoolSettings.COMMAND_TIMEOUT),
          row(
              "nobody-may-wait",
              "`max-waiters` is 0, and `min-size` is less than `max-size`",
              "whoever finds no idle connection is turned away, and the pool grows only for those"
                  + " who ask later: raise max-waiters, or min-size to max-size",
              f -> f.config.maxWaiters() == 0 && f.config.minSize() < f.config.maxSize(),
              PoolSettings.MAX_WAITERS,
              PoolSettings.MIN_SIZE,
              PoolSettings.MAX_SIZE),
          row(
              "queries-beside-sleep",
              "`health-check` is `query`, and the pool may sleep",
              "each examination is a query, so that the database can't begin to rest before the pool"
                  + " sleeps: health-check = look sends nothing, and auto chooses it",
              f -> f.config.healthCheck() == HealthCheck.QUERY && f.sleeps(),
              PoolSettings.HEALTH_CHECK,
              PoolSettings.SLEEP),
          row(
              "sleep-after-without-sleep",
              "`sleep-after` is set, and `sleep` is `off`",
              "the pool never sleeps: set sleep = on, or leave sleep-after out",
              f -> f.isSaid(PoolSettings.SLEEP_AFTER) && f.config.sleep() == SleepMode.OFF,
              PoolSettings.SLEEP_AFTER,
              PoolSettings.SLEEP),
          row(
              "sleep-after-beside-a-server",
              "`sleep-after` is set, `sleep` is `auto`, and the host isn't known to suspend itself",
              "the pool never sleeps here: set sleep = on if the database suspends itself, or leave"
                  + " sleep-after out",
              f ->
                  f.isSaid(PoolSettings.SLEEP_AFTER)
                      && f.config.sleep() == SleepMode.AUTO
                      && !f.serverless,
              PoolSettings.SLEEP_AFTER,
              PoolSettings.SLEEP),
          row(
              "init-without-reset",
              "`connection-init-sql` is set, and `reset` is `none`",
              "what it sets is set once, and whatever a borrower sets over it stays: set reset ="
                  + " smart",
              f -> f.config.reset() == ResetMode.NONE && f.config.connectionInitSql() != null,
              PoolSettings.CONNECTION_INIT_SQL,
              PoolSettings.RESET),
          row(
              "duration-without-retry",
              "`retry.max-duration` is set, and `retry.max-attempts` is 1",
              "nothing is run again, for however long it might be: raise max-attempts, or leave"
                  + " max-duration out",
              f -> !f.reruns() && f.isSaid(RetrySettings.MAX_DURATION),
              RetrySettings.MAX_DURATION,
              RetrySettings.MAX_ATTEMPTS),
          row(
              "pause-beyond-retry",
              "`retry.max-backoff` is longer than `retry.max-duration`",
              "a pause may be longer than all the time there is for reruns: lower max-backoff",
              f ->
                  f.reruns()
                      && isOver(f.config.retry().maxBackoff(), f.config.retry().maxDuration()),
              RetrySettings.MAX_BACKOFF,
              RetrySettings.MAX_DURATION),
          row(
              "first-pause-beyond-retry",
              "`retry.initial-backoff` is `retry.max-duration` or longer",
              "even the first pause may take all the time there is for reruns: lower"
                  + " initial-backoff, to milliseconds",
              f ->
                  f.reruns()
                      && isAtLeast(
                          f.config.retry().initialBackoff(), f.config.retry().maxDuration()),
              RetrySettings.INITIAL_BACKOFF,
              RetrySettings.MAX_DURATION),
          row(
              "retry-under-connect",
              "`retry.max-duration` is shorter than `connect-timeout`",
              "one slow connect takes all the time there is for reruns: make connect-timeout the"
                  + " shorter one",
              f -> f.reruns() && isOver(f.config.connectTimeout(), f.config.retry().maxDuration()),
              RetrySettings.MAX_DURATION,
              PoolSettings.CONNECT_TIMEOUT),
          row(
              "pause-beyond-acquire",
              "`retry.max-backoff` is set, and is longer than `acquire-timeout`",
              "after a refused connect the next may come when everybody who waits has given up:"
                  + " lower max-backoff below acquire-timeout",
              f ->
                  f.isSaid(RetrySettings.MAX_BACKOFF)
                      && isOver(f.config.retry().maxBackoff(), f.config.acquireTimeout()),
              RetrySettings.MAX_BACKOFF,
              PoolSettings.ACQUIRE_TIMEOUT));

  private Contradictions() {}

  /**
   * The contradictions within {@code config}, in no order that matters; empty if there are none.
   * Immutable.
   *
   * @param serverless whether the database is one that suspends itself when unused
   */
  public static List<Contradiction> of(PoolConfig config, boolean serverless) {
    return List.copyOf(
        ContradictionRule.findAll(TABLE, new Facts(config, serverless), config, key -> null));
  }

  private static ContradictionRule<Facts> row(
      String name, String when, String advice, Predicate<Facts> applies, Setting<?>... settings) {
    List<String> keys = Arrays.stream(settings).<String>map(Setting::key).toList();
    return new ContradictionRule<>(name, keys, when, advice, applies);
  }

  private static boolean isSet(Duration limit) {
    return !limit.isZero();
  }

  private static boolean isOver(Duration one, Duration other) {
    return one.compareTo(other) > 0;
  }

  private static boolean isAtLeast(Duration one, Duration other) {
    return one.compareTo(other) >= 0;
  }
}
