package io.everpool.core.upkeep;

import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.policy.Backoff;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Looks for a server that takes writes, when a server has refused a write though it took writes
 * before. The connections to that server are good for reading and stay, until a new connection
 * shows that there is a server that writes; then the fence falls for all of them. As long as there
 * is none, one is looked for again, with growing pauses, while somebody writes; whoever writes is
 * told so at once.
 *
 * <p>Any thread may tell of a refused write; what new connections show is told on the upkeep
 * thread.
 */
public final class PrimarySearch {
  private static final Logger log = PoolEvents.log();

  /**
   * The longest pause between two searches is a tenth of the time for which writes have been
   * refused, so that a failover takes its writers a tenth longer at most; but a second is no loss.
   */
  private static final int SHARE_OF_REFUSALS = 10;

  private static final long NO_LOSS = TimeUnit.SECONDS.toNanos(1);

  /** What a refused write means for the connection that it was sent by. */
  public enum Refusal {
    /** The connection is as good as any: a moment ago no server that writes was found. */
    KEPT,
    /** The connection is as good as any that is known, and a server that writes is looked for. */
    SOUGHT,
    /** The connection is to be replaced: others go to a server that writes. */
    REPLACED
  }

  /**
   * A search that is under way. It is waited for by a latch: whoever waits holds a connection, and
   * on a fork/join worker a future would have his thread run other queued tasks meanwhile.
   */
  private static final class Search {
    private final CountDownLatch over = new CountDownLatch(1);
    private volatile boolean found;

    void end(boolean hasFound) {
      found = hasFound;
      over.countDown();
    }

    /** Whether it has ended by then, and has found a server. */
    boolean await(long nanos) throws InterruptedException {
      return over.await(nanos, TimeUnit.NANOSECONDS) && found;
    }
  }

  private static final AtomicIntegerFieldUpdater<PrimarySearch> AWAITED =
      AtomicIntegerFieldUpdater.newUpdater(PrimarySearch.class, "awaited");

  private final String product;
  private final String target;
  private final PoolConfig config;
  private final TimeSource time;
  private final DoubleSupplier random;
  private final PassScheduler scheduler;
  private final String pool;
  private final Fence fence;

  private final AtomicReference<@Nullable Search> underWay = new AtomicReference<>();

  private volatile int awaited;

  /** Whether the last search has found no server. */
  private volatile boolean nowhere;

  private volatile long notBefore;

  /** When the last search began: at the first refusal. */
  private volatile long began;

  /** When a write was last refused. */
  private volatile long refusedAt;

  /** Whether the pool is closing, so that nothing is opened that could show anything. */
  private volatile boolean closed;

  /** How many searches came without a long rest between them. From here on upkeep thread only. */
  private int searches;

  /** When the first of these searches began. */
  private long firstBegan;

  private boolean told;
  private long toldAt;

  PrimarySearch(
      PoolConfig config,
      String product,
      String target,
      Environment environment,
      Fence fence,
      long now) {
    this.config = config;
    this.product = product;
    this.target = target;
    this.time = environment.time();
    this.random = environment.random();
    this.scheduler = environment.scheduler();
    this.pool = config.name();
    this.fence = fence;
    this.notBefore = now;
    this.began = now;
    this.refusedAt = now;
    this.firstBegan = now;
  }

  // ---- told and asked by whoever writes, or examines a connection

  /**
   * The server of the connection in {@code slot} takes no writes any more, though the program has
   * not asked for that. Called by whoever has the slot just now; costs a look at the clock.
   */
  public Refusal refused(Slot slot) {
    if (slot.generation != fence.generation()) {
      return Refusal.REPLACED;
    }
    if (closed) {
      return Refusal.KEPT;
    }
    long now = time.nanoTime();
    refusedAt = now;
    if (underWay.get() != null) {
      return Refusal.SOUGHT;
    }
    if (now - notBefore < 0) {
      return nowhere ? Refusal.KEPT : Refusal.REPLACED;
    }
    // Written before the search can be seen. If two begin one at the same time, the loser may write
    // this later. That is after a refusal, too, and only makes one more connection count as old.
    began = now;
    if (underWay.compareAndSet(null, new Search())) {
      scheduler.hurry();
      if (closed) { // if it isn't set yet, close() will see this search
        endUnfound();
        return Refusal.KEPT;
      }
    }
    return Refusal.SOUGHT;
  }

