package io.everpool.core.upkeep;

import static java.util.Objects.requireNonNull;

import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.Verdict;
import io.everpool.api.observe.PoolEvent.ConnectFailed;
import io.everpool.api.observe.PoolEvent.ConnectionOpened;
import io.everpool.api.observe.PoolEvent.Recovered;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Move;
import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.Slot;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.observe.Survivor;
import io.everpool.core.policy.Growth;
import io.everpool.core.policy.Lifetime;
import io.everpool.core.policy.Reconnect;
import io.everpool.core.policy.StartUp;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Opens connections on worker threads and learns from how that goes. What it has learnt is written
 * by the upkeep thread alone and read by anyone.
 */
public final class Connects {
  private static final Logger log = PoolEvents.log();
  private static final long LOG_EVERY = 10_000_000_000L;
  private static final int FEW = 4;

  /** Between two attempts to find a thread for a connect; nanoseconds. */
  private static final long WITHOUT_THREAD = 100_000_000L;

  /** Makes what sits in a slot of a connection that was just opened. */
  @FunctionalInterface
  public interface SessionFactory {
    PooledEntry entry(Slot slot, long number, PhysicalConnection physical) throws SQLException;
  }

  private final PoolConfig config;
  private final Connector connector;
  private final Function<Throwable, Verdict> classifier;
  private final Environment environment;
  private final Workers workers;
  private final PoolEvents events;
  private final SessionFactory sessionFactory;
  private final Engine engine;
  private final Inbox inbox;
  private final BiConsumer<Verdict, String> failed;
  private final Consumer<String> fence;

  private final AtomicLong numbers = new AtomicLong();
  private long took;

  /** When the last connect was begun. */
  private long begun;

  private long downSince;
  private long lastLogged;
  private volatile int allowance;
  private volatile int failures;

  /** When the next connect may begin; {@link #watchFrom} instead while callers wait. */
  private volatile long notBefore;

  private volatile long watchFrom;
  private volatile Verdict verdict = Verdict.STATEMENT_FAILED;
  private volatile @Nullable SQLException lastFailure;

  /** Whether the last failure lies in this process, and not with the server or the way there. */
  private volatile boolean ownFailure;

  private volatile int generation;

  /** Somebody waits for the pool to open, which a closed port keeps from ever happening. */
  private volatile boolean awaited;

  /** Since when every connect has found nobody there; meaningful while {@link #absences} > 0. */
  private long absentSince;

  private int absences;
  private volatile boolean hopeless;

  /** The number of the last connection before the last fence. */
  private long fencedThrough;

  /** The one up to there that the fence has spared, for it brought the fence about. */
  private long spared;

  Connects(
      PoolConfig config,
      Connector connector,
      Function<Throwable, Verdict> classifier,
      Environment environment,
      Workers workers,
      PoolEvents events,
      SessionFactory sessionFactory,
      Engine engine,
      Inbox inbox,
      BiConsumer<Verdict, String> failed,
      Consumer<String> fence) {
    this.config = config;
    this.connector = connector;
    this.classifier = classifier;
    this.environment = environment;
    this.workers = workers;
    this.events = events;
    this.sessionFactory = sessionFactory;
    this.engine = engine;
    this.inbox = inbox;
    this.failed = failed;
    this.fence = fence;
    this.allowance = config.maxSize();
    this.notBefore = environment.time().nanoTime();
    this.watchFrom = notBefore;
  }

  /** How long until another connect may begin; 0 or less: now. */
  long pause(long now) {
    long begins = begun + Reconnect.sparing(workers.stuck(), stuckBearable(), timeout());
    return Math.max(earliest() - now, workers.stuck() < stuckBearable() ? 0 : begins - now);
  }

  /** So many connects may hang in the driver before the pool becomes sparing with further ones. */
  private int stuckBearable() {
    return Math.max(FEW, config.maxSize());
  }

  private long timeout() {
    return config.connectTimeout().toNanos();
  }

