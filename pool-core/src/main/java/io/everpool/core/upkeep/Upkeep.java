package io.everpool.core.upkeep;

import io.everpool.api.CloseReason;
import io.everpool.api.PoolConfig;
import io.everpool.api.SleepMode;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.Verdict;
import io.everpool.api.observe.PoolEvent.FellAsleep;
import io.everpool.api.observe.PoolEvent.Fenced;
import io.everpool.api.observe.PoolEvent.LeakSuspected;
import io.everpool.api.observe.PoolEvent.WokeUp;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Move;
import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.observe.Survivor;
import io.everpool.core.policy.Growth;
import io.everpool.core.policy.Idleness;
import io.everpool.core.policy.LossRate;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.slf4j.Logger;

/**
 * The pool's one maintenance pass. It runs on one thread, blocks for nothing, does what is due and
 * says when it wants to run again; whatever may block goes to a worker, whose result comes back
 * through the inbox.
 */
public final class Upkeep {
  private static final Logger log = PoolEvents.log();

  /**
   * The longest pause between passes while awake, and so how exactly idleness is known; a
   * connection idle for a whole pass is looked at before it is lent. Nanoseconds.
   */
  static final long PASS = 100_000_000L;

  /** The longest pause between passes while asleep; nanoseconds. */
  static final long SLEEPING_PASS = 1_000_000_000L;

  /**
   * A pass that comes so late comes after a pause of the process, or as good as that; nanoseconds.
   */
  static final long PAUSE = 500_000_000L;

  /** After how many passes without need the leases keep to one slot fewer. */
  private static final int NARROW_AFTER = 20;

  private final PoolConfig config;
  private final Environment environment;
  private final PoolEvents events;
  private final Engine engine;
  private final Slot[] slots;
  private final Inbox inbox;
  private final SlotActivity activity;
  private final Workers workers;
  private final Closer closer;
  private final Connects connects;
  private final Probes probes;
  private final Resets resets;
  private final OutageDetector outages;
  private final RecentLosses losses;
  private final boolean maySleep;

  /** A part of a pass. */
  private record Part(String name, LongConsumer run) {}

  private final Part deadlines = new Part("enforcing deadlines", this::enforceDeadlines);
  private final Part draining = new Part("draining", this::drainPass);
  private final List<Part> parts =
      List.of(
          new Part("counting losses", this::adviseOnLosses),
          new Part("deciding about sleep", this::decideSleep),
          new Part("giving up what a fence left", now -> fenceStragglers()),
          new Part("retiring the old", this::retireTheOld),
          new Part("evicting the idle", this::evictTheIdle),
          new Part("checking health", this::checkHealth),
          new Part("growing", now -> growAgain = grow(now)),
          new Part("narrowing", now -> narrow()));

  private final CompletableFuture<Void> drained = new CompletableFuture<>();

  private boolean asleep;
  private boolean sweep;

  /** The pool has just woken up: its connections are asked, for the server wakes up as well. */
  private boolean roused;

  /** When the next pass was promised, and when that of growth is. */
  private long due;

  private long growAgain;

  /** Connections that are too old and wait for their substitutes. */
  private int overdue;

  private long nextHealthCheck;
  private long refreshedAt;
  private int calmPasses;
  private long lastPass;
  private boolean drains;
  private long drainUntil;
  private volatile boolean asleepNow;

  public Upkeep(
      PoolConfig config,
      Connector connector,
      Function<Throwable, Verdict> classifier,
      Environment environment,
      PoolEvents events,
      Connects.SessionFactory sessionFactory) {
    long now = environment.time().nanoTime();
    this.config = config;
    this.environment = environment;
    this.events = events;
    this.workers = new Workers(environment.workers(), events.pool());
    this.closer = new Closer(classifier, environment, workers, events, config);
    this.engine = new Engine(config.maxSize(), environment.time(), closer);
    this.slots = engine.slots();
    this.inbox = new Inbox(environment.scheduler(), events.pool());
    this.activity = new SlotActivity(slots, now);
    this.maySleep =
        config.sleep() == SleepMode.ON
            || (config.sleep() == SleepMode.AUTO && connector.serverless());
    this.connects =
        new Connects(
            config,
            connector,
            classifier,
            environment,
            workers,
            events,
            sessionFactory,
            engine,
            inbox,
            this::connectFailed,
            this::fenceNow);
    this.probes = new Probes(config, classifier, this::failed, workers, events, engine, maySleep);
    this.resets = new Resets(config, environment, events, engine);
    this.outages = new OutageDetector(now);
    this.losses = new RecentLosses(now);
    this.lastPass = now;
    this.due = now;
    this.refreshedAt = now;
    this.nextHealthCheck = now + config.healthCheckInterval().toNanos();
  }

