package io.everpool.postgresql.advice;

import io.everpool.api.ContradictionRule;
import io.everpool.postgresql.driver.PropertyNames;
import io.everpool.postgresql.socket.KeepAlive;
import java.time.Duration;
import java.util.List;

/**
 * The rows that hold limits of time against each other: the pool's, the driver's, and those in
 * {@code options}.
 */
final class TimeRules {
  private static final String COMMAND = "command-timeout";
  private static final String CONNECT = "connect-timeout";
  private static final String OPTIONS = "properties.options";
  private static final String SOCKET = "properties.socketTimeout";
  private static final String KEEP_ALIVE = "properties.tcpKeepAlive";
  private static final String QUERY = "properties.queryTimeout";

  private static final Duration DEFAULT_COMMAND = Duration.ofSeconds(60);

  static final List<ContradictionRule<Facts>> TABLE =
      List.of(
          Row.of(
              "socket-under-command",
              "`socketTimeout` is `command-timeout` or shorter",
              "a statement that may run so long loses its connection first, and nobody knows what"
                  + " became of it: set socketTimeout ten seconds above command-timeout, or leave it"
                  + " out, for then it is",
              f ->
                  f.option("statement_timeout") == null
                      && isWithin(f.seconds(PropertyNames.SOCKET_TIMEOUT), f.statementLimit()),
              SOCKET,
              COMMAND),
          Row.of(
              "socket-under-options",
              "`socketTimeout` is the `statement_timeout` in `options` or shorter",
              "a statement that may run so long loses its connection first, and nobody knows what"
                  + " became of it: set socketTimeout above statement_timeout",
              f ->
                  f.option("statement_timeout") != null
                      && isWithin(f.seconds(PropertyNames.SOCKET_TIMEOUT), f.statementLimit()),
              SOCKET,
              OPTIONS),
          Row.of(
              "command-overruled",
              "`options` has another `statement_timeout` than a `command-timeout` that is set",
              "the one in options counts: leave one of them out",
              f ->
                  f.option("statement_timeout") != null
                      && !f.config().commandTimeout().equals(DEFAULT_COMMAND)
                      && !f.statementLimit().equals(f.config().commandTimeout()),
              COMMAND,
              OPTIONS),
          Row.of(
              "login-under-connect",
              "`loginTimeout` is shorter than `connect-timeout`",
              "a login is given up after loginTimeout, and connect-timeout never counts: leave"
                  + " loginTimeout out",
              f -> isUnder(f.seconds(PropertyNames.LOGIN_TIMEOUT), f.config().connectTimeout()),
              "properties.loginTimeout",
              CONNECT),
          Row.of(
              "login-beyond-connect",
              "`loginTimeout` is longer than `connect-timeout`",
              "a login is given up after connect-timeout, and loginTimeout never counts: raise"
                  + " connect-timeout if logins take so long, or leave loginTimeout out",
              f -> isOver(f.seconds(PropertyNames.LOGIN_TIMEOUT), f.config().connectTimeout()),
              "properties.loginTimeout",
              CONNECT),
          Row.of(
              "socket-connect-beyond-connect",
              "the driver's `connectTimeout` is longer than `connect-timeout`",
              "a connect is given up after connect-timeout, and the driver's connectTimeout never"
                  + " counts: raise connect-timeout, or leave connectTimeout out",
              f -> isOver(f.seconds(PropertyNames.CONNECT_TIMEOUT), f.config().connectTimeout()),
              "properties.connectTimeout",
              CONNECT),
          Row.of(
              "no-limit-at-all",
              "`tcpKeepAlive` is off, and there is no `command-timeout` and no `socketTimeout`",
              "a caller whose server vanishes waits for ever: leave tcpKeepAlive on, or set"
                  + " command-timeout",
              f ->
                  !f.keepsAlive()
                      && f.statementLimit().isZero()
                      && f.seconds(PropertyNames.SOCKET_TIMEOUT).isZero(),
              KEEP_ALIVE,
              COMMAND),
          Row.of(
              "look-without-keepalive",
              "`tcpKeepAlive` is off, and idle connections are looked at, not asked",
              "nobody finds out that the other end of an idle connection has vanished: leave"
                  + " tcpKeepAlive on, or set health-check = query",
              f -> !f.keepsAlive() && f.looks(),
              KEEP_ALIVE,
              "health-check"),
          Row.of(
              "keepalive-times-switched-off",
              "`keepalives_idle`, `_interval` or `_count` is set, and `keepalives` is 0",
              "the kernel asks nothing, at whatever intervals: leave keepalives at 1",
              f -> !f.keepsAlive() && !f.keepAlive().equals(KeepAlive.DEFAULT),
              "url",
              KEEP_ALIVE),
          Row.of(
              "keepalive-times-of-another-socket",
              "`keepalives_idle`, `_interval` or `_count` is set, and so is a `socketFactory`",
              "they are for Everpool's own sockets: let the factory set them, or leave it out",
              f -> f.hasOwnSocket() && !f.keepAlive().equals(KeepAlive.DEFAULT),
              "url",
              "properties.socketFactory"),
          Row.of(
              "keepalive-beyond-lifetime",
              "`keepalives_idle`, `_interval` or `_count` is set, and a peer that vanishes is missed after"
                  + " `max-lifetime` only",
              "a connection is replaced before keepalive could find it dead: lower keepalives_idle,"
                  + " _interval or _count",
              f ->
                  f.keepsAlive()
                      && !f.keepAlive().equals(KeepAlive.DEFAULT)
                      && !f.hasOwnSocket()
                      && isWithin(f.config().maxLifetime(), missedAfter(f.keepAlive())),
              "url",
              "max-lifetime"),
          Row.of(
              "query-timeout-beyond-command",
              "`queryTimeout` is longer than `command-timeout`",
              "the server ends a statement after command-timeout, and queryTimeout never counts:"
                  + " raise command-timeout, or leave queryTimeout out",
              f ->
                  !f.isBehindPooler()
                      && isSet(f.statementLimit())
                      && isOver(f.seconds(PropertyNames.QUERY_TIMEOUT), f.statementLimit()),
              QUERY,
              COMMAND),
          Row.of(
              "socket-under-query-timeout",
              "`socketTimeout` is `queryTimeout` or shorter",
              "a statement that may run so long loses its connection before the driver cancels it:"
                  + " set socketTimeout above queryTimeout",
              f ->
                  isWithin(
                      f.seconds(PropertyNames.SOCKET_TIMEOUT),
                      f.seconds(PropertyNames.QUERY_TIMEOUT)),
              SOCKET,
              QUERY),
          Row.of(
              "lock-beyond-statement",
              "the `lock_timeout` in `options` is as long as a statement may run, or longer",
              "a statement that waits for a lock is ended by its own limit first: make lock_timeout"
                  + " the shorter one",
              f -> isWithin(f.statementLimit(), f.optionTime("lock_timeout")),
              OPTIONS,
              COMMAND),
          Row.of(
              "transaction-under-statement",
              "the `transaction_timeout` in `options` is as long as a statement may run, or shorter",
              "the server closes the connection before a statement reaches its own limit: make"
                  + " transaction_timeout the longer one",
              f -> isWithin(f.optionTime("transaction_timeout"), f.statementLimit()),
              OPTIONS,
              COMMAND),
          Row.of(
              "idle-session-under-idle",
              "the `idle_session_timeout` in `options` is shorter than connections may be idle",
              "the server closes idle connections under the pool, which takes that for losses: let"
                  + " idle-timeout and max-lifetime close them, and leave idle_session_timeout out",
              f -> isUnder(f.optionTime("idle_session_timeout"), Idleness.longest(f.config())),
              OPTIONS,
              "min-size",
              "idle-timeout",
              "max-lifetime"));

  private TimeRules() {}

  private static boolean isSet(Duration limit) {
    return !limit.isZero();
  }

  /** Whether both limits are set, and {@code limit} ends first or together with {@code other}. */
  private static boolean isWithin(Duration limit, Duration other) {
    return isSet(limit) && isSet(other) && limit.compareTo(other) <= 0;
  }

  private static boolean isUnder(Duration limit, Duration other) {
    return isSet(limit) && limit.compareTo(other) < 0;
  }

  private static boolean isOver(Duration limit, Duration other) {
    return isSet(limit) && limit.compareTo(other) > 0;
  }

  private static Duration missedAfter(KeepAlive keepAlive) {
    return Duration.ofSeconds(
        keepAlive.idleSeconds() + (long) keepAlive.intervalSeconds() * keepAlive.count());
  }
}