  /** Whoever begins to wait doesn't sit out the long pause of a pool that nobody needed. */
  private long earliest() {
    return engine.waiting() > 0 && watchFrom - notBefore < 0 ? watchFrom : notBefore;
  }

  /** How many connects may be in progress at once. */
  int allowance() {
    return allowance;
  }

  /** What a connect takes, nanoseconds; 0 before the first. */
  long takes() {
    return took;
  }

  /** Begins to open a connection in the slot, if it is empty. */
  boolean begin(Slot slot) {
    long empty = slot.word();
    if (!slot.attempt(Move.RESERVE, empty)) {
      return false;
    }
    long word = Slot.after(Move.RESERVE, empty);
    int born = generation;
    long now = environment.time().nanoTime();
    if (workers.start("opening a connection", () -> open(slot, word, born, now))) {
      begun = now;
      return true;
    }
    slot.attempt(Move.ABANDON, word);
    learn(ConnectFailures.noThread(), Verdict.PROCESS_LIMIT);
    notBefore = now + WITHOUT_THREAD;
    watchFrom = notBefore;
    return false;
  }

  private void open(Slot slot, long word, int born, long now) {
    PhysicalConnection physical;
    try {
      physical = requireNonNull(connector.open(timeout()), "the connector opened no connection");
    } catch (Throwable e) {
      failed(slot, word, e);
      return;
    }
    long arrived = environment.time().nanoTime();
    long number = numbers.incrementAndGet();
    PooledEntry entry;
    boolean supersedes;
    try {
      entry = sessionFactory.entry(slot, number, physical);
      supersedes = physical.supersedesEarlier(); // last: an answer is given once, and must count
    } catch (Throwable e) {
      Ending.unwanted(physical, events.pool());
      failed(slot, word, e);
      return;
    }
    Newcomer newcomer = new Newcomer(slot, word, entry, now, arrived);
    if (supersedes) {
      inbox.post(() -> supersede(newcomer));
    }
    // A pool that is closed may never read that.
    if ((!supersedes || engine.isClosed()) && newcomer.take() && !letIn(newcomer, born)) {
      Ending.unwanted(physical, events.pool());
      environment.scheduler().hurry();
    }
  }

  /**
   * A failover has gone by unseen: what was opened before, or is being opened, goes to a server
   * that was superseded. It is given up, whatever becomes of the connection that tells; that one is
   * the first of the new generation. Upkeep thread only.
   */
  private void supersede(Newcomer newcomer) {
    if (!newcomer.take()) {
      return;
    }
    long number = newcomer.entry.number();
    try {
      if (!engine.isClosed()) {
        fence.accept("connection " + number + " shows that their server was superseded");
        spared = number;
      }
    } finally {
      if (!letIn(newcomer, generation)) {
        PhysicalConnection physical = newcomer.entry.physical();
        Survivor.Risk end = () -> Ending.unwanted(physical, events.pool());
        if (!workers.start("ending a connection nobody wanted", end)) {
          Ending.unwanted(physical, events.pool()); // rather late than never
        }
      }
    }
  }

  private boolean letIn(Newcomer it, int born) {
    boolean in = admit(it.slot, it.word, born, it.arrived, it.entry);
    if (in) {
      long number = it.entry.number();
      inbox.post(() -> succeeded(number, born, it.took));
      events.post(new ConnectionOpened(events.pool(), number, it.took));
    }
    return in;
  }

  /**
   * Fits a connection into its slot, if that still waits for it; false if it is not wanted any
   * more. All that may fail or hang was done before, and whoever listens is told afterwards.
   */
  private boolean admit(Slot slot, long word, int born, long now, PooledEntry entry) {
    // Upkeep may have given up on this connect, and the slot may be another's by now: nothing is
    // written in it before this move has shown that it is still ours, and upkeep's late move fails.
    if (!slot.attempt(Move.ARRIVED, word)) {
      workers.cameBack();
      return false;
    }
    long arrived = Slot.after(Move.ARRIVED, word);
    if (born != generation) {
      slot.attempt(Move.ABANDON, arrived);
      return false;
    }
    slot.openedAt = now;
    slot.expiresAt =
        Lifetime.expiresAt(now, config.maxLifetime().toNanos(), environment.random().getAsDouble());
    slot.generation = born;
    slot.entry = entry;
    return engine.opened(slot, arrived); // a closing pool may have given the slot up
  }

