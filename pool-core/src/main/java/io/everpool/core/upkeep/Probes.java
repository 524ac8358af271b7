package io.everpool.core.upkeep;

import io.everpool.api.CloseReason;
import io.everpool.api.HealthCheck;
import io.everpool.api.PoolConfig;
import io.everpool.api.ResetMode;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.api.observe.PoolEvent.HealthCheckFailed;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Move;
import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.Slot;
import io.everpool.core.observe.FailureText;
import io.everpool.core.observe.GuardedCall;
import io.everpool.core.observe.PoolEvents;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/** Examines idle connections on worker threads; meanwhile nobody can be lent them. */
final class Probes {

  private static final Logger log = PoolEvents.log();

  private static final String WHAT = "examining a connection";

  /** Somebody has kept the driver's own object and uses it; that says nothing of the server. */
  private static final String USED_BY_OTHERS = "it is used while nobody has it";

  /** There was a failover; no connection ends in this way because its server sleeps. */
  private static final String WRITES_NO_MORE = "its server writes no more";

  private final PoolConfig config;
  private final Function<Throwable, Verdict> classifier;
  private final Workers workers;
  private final PoolEvents events;
  private final FailureReports reports;
  private final OutageLog outages;
  private final Engine engine;
  private final SlotActivity activity;
  private final PrimarySearch search;
  private final Fence fence;
  private final boolean query;

  /** Whether a refresh may be sent: not if the setting is that connections are only looked at. */
  private final boolean refreshes;

  /** While the pool sleeps, nothing is sent and what is found says nothing alarming. */
  private final SleepSwitch sleep;

  /** Whether the driver is to learn of the database by the next connection that is found well. */
  private final AtomicBoolean refresh = new AtomicBoolean();

  Probes(
      PoolConfig config,
      Function<Throwable, Verdict> classifier,
      PoolEvents events,
      SharedState shared) {
    this.config = config;
    this.classifier = classifier;
    this.events = events;
    this.reports = shared.reports;
    this.outages = shared.outages;
    this.workers = shared.workers;
    this.engine = shared.engine;
    this.activity = shared.activity;
    this.search = shared.search;
    this.fence = shared.fence;
    this.sleep = shared.sleep;
    this.refreshes = config.healthCheck() != HealthCheck.LOOK;
    this.query =
        config.healthCheck() == HealthCheck.QUERY
            || (config.healthCheck() == HealthCheck.AUTO && !sleep.maySleep());
  }

  /** How far an examination goes. */
  enum Extent {
    /** A look, whatever is configured. */
    LOOK,
    /** As {@code health-check} says. */
    AS_CONFIGURED,
    /** A round trip, whatever is configured. */
    ASK
  }

  /** Who has found a connection dead. */
  private enum Finder {
    /** The one who examines it, on a worker. */
    PROBER,
    /** Upkeep, which has lost patience; the prober may still be using the connection. */
    UPKEEP
  }

  /**
   * Has the connection that was seen idle as {@code word} examined on a worker of its own. Returns
   * as {@link #reserve}.
   */
  long begin(Slot slot, long word, Extent extent) {
    long probing = Slot.after(Move.PROBE, word);
    // Made before the move: without memory for it the connection would count as one that hangs.
    GuardedCall.Risk examination = examination(slot, probing, extent);
    if (reserve(slot, word) == word) {
      return word;
    }
    if (!workers.start(WHAT, examination)) { // there was no thread
      if (slot.sleptWord == probing) {
        slot.unexaminedWord = probing;
      } else {
        engine.pass(slot, probing); // a missing thread says nothing of the connection
      }
    }
    return probing;
  }

  /**
   * Has a connection that is {@link #reserve reserved} examined on a worker; false if there is no
   * thread.
   */
  boolean start(Slot slot, long probing, Extent extent) {
    return workers.start(WHAT, examination(slot, probing, extent));
  }

  private GuardedCall.Risk examination(Slot slot, long probing, Extent extent) {
    return () -> examine(slot, probing, extent);
  }

  /**
   * Takes the connection that was seen idle as {@code word} out of everybody's reach. Returns the
   * slot's word from then on; {@code word} itself if somebody was quicker.
   */
  long reserve(Slot slot, long word) {
    boolean slept = slot.sleptWord == word;
    if (!slot.attempt(Move.PROBE, word)) {
      return word;
    }
    long probing = Slot.after(Move.PROBE, word);
    if (slept) {
      slot.sleptWord = probing;
    }
    activity.reserved(slot.index, probing);
    return probing;
  }

  /**
   * Has the driver learn of the database by the next connection that is found well; with {@code
   * health-check = look} this does nothing. It is wanted only after work: within an interval after
   * the last work the database is asked once, and then a serverless one may go to sleep.
   */
  void wantRefresh() {
    refresh.set(true);
  }

