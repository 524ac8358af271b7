package io.everpool.core.work;

import io.everpool.api.Verdict;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.jdbc.LeaseManager;
import io.everpool.core.observe.FailureText;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.observe.Repeats;
import io.everpool.core.upkeep.OutageLog;
import org.slf4j.Logger;

/**
 * Logs units that are run again, or cancelled. There is one line for each label and kind, and at
 * most one more every ten seconds, with the number of those left out. For units that have lost
 * their connection there is one line for the whole outage ({@link OutageLog}). Thread-safe.
 */
final class RerunLog {
  private static final Logger log = PoolEvents.log();

  private final LeaseManager leases;
  private final TimeSource time;

  /**
   * Only for kinds and labels. There may be many of them, and they must not crowd out what else is
   * told.
   */
  private final Repeats<Key> repeats = new Repeats<>();

  private enum Kind {
    CONFLICT,
    STALE_PLAN,
    OVERRUN
  }

  private record Key(Kind kind, String label) {}

  RerunLog(LeaseManager leases, TimeSource time) {
    this.leases = leases;
    this.time = time;
  }

  private int news(Kind kind, String label) {
    return repeats.news(new Key(kind, label), time.nanoTime());
  }

  /** A unit has run over its deadline. */
  void overrun(String label, String allowed) {
    String line = "Pool {}: {} has run over its deadline of {} and is cancelled";
    String pool = leases.config().name();
    int untold = news(Kind.OVERRUN, label);
    Repeats.warn(log, untold, line, pool, label, allowed);
  }

  void announce(Unit unit, Verdict verdict, Exception failure, Failures failures) {
    String pool = leases.config().name();
    String label = unit.options.label();
    String message = FailureText.of(failure);
    int run = failures.runs() + 1;
    switch (FailureKind.of(verdict)) {
      case CONFLICT ->
          Repeats.info(
              log,
              news(Kind.CONFLICT, label),
              "Pool {}: {} lost a race with another transaction and is run again (run {}): {}",
              pool,
              label,
              run,
              message);
      case STALE_PLAN ->
          Repeats.info(
              log,
              news(Kind.STALE_PLAN, label),
              "Pool {}: a table has changed under the statements that {} had prepared; it is run"
                  + " again with fresh ones: {}",
              pool,
              label,
              message);
      default -> {
        String line = "Pool {}: {} met a connection error ({}) and is run again ({} of {}): {}";
        int untold = leases.news(OutageLog.Kind.RERUN);
        if (untold >= 0) {
          log.warn(UnitRunner.RECONNECTING);
        }
        int next = failures.ofConnections() + 1;
        int most = leases.config().retry().maxAttempts();
        Repeats.info(log, untold, line, pool, label, verdict, next, most, message);
      }
    }
  }
}
