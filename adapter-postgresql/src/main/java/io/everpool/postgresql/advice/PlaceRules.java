package io.everpool.postgresql.advice;

import io.everpool.api.ContradictionRule;
import io.everpool.api.HealthCheck;
import io.everpool.api.PoolerMode;
import io.everpool.api.ResetMode;
import io.everpool.api.SleepMode;
import io.everpool.postgresql.driver.PropertyNames;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The rows for what lies where: hosts, poolers, Neon, and what is said in two places. */
final class PlaceRules {
  private static final String TARGET = "properties.targetServerType";

  /**
   * After how long Neon suspends a database that isn't used, unless the plan or a setting of Neon's
   * says otherwise.
   */
  private static final Duration SUSPENDS_AFTER = Duration.ofSeconds(300);

  /**
   * How long a cold start at Neon may take: mostly some hundred milliseconds, and seldom seconds.
   */
  private static final Duration COLD_START = Duration.ofSeconds(5);

  static final List<ContradictionRule<Facts>> TABLE =
      List.of(
          Row.of(
              "balance-without-hosts",
              "`loadBalanceHosts` is on, and the URL has one host",
              "there is nothing to balance: name all the hosts in the URL, or leave it out",
              f -> f.is(PropertyNames.LOAD_BALANCE_HOSTS, "true") && f.hosts() == 1,
              "properties.loadBalanceHosts",
              "url"),
          Row.of(
              "preference-without-hosts",
              "`targetServerType` prefers a kind of server, and the URL has one host",
              "there is nothing to prefer: name all the hosts in the URL, or leave it out",
              f -> f.hosts() == 1 && f.targets("prefersecondary", "preferslave", "preferprimary"),
              TARGET,
              "url"),
          Row.of(
              "balance-over-standbys",
              "`loadBalanceHosts` is on, with several hosts and no `targetServerType`",
              "connections that are to write go to standbys as well, if there are any: set"
                  + " targetServerType = primary, and a pool of its own for what only reads",
              f ->
                  f.is(PropertyNames.LOAD_BALANCE_HOSTS, "true")
                      && f.hosts() > 1
                      && f.targets("", "any")
                      && !f.is("readOnly", "true"),
              "properties.loadBalanceHosts",
              TARGET),
          Row.of(
              "primary-that-only-reads",
              "a primary is wanted, and `options` sets `default_transaction_read_only`",
              "pgjdbc takes a server that doesn't write for a standby, so that no primary is ever"
                  + " found: leave one of them out",
              f ->
                  f.targets("primary", "master") && f.isSwitchedOn("default_transaction_read_only"),
              TARGET,
              "properties.options"),
          Row.of(
              "init-behind-pooler",
              "`connection-init-sql` is set behind a pooler that lends by transaction",
              "what it sets is another's by the next transaction: ALTER ROLE ... SET it, or set it in"
                  + " each transaction",
              f -> f.isLentByTransaction() && f.config().connectionInitSql() != null,
              "connection-init-sql",
              "pooler"),
          Row.of(
              "discard-behind-pooler",
              "`reset` is `discard-all` behind a pooler that lends by transaction",
              "nothing is reset here, for it would be reset on somebody else's server connection:"
                  + " leave it out, and let the pooler reset its own (server_reset_query)",
              f -> f.isLentByTransaction() && f.config().reset() == ResetMode.DISCARD_ALL,
              "reset",
              "pooler"),
          Row.of(
              "options-behind-pooler",
              "`options` are set behind a pooler",
              "a pooler refuses a login with options, or drops them: ALTER ROLE ... SET what they"
                  + " say",
              f -> f.isBehindPooler() && !f.options().isBlank(),
              "properties.options",
              "pooler"),
          Row.of(
              "schema-behind-pooler",
              "`currentSchema` is set behind a pooler",
              "a pooler refuses a login with it, or drops it, unless it was told to keep it: leave it"
                  + " out, and ALTER ROLE ... SET search_path, or name the schema in the statements",
              f -> f.isBehindPooler() && f.isSaid("currentSchema"),
              "properties.currentSchema",
              "pooler"),
          Row.of(
              "pooler-denied",
              "`pooler` is `none`, and the host is known to be one",
              "sessions are used that the pooler lends to others between transactions: leave pooler"
                  + " at auto, or take the provider's direct host",
              f ->
                  f.config().pooler() == PoolerMode.NONE
                      && (f.destination().knownPooler() == PoolerMode.TRANSACTION
                          || f.destination().knownPooler() == PoolerMode.SESSION),
              "pooler",
              "url"),
          Row.of(
              "pooler-assumed",
              "`pooler` is `transaction` or `session`, and the host is known to be the server itself",
              "what can't be had through a pooler is done without, and needn't be: leave pooler at"
                  + " auto",
              f -> f.isBehindPooler() && f.destination().knownPooler() == PoolerMode.NONE,
              "pooler",
              "url"),
          Row.of(
              "sleep-after-beyond-suspension",
              "`sleep-after` is 300s or more with Neon",
              "Neon suspends the database, closing its connections, before the pool sleeps, which"
                  + " opens them anew and wakes it: make sleep-after a minute or so",
              f ->
                  f.destination().neon()
                      && f.sleeps()
                      && f.config().sleepAfter().compareTo(SUSPENDS_AFTER) >= 0,
              "sleep-after",
              "url"),
          Row.of(
              "awake-without-queries",
              "with Neon `sleep` is `off`, `health-check` is `look`, and connections may be idle"
                  + " for 300s",
              "Neon suspends the database under a pool that then opens its connections anew and"
                  + " wakes it, again and again: set sleep = auto, or health-check = query to keep it"
                  + " awake",
              f ->
                  f.destination().neon()
                      && f.config().sleep() == SleepMode.OFF
                      && f.config().healthCheck() == HealthCheck.LOOK
                      && (f.config().idleTimeout().isZero()
                          || f.config().minSize() > 0
                          || f.config().idleTimeout().compareTo(SUSPENDS_AFTER) >= 0),
              "sleep",
              "health-check",
              "idle-timeout",
              "min-size"),
          Row.of(
              "connect-under-cold-start",
              "`connect-timeout` is shorter than 5s with Neon",
              "a database that wakes up may take that long: set connect-timeout = 10s or more",
              f -> f.destination().neon() && f.config().connectTimeout().compareTo(COLD_START) < 0,
              "connect-timeout",
              "url"),
          Row.of(
              "neon-without-tls",
              "`sslmode` is `disable` with Neon",
              "Neon refuses a login without TLS: set sslmode = require or better",
              f -> f.destination().neon() && f.sslMode().equals("disable"),
              "properties.sslmode",
              "url"),
          Row.of(
              "user-twice",
              "the URL or `properties` names another role than `user`",
              "the one in the setting user counts: leave the other out",
              f ->
                  differs(f.config().user(), f.inUrl().get(PropertyNames.USER))
                      || differs(
                          f.config().user(), f.config().properties().get(PropertyNames.USER)),
              "user",
              "url"),
          Row.of(
              "password-twice",
              "the URL or `properties` has another password than `password`, or `password-file` or"
                  + " `password-env` is set beside it",
              "the one in the URL or the properties doesn't count: take it out",
              f -> isOverruled(f, f.inUrl()) || isOverruled(f, f.config().properties()),
              "url",
              "password",
              "password-file",
              "password-env"),
          Row.of(
              "property-twice",
              "a property is set to one value in the URL and to another in `properties`",
              "the one in the URL counts: leave one of them out",
              f ->
                  f.config().properties().entrySet().stream()
                      .filter(said -> !isLogin(said.getKey()))
                      .anyMatch(said -> differs(said.getValue(), f.inUrl().get(said.getKey()))),
              "url",
              "properties"));

  private PlaceRules() {}

  private static boolean isLogin(String property) {
    return property.equals(PropertyNames.USER) || property.equals(PropertyNames.PASSWORD);
  }

  private static boolean differs(@Nullable String one, @Nullable String other) {
    return one != null && other != null && !one.equals(other);
  }

  private static boolean isOverruled(Facts f, Map<String, String> place) {
    String there = place.get(PropertyNames.PASSWORD);
    return there != null
        && (f.config().passwordFile() != null
            || f.config().passwordEnv() != null
            || (f.config().password() != null && !Objects.equals(there, f.config().password())));
  }
}
