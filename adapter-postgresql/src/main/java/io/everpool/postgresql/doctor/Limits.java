package io.everpool.postgresql.doctor;

import io.everpool.api.PoolConfig;
import io.everpool.postgresql.advice.Idleness;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Compares the server's limits of time, as they are in a session of the pool, with the pool's own.
 *
 * @param server the limits by the server's names; zero for no limit, and absent where this server
 *     has no limit of that name
 */
record Limits(PoolConfig config, Map<String, Duration> server) {

  /** The largest value that the server accepts for such a limit, in milliseconds. */
  private static final long MOST_MILLIS = Integer.MAX_VALUE;

  private Duration of(String name) {
    return server.getOrDefault(name, Duration.ZERO);
  }

  private boolean isSet(String name) {
    return !of(name).isZero();
  }

  /** What should be set otherwise, a sentence for each. */
  List<String> advice() {
    List<String> advice = new ArrayList<>();
    Duration statement = of("statement_timeout");
    if (!config.commandTimeout().isZero() && statement.isZero()) {
      advice.add(
          "statement_timeout is 0 on the server, though command-timeout is "
              + shown(config.commandTimeout())
              + ": what the driver can't cancel runs on. ALTER ROLE ... SET statement_timeout = "
              + Math.min(MOST_MILLIS, config.commandTimeout().toMillis()));
    }
    if (isSet("idle_session_timeout")
        && of("idle_session_timeout").compareTo(Idleness.longest(config)) < 0) {
      advice.add(
          "idle_session_timeout is "
              + shown(of("idle_session_timeout"))
              + " on the server, and connections may be idle in the pool for longer: it closes them"
              + " under the pool. ALTER ROLE ... SET idle_session_timeout = 0, for the pool closes its"
              + " own");
    }
    if (isSet("transaction_timeout")
        && !statement.isZero()
        && of("transaction_timeout").compareTo(statement) <= 0) {
      advice.add(
          "transaction_timeout is "
              + shown(of("transaction_timeout"))
              + " on the server, and a statement may run for "
              + shown(statement)
              + ": it closes the connection first. Make it the longer one");
    }
    if (isSet("lock_timeout")
        && !statement.isZero()
        && of("lock_timeout").compareTo(statement) >= 0) {
      advice.add(
          "lock_timeout is "
              + shown(of("lock_timeout"))
              + " on the server, and a statement may run for "
              + shown(statement)
              + ", waiting for locks included: make it the shorter one");
    }
    return advice;
  }

  /** All of the limits in words. */
  String text() {
    return "statement_timeout "
        + shown(of("statement_timeout"))
        + ", idle_in_transaction_session_timeout "
        + shown(of("idle_in_transaction_session_timeout"))
        + ", idle_session_timeout "
        + shown(of("idle_session_timeout"))
        + ", client_connection_check_interval "
        + shown(of("client_connection_check_interval"))
        + "; none strikes before the pool's own";
  }

  private static String shown(Duration limit) {
    return limit.isZero()
        ? "0"
        : limit.toMillis() % 1000 == 0 ? limit.toSeconds() + "s" : limit.toMillis() + "ms";
  }
}
