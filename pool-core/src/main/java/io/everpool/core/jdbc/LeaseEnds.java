package io.everpool.core.jdbc;

import io.everpool.api.CloseReason;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.Connector;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolEvent.ConnectionFailed;
import io.everpool.api.observe.UnitListener;
import io.everpool.core.advice.LeaseTrace;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.observe.FailureText;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.observe.Repeats;
import io.everpool.core.observe.UnitWatch;
import io.everpool.core.upkeep.FailureReports;
import io.everpool.core.upkeep.OutageLog;
import io.everpool.core.upkeep.PrimarySearch;
import io.everpool.core.upkeep.Reachability;
import io.everpool.core.upkeep.Resets;
import io.everpool.core.upkeep.SharedState;
import io.everpool.core.upkeep.UnitDeadlines;
import java.sql.SQLException;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Ends the leases of the engine, and answers what faces ask meanwhile. Thread-safe. */
abstract class LeaseEnds implements LeaseManager {
  final PoolConfig config;
  final Function<Throwable, Verdict> classifier;
  final Engine engine;
  final TimeSource time;
  final PoolEvents events;

  /** Null if nobody measures leases. */
  final @Nullable LeaseTimes times;

  private final Connector connector;
  private final Resets resets;
  private final UnitDeadlines unitDeadlines;
  private final FailureReports reports;
  private final OutageLog outages;
  private final PrimarySearch search;
  private final Reachability server;
  private final SqlTexts texts;
  private final Repeats<String> repeats = new Repeats<>();

  LeaseEnds(
      PoolConfig config,
      Connector connector,
      Function<Throwable, Verdict> classifier,
      SharedState shared,
      TimeSource time,
      PoolEvents events,
      @Nullable LeaseRecorder recorder,
      @Nullable LeaseTrace trace) {
    this.config = config;
    this.connector = connector;
    this.classifier = classifier;
    this.engine = shared.engine();
    this.time = time;
    this.events = events;
    this.times = LeaseTimes.of(config.name(), engine, time, recorder, trace);
    this.resets = shared.resets();
    this.unitDeadlines = shared.unitDeadlines();
    this.reports = shared.reports();
    this.outages = shared.outages();
    this.search = shared.search();
    this.server = shared.server();
    this.texts = new SqlTexts(connector);
  }

  // ---- coming back

  @Override
  public boolean release(Session session, long lease) {
    return times == null
        ? engine.release(session.slot(), lease)
        : timed(times, session.slot(), lease, slot -> engine.release(slot, lease));
  }

  @Override
  public void retire(Session session, long lease, CloseReason reason) {
    end(session, lease, slot -> engine.retire(slot, lease, reason));
  }

  @Override
  public void cut(Session session, long lease, CloseReason reason) {
    end(session, lease, slot -> engine.cut(slot, lease, reason));
  }

  /** Ends a lease whose connection is closed by that. */
  private void end(Session session, long lease, Ending ending) {
    Slot slot = session.slot();
    if (times == null ? ending.end(slot) : timed(times, slot, lease, ending)) {
      session.forgetUnsent();
    }
  }

  /** Ends the lease of a slot; returns whether this call has ended it. */
  @FunctionalInterface
  private interface Ending {
    boolean end(Slot slot);
  }

  /**
   * Ends a lease and records its times. What the slot says of the lease is read before its end, for
   * afterwards the slot is another's.
   */
  private static boolean timed(LeaseTimes measured, Slot slot, long lease, Ending ending) {
    long asked = slot.askedAt;
    long since = slot.heldSince;
    long now = measured.ending(slot, lease);
    boolean ended = ending.end(slot);
    measured.released(ended, asked, since, now);
    return ended;
  }

  @Override
  public void doom(Session session, long lease, Verdict verdict, SQLException failure) {
    if (dooms(session, lease)) {
      tellOfLoss(session, session.isEvidence(verdict, failure), verdict, failure);
    }
  }

  @Override
  public void lose(Session session, long lease, Verdict verdict, SQLException failure) {
    boolean news = dooms(session, lease);
    // This is read before the release: afterwards the session is the closer's.
    boolean evidence = session.isEvidence(verdict, failure);
    release(session, lease);
    if (news) {
      tellOfLoss(session, evidence, verdict, failure);
    }
  }