  /** Begins to run. Called once. */
  public void start() {
    environment.scheduler().start(this::run);
  }

  public Engine engine() {
    return engine;
  }

  public Connects connects() {
    return connects;
  }

  public Resets resets() {
    return resets;
  }

  public boolean asleep() {
    return asleepNow;
  }

  /** For how long a slot has held still, as far as was seen; nanoseconds. From any thread. */
  public long unmovedFor(Slot slot) {
    return activity.unmovedFor(slot.index, environment.time().nanoTime());
  }

  /**
   * A connection has failed: the others are looked at now, not at the next health check, and before
   * they are lent.
   */
  public void suspect() {
    engine.mistrustIdle();
    inbox.post(() -> sweep = true);
  }

  /**
   * A connection failed while somebody used it, or asked whether it lives; {@code message} carries
   * no secret.
   */
  public void failed(PooledEntry entry, Verdict verdict, String message) {
    engine.mistrustIdle();
    inbox.post(
        () -> {
          sweep = true;
          raise(entry, verdict, message);
        });
  }

  private void raise(PooledEntry entry, Verdict verdict, String message) {
    // All that an outage breaks fails at about the same time, and the first few failures bring the
    // fence down: what the others then say of the old generation is no evidence against the new.
    if (!connects.isFenced(entry)
        && outages.connectionFailed(verdict, activity.live(), environment.time().nanoTime())) {
      fenceNow("connection " + entry.number() + " failed: " + message);
    }
  }

  private void connectFailed(Verdict verdict, String message) {
    if (outages.connectFailed(verdict, environment.time().nanoTime())) {
      fenceNow("the server is away: " + message);
    }
  }

  /** Gives up every connection opened so far. */
  public void fence(String why) {
    inbox.post(() -> fenceNow(why));
  }

  /**
   * Closes every connection: the idle now, the leased when they come back or at the drain deadline.
   * Completes when the last slot is empty; a connection that won't close is cut at its deadline.
   */
  public CompletableFuture<Void> drain() {
    engine.close();
    inbox.post(
        () -> {
          drains = true;
          drainUntil = environment.time().nanoTime() + config.drainTimeout().toNanos();
        });
    return drained;
  }

  /** Takes what is still out from its holders now. */
  public void cutDrainShort() {
    inbox.post(() -> drainUntil = environment.time().nanoTime());
  }

  /** The pass; returns how long until the next is due, in nanoseconds. */
  long run(long now) {
    noticePause(now);
    inbox.empty();
    activity.take(now);
    survive(deadlines, now);
    boolean postponed = closer.resume();
    long delay;
    if (engine.isClosed()) {
      survive(draining, now);
      delay = drained.isDone() ? Long.MAX_VALUE : PASS;
    } else {
      growAgain = PASS;
      for (Part part : parts) {
        survive(part, now);
      }
      lastPass = now;
      long longest = asleep && !postponed ? SLEEPING_PASS : PASS;
      delay = Math.max(0, Math.min(growAgain, longest));
    }
    due = now + delay;
    return delay;
  }

  /** What one part of a pass throws keeps back none of the others, nor the next pass. */
  private void survive(Part part, long now) {
    try {
      part.run.accept(now);
    } catch (Throwable e) {
      Survivor.tell(events.pool(), part.name, e);
    }
  }

  /**
   * After a pause of the process (it was stopped, the lid was shut, its machine moved, a collection
   * took long) the server may have ended its sessions, and those who woke up with us borrow what
   * was idle a moment ago by our reckoning.
   */
  private void noticePause(long now) {
    if (now - due >= PAUSE) {
      engine.mistrustIdle();
      sweep = true;
    }
  }

  // ---- deadlines

  private void enforceDeadlines(long now) {
    resets.enforce(now);
    for (Slot slot : slots) {
      long word = activity.word(slot.index);
      long unmoved = activity.unmovedFor(slot.index, now);
      switch (Slot.state(word)) {
        case CONNECTING -> {
          if (unmoved >= config.connectTimeout().toNanos()) {
            connects.abandon(slot, word);
          }
        }
        case PROBING -> {
          if (unmoved >= config.validationTimeout().toNanos() + PASS) {
            probes.overdue(slot, word);
          }
        }
        case CLOSING -> {
          long timeout = config.closeTimeout().toNanos();
          if (unmoved >= timeout) {
            closer.overdue(slot, word, unmoved - timeout >= timeout);
          }
        }
        case LEASED, DOOMED -> {
          endStranded(slot, word);
          suspectLeak(slot, unmoved, now);
        }
        default -> {}
      }
    }
  }