  /**
   * Waits until the search that is under way has ended.
   *
   * @param nanos how long to wait; 0 or less for not at all
   * @return whether it has found a server that writes; false if the time is over before
   */
  public boolean await(long nanos) throws InterruptedException {
    Search search = underWay.get();
    if (search == null) {
      return !nowhere && !closed;
    }
    AWAITED.incrementAndGet(this);
    try {
      return search.await(nanos);
    } finally {
      AWAITED.decrementAndGet(this);
    }
  }

  // ---- asked by whoever opens connections, from any thread

  /** Whether a search is under way. */
  boolean isUnderWay() {
    return underWay.get() != null;
  }

  /**
   * Whether a connection that takes writes would be news, because none is known that does. A
   * refusal of long ago says nothing of the connections of today.
   */
  boolean isOn() {
    return isUnderWay() || (nowhere && wasRefusedLately());
  }

  /**
   * Whether a connection whose opening began then shows how its server was after the first refusal.
   * A session knows from its start whether its server writes. One that started before the server
   * stopped writing, and arrives afterwards, shows no more than the older ones.
   */
  boolean isSince(long begun) {
    return begun - began >= 0;
  }

  private boolean wasRefusedLately() {
    return time.nanoTime() - refusedAt < 2 * config.retry().maxBackoff().toNanos();
  }

  /** Whether a unit of work waits for what the search finds. */
  boolean isAwaited() {
    return awaited > 0;
  }

  // ---- learnt, on the upkeep thread

  /** A new connection takes writes, and the fence has fallen before those that don't. */
  void found() {
    nowhere = false;
    told = false;
    end(true);
  }

  /** A new connection takes no writes either. */
  void foundNone() {
    if (!isUnderWay()) {
      return;
    }
    nowhere = true;
    end(false);
    tell();
  }

  /**
   * A connect has failed: a server that is away may come, one that refuses or is full won't tell.
   */
  void connectFailed(Verdict verdict) {
    switch (verdict) {
      case SERVER_DOWN, SERVER_STARTING, PROXY_UNAVAILABLE, CONNECTION_LOST -> {
        if (!isAwaited() && !wasRefusedLately()) {
          foundNone(); // nobody writes any more who would need one
        }
      }
      default -> foundNone();
    }
  }

  /** The pool closes: whoever waits for a server that writes waits in vain. From any thread. */
  void close() {
    closed = true;
    endUnfound();
  }

  private void endUnfound() {
    Search search = underWay.getAndSet(null);
    if (search != null) {
      search.end(false);
    }
  }

  private void end(boolean found) {
    Search search = underWay.get();
    if (search == null) {
      return;
    }
    long now = time.nanoTime();
    long longest = config.retry().maxBackoff().toNanos();
    // A search that finds a server doesn't reset this: if each connection may lead to another
    // server, the next search may soon follow.
    searches = now - notBefore > 2 * longest ? 1 : searches + 1;
    if (searches == 1) {
      firstBegan = began;
    }
    long inProportion = Math.max(NO_LOSS, (now - firstBegan) / SHARE_OF_REFUSALS);
    notBefore =
        now
            + Backoff.delay(
                searches,
                config.retry().initialBackoff().toNanos(),
                Math.min(longest, inProportion),
                random.getAsDouble());
    underWay.set(null); // written last: whoever sees this reads the rest as it is now
    search.end(found);
  }

  /** Logs this at once, and then every ten seconds at most, because many may write. */
  private void tell() {
    long now = time.nanoTime();
    if (told && now - toldAt < Reachability.LOG_EVERY) {
      return;
    }
    told = true;
    toldAt = now;
    log.warn(
        "Pool {}: {} at {} takes no writes any more (it is a standby, or was told to write no"
            + " more), and no server that does was found. Reads go on, writes are refused (25006)."
            + " Promote it, or name the new primary's host in url; one is looked for again as long"
            + " as somebody writes",
        pool,
        product,
        target);
  }
}
