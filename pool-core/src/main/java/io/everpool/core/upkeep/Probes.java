package io.everpool.core.upkeep;

import io.everpool.api.CloseReason;
import io.everpool.api.HealthCheck;
import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.observe.PoolEvent.HealthCheckFailed;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Move;
import io.everpool.core.engine.Occupant;
import io.everpool.core.engine.Slot;
import io.everpool.core.observe.Journal;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/** Examines idle connections, each on a worker thread and out of everybody's reach meanwhile. */
final class Probes {
  private static final Logger log = Journal.log();

  private final PoolConfig config;
  private final Environment environment;
  private final Journal journal;
  private final Engine engine;
  private final boolean query;

  /** While the pool sleeps, nothing is sent and what is found says nothing alarming. */
  private volatile boolean asleep;

  Probes(
      PoolConfig config,
      Environment environment,
      Journal journal,
      Engine engine,
      boolean maySleep) {
    this.config = config;
    this.environment = environment;
    this.journal = journal;
    this.engine = engine;
    this.query =
        config.healthCheck() == HealthCheck.QUERY
            || (config.healthCheck() == HealthCheck.AUTO && !maySleep);
  }

  void asleep(boolean value) {
    asleep = value;
  }

  /** Examines the connection that was seen idle as {@code word}; by a look only if told so. */
  void begin(Slot slot, long word, boolean lookOnly) {
    if (slot.attempt(Move.PROBE, word)) {
      long probing = Slot.after(Move.PROBE, word);
      Occupant occupant = Closer.occupant(slot);
      environment.workers().execute(() -> probe(slot, probing, occupant, lookOnly));
    }
  }

  private void probe(Slot slot, long word, Occupant occupant, boolean lookOnly) {
    String ailment = ailment(occupant.physical(), lookOnly);
    if (ailment == null) {
      engine.pass(slot, word);
    } else {
      dead(slot, word, occupant, ailment);
    }
  }

  private @Nullable String ailment(PhysicalConnection physical, boolean lookOnly) {
    try {
      Look look = physical.look();
      if (look == Look.DEAD) {
        return "the server has closed it";
      }
      if (asleep && look != Look.UNSURE) {
        return null;
      }
      if (look == Look.UNSURE || (!lookOnly && (query || look == Look.BLIND))) {
        physical.validate(config.validationTimeout().toNanos());
      }
      return null;
    } catch (SQLException | RuntimeException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private void dead(Slot slot, long word, Occupant occupant, String ailment) {
    if (asleep) {
      log.debug("Pool {}: connection {} went while asleep", journal.pool(), occupant.number());
      engine.fail(slot, word, CloseReason.ASLEEP);
      return;
    }
    log.warn(
        "Connection health check failed (pool {}, connection {}): {}; it is replaced",
        journal.pool(),
        occupant.number(),
        ailment);
    journal.emit(new HealthCheckFailed(journal.pool(), occupant.number(), ailment));
    engine.fail(slot, word, CloseReason.FOUND_DEAD);
  }

  /** The examination has taken too long: the connection hangs. */
  void overdue(Slot slot, long word) {
    Occupant occupant = Closer.occupant(slot);
    environment.workers().execute(occupant.physical()::abort);
    dead(slot, word, occupant, "no answer within validation-timeout");
  }
}
