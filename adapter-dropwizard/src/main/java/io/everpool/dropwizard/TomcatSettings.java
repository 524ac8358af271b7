package io.everpool.dropwizard;

import io.everpool.api.EditDistance;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The settings of Dropwizard's own factory, that of Tomcat's pool, as settings of ours, so that an
 * application that comes from there needs no changes. For a setting without a counterpart, a note
 * says why. This is one table; docs/dropwizard.md is its printed form.
 */
final class TomcatSettings {
  private static final String REMOVE_ABANDONED = "remove-abandoned";
  private static final String REMOVE_ABANDONED_TIMEOUT = "remove-abandoned-timeout";
  private static final String IGNORE_EXCEPTION = "ignore-exception-on-pre-load";
  private static final String COMMIT_ON_RETURN = "commit-on-return";

  /** The value of {@code removeAbandonedTimeout} in Dropwizard if it isn't set. */
  private static final String ABANDONED_AFTER = "60s";

  /**
   * How many letters of an unknown key may differ from one of these for it to be taken for a
   * misspelling.
   */
  private static final int SLIP = 2;

  /** What becomes of one of Dropwizard's settings. */
  sealed interface Row permits Counterpart, Itself, Nothing {}

  /**
   * The setting has a counterpart among ours.
   *
   * @param key our setting's key
   * @param value gives our setting's value for a value of Dropwizard's
   * @param note a note for the page
   */
  private record Counterpart(String key, UnaryOperator<String> value, String note) implements Row {}

  /**
   * The setting does what it does with Dropwizard's own pool: {@link SessionDefaults} or Dropwizard
   * itself sees to that.
   *
   * @param note a note for the page
   */
  private record Itself(String note) implements Row {}

  /**
   * The setting has no counterpart.
   *
   * @param why the end of the sentence "... has no counterpart: "
   */
  private record Nothing(String why) implements Row {}

  /**
   * A value for one of our settings.
   *
   * @param from the key of Dropwizard's from which it comes
   */
  record Value(String key, String value, String from) {}

  private static final Map<String, Row> ROWS = new LinkedHashMap<>();

  static {
    same("initial-size", "min-size", "where `minSize` isn't set");
    same("max-wait-for-connection", "acquire-timeout", "and how long the start waits");
    same("max-connection-age", "max-lifetime", "");
    same("min-idle-time", "idle-timeout", "");
    same("eviction-interval", "health-check-interval", "at rest the pool has no tick");
    same("validation-query-timeout", "validation-timeout", "for Dropwizard's health check, too");
    same("initialization-query", "connection-init-sql", "");
    row(IGNORE_EXCEPTION, "fail-fast", TomcatSettings::opposite, "the opposite");
    row(REMOVE_ABANDONED, "leak-threshold", truth -> ABANDONED_AFTER, "told of, and not removed");
    same(REMOVE_ABANDONED_TIMEOUT, "leak-threshold", "where `removeAbandoned` is true");
    itself(SessionDefaults.AUTO_COMMIT, "at each lease");
    itself(SessionDefaults.READ_ONLY, "at each lease");
    itself(SessionDefaults.ISOLATION, "at each lease");
    itself(BundleSettings.AUTO_COMMENTS, "");
    itself(
        BundleSettings.VALIDATION_QUERY,
        "for Dropwizard's health check; the pool asks in its own way");
    none(BundleSettings.DRIVER_CLASS, "the driver is found by the URL");
    none("check-connection-while-idle", "idle connections are always examined");
    none("check-connection-on-borrow", "what was idle for a while is looked at, without a query");
    none("check-connection-on-connect", "a login is proof enough");
    none("check-connection-on-return", "what failed in use is known");
    none("validation-interval", "what was idle for a while is looked at, without a query");
    none("validator-class-name", "a Classifier says what a failure means");
    none("log-validation-errors", "they are logged");
    none(COMMIT_ON_RETURN, "nothing uncommitted is committed by a close");
    none("rollback-on-return", "it is always so, with a warning that says where");
    none("default-catalog", "the database is in the URL");
    none("use-fair-queue", "waiters are served in order");
    none("alternate-usernames-allowed", "a pool has one user");
    none("abandon-when-percentage-full", "no connection is taken from its holder");
    none("log-abandoned-connections", "leak-threshold tells of them, leak-stack-traces where");
    none("jdbc-interceptors", "a LeaseInterceptor works on connections");
  }

