package io.everpool.core.work;

import io.everpool.api.driver.Verdict;
import io.everpool.core.jdbc.LeaseManager;
import io.everpool.core.observe.FailureText;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.upkeep.OutageLog;
import org.slf4j.Logger;

/** What the log tells of units that are run again. Thread-safe. */
final class RerunLog {
  private static final Logger log = PoolEvents.log();

  private final LeaseManager leases;

  RerunLog(LeaseManager leases) {
    this.leases = leases;
  }

  void announce(Unit unit, Verdict verdict, Exception failure, Failures failures) {
    String pool = leases.config().name();
    String label = unit.options.label();
    String message = FailureText.of(failure);
    int run = failures.runs() + 1;
    switch (FailureKind.of(verdict)) {
      case CONFLICT ->
          log.info(
              "Pool {}: {} lost a race with another transaction and is run again (run {}): {}",
              pool,
              label,
              run,
              message);
      case STALE_PLAN ->
          log.info(
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
        OutageLog.note(untold, line, pool, label, verdict, next, most, message);
      }
    }
  }
}
