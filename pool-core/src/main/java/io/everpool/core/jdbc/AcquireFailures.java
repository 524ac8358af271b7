package io.everpool.core.jdbc;

import io.everpool.api.AcquireTimeoutException;
import io.everpool.api.PoolClosedException;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.PoolSnapshot.Holder;
import io.everpool.api.TooManyWaitersException;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.observe.PoolEvent.AcquireRejected;
import io.everpool.api.observe.PoolEvent.AcquireTimedOut;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.observe.GuardedCall;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.upkeep.HolderThreads;
import io.everpool.core.upkeep.Reachability;
import io.everpool.core.upkeep.SharedState;
import java.lang.ref.SoftReference;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTransientConnectionException;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * What callers are told who get no connection: that they came too late, too many, or in vain, with
 * what the pool knows of the reason. Thread-safe.
 */
final class AcquireFailures {
  private static final Logger log = PoolEvents.log();

  /** The shortest time between two lines about long waits; nanoseconds. */
  static final long SLOW_EVERY = 10_000_000_000L;

  /**
   * For how long others are told as well what was found out for one caller; nanoseconds. Otherwise,
   * if ten thousand callers give up at once or are turned away within a second, each of them would
   * stop the whole process to look at the holders' threads, in the very moment in which it has to
   * work.
   */
  static final long GOOD_FOR = 100_000_000L;

  private static final AtomicLongFieldUpdater<AcquireFailures> TOLD_OF_SLOW =
      AtomicLongFieldUpdater.newUpdater(AcquireFailures.class, "toldOfSlow");
  private static final AtomicIntegerFieldUpdater<AcquireFailures> FINDING_OUT =
      AtomicIntegerFieldUpdater.newUpdater(AcquireFailures.class, "findingOut");

  @SuppressWarnings("rawtypes")
  private static final AtomicReferenceFieldUpdater<AcquireFailures, SoftReference> EXPLANATION =
      AtomicReferenceFieldUpdater.newUpdater(
          AcquireFailures.class, SoftReference.class, "explanation");

  private final PoolConfig config;
  private final Connector connector;
  private final SharedState shared;
  private final Engine engine;
  private final Reachability server;
  private final TimeSource time;
  private final PoolEvents events;
  private final SnapshotSource snapshots;
  private final NestedAcquires nested;
  private volatile long toldOfSlow;

  /** 1 while a caller looks at the holders' threads. */
  @SuppressWarnings("unused") // only its updater reads it
  private volatile int findingOut;

  /**
   * What was found out last; null before the first time. The reference is soft because nobody needs
   * this once no caller has to wait any more.
   */
  private volatile @Nullable SoftReference<Explanation> explanation;

  AcquireFailures(
      PoolConfig config,
      Connector connector,
      SharedState shared,
      TimeSource time,
      PoolEvents events,
      NestedAcquires nested,
      SnapshotSource snapshots) {
    this.config = config;
    this.connector = connector;
    this.shared = shared;
    this.engine = shared.engine();
    this.server = shared.server();
    this.time = time;
    this.events = events;
    this.nested = nested;
    this.snapshots = snapshots;
    this.toldOfSlow = time.nanoTime() - SLOW_EVERY;
  }

  /**
   * Called for a caller who has not stood in line yet. Throws if it is known that waiting is in
   * vain.
   *
   * @param wait the kind of his wait, here and in the methods below
   */
  void refuseAtTheDoor(WaitKind wait) throws SQLException {
    SQLException refusal = refusal();
    if (refusal == null) {
      return;
    }
    if (wait.counts && !(refusal instanceof PoolClosedException)) {
      events.emit(new AcquireRejected(config.name()));
    }
    throw refusal;
  }

  /** What a caller who waits may be told at once; null if there is hope of a connection. */
  private @Nullable SQLException refusal() {
    if (engine.isClosed()) {
      return new PoolClosedException(config.name());
    }
    SQLException last = server.lastFailure();
    if (last != null && server.isHopeless()) {
      return new SQLTransientConnectionException(
          "Pool "
              + config.name()
              + " can't be opened: "
              + sentence(last)
              + " Every try of the last seconds found nobody there. If the database may come up"
              + " later than the application, set fail-fast = false.",
          "08001",
          last);
    }
    SQLException refused = server.refusal(time.nanoTime());
    if (refused == null) {
      return null;
    }
    return new SQLNonTransientConnectionException(
        "Pool "
            + config.name()
            + " has no connection and "
            + (server.failsHere() ? "can't open one: " : connector.target() + " refuses new ones: ")
            + sentence(refused)
            + " "
            + Advice.whileConnectsFail(whyConnectsFail()),
        refused.getSQLState(),
        refused);
  }

  private static String sentence(SQLException failure) {
    String message = String.valueOf(failure.getMessage());
    return message.endsWith(".") ? message : message + ".";
  }

  /**
   * What to throw for a caller who has waited for too long.
   *
   * @param begun when he began to ask, on the pool's clock
   */
  SQLException timedOut(long begun, WaitKind wait) {
    return noConnection(begun, wait, " (" + wait.limit + ")");
  }

