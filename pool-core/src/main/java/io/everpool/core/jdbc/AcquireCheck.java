package io.everpool.core.jdbc;

import io.everpool.api.CloseReason;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.observe.FailureText;
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
 * Looks at a connection that has rested before it is lent. The acquiring thread calls this, and it
 * holds the lease already.
 */
final class AcquireCheck {
  private static final Logger log = PoolEvents.log();

  private static final String USED_BY_OTHERS =
      "Pool {}: connection {} was used while nobody had it, by the driver's own object, which"
          + " somebody has kept from an earlier lease; it is closed. What unwrap gives is to be used"
          + " until the connection is closed, and no longer";

  /**
   * A server that is asked has at least this long to answer, however soon the caller wants to go:
   * drivers count such a timeout in whole seconds. Nanoseconds.
   */
  static final long LEAST = 1_000_000_000L;

  /**
   * A caller who can wait for less than {@link #patience}, but by no more than this, is treated as
   * if he could wait for all of it; nanoseconds.
   */
  private static final long MOMENT = 100_000_000L;

  private final PoolConfig config;

  /** How long a connection may take to answer; nanoseconds. */
  private final long patience;

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
    this.patience = config.validationTimeout().toNanos();
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
   * Leaves the connection to upkeep, which examines it before anybody is lent it, and returns
   * whether it did so: then the lease is over, and the caller has to wait for a connection. That is
   * done with a connection that has slept. It is also done with one whose server has to be asked if
   * the caller may have to go before the answer: in line he is told in time, and the connection has
   * its full time to answer.
   *
   * @param left how long the caller can wait; nanoseconds
   */
  boolean isLeftToExamination(Slot slot, long lease, Session session, long left) {
    return (slot.hadSlept(lease)
            || (isShort(left) && slot.hadRested(lease) && hasToBeAsked(slot, lease, session)))
        && sleepers.leaveToExamination(slot, lease);
  }

  private boolean isShort(long left) {
    return left < patience - MOMENT;
  }

  /**
   * Whether a look doesn't tell if the connection lives. If the look itself fails the answer is no,
   * and {@link #passes} gives the connection up.
   */
  private boolean hasToBeAsked(Slot slot, long lease, Session session) {
    resets.started(slot, lease, CloseReason.FOUND_DEAD);
    try {
      Look look = session.physical().look();
      return look == Look.BLIND || look == Look.UNSURE;
    } catch (Throwable e) {
      return false;
    } finally {
      resets.ended(slot, lease);
    }
  }

  /**
   * Whether the connection can be lent. One that has rested is looked at, which costs a microsecond
   * and sends nothing; the server is asked only if the look can't tell. A dead connection is
   * closed, and the caller isn't told. The lease also ends if the driver throws anything, or never
   * answers.
   *
   * @param waited whether the caller has waited for it: now and then such a caller asks a server
   *     that had no room for more connections whether it has room now
   * @param left how long he can wait for it; nanoseconds
   */
  boolean passes(Slot slot, long lease, Session session, boolean waited, long left) {
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
    long allowed = isShort(left) ? Math.min(patience, Math.max(LEAST, left)) : patience;
    long begun = time.nanoTime();
    resets.started(slot, lease, CloseReason.FOUND_DEAD);
    try {
      // This comes first, for a question to a connection that others use may wait for ever.
      used = session.isUsedByOthers();
      alive = !used && (!rested || answers(session.physical(), slept, allowed));
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
        slot.sleptWord = 0; // the server has answered
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
    // In less time than it may take to answer, silence is no evidence against the server.
    boolean hurried = allowed < patience && time.nanoTime() - begun >= allowed;
    if (failure instanceof SQLException && !hurried) {
      Verdict verdict = classifier.apply(failure);
      log.debug("Pool {}: {} doesn't answer ({})", config.name(), session, verdict, failure);
      reports.failed(session, verdict, FailureText.whole(failure));
    } else {
      log.debug("Pool {}: {} doesn't answer", config.name(), session, failure);
      reports.suspect();
    }
    return false;
  }

  /**
   * Logs it, but not each time: a program that keeps the driver's object may do so in each lease.
   */
  private void tellOfOthers(Session session) {
    int untold = repeats.news(USED_BY_OTHERS, time.nanoTime());
    Repeats.warn(log, untold, USED_BY_OTHERS, config.name(), session.number());
  }

  /**
   * Whether the connection lives. A look doesn't show a server that hangs, and while the pool slept
   * nobody asked the server. So a caller who couldn't leave a sleeper to examination asks the
   * server himself.
   */
  private boolean answers(PhysicalConnection physical, boolean slept, long allowed)
      throws SQLException {
    Look look = physical.look();
    if (look != Look.DEAD && (look != Look.ALIVE || slept)) {
      physical.validate(allowed);
    }
    return look != Look.DEAD;
  }
}