  /** Its holder had not the stack, or the memory, to end his lease himself. */
  private void endStranded(Slot slot, long word) {
    PooledEntry entry = slot.entry;
    long lease = entry == null ? 0 : entry.stranded();
    if (lease == 0) {
      return;
    }
    // He may have got as far as to claim it; and somebody may have doomed it meanwhile.
    long claimed = Slot.after(Move.CLAIM, lease);
    boolean his =
        word == lease
            || word == claimed
            || word == Slot.after(Move.DOOM, lease)
            || word == Slot.after(Move.DOOM, claimed);
    if (his
        && (Slot.state(word) == State.DOOMED
            ? engine.abort(slot, word)
            : engine.cut(slot, word, CloseReason.RESET_FAILED))) {
      log.warn(
          "Pool {}: connection {} could not be given back by its holder, who had no stack or no"
              + " memory left; it is cut",
          events.pool(),
          Closer.entry(slot).number());
    }
  }

  private void suspectLeak(Slot slot, long held, long now) {
    long threshold = config.leakThreshold().toNanos();
    // Reported once: in the pass in which the threshold was crossed.
    if (threshold > 0 && held >= threshold && held - (now - lastPass) < threshold) {
      PooledEntry entry = Closer.entry(slot);
      String thread = HolderThreads.describe(slot.holderId);
      events.post(new LeakSuspected(events.pool(), entry.number(), thread, held));
      log.warn(
          "Pool {}: connection {} has been out for {} ms, longer than leak-threshold; {} holds it."
              + " Close connections with try-with-resources",
          events.pool(),
          entry.number(),
          held / 1_000_000,
          thread);
    }
  }

  private void adviseOnLosses(long now) {
    if (losses.frequent(events.lost(), now)) {
      log.warn(
          "Frequent reconnections (pool {}): connections were lost {} times within {} s. If it is"
              + " idle ones, something closes them: set idle-timeout and max-lifetime below the"
              + " time-outs of the server, of poolers and of firewalls in between, and keep sleep"
              + " on for a database that suspends itself. Otherwise look into the server's log for"
              + " restarts, killed processes and terminated sessions",
          events.pool(),
          losses.times(),
          LossRate.WINDOW / 1_000_000_000L);
    }
  }

  // ---- sleep

  private void decideSleep(long now) {
    boolean sleeps =
        Idleness.asleep(
            maySleep, now - activity.lastWork(), config.sleepAfter().toNanos(), engine.waiting());
    if (sleeps == asleep) {
      return;
    }
    asleep = sleeps;
    asleepNow = sleeps;
    probes.asleep(sleeps);
    if (sleeps) {
      log.info("Pool {}: no work; the database may sleep until there is some", events.pool());
      events.post(new FellAsleep(events.pool()));
    } else {
      roused = true;
      log.info("Pool {}: awake", events.pool());
      events.post(new WokeUp(events.pool()));
    }
  }

  // ---- ageing and idleness

  private void retireTheOld(long now) {
    overdue = 0;
    if (config.maxLifetime().isZero()) {
      return;
    }
    int present =
        activity.count(State.IDLE) + activity.count(State.LEASED) + activity.count(State.PROBING);
    for (Slot slot : slots) {
      long word = activity.word(slot.index);
      if (now - slot.expiresAt < 0) {
        continue;
      }
      switch (Slot.state(word)) {
        case IDLE -> {
          if (asleep) {
            continue; // replacing an old connection would wake the server for nothing
          }
          if (substituted(slot, present, now)) {
            present -= engine.evict(slot, word, CloseReason.MAX_LIFETIME) ? 1 : 0;
          } else {
            overdue++;
          }
        }
        case LEASED -> engine.doom(slot, word, CloseReason.MAX_LIFETIME);
        default -> {}
      }
    }
  }

  /**
   * Whether an old connection may go without the pool falling below its minimum: where there is
   * room its substitute is opened first. It doesn't wait for that for ever, for it may be the old
   * one that the limit is there for.
   */
  private boolean substituted(Slot slot, int present, long now) {
    boolean room = activity.count(State.EMPTY) + activity.count(State.CONNECTING) > 0;
    return present > config.minSize()
        || !room
        || now - slot.expiresAt >= 2 * config.connectTimeout().toNanos();
  }