  /** What to throw for a caller who stops waiting because it is of no use. */
  SQLException inVain(long begun, WaitKind wait) {
    SQLException refusal = refusal();
    if (refusal == null) {
      return noConnection(begun, wait, ": the pool has just learnt that nothing will come");
    }
    if (wait.counts && !(refusal instanceof PoolClosedException)) {
      events.emit(new AcquireTimedOut(config.name(), time.nanoTime() - begun));
    }
    return refusal;
  }

  private SQLException noConnection(long begun, WaitKind wait, String why) {
    long waited = time.nanoTime() - begun;
    if (wait.counts) {
      events.emit(new AcquireTimedOut(config.name(), waited));
    }
    Explanation.Told told = explain();
    return new AcquireTimeoutException(
        "No connection within " + waited / 1_000_000 + " ms" + why + ". " + told.text(),
        told.pool(),
        server.lastFailure());
  }

  /** Why the calling thread gets no connection. */
  private Explanation.Told explain() {
    Explanation known = explanation();
    PoolSnapshot own = snapshots.forCaller(known.why().pool());
    Thread caller = Thread.currentThread();
    List<Holder> holders = own == null ? known.why().pool().holders() : own.holders();
    boolean entangled =
        nested.isEntangled()
            || (holders.stream().allMatch(Holder::waiting)
                && known.held().isStillButFor(HolderThreads.id(caller)));
    return own == null
        ? known.toStranger(entangled)
        : known.toHolder(HolderThreads.describe(caller), own, entangled);
  }

  /** What all callers are told who are sent away just now. */
  private Explanation explanation() {
    SoftReference<Explanation> last = explanation;
    Explanation known = good(last);
    if (known != null) {
      return known;
    }
    if (FINDING_OUT.compareAndSet(this, 0, 1)) {
      try {
        Explanation meanwhile = good(explanation);
        if (meanwhile != null) { // another caller stored it just before this one began
          return meanwhile;
        }
        Explanation found = findOut(true);
        explanation = new SoftReference<>(found);
        return found;
      } finally {
        findingOut = 0;
      }
    }
    // Another caller is looking at the threads. Until he has seen them, callers are told only what
    // is known without that.
    Explanation found = findOut(false);
    EXPLANATION.compareAndSet(this, last, new SoftReference<>(found));
    return found;
  }

  /** The explanation; null if it is too old, or if the reason has changed since. */
  private @Nullable Explanation good(@Nullable SoftReference<Explanation> last) {
    Explanation known = last == null ? null : last.get();
    if (known == null || time.nanoTime() - known.at() >= GOOD_FOR) {
      return null;
    }
    PoolSnapshot pool = known.why().pool();
    boolean same =
        known.isOf(server.lastFailure())
            && pool.suspended() == shared.bounds().suspended()
            && pool.maxSize() == shared.bounds().maxSize();
    return same ? known : null;
  }

  private Explanation findOut(boolean deeds) {
    // what is held is noted first: a connection that comes back from here on shows as a difference
    HeldSnapshot held = HeldSnapshot.of(engine);
    SQLException failure = server.lastFailure();
    PoolSnapshot pool = deeds ? snapshots.withDeeds() : snapshots.withoutDeeds();
    Exhaustion why =
        new Exhaustion(
            pool,
            config,
            whyConnectsFail(),
            shared.connectingFor(),
            shared.sleep().waking(),
            shared.full().saysThatItIs(),
            false);
    return Explanation.of(why, held, time.nanoTime(), failure);
  }

  /**
   * Why connects fail. A driver that doesn't work in this process counts as a limit of the process:
   * in both cases the server isn't to blame.
   */
  private Verdict whyConnectsFail() {
    return server.failsHere() ? Verdict.PROCESS_LIMIT : server.lastVerdict();
  }

  /**
   * Logs why a caller waits long and goes on waiting; one line stands for all such callers. Never
   * throws. It is no warning if connects fail, which the log tells elsewhere, or if the database is
   * being started.
   *
   * @param waited for how long he has waited; nanoseconds
   */
  void tellOfSlow(long waited) {
    long last = toldOfSlow;
    long now = time.nanoTime();
    if (now - last >= SLOW_EVERY && TOLD_OF_SLOW.compareAndSet(this, last, now)) {
      GuardedCall.survives(
          config.name(),
          "telling of a long wait",
          () -> {
            String text =
                HolderThreads.describe(Thread.currentThread())
                    + " has waited for "
                    + waited / 1_000_000
                    + " ms for a connection, and waits on. "
                    + explain().text();
            if (server.isFailing() || shared.sleep().waking()) {
              log.info("Pool {}: {}", config.name(), text);
            } else {
              log.warn("Pool {}: {}", config.name(), text);
            }
          });
    }
  }

  /** What to throw for a caller who found the queue full. */
  SQLException rejected(WaitKind wait) {
    if (wait.counts) {
      events.emit(new AcquireRejected(config.name()));
    }
    Explanation.Told told = explain();
    return new TooManyWaitersException(
        "Refused at once: "
            + config.maxWaiters()
            + " callers (max-waiters) wait for a connection already. "
            + told.text(),
        told.pool());
  }

  /** What to throw for a caller whose thread was interrupted while he waited. */
  SQLException interrupted() {
    return new SQLTransientConnectionException(
        "Interrupted while waiting for a connection of pool " + config.name(), "08001");
  }
}