  /** The settings that are set, by key in kebab case. */
  private final Map<String, String> given;

  /**
   * @param given the settings that are set, by key in kebab case; other keys don't matter
   */
  TomcatSettings(Map<String, String> given) {
    this.given = given;
  }

  private static void same(String name, String key, String note) {
    row(name, key, UnaryOperator.identity(), note);
  }

  private static void row(String name, String key, UnaryOperator<String> value, String note) {
    ROWS.put(name, new Counterpart(key, value, note));
  }

  private static void itself(String name, String note) {
    ROWS.put(name, new Itself(note));
  }

  private static void none(String name, String why) {
    ROWS.put(name, new Nothing(why));
  }

  /** The opposite of a truth value; a value that is neither true nor false is refused elsewhere. */
  private static String opposite(String truth) {
    return String.valueOf(!isTrue(truth));
  }

  private static boolean isTrue(@Nullable String value) {
    Boolean truth = value == null ? null : Truth.parse(value);
    return truth != null && truth;
  }

  /** Dropwizard's names, in kebab case, in the order of the page. */
  static Map<String, Row> rows() {
    return Collections.unmodifiableMap(ROWS);
  }

  /** What the second and the third column of the page say about a row. */
  static List<String> printed(Row row) {
    if (row instanceof Counterpart ours) {
      return List.of("`" + ours.key() + "`", ours.note());
    }
    return row instanceof Itself itself
        ? List.of("itself", itself.note())
        : List.of("", ((Nothing) row).why());
  }

  /** The name of these that was most likely meant by {@code key}, which nobody knows. */
  static Optional<String> nearest(String key) {
    return ROWS.keySet().stream()
        .filter(known -> EditDistance.between(key, known) <= SLIP)
        .findFirst()
        .map(Names::camel);
  }

  /**
   * The values for settings of ours, in the order of the table; if two are for the same setting,
   * the last counts.
   */
  List<Value> values() {
    List<Value> values = new ArrayList<>();
    ROWS.forEach(
        (name, row) -> {
          String value = given.get(name);
          if (value != null && row instanceof Counterpart ours && counts(name)) {
            values.add(new Value(ours.key(), ours.value().apply(value), name));
          }
        });
    return values;
  }

  private boolean counts(String name) {
    return !(name.equals(REMOVE_ABANDONED) || name.equals(REMOVE_ABANDONED_TIMEOUT))
        || isTrue(given.get(REMOVE_ABANDONED));
  }

  /** Adds a problem for each setting that would be lost without a word. */
  void refuse(List<String> problems) {
    Boolean commits = Truth.of(COMMIT_ON_RETURN, given::get, problems);
    if (commits != null && commits) {
      problems.add(
          Names.camel(COMMIT_ON_RETURN)
              + " must not be true: nothing uncommitted is committed by a close, so that what an"
              + " application writes would be rolled back. Have it commit, and leave this out");
    }
    Truth.of(REMOVE_ABANDONED, given::get, problems);
    Truth.of(IGNORE_EXCEPTION, given::get, problems);
  }

  /** A sentence for each setting that has no counterpart. */
  List<String> notes() {
    List<String> notes = new ArrayList<>();
    ROWS.forEach(
        (name, row) -> {
          if (given.containsKey(name) && row instanceof Nothing nothing) {
            notes.add(Names.camel(name) + " has no counterpart in Everpool: " + nothing.why());
          }
        });
    @Nullable String after = given.get(REMOVE_ABANDONED_TIMEOUT);
    if (after != null && !counts(REMOVE_ABANDONED_TIMEOUT)) {
      notes.add(Names.camel(REMOVE_ABANDONED_TIMEOUT) + " means nothing without removeAbandoned");
    }
    return notes;
  }
}