  /** Examines a connection that is {@link #reserve reserved}. Called on a worker. */
  void examine(Slot slot, long word, Extent extent) {
    PooledEntry entry = Closer.entry(slot);
    String ailment;
    try {
      ailment = ailment(slot, entry.physical(), extent, patience(slot, word));
      if (ailment == null && refreshes && !sleep.asleep() && refresh.compareAndSet(true, false)) {
        refresh(entry.physical());
      }
    } catch (Throwable e) {
      dead(slot, word, entry, said(e), e, Finder.PROBER);
      return;
    }
    if (ailment == null) {
      if (extent != Extent.ASK && slot.sleptWord == word) {
        // It was looked at and not asked, so it keeps its mark; and whoever gets it before the next
        // pass is to look at it again.
        slot.sleptWord = Slot.after(Move.PASS, word);
        slot.restedWord = slot.sleptWord;
      }
      if (slot.generation == fence.generation()) {
        engine.pass(slot, word);
      } else { // a fence fell meanwhile: whoever waits is not to be lent this one
        engine.fail(slot, word, CloseReason.FENCED, false);
      }
    } else {
      dead(slot, word, entry, ailment, null, Finder.PROBER);
    }
  }

  private void refresh(PhysicalConnection physical) throws SQLException {
    boolean done = false;
    try {
      physical.refresh(config.validationTimeout().toNanos());
      done = true;
    } finally {
      if (!done) {
        wantRefresh(); // another connection may succeed
      }
    }
  }

  private static String said(Throwable e) {
    return e instanceof SQLException ? FailureText.whole(e) : e.toString();
  }

  /** How long it may take to answer; nanoseconds. */
  long patience(Slot slot, long word) {
    long patience = config.validationTimeout().toNanos();
    return slot.sleptWord == word ? Math.min(patience, Sleepers.PATIENCE) : patience;
  }

  private @Nullable String ailment(
      Slot slot, PhysicalConnection physical, Extent extent, long patience) throws SQLException {
    Look look = physical.look();
    if (look == Look.DEAD) {
      return "the server has closed it";
    }
    if (!physical.inStep()) {
      return USED_BY_OTHERS; // an answer would be somebody else's, or never come
    }
    if (sleep.asleep() && extent != Extent.ASK) {
      return null; // whatever the look has shown, to ask would send something
    }
    boolean ask =
        extent == Extent.ASK || (extent == Extent.AS_CONFIGURED && (query || look == Look.BLIND));
    if (ask || look == Look.UNSURE) {
      physical.validate(patience);
    }
    // With reset=none it may be the program that has made the session read-only.
    return config.reset() != ResetMode.NONE
            && physical.isServerReadOnly(SideEffects.NONE)
            && search.refused(slot) == PrimarySearch.Refusal.REPLACED
        ? WRITES_NO_MORE
        : null;
  }

  /**
   * A connection was found dead. If both the prober and upkeep, which has lost patience with him,
   * say so, the second does nothing: one connection's failure must not look like that of two.
   *
   * @param failure how the server failed, which may say something of the other connections; null if
   *     that was merely seen
   */
  private void dead(
      Slot slot,
      long word,
      PooledEntry entry,
      String ailment,
      @Nullable Throwable failure,
      Finder finder) {
    events.owe();
    try {
      giveUp(slot, word, entry, ailment, failure, finder);
    } finally {
      events.paid();
    }
  }

  private void giveUp(
      Slot slot,
      long word,
      PooledEntry entry,
      String ailment,
      @Nullable Throwable failure,
      Finder finder) {
    boolean slept = (sleep.asleep() || slot.sleptWord == word) && !ailment.equals(WRITES_NO_MORE);
    CloseReason reason = slept ? CloseReason.ASLEEP : CloseReason.FOUND_DEAD;
    // It is cut if the prober may be in the driver, or if a polite close would wake the server.
    boolean cut = finder == Finder.UPKEEP || slept;
    if (!engine.fail(slot, word, reason, cut)) {
      return;
    }
    if (slept) {
      log.debug(
          "Pool {}: connection {} went while asleep: {}", events.pool(), entry.number(), ailment);
      return;
    }
    outages.tell(
        OutageLog.Kind.CHECK,
        entry.number(),
        "Connection health check failed (pool {}, connection {}): {}; it is replaced",
        events.pool(),
        entry.number(),
        ailment);
    events.post(new HealthCheckFailed(events.pool(), entry.number(), ailment));
    if (!(failure instanceof SQLException)) {
      return; // it was merely seen, or is the driver's own, which says nothing of a server
    }
    GuardedCall.Risk judgement = () -> reports.failed(entry, classifier.apply(failure), ailment);
    // Upkeep doesn't ask a classifier: that may be a user's, and take its time.
    if (finder == Finder.PROBER) {
      GuardedCall.survives(events.pool(), "judging a failure", judgement);
    } else if (!workers.start("judging a failure", judgement)) {
      reports.failed(entry, Verdict.CONNECTION_LOST, ailment);
    }
  }

  /** The examination has taken too long: the connection hangs. */
  void overdue(Slot slot, long word) {
    String ailment = "no answer within validation-timeout";
    SQLException failure = new SQLTimeoutException(ailment, "08006");
    dead(slot, word, Closer.entry(slot), ailment, failure, Finder.UPKEEP);
  }
}