  private void evictTheIdle(long now) {
    int live = activity.live();
    long timeout = config.idleTimeout().toNanos();
    // From the far end of the row: leases keep to the near end.
    for (int i = slots.length - 1; i >= 0; i--) {
      if (activity.state(i) == State.IDLE
          && Idleness.evict(activity.idleFor(i, now), timeout, live, config.minSize())
          && engine.evict(slots[i], activity.word(i), CloseReason.IDLE_TIMEOUT)) {
        live--;
      }
    }
  }

  // ---- health

  private void checkHealth(long now) {
    boolean due = now - nextHealthCheck >= 0;
    if (!due && !sweep && !roused) {
      return;
    }
    Probes.Extent extent =
        roused ? Probes.Extent.ASK : due ? Probes.Extent.AS_CONFIGURED : Probes.Extent.LOOK;
    // One connection is enough, and a database that nobody has used has nothing to tell.
    boolean refresh = due && activity.lastWork() - refreshedAt > 0;
    for (Slot slot : slots) {
      long idle = activity.word(slot.index);
      if (Slot.state(idle) == State.IDLE) {
        long examined = probes.begin(slot, idle, extent, refresh);
        if (examined != idle) {
          if (refresh) {
            refresh = false;
            refreshedAt = now;
          }
          activity.examining(slot.index, examined, now);
        }
      }
    }
    sweep = false;
    roused = false;
    if (due) {
      nextHealthCheck = now + config.healthCheckInterval().toNanos();
    }
  }

  private void fenceNow(String why) {
    int born = connects.nextGeneration();
    int given = engine.giveUpAll(CloseReason.FENCED);
    connects.slowStart();
    events.post(new Fenced(events.pool(), given, why));
    log.warn("Pool {}: every connection is replaced ({}): {}", events.pool(), born, why);
  }

  /**
   * Gives up what was out of a fence's reach when it fell: a connection that was being examined, or
   * that arrived at that moment. The generation read is that of the word seen, or a later one, and
   * then the move fails.
   */
  private void fenceStragglers() {
    for (Slot slot : slots) {
      long word = activity.word(slot.index);
      if (connects.isFenced(slot)) {
        engine.giveUp(slot, word, CloseReason.FENCED);
      }
    }
  }

  // ---- growth

  private long grow(long now) {
    long pause = connects.pause(now);
    if (pause > 0) {
      connects.tellWaiters(now);
      closer.full(activity.count(State.EMPTY) == 0);
      return pause;
    }
    Growth.Facts facts = facts(now);
    int begin = Growth.connects(facts);
    int begun = 0;
    for (int i = 0; i < slots.length && begun < begin; i++) {
      if (connects.begin(slots[i])) {
        begun++;
      }
    }
    closer.full(facts.empty() - begun <= 0);
    return Growth.lookAgainIn(facts);
  }

  private Growth.Facts facts(long now) {
    return new Growth.Facts(
        activity.live() - overdue, // which go as soon as there is another in their place
        activity.count(State.IDLE),
        activity.count(State.CONNECTING),
        activity.count(State.EMPTY),
        asleep ? 0 : config.minSize(),
        engine.waiting(),
        now - engine.firstWaitsSince(now),
        connects.takes(),
        connects.allowance());
  }

  /** Lets the far slots idle out once leases have not needed them for a while. */
  private void narrow() {
    if (++calmPasses < NARROW_AFTER) {
      return;
    }
    calmPasses = 0;
    int needed = 2 * activity.takePeak();
    if (needed < engine.width()) {
      engine.narrow(engine.width() - 1);
    }
  }

  // ---- draining

  private void drainPass(long now) {
    boolean empty = true;
    for (Slot slot : slots) {
      long word = slot.word();
      State state = Slot.state(word);
      empty &= state == State.EMPTY;
      if (state == State.CONNECTING) {
        connects.abandonAtClose(slot, word); // nobody will want it
      } else if (drains && now - drainUntil >= 0) {
        if (state == State.DOOMED) {
          takeFromHolder(slot, word, now);
        } else if (state == State.PROBING) {
          probes.overdue(slot, word);
        }
      }
    }
    if (empty && drains) {
      drained.complete(null);
    }
  }

  private void takeFromHolder(Slot slot, long word, long now) {
    long holder = slot.holderId;
    PooledEntry entry = Closer.entry(slot);
    if (engine.abort(slot, word)) {
      log.warn(
          "Pool {}: connection {} was not returned within drain-timeout and is cut, and what runs on"
              + " it is ended; it has been out for {} ms, and {} holds it",
          events.pool(),
          entry.number(),
          activity.unmovedFor(slot.index, now) / 1_000_000,
          HolderThreads.describe(holder));
    }
  }
}
