package io.everpool.core.upkeep;

import io.everpool.api.PoolConfig;
import io.everpool.core.engine.Occupant;
import io.everpool.core.observe.Journal;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;

/**
 * Watches over the clean-up of connections that come back: it runs on its holder's thread, which a
 * server that hangs would keep for ever.
 */
public final class Resets {
  private static final Logger log = Journal.log();

  private final PoolConfig config;
  private final Environment environment;
  private final Journal journal;
  private final Map<Occupant, Long> deadlines = new ConcurrentHashMap<>();

  Resets(PoolConfig config, Environment environment, Journal journal) {
    this.config = config;
    this.environment = environment;
    this.journal = journal;
  }

  /** A clean-up begins; its connection is cut if it doesn't end in time. */
  public void started(Occupant occupant) {
    deadlines.put(occupant, environment.time().nanoTime() + config.resetTimeout().toNanos());
  }

  public void ended(Occupant occupant) {
    deadlines.remove(occupant);
  }

  void enforce(long now) {
    if (deadlines.isEmpty()) {
      return;
    }
    deadlines.forEach(
        (occupant, deadline) -> {
          if (now - deadline >= 0 && deadlines.remove(occupant, deadline)) {
            log.warn(
                "Pool {}: connection {} could not be cleaned within reset-timeout and is cut",
                journal.pool(),
                occupant.number());
            environment.workers().execute(occupant.physical()::abort);
          }
        });
  }
}