  private void failed(Slot slot, long word, Throwable thrown) {
    SQLException failure = ConnectFailures.describe(thrown);
    Verdict own = ConnectFailures.own(thrown);
    // A classifier is asked while the slot is still ours: one that hangs is a connect that hangs.
    Verdict means = own != null ? own : judge(failure);
    if (slot.attempt(Move.ABANDON, word)) {
      inbox.post(() -> learn(failure, means));
    } else {
      workers.cameBack();
    }
  }

  /** SQL that is wrong for one new connection is wrong for the next one, too. */
  private Verdict judge(SQLException failure) {
    Verdict judged = classifier.apply(failure);
    return failure instanceof InitializationException && !judged.fatal() ? Verdict.REFUSED : judged;
  }

  /** Gives up on a connect, for the pool closes. */
  void abandonAtClose(Slot slot, long word) {
    if (slot.attempt(Move.ABANDON, word)) {
      workers.givenUp();
    }
  }

  /** Gives up on a connect that has taken too long; its thread ends when the driver lets it. */
  void abandon(Slot slot, long word) {
    if (!slot.attempt(Move.ABANDON, word)) {
      return;
    }
    workers.givenUp();
    SQLException failure =
        new SQLTimeoutException(
            "Opening a connection to "
                + connector.target()
                + " took longer than connect-timeout ("
                + config.connectTimeout().toMillis()
                + " ms) and was given up",
            "08001");
    // Until it is known what that means, nothing more is begun. Upkeep doesn't ask a classifier
    // itself: that may be a user's, and take its time.
    allowance = 1;
    notBefore = environment.time().nanoTime() + config.retry().initialBackoff().toNanos();
    watchFrom = notBefore;
    if (!workers.start(
        "judging a failure",
        () -> {
          Verdict means = classifier.apply(failure);
          inbox.post(() -> learn(failure, means));
        })) {
      learn(failure, Verdict.CONNECTION_LOST);
    }
  }

  private void succeeded(long number, int born, long tookNanos) {
    took = took == 0 ? tookNanos : took + (tookNanos - took) / 4;
    log.debug("Pool {}: opened connection {} in {} us", events.pool(), number, tookNanos / 1000);
    if (born != generation) {
      return; // it came before the fence, and says nothing of what the server bears after it
    }
    long now = environment.time().nanoTime();
    if (allowance < config.maxSize()) {
      // After an outage, and there may be other pools: not all of them at once.
      notBefore = now + Growth.breath(took, environment.random().getAsDouble());
      watchFrom = notBefore;
    }
    allowance = Growth.opened(allowance, config.maxSize());
    lastFailure = null;
    absences = 0;
    hopeless = false;
    if (failures > 0) {
      failures = 0;
      long down = now - downSince;
      log.info(
          "Pool {}: {} at {} answers again after {} ms",
          events.pool(),
          connector.product(),
          connector.target(),
          down / 1_000_000);
      events.post(new Recovered(events.pool(), down));
    }
  }

  private void learn(SQLException failure, Verdict judged) {
    if (engine.isClosed()) {
      return;
    }
    long now = environment.time().nanoTime();
    Verdict means =
        failure instanceof ConnectFailures.OfTheDriver broken
            ? broken.verdict(judged, failures + 1)
            : judged;
    int inARow = failures + 1;
    if (inARow == 1) {
      downSince = now;
    }
    verdict = means;
    lastFailure = failure;
    noteAbsence(failure, now);
    ownFailure = means == Verdict.PROCESS_LIMIT || failure instanceof ConnectFailures.OfTheDriver;
    allowance = 1;
    double drawn = environment.random().getAsDouble();
    notBefore = now + pause(means, inARow, false, drawn);
    watchFrom = now + pause(means, inARow, true, drawn);
    failures = inARow;
    tellWaiters(now);
    failed.accept(means, String.valueOf(failure.getMessage()));
    events.post(
        new ConnectFailed(events.pool(), means, String.valueOf(failure.getMessage()), inARow));
    tell(failure, means, inARow, now);
  }

