package io.everpool.postgresql.advice;

import io.everpool.api.ContradictionRule;
import io.everpool.api.HealthCheck;
import io.everpool.api.ResetMode;
import io.everpool.api.SleepMode;
import io.everpool.postgresql.driver.PropertyNames;
import java.util.List;

/** The rows for properties of pgjdbc that undo one another, or that undo what the pool is told. */
final class DriverRules {
  private static final String FETCH_SIZE = "properties.defaultRowFetchSize";
  private static final String MODE = "properties.preferQueryMode";
  private static final String OPTIONS = "properties.options";
  private static final String THRESHOLD = "properties.prepareThreshold";

  static final List<ContradictionRule<Facts>> TABLE =
      List.of(
          Row.of(
              "prepared-in-simple-mode",
              "`prepareThreshold` is set, and `preferQueryMode` is `simple`",
              "nothing is ever prepared on the server: leave one of them out",
              f -> prepares(f) && f.is("preferQueryMode", "simple"),
              THRESHOLD,
              MODE),
          Row.of(
              "prepared-without-memory",
              "`prepareThreshold` is set, and `preparedStatementCacheQueries` is 0",
              "a statement is forgotten when it is closed, and hardly ever executed often enough to be"
                  + " prepared on the server: leave preparedStatementCacheQueries out",
              f -> prepares(f) && f.number("preparedStatementCacheQueries", 1) == 0,
              THRESHOLD,
              "properties.preparedStatementCacheQueries"),
          Row.of(
              "prepared-and-discarded",
              "`prepareThreshold` is set, and `reset` is `discard-all`",
              "what was prepared on the server is discarded each time that a connection comes back:"
                  + " set reset = smart",
              f -> prepares(f) && f.config().reset() == ResetMode.DISCARD_ALL,
              THRESHOLD,
              "reset"),
          Row.of(
              "fetch-size-in-simple-mode",
              "`defaultRowFetchSize` is set, and `preferQueryMode` is `simple`",
              "results are read whole into memory all the same: leave preferQueryMode out",
              f -> f.number("defaultRowFetchSize", 0) > 0 && f.is("preferQueryMode", "simple"),
              FETCH_SIZE,
              MODE),
          Row.of(
              "adaptive-without-size",
              "`adaptiveFetch` is on, without `defaultRowFetchSize` or without `maxResultBuffer`",
              "nothing adapts: set both",
              f ->
                  f.is("adaptiveFetch", "true")
                      && (f.number("defaultRowFetchSize", 0) <= 0 || !f.isSaid("maxResultBuffer")),
              "properties.adaptiveFetch",
              FETCH_SIZE,
              "properties.maxResultBuffer"),
          Row.of(
              "adaptive-bounds",
              "`adaptiveFetchMinimum` is above `adaptiveFetchMaximum`",
              "there is no number of rows between them: exchange them",
              f ->
                  f.number("adaptiveFetchMaximum", -1) >= 0
                      && f.number("adaptiveFetchMinimum", 0) > f.number("adaptiveFetchMaximum", -1),
              "properties.adaptiveFetchMinimum",
              "properties.adaptiveFetchMaximum"),
          Row.of(
              "read-only-ignored",
              "`readOnly` is true, and `readOnlyMode` is `ignore`",
              "connections write: leave readOnlyMode out",
              f -> f.is("readOnly", "true") && f.is("readOnlyMode", "ignore"),
              "properties.readOnly",
              "properties.readOnlyMode"),
          Row.of(
              "savepoints-without-autosave",
              "`cleanupSavepoints` is on, and `autosave` isn't",
              "there are no savepoints to clean up: leave it out",
              f ->
                  f.is("cleanupSavepoints", "true")
                      && (!f.isSaid("autosave") || f.is("autosave", "never")),
              "properties.cleanupSavepoints",
              "properties.autosave"),
          Row.of(
              "replication-with-extended-queries",
              "`replication` is set, and `preferQueryMode` isn't `simple`",
              "a server takes simple queries only where it replicates: set preferQueryMode = simple",
              f ->
                  f.isSaid(PropertyNames.REPLICATION)
                      && !f.is(PropertyNames.REPLICATION, "false")
                      && !f.is("preferQueryMode", "simple"),
              "properties.replication",
              MODE),
          Row.of(
              "schema-twice",
              "`currentSchema` is set, and `options` sets another `search_path`",
              "currentSchema counts: leave one of them out",
              f ->
                  f.isSaid("currentSchema")
                      && f.option("search_path") != null
                      && !f.is("currentSchema", String.valueOf(f.option("search_path"))),
              "properties.currentSchema",
              OPTIONS),
          Row.of(
              "name-twice",
              "`options` sets `application_name`",
              "ApplicationName counts, which is the pool's name where nobody says: set that, or name",
              f -> f.option("application_name") != null,
              OPTIONS,
              "properties.ApplicationName",
              "name"),
          Row.of(
              "outcome-without-durability",
              "`retry.commit-outcome` is on, and `options` sets `synchronous_commit` to off",
              "each writing transaction pays a round trip to know what becomes of a COMMIT, and a"
                  + " crash loses those that were acknowledged all the same: leave one of them out",
              f -> f.config().retry().commitOutcome() && f.isSwitchedOff("synchronous_commit"),
              "retry.commit-outcome",
              OPTIONS),
          Row.of(
              "look-without-socket",
              "`health-check` is `look`, and there is a `socketFactory`",
              "only Everpool's own sockets can be looked at: each examination is a query all the"
                  + " same. Leave socketFactory out",
              f -> f.config().healthCheck() == HealthCheck.LOOK && f.hasOwnSocket(),
              "health-check",
              "properties.socketFactory"),
          Row.of(
              "sleep-without-socket",
              "`sleep` is `on`, and there is a `socketFactory`",
              "only Everpool's own sockets can be looked at: each examination is a query, until the"
                  + " pool sleeps. Leave socketFactory out",
              f -> f.config().sleep() == SleepMode.ON && f.hasOwnSocket(),
              "sleep",
              "properties.socketFactory"));

  private DriverRules() {}

  private static boolean prepares(Facts f) {
    return f.number("prepareThreshold", 0) > 0;
  }
}