  /** Dooms the session; returns whether the caller of this method has to tell of its loss. */
  private boolean dooms(Session session, long lease) {
    boolean doomed = engine.doom(session.slot(), lease, CloseReason.FAILED);
    return (doomed || isLostOnItsWayOut(session.slot(), lease)) && session.claimTellingOfLoss();
  }

  private void tellOfLoss(
      Session session, boolean evidence, Verdict verdict, SQLException failure) {
    String message = FailureText.of(failure);
    if (evidence) {
      reports.failed(session, verdict, message);
    } else {
      reports.suspect();
    }
    outages.tell(
        OutageLog.Kind.LOSS,
        session.number(),
        "Pool {}: connection {} failed in use ({}): {}",
        config.name(),
        session.number(),
        verdict,
        message);
    events.emit(new ConnectionFailed(config.name(), session.number(), verdict, message));
  }

  /**
   * Whether the lease goes on and its connection was doomed before it was lost, for a reason that
   * says nothing of the server. (A fence has told of the server already; a deadline or the pool's
   * end meant the connection to be lost.)
   *
   * <p>This method moves nothing. So two threads may fail at once and both come this far, though
   * one of them may have doomed the connection itself: {@link Session#claimTellingOfLoss} lets only
   * one of them tell. The reason is read after the word, so it belongs to this lease. If two
   * threads doom the connection at once, the reason of either may be read here: if that is FAILED
   * though the other thread has won, nobody has told of the loss yet. If the lease ends after the
   * word was read, the connection was lost in use all the same.
   */
  private static boolean isLostOnItsWayOut(Slot slot, long lease) {
    if (!Slot.isDoomed(slot.word(), lease)) {
      return false;
    }
    return switch (slot.doomReason) {
      case MAX_QUERIES, MAX_LIFETIME, CREDENTIALS_EXPIRED, EVICTED, FAILED -> true;
      default -> false;
    };
  }

  @Override
  public int news(OutageLog.Kind kind, String reason) {
    return outages.news(kind, reason);
  }

  @Override
  public int news(String what) {
    return repeats.news(what, time.nanoTime());
  }

  @Override
  public int newsOnce(String what) {
    return repeats.newsOnce(what, time.nanoTime());
  }

  @Override
  public boolean canReplace() {
    return !server.isFailing();
  }

  /**
   * Makes the session too old from now on: upkeep opens another connection before it closes this
   * one.
   */
  @Override
  public void retireWhenReplaceable(Session session) {
    Slot slot = session.slot();
    long now = time.nanoTime();
    if (now - slot.expiresAt < 0) {
      slot.expiresAt = now;
      slot.expiryReason = CloseReason.MAX_QUERIES;
    }
  }

  @Override
  public PrimarySearch.Refusal writeRefused(Session session) {
    return search.refused(session.slot());
  }

  @Override
  public boolean awaitPrimary(long nanos) throws InterruptedException {
    return search.await(nanos);
  }

  @Override
  public Runnable watch(long at, LongSupplier overrun) {
    return unitDeadlines.watch(at, overrun);
  }

  @Override
  public Runnable cancel(Session session, long lease) {
    Slot slot = session.slot();
    unitDeadlines.cancel(slot, lease);
    return () -> unitDeadlines.cut(slot, lease);
  }

  // ---- what else faces ask

  @Override
  public Verdict classify(Throwable failure) {
    return classifier.apply(failure);
  }

  @Override
  public long resetStarted(Session session, long lease) {
    long claimed = engine.claim(session.slot(), lease);
    if (claimed != 0) {
      resets.started(session.slot(), claimed, CloseReason.FAILED);
    }
    return claimed;
  }

  @Override
  public void lookStarted(Session session, long lease) {
    resets.started(session.slot(), lease, CloseReason.RESET_FAILED);
  }

  @Override
  public void resetEnded(Session session, long lease) {
    resets.ended(session.slot(), lease);
  }

  @Override
  public PoolConfig config() {
    return config;
  }

  @Override
  public Connector connector() {
    return connector;
  }

  @Override
  public SqlTexts texts() {
    return texts;
  }

  @Override
  public void emit(PoolEvent event) {
    events.emit(event);
  }

  @Override
  public UnitWatch watchUnit(UnitListener.Kind kind, WorkOptions options) {
    return events.watchUnit(kind, options);
  }
}