  private void noteAbsence(SQLException failure, long now) {
    if (!Absence.nobodyThere(failure)) {
      absences = 0;
      hopeless = false;
      return;
    }
    if (absences++ == 0) {
      absentSince = now;
    }
    hopeless = StartUp.hopeless(absences, now - absentSince);
  }

  /** Tells that somebody waits for the pool to open, or no more. */
  public void awaited(boolean value) {
    awaited = value;
  }

  /** Whether whoever waits for the pool to open is to be told now that nobody is there. */
  public boolean isHopeless() {
    return awaited && hopeless;
  }

  private long pause(Verdict means, int inARow, boolean someoneWaits, double drawn) {
    return Reconnect.pause(
        means,
        inARow,
        someoneWaits,
        config.retry().initialBackoff().toNanos(),
        config.retry().maxBackoff().toNanos(),
        drawn);
  }

  /** The first failure of a row at once, then one each ten seconds: an outage must not flood. */
  private void tell(SQLException failure, Verdict means, int inARow, long now) {
    if (inARow > 1 && now - lastLogged < LOG_EVERY) {
      log.debug("Pool {}: connect failed ({})", events.pool(), means, failure);
      return;
    }
    lastLogged = now;
    log.warn(
        "Pool {}: cannot connect to {} at {} ({} in a row, {}): {}",
        events.pool(),
        connector.product(),
        connector.target(),
        inARow,
        means,
        failure.getMessage());
  }

  /** The last failure, unless a connection has been opened since. */
  public @Nullable SQLException lastFailure() {
    return lastFailure;
  }

  /** What the last failure means; says nothing while there is none. */
  public Verdict lastVerdict() {
    return verdict;
  }

  /** Whether connects fail for want of a server that answers: one that refuses is there. */
  public boolean down() {
    return failures > 0
        && !ownFailure
        && switch (verdict) {
          case OUT_OF_SLOTS, ACCESS_DENIED, REFUSED -> false;
          default -> true;
        };
  }

  /** Whether they fail for a reason that lies in this process: its limits, or its driver. */
  public boolean failsHere() {
    return failures > 0 && ownFailure;
  }

  /**
   * The failure to give to every caller at once instead of letting it wait: the server has just
   * refused for good and will not be asked again for a while. Null if it is worth waiting.
   */
  public @Nullable SQLException refusal(long now) {
    return failures > 0
            && verdict.fatal()
            && !verdict.reconnectable()
            && earliest() - now > 0
            && !engine.anyLive()
        ? lastFailure
        : null;
  }

  /**
   * Sends away whoever waits for what won't come: the server refuses for good, and the last
   * connection that could have been returned to him is gone.
   */
  void tellWaiters(long now) {
    if (engine.waiting() > 0 && (refusal(now) != null || isHopeless())) {
      engine.rejectAll();
    }
  }

  /** A new generation begins: connects in progress belong to the old one and count no more. */
  int nextGeneration() {
    int next = generation + 1;
    generation = next;
    // No connect of the next generation has begun yet, for this thread begins them.
    fencedThrough = numbers.get();
    return next;
  }

  /** Whether a fence has given up this connection and all of its time. Upkeep thread only. */
  boolean isFenced(PooledEntry entry) {
    return entry.number() <= fencedThrough && entry.number() != spared;
  }

  /** Whether what sits in this slot was opened, or begun to be opened, before the last fence. */
  boolean isFenced(Slot slot) {
    return slot.generation != generation;
  }

  /** After an outage connections come back one, two, four at a time. */
  void slowStart() {
    allowance = 1;
  }
}
