package io.everpool.core.jdbc;

import io.everpool.api.CloseReason;
import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.Verdict;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.observe.Repeats;
import io.everpool.core.upkeep.FailureReports;
import io.everpool.core.upkeep.FullServer;
import io.everpool.core.upkeep.OutageLog;
import io.everpool.core.upkeep.Resets;
import io.everpool.core.upkeep.Rest;
import io.everpool.core.upkeep.SharedState;
import io.everpool.core.upkeep.Sleepers;
import java.sql.SQLException;
import java.util.function.Function;
import org.slf4j.Logger;

/**
 * The look at a connection that has rested, before it is lent. On the acquiring thread, who holds
 * the lease already.
 */
final class AcquireCheck {
  private static final Logger log = PoolEvents.log();

  private static final String USED_BY_OTHERS =
      "Pool {}: connection {} was used while nobody had it, by the driver's own object, which"
          + " somebody has kept from an earlier lease; it is closed. What unwrap gives is to be used"
          + " until the connection is closed, and no longer";

  private final PoolConfig config;
  private final Function<Throwable, Verdict> classifier;
  private final Engine engine;
  private final Resets resets;
  private final Sleepers sleepers;
  private final Rest rest;
  private final FullServer full;
  private final FailureReports reports;
  private final OutageLog outages;
  private final TimeSource time;
  private final Repeats<String> repeats = new Repeats<>();

  AcquireCheck(
      PoolConfig config,
      Function<Throwable, Verdict> classifier,
      SharedState shared,
      TimeSource time) {
    this.config = config;
    this.classifier = classifier;
    this.engine = shared.engine();
    this.resets = shared.resets();
    this.sleepers = shared.sleepers();
    this.rest = shared.rest();
    this.full = shared.full();
    this.reports = shared.reports();
    this.outages = shared.outages();
    this.time = time;
  }

  /**
   * Whether the connection has slept, and is examined now before anybody is lent it: the lease is
   * over, and whoever wants a connection waits for one.
   */
  boolean isLeftToExamination(Slot slot, long lease) {
    return sleepers.leaveToExamination(slot, lease);
  }

  /**
   * Whether the connection can be lent. One that has rested is looked at: that costs a microsecond
   * and sends nothing; only where it can't tell is the server asked. A dead one is closed, and
   * nobody need know. Whatever the driver throws, or if it never answers, the lease ends.
   *
   * @param waited whether somebody has waited for it: he asks a server that had no room for more
   *     whether it has, now and then
   */
  boolean passes(Slot slot, long lease, Session session, boolean waited) {
    boolean rested = slot.hadRested(lease);
    if (rested) {
      rest.stir(slot);
    }
    boolean asks = waited && full.takeQuestion();
    if (!rested && !asks && !session.wantsCare()) {
      return true;
    }
    boolean slept = slot.hadSlept(lease);
    Throwable failure = null;
    boolean used = false;
    boolean alive = false;
    resets.started(slot, lease, CloseReason.FOUND_DEAD);
    try {
      used = session.isUsedByOthers(); // first: what is asked of such a one may wait for ever
      alive = !used && (!rested || answers(session.physical(), slept));
      if (alive) {
        if (asks) {
          full.ask(session.physical());
        }
        session.beginRequest();
      }
    } catch (Throwable e) {
      failure = e;
    } finally {
      resets.ended(slot, lease);
    }
    if (alive && failure == null) {
      if (slept) {
        slot.sleptWord = 0; // it has answered
      }
      return true;
    }
    if (used) {
      engine.cut(slot, lease, CloseReason.RESET_FAILED);
      tellOfOthers(session);
      return false;
    }
    if (slept) {
      engine.cut(slot, lease, CloseReason.ASLEEP);
      log.debug("Pool {}: {} went while asleep", config.name(), session, failure);
      return false;
    }
    engine.retire(slot, lease, CloseReason.FOUND_DEAD);
    String line = "Pool {}: connection {} was found dead when it was to be lent; it is replaced";
    if (outages.isKnown()) {
      log.debug(line, config.name(), session.number());
    } else {
      log.info(line, config.name(), session.number());
    }
    if (failure instanceof SQLException) {
      Verdict verdict = classifier.apply(failure);
      log.debug("Pool {}: {} doesn't answer ({})", config.name(), session, verdict, failure);
      reports.failed(session, verdict, String.valueOf(failure.getMessage()));
    } else {
      log.debug("Pool {}: {} doesn't answer", config.name(), session, failure);
      reports.suspect();
    }
    return false;
  }

  /** Who does so may do it in each lease. */
  private void tellOfOthers(Session session) {
    int untold = repeats.news(USED_BY_OTHERS, time.nanoTime());
    Repeats.warn(log, untold, USED_BY_OTHERS, config.name(), session.number());
  }

  /**
   * A look doesn't show a server that hangs, and while the pool slept nobody has asked. Who can't
   * wait for that to be done asks himself.
   */
  private boolean answers(PhysicalConnection physical, boolean slept) throws SQLException {
    Look look = physical.look();
    if (look != Look.DEAD && (look != Look.ALIVE || slept)) {
      physical.validate(config.validationTimeout().toNanos());
    }
    return look != Look.DEAD;
  }
}
