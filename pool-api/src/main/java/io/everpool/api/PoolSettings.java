package io.everpool.api;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * The table of what {@link PoolConfig} has: name, type, default, range, and what it does. What else
 * there is of a setting (its key, the checks, the text, {@code reference.conf}, the README's table)
 * comes from here or is tested against it.
 */
final class PoolSettings {
  static final SettingTable TABLE = new SettingTable("");

  static final Setting<String> NAME =
      TABLE.add(
          "name",
          Kind.TEXT,
          "everpool",
          Rule.name(),
          "The pool's name in logs, thread names and metrics: 1 to 64 letters, digits, "
              + "dots, dashes or underscores. A pool under pools is called by its key instead.");

  static final Setting<String> URL =
      TABLE.add(
          "url",
          Kind.URL,
          null,
          Rule.url(),
          "The database: a libpq URL (postgresql://user:password@host/db?sslmode=require)"
              + " or a JDBC URL. Must be set, here or in the environment.");

  static final Setting<String> USER =
      TABLE.add(
          "user",
          Kind.TEXT,
          null,
          Rule.optional("a role's name, or null"),
          "The role to log in as; null for the one in the URL.");

  static final Setting<String> PASSWORD =
      TABLE.add(
          "password",
          Kind.PASSWORD,
          null,
          Rule.optional("a password, or null"),
          "Its password; null for the one in the URL. Keep it out of files: password = "
              + "${?DB_PASSWORD}.");

  static final Setting<String> PASSWORD_FILE =
      TABLE.add(
          "passwordFile",
          Kind.FILE,
          null,
          Rule.file(),
          "A file that holds the password and nothing else, read anew for each new connection;"
              + " instead of password. Null for none.");

  static final Setting<String> PASSWORD_ENV =
      TABLE.add(
          "passwordEnv",
          Kind.VARIABLE,
          null,
          Rule.variable(),
          "The name of an environment variable that holds the password; instead of password. Null"
              + " for none.");

  static final Setting<Map<String, String>> PROPERTIES =
      TABLE.add(
          "properties",
          Kind.PROPERTIES,
          Map.of(),
          Rule.properties(),
          "Further properties for the driver, by the driver's own names. Inner blocks are"
              + " joined by dots; null takes back what an outer block has set.");

  static final Setting<Integer> MIN_SIZE =
      TABLE.add(
          "minSize",
          Kind.INTEGER,
          2,
          Rule.atLeast(0, ""),
          "Connections kept open while the pool is awake; 0 to max-size.");

  static final Setting<Integer> MAX_SIZE =
      TABLE.add(
          "maxSize",
          Kind.INTEGER,
          20,
          Rule.between(1, PoolConfig.LARGEST_POOL),
          "Connections open at the most; 1 to 10000.");

  static final Setting<Long> MAX_QUERIES =
      TABLE.add(
          "maxQueries",
          Kind.LONG,
          50_000L,
          Rule.atLeast(0, "no limit"),
          "Statement executions after which a connection is replaced when it comes back "
              + "(a batch is one); 0 for no limit.");

  static final Setting<Duration> MAX_LIFETIME =
      TABLE.add(
          "maxLifetime",
          Kind.DURATION,
          Duration.ofMinutes(30),
          Rule.zeroOrMore(),
          "Age at which a connection is replaced, less a jitter of up to a tenth; 0s for "
              + "no limit.");

  static final Setting<Duration> IDLE_TIMEOUT =
      TABLE.add(
          "idleTimeout",
          Kind.DURATION,
          Duration.ofSeconds(300),
          Rule.zeroOrMore(),
          "Idleness after which a connection above min-size is closed, while the pool is awake;"
              + " 0s for never.");

  static final Setting<Duration> HEALTH_CHECK_INTERVAL =
      TABLE.add(
          "healthCheckInterval",
          Kind.DURATION,
          Duration.ofSeconds(30),
          Rule.positive(),
          "How often idle connections are examined.");

  static final Setting<HealthCheck> HEALTH_CHECK =
      TABLE.add(
          "healthCheck",
          Kind.choice(HealthCheck.class),
          HealthCheck.AUTO,
          Rule.any("auto, look or query"),
          "How they are examined: look sends nothing and sees what the kernel knows "
              + "(whether the peer has closed); query makes a round trip, which also finds a "
              + "server that hangs, and keeps a serverless database awake; auto is look where "
              + "the pool may sleep, query elsewhere.");

  static final Setting<Duration> COMMAND_TIMEOUT =
      TABLE.add(
          "commandTimeout",
          Kind.DURATION,
          Duration.ofSeconds(60),
          Rule.onTheServer(),
          "Longest run of a statement on the server, in whole milliseconds, or behind a pooler in"
              + " seconds, rounded up; 0s for no limit.");

  static final Setting<Duration> ACQUIRE_TIMEOUT =
      TABLE.add(
          "acquireTimeout",
          Kind.DURATION,
          Duration.ofSeconds(30),
          Rule.positive(),
          "Longest wait for a connection.");

  static final Setting<Duration> CONNECT_TIMEOUT =
      TABLE.add(
          "connectTimeout",
          Kind.DURATION,
          Duration.ofSeconds(10),
          Rule.positive(),
          "Longest opening of a connection, its set-up included.");

  static final Setting<Duration> VALIDATION_TIMEOUT =
      TABLE.add(
          "validationTimeout",
          Kind.DURATION,
          Duration.ofSeconds(5),
          Rule.positive(),
          "Longest round trip that asks a connection whether it lives.");

  static final Setting<Duration> RESET_TIMEOUT =
      TABLE.add(
          "resetTimeout",
          Kind.DURATION,
          Duration.ofSeconds(5),
          Rule.positive(),
          "Longest clean-up of a connection that comes back.");

  static final Setting<Duration> CLOSE_TIMEOUT =
      TABLE.add(
          "closeTimeout",
          Kind.DURATION,
          Duration.ofSeconds(5),
          Rule.positive(),
          "Longest polite closing of a connection before it is cut.");

  static final Setting<Duration> DRAIN_TIMEOUT =
      TABLE.add(
          "drainTimeout",
          Kind.DURATION,
          Duration.ofSeconds(30),
          Rule.zeroOrMore(),
          "How long closing the pool waits for connections in use; 0s for not at all.");

  static final Setting<Duration> LEAK_THRESHOLD =
      TABLE.add(
          "leakThreshold",
          Kind.DURATION,
          Duration.ZERO,
          Rule.zeroOrMore(),
          "Use after which the holder of a connection is logged as a possible leak; 0s "
              + "for never.");

  static final Setting<LeakStackTraces> LEAK_STACK_TRACES =
      TABLE.add(
          "leakStackTraces",
          Kind.choice(LeakStackTraces.class),
          LeakStackTraces.SAMPLED,
          Rule.any("sampled, always or never"),
          "Which leases are recorded with the place where they were acquired, to be told of a leak:"
              + " sampled (only with leak-threshold) one in 64, and all once a leak was reported"
              + " without its place; always, at the cost of a stack trace each; never.");

  static final Setting<Integer> MAX_WAITERS =
      TABLE.add(
          "maxWaiters",
          Kind.INTEGER,
          10_000,
          Rule.atLeast(0, "nobody waits"),
          "Threads that may wait for a connection at once, the next one is turned away; 0"
              + " for none.");

  static final Setting<Boolean> FAIL_FAST =
      TABLE.add(
          "failFast",
          Kind.SWITCH,
          true,
          Rule.any("true or false"),
          "Whether opening the pool opens a connection first, and fails if it can't within"
              + " acquire-timeout, five minutes at the most.");

  static final Setting<Boolean> SIZE_ADVICE =
      TABLE.add(
          "sizeAdvice",
          Kind.SWITCH,
          false,
          Rule.any("true or false"),
          "Whether the pool remembers its latest leases, to tell how large it should be; takes half"
              + " a megabyte, and two readings of the clock per lease.");

  static final Setting<String> CONNECTION_INIT_SQL =
      TABLE.add(
          "connectionInitSql",
          Kind.SQL,
          null,
          Rule.optional("SQL, or null"),
          "SQL that sets a new connection up before anybody borrows it, and again after a clean-up"
              + " that has cleared what SQL had set; null for none. What it writes is committed.");

  static final Setting<PoolerMode> POOLER =
      TABLE.add(
          "pooler",
          Kind.choice(PoolerMode.class),
          PoolerMode.AUTO,
          Rule.any("auto, none, transaction or session"),
          "Whether a pooler (PgBouncer, Supavisor, a cloud's proxy) lies before the server: none,"
              + " or one that lends a server connection for each transaction, or for the whole"
              + " session; auto finds out.");

  static final Setting<SleepMode> SLEEP =
      TABLE.add(
          "sleep",
          Kind.choice(SleepMode.class),
          SleepMode.AUTO,
          Rule.any("auto, on or off"),
          "Whether the pool leaves an unused database alone, so that a serverless one can"
              + " suspend itself; auto is on for Neon hosts.");

  static final Setting<Duration> SLEEP_AFTER =
      TABLE.add(
          "sleepAfter",
          Kind.DURATION,
          Duration.ofSeconds(60),
          Rule.positive(),
          "Time without work after which it does.");

  static final Setting<ResetMode> RESET =
      TABLE.add(
          "reset",
          Kind.choice(ResetMode.class),
          ResetMode.SMART,
          Rule.any("smart, discard-all or none"),
          "How session state that SQL has set (SET, temporary tables, LISTEN, advisory "
              + "locks) is cleared when a connection comes back: smart clears what the "
              + "statements may have left, and the functions and triggers that they use; "
              + "discard-all makes the server forget everything after each use; none clears "
              + "nothing.");

  static final Setting<List<String>> READERS =
      TABLE.add(
          "readers",
          Kind.URLS,
          List.of(),
          Rule.urls(),
          "The databases that work which only reads goes to, each a standby of the one at url, in"
              + " the same forms. Each has a pool of its own with all these settings, max-size"
              + " among them; only a login that stands in url itself is not theirs.");

  static final Setting<ReaderFallback> READER_FALLBACK =
      TABLE.add(
          "readerFallback",
          Kind.choice(ReaderFallback.class),
          ReaderFallback.WRITER,
          Rule.any("writer or fail"),
          "Where such work goes while no reader can be reached or is close enough behind: to the"
              + " writer, or to none: it fails.");

  static final Setting<Duration> MAX_REPLICA_LAG =
      TABLE.add(
          "maxReplicaLag",
          Kind.DURATION,
          Duration.ofSeconds(10),
          Rule.zeroOrMore(),
          "How far behind the writer a reader may be when work begins on it; 0s for any.");

  static final Setting<RetryConfig> RETRY =
      TABLE.add(
          "retry",
          Kind.block(RetryConfig.class, RetrySettings.TABLE.settings()),
          RetryConfig.DEFAULT,
          Rule.retry(),
          "How connects and units of work are retried.");

  static {
    TABLE.alternatives(PASSWORD, PASSWORD_FILE, PASSWORD_ENV);
    TABLE.order(
        MIN_SIZE,
        MAX_SIZE,
        (least, most) ->
            MIN_SIZE.key() + (" (" + least + ") is above ") + MAX_SIZE.key() + (" (" + most + ")"));
  }

  private PoolSettings() {}
}
