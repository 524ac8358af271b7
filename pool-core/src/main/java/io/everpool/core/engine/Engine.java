package io.everpool.core.engine;

import io.everpool.api.CloseReason;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import org.jspecify.annotations.Nullable;

/**
 * Lends the connections in its slots, to running threads first and to waiting threads by rule.
 *
 * <h2>Who gets a connection that comes back</h2>
 *
 * <p>Handing every connection to the first waiter is fair and slow: each lease then costs a
 * wake-up, many times the work done with it. Leaving it to whichever running thread comes by is
 * fast, but starves those who wait. So two rules decide, and only while somebody waits: the
 * connection is handed to the first waiter if it was held for {@link #LONG_HOLD} or longer
 * (compared with such a hold a wake-up is cheap), or if a {@link #gap} has passed since the last
 * hand-over: the longer the queue, the shorter the gap, so that whoever joins it waits for about
 * {@link #PATIENCE}, whatever the running threads do. Otherwise it is published as idle and a
 * running thread may take it without a context switch. The hold of a thread that had to wait counts
 * from its wake-up. If it counted from the hand-over, slow wake-ups would look like long holds, so
 * every connection would be handed over, and this convoy of waiting threads would never end.
 *
 * <h2>Why no wake-up is lost</h2>
 *
 * <p>A releaser publishes its slot, then reads the count of waiters; a waiter joins the queue, then
 * scans the slots. Both have a full fence between their two steps (a compare-and-set; a counter's
 * read-modify-write), so at least one of them sees the other: Dekker's pattern. If the releaser
 * sees the waiter it takes the slot back and serves the queue; if that fails, somebody else holds
 * the slot now, and his release will look. If the waiter sees the slot it takes it.
 *
 * <p>Most waiters don't scan, for in a pool of thousands with nothing idle every scan would be in
 * vain: a waiter relies on another one that was first in the queue before it joined and still waits
 * afterwards. That is enough. Whoever publishes a slot looks into the queue afterwards (or reads a
 * count of 0, and then the queue is empty). If that look finds a waiter, the first one is
 * signalled. If it finds none, all who wait later have joined after the look; the first of them had
 * nobody to rely on, for the look would have found that one, and so it has scanned after the slot
 * was published. A waiter that ends before its scan, for want of stack or memory, looks once on
 * behalf of those who rely on it ({@link #abandon}).
 *
 * <p>A signal (not a hand-over) only says "look again". The signaller sets {@code signalled},
 * wakes, then reads the status. The status of a waiter changes first, and {@code signalled} is read
 * afterwards, by the waiter that leaves or by whoever has served it. So when a signal meets a
 * waiter that is leaving, one of the two sees it and passes the signal on to the next waiter. A
 * waiter that was signalled and found nothing keeps the mark for {@link #RELOOK}, clears it, and
 * then looks once more: a slot published while it was marked is found by that look.
 *
 * <p>So beside an idle slot and a waiter there is always a first waiter that has been signalled, a
 * look that is due within {@link #RELOOK}, or a running thread about to look.
 *
 * <p>Nothing here blocks, and nothing reads a clock while nobody waits.
 *
 * <p>This class is so long because each argument above is about steps of two methods that must be
 * read beside each other. If the waiting, the handing over or the closing stood in a class of its
 * own, these proofs would go across files.
 */
public final class Engine {
  /** Held for this long or longer, a connection goes to the first waiter; nanoseconds. */
  static final long LONG_HOLD = 100_000;

  /**
   * The wait that the queue aims at while holds are short: a queue of n moves every {@code PATIENCE
   * / n}, within the next two bounds; nanoseconds.
   */
  static final long PATIENCE = 5_000_000;

  /**
   * The longest time between two hand-overs while holds are short, in the shortest queue;
   * nanoseconds.
   */
  static final long LONGEST_GAP = 200_000;

  /**
   * The shortest time between two hand-overs, in the longest queue. A wake-up costs a third of it.
   * In nanoseconds.
   */
  static final long SHORTEST_GAP = 60_000;

  /** How long a waiter that was signalled and found nothing counts as signalled; nanoseconds. */
  static final long RELOOK = 100_000;

  /**
   * How many slots a running thread looks at while others wait. In a pool that is used up, more
   * looks would only tell the thread that it has to wait, too.
   */
  static final int LOOKS_BESIDE_WAITERS = 64;

  /**
   * How many frames of stack must be left before the move of a hand-over: more than are needed by
   * all that is called from that move on, wake-up included. From the move to the end of the
   * hand-over, the thread that makes it is the only one that knows the new lease. If its stack
   * ended there, the slot would be lost. Before the move the lease still has the name that its
   * holder knows, and can leave in a note for upkeep.
   */
  private static final int FRAMES = 200;

  /** How many slots of its own each thread tries when its home slot is taken. */
  private static final int OWN_SLOTS = 6;

  /**
   * How many entries of {@link #homes} there are for each slot: enough that two of many threads
   * seldom share one.
   */
  private static final int HOMES = 8;

  private static final AtomicIntegerFieldUpdater<Engine> IN_VAIN =
      AtomicIntegerFieldUpdater.newUpdater(Engine.class, "inVain");

  private final Slot[] slots;
  private final WaitQueue queue = new WaitQueue();
  private final TimeSource time;
  private final Housekeeping housekeeping;

  /**
   * For each hash of a thread's id, the slot in which a thread of this hash was served last. Such a
   * thread looks there first. So threads that come again keep to their connections, and find them
   * at once, however many slots there are. All accesses are plain ones: a race loses a hint, which
   * costs a search and nothing else. A short can hold the index of any slot, because a pool has at
   * most ten thousand slots.
   */
  private final short[] homes;

  private final int homeShift;

  /**
   * How many slots, from the first on, leases keep to while these suffice; so the connections in
   * the other slots can idle out.
   */
  private volatile int width = 1;

  private volatile boolean closed;

  /** How many callers went without a connection: they left the queue, or too many waited in it. */
  private volatile int inVain;

  /** Time of the last hand-over. If two threads write it at once, one gap at most is lost. */
  private volatile long lastHandOver;

  public Engine(int maxSize, TimeSource time, Housekeeping housekeeping) {
    this.slots = new Slot[maxSize];
    for (int i = 0; i < maxSize; i++) {
      slots[i] = new Slot(i);
    }
    int bits = Integer.SIZE - Integer.numberOfLeadingZeros(maxSize * HOMES - 1);
    this.homes = new short[1 << bits];
    this.homeShift = Long.SIZE - bits;
    this.time = time;
    this.housekeeping = housekeeping;
    this.lastHandOver = time.nanoTime();
  }

  // ---- acquiring

  /** Takes an idle connection, or returns null; the lease is then in {@link Slot#lease}. */
  public @Nullable Slot tryAcquire(long threadId) {
    int home = homes[key(threadId)];
    if (home < width) {
      Slot slot = slots[home];
      if (slot.acquire(threadId) != 0) {
        return slot;
      }
    }
    int all = slots.length;
    int looks = queue.count() > 0 ? Math.min(LOOKS_BESIDE_WAITERS, all) : all;
    Slot own = all > 2 * OWN_SLOTS ? acquireInOwnSlots(threadId) : null;
    return own != null ? own : acquireElsewhere(threadId, home, looks);
  }

  /**
   * Tries a few slots that other threads don't try in the same order. In a large pool most of whose
   * connections are leased, threads that searched on from their home slots would all meet the same
   * leased slots, one after the other.
   */
  private @Nullable Slot acquireInOwnSlots(long threadId) {
    int near = width;
    for (int i = 1; i <= OWN_SLOTS; i++) {
      int at = (int) (((((threadId + i) * 0x9E3779B97F4A7C15L) >>> 32) * near) >>> 32);
      Slot slot = slots[at];
      if (slot.acquire(threadId) != 0) {
        homes[key(threadId)] = (short) at;
        return slot;
      }
    }
    return null;
  }

  /** Fibonacci hashing: neighbouring ids land far apart. */
  private int key(long threadId) {
    return (int) ((threadId * 0x9E3779B97F4A7C15L) >>> homeShift);
  }

  /** Tries the slots from the one after home round to home, and then those beyond the width. */
  private @Nullable Slot acquireElsewhere(long threadId, int home, int looks) {
    int near = width;
    int start = home + 1 < near ? home + 1 : 0;
    for (int i = 0; i < looks; i++) {
      int at = i;
      if (i < near) {
        at = start + i;
        at = at < near ? at : at - near;
      }
      Slot slot = slots[at];
      if (slot.acquire(threadId) != 0) {
        homes[key(threadId)] = (short) at;
        if (width <= at) {
          width = at + 1; // a race loses a step, which the next acquirer beyond the width repeats
        }
        return slot;
      }
    }
    return null;
  }

  /** Puts the waiter into the queue. Answers as {@link #step}, or {@link WaitResult#QUEUE_FULL}. */
  public WaitResult begin(Waiter waiter, long threadId, int maxWaiters) {
    if (closed) {
      return WaitResult.REJECTED;
    }
    waiter.threadId = threadId;
    Waiter before = queue.first();
    if (!queue.join(waiter, maxWaiters)) {
      IN_VAIN.incrementAndGet(this);
      if (queue.count() == 0) { // if others wait, they have asked for growth already
        housekeeping.grow();
      }
      return WaitResult.QUEUE_FULL;
    }
    if (closed) { // close() may have rejected the queue before this one was in it
      return leave(waiter) ? WaitResult.REJECTED : step(waiter, threadId);
    }
    boolean reliesOnAnother = before != null && before.waits();
    WaitResult result = reliesOnAnother ? WaitResult.WAIT : scan(waiter, threadId);
    if (result == WaitResult.WAIT) {
      housekeeping.grow();
    }
    return result;
  }

  /**
   * Finds out what has come for the waiter, after a wake-up of any kind. After {@link
   * WaitResult#WAIT} the caller calls this again at the next wake-up or at the deadline. After
   * {@link WaitResult#RELOOK} the caller pauses for {@link #relookNanos()} and calls {@link
   * #relook}.
   */
  public WaitResult step(Waiter waiter, long threadId) {
    return switch (waiter.status()) {
      case HANDED, LEFT -> WaitResult.SERVED;
      case REJECTED -> {
        queue.left();
        passOn(); // it may have been signalled, too, and waiters that joined since were not
        yield WaitResult.REJECTED;
      }
      case WAITING -> {
        WaitResult result = waiter.signalled ? scan(waiter, threadId) : WaitResult.WAIT;
        yield result == WaitResult.WAIT && waiter.signalled ? WaitResult.RELOOK : result;
      }
    };
  }

  /**
   * The look that ends a {@link WaitResult#RELOOK}: the signal is cleared before the slots are
   * read, so that a connection that comes after that read signals again and is not missed.
   */
  public WaitResult relook(Waiter waiter, long threadId) {
    if (!waiter.waits()) {
      return step(waiter, threadId);
    }
    waiter.signalled = false;
    VarHandle.fullFence();
    return scan(waiter, threadId);
  }

  /** How long a marked waiter pauses before it looks again; nanoseconds. */
  public static long relookNanos() {
    return RELOOK;
  }

  /**
   * Leaves the queue at a deadline or an interrupt. False if a connection (or the pool's end) came
   * first: {@link #step} then tells which, and a connection must be taken.
   */
  public boolean leave(Waiter waiter) {
    if (!waiter.become(Waiter.Status.LEFT)) {
      return false;
    }
    // Before the queue counts it out: see inVain().
    IN_VAIN.incrementAndGet(this);
    queue.left();
    if (waiter.signalled) {
      passOn(); // only the first is told of an idle connection, and the next is the first now
    }
    return true;
  }

  /**
   * Takes a waiter out of the queue whose thread has no stack or memory to go on, at whatever point
   * that happens. Gives back the connection that the waiter was served, if any, and makes the look
   * that other waiters rely on.
   */
  public void abandon(Waiter waiter, long threadId) {
    if (!waiter.counted) {
      return; // its thread failed before the waiter was in the queue
    }
    if (!leave(waiter) && step(waiter, threadId) == WaitResult.SERVED) {
      Slot slot = take(waiter, threadId, time.nanoTime());
      giveBack(slot, slot.lease);
    }
    passOn();
  }

  /** The slot that a served waiter got; the lease is in {@link Slot#lease}. To be called once. */
  public Slot take(Waiter waiter, long threadId, long now) {
    Waiter.Handed handed = waiter.handed();
    Slot slot = handed != null ? handed.slot() : waiter.found;
    if (slot == null) {
      throw new IllegalStateException("not served: " + waiter.status());
    }
    if (handed != null) {
      slot.lend(handed.lease(), threadId);
    }
    time(slot, slot.lease, now);
    return slot;
  }

  private WaitResult scan(Waiter waiter, long threadId) {
    Slot found = acquireElsewhere(threadId, homes[key(threadId)] - 1, slots.length);
    if (found == null) {
      return WaitResult.WAIT;
    }
    long lease = found.lease;
    if (waiter.become(Waiter.Status.LEFT)) {
      waiter.found = found;
      queue.left();
      passOn();
      return WaitResult.SERVED;
    }
    // Meanwhile somebody has served the waiter, or the pool has closed: that stands, and the
    // connection found here goes back.
    bringBack(found, lease);
    return step(waiter, threadId);
  }

  /** Signals the first in the queue, who may be a new one, if a connection lies idle. */
  private void passOn() {
    if (queue.count() > 0 && anyIdle()) {
      signalFirst();
    }
  }

  /**
   * Has the first who waits look again if a connection lies idle beside him. Upkeep calls this,
   * because whoever published it may have had no stack, or no memory, to tell him.
   */
  public void remind() {
    passOn();
  }

  /** Whether any connection lies idle. */
  public boolean anyIdle() {
    for (Slot slot : slots) {
      if (slot.state() == State.IDLE) {
        return true;
      }
    }
    return false;
  }

  private void signalFirst() {
    for (Waiter first; (first = queue.first()) != null; ) {
      if (first.signalled) {
        return;
      }
      first.signalled = true;
      first.wake();
      if (first.waits()) {
        return;
      }
    }
  }

  // ---- releasing

  /** Notes when a lease began, so that its release knows a long hold. */
  public void time(Slot slot, long lease, long now) {
    slot.heldSince = now;
    slot.timedLease = lease;
  }

  /**
   * RELEASE. A late or second call does nothing; a doomed connection is closed. Returns whether
   * this call has ended the lease.
   */
  public boolean release(Slot slot, long lease) {
    int waiters = queue.count();
    if (waiters > 0) {
      return releaseBesideWaiters(slot, lease, waiters);
    }
    if (!slot.release(lease)) {
      return closeDoomed(slot, lease);
    }
    if (queue.count() > 0) {
      serve(slot);
    }
    return true;
  }

  /** Offers an idle slot to those who wait, if it is still idle. */
  private void serve(Slot slot) {
    // Before the acquire: if this throws, the slot stays idle, and upkeep reminds the first waiter.
    StackRoom.demand(FRAMES);
    long lease = slot.acquire(Slot.NOBODY);
    if (lease == 0) {
      return;
    }
    boolean over = false;
    try {
      long now = time.nanoTime();
      if (queue.first() == null) { // all were served meanwhile, and it need not look lent
        bringBack(slot, lease);
      } else {
        handOver(slot, lease, now);
      }
      over = true;
    } finally {
      if (!over) { // there was no memory, and if the lease goes on only this thread knows it
        giveBack(slot, lease);
      }
    }
  }

  /** RELEASE without a hand-over: whoever comes first takes the connection. Needs no memory. */
  private void giveBack(Slot slot, long lease) {
    slot.bringBackRest(lease);
    if (slot.release(lease)) {
      signalFirst();
    } else {
      closeDoomed(slot, lease);
    }
  }

  private boolean releaseBesideWaiters(Slot slot, long lease, int waiters) {
    long now = time.nanoTime();
    boolean heldLong = slot.timedLease == lease && now - slot.heldSince >= LONG_HOLD;
    if (heldLong || now - lastHandOver >= gap(waiters)) {
      StackRoom.demand(FRAMES);
      return handOver(slot, lease, now);
    }
    if (slot.release(lease)) {
      signalFirst();
      return true;
    }
    return closeDoomed(slot, lease);
  }

  /** The time from one hand-over to the next while holds are short; nanoseconds. */
  static long gap(int waiters) {
    return Math.max(SHORTEST_GAP, Math.min(LONGEST_GAP, PATIENCE / waiters));
  }

  private boolean handOver(Slot slot, long lease, long now) {
    long next = Slot.after(Move.HAND_OVER, lease);
    Waiter.Handed handed = new Waiter.Handed(slot, next); // made before the move, for it may throw
    // The new lease makes the old one void before anybody else can see the slot.
    if (!slot.attempt(Move.HAND_OVER, lease)) {
      return closeDoomed(slot, lease);
    }
    // The connection may have rested: serve() may have come late to the slot that it published.
    slot.handOnRest(lease, next);
    lastHandOver = now;
    Waiter served = queue.hand(handed);
    if (served != null) {
      served.wake();
      if (served.signalled) {
        // This waiter was told of an idle connection, too, and won't look for it now.
        signalFirst();
      }
      return true;
    }
    // Nobody waits any more: publish the slot, and look into the queue after that.
    bringBack(slot, next);
    return true;
  }

  /** RELEASE of a connection that its taker has not used. */
  private void bringBack(Slot slot, long lease) {
    slot.bringBackRest(lease);
    if (!slot.release(lease)) {
      closeDoomed(slot, lease);
    } else if (queue.first() != null) {
      serve(slot);
    }
  }

  /** CLAIM: renames the lease, so that only this caller can end it; 0 if it is over or doomed. */
  public long claim(Slot slot, long lease) {
    if (!slot.attempt(Move.CLAIM, lease)) {
      return 0;
    }
    long claimed = Slot.after(Move.CLAIM, lease);
    slot.lease = claimed;
    if (slot.timedLease == lease) {
      slot.timedLease = claimed;
    }
    return claimed;
  }

  /**
   * RETIRE: the holder brings a connection that must not be lent again. A late or second call does
   * nothing. Returns whether this call has ended the lease.
   */
  public boolean retire(Slot slot, long lease, CloseReason reason) {
    if (slot.attempt(Move.RETIRE, lease)) {
      close(slot, Move.RETIRE, lease, reason, false);
      return true;
    }
    return closeDoomed(slot, lease);
  }

  private boolean closeDoomed(Slot slot, long lease) {
    long doomed = Slot.after(Move.DOOM, lease);
    if (slot.attempt(Move.CLOSE_DOOMED, doomed)) {
      close(slot, Move.CLOSE_DOOMED, doomed, slot.doomReason, false);
      return true;
    }
    return false;
  }

  /**
   * Ends a lease by cutting the connection, whoever uses it and whether it is doomed or not. The
   * caller is the holder, or upkeep, which no longer waits for him. A release that comes later does
   * nothing. Returns whether this call has ended the lease.
   */
  public boolean cut(Slot slot, long lease, CloseReason reason) {
    doom(slot, lease, reason);
    return abort(slot, Slot.after(Move.DOOM, lease));
  }

  /** Has the connection closed, after the move {@code made} from {@code word}. */
  private void close(Slot slot, Move made, long word, CloseReason reason, boolean cut) {
    slot.closeReason = reason;
    slot.cut = cut;
    housekeeping.close(slot, Slot.after(made, word));
  }

  // ---- what others than holders do

  /** DOOM: the present lease's connection will be closed when it comes back. */
  public boolean doom(Slot slot, long lease, CloseReason reason) {
    if (slot.word() == lease) {
      slot.doomReason = reason;
    }
    return slot.attempt(Move.DOOM, lease);
  }

  /** ABORT: takes a doomed connection from its holder. */
  public boolean abort(Slot slot, long word) {
    if (slot.attempt(Move.ABORT, word)) {
      close(slot, Move.ABORT, word, slot.doomReason, true);
      return true;
    }
    return false;
  }

  /** EVICT: closes an idle connection, seen idle as {@code word}. */
  public boolean evict(Slot slot, long word, CloseReason reason) {
    if (slot.attempt(Move.EVICT, word)) {
      close(slot, Move.EVICT, word, reason, false);
      return true;
    }
    return false;
  }

  /** Evicts or dooms the connection seen as {@code word}; false if it is not, or no longer, so. */
  public boolean giveUp(Slot slot, long word, CloseReason reason) {
    return switch (Slot.state(word)) {
      case IDLE -> evict(slot, word, reason);
      case LEASED -> doom(slot, word, reason);
      default -> false;
    };
  }

  /** Evicts or dooms every connection that is idle or leased; returns how many. */
  public int giveUpAll(CloseReason reason) {
    int given = 0;
    for (Slot slot : slots) {
      boolean settled = false;
      while (!settled) { // this is repeated if the slot has moved meanwhile
        long word = slot.word();
        boolean moved = giveUp(slot, word, reason);
        given += moved ? 1 : 0;
        settled = moved || slot.word() == word;
      }
    }
    return given;
  }

  /**
   * OPENED: a connection is there and the slot's fields are written. False if the slot was given up
   * meanwhile: the connection is then the caller's to end.
   */
  public boolean opened(Slot slot, long word) {
    if (slot.attempt(Move.OPENED, word)) {
      offer(slot, Slot.after(Move.OPENED, word));
      return true;
    }
    return false;
  }

  /** PASS: an examined connection is idle again. */
  public void pass(Slot slot, long word) {
    if (slot.attempt(Move.PASS, word)) {
      offer(slot, Slot.after(Move.PASS, word));
    }
  }

  /**
   * FAIL: an examined connection is dead, or no longer wanted.
   *
   * @param cut whether its prober may still be using it
   */
  public boolean fail(Slot slot, long word, CloseReason reason, boolean cut) {
    if (slot.attempt(Move.FAIL, word)) {
      close(slot, Move.FAIL, word, reason, cut);
      return true;
    }
    return false;
  }

  /**
   * Has every connection that is idle now looked at before it is lent: something has happened that
   * may have ended them all. May be called from any thread. A thread that acquires at the same
   * moment may get its connection without a look.
   */
  public void mistrustIdle() {
    for (Slot slot : slots) {
      long word = slot.word();
      if (Slot.state(word) == State.IDLE) {
        slot.restedWord = word;
      }
    }
  }

  private void offer(Slot slot, long idle) {
    // close() sets the flag and then sweeps the slots; this thread has published its slot and then
    // reads the flag. So one of the two evicts it.
    if (closed) {
      evict(slot, idle, CloseReason.POOL_CLOSED);
    } else if (queue.count() > 0) {
      serve(slot);
    }
  }

  // ---- closing

  /**
   * Nobody is lent anything or waits from now on: all who wait are rejected, idle connections are
   * evicted, and leased ones are doomed.
   */
  public void close() {
    closed = true;
    queue.rejectAll();
    // Whoever publishes a slot as idle or leased after this sweep reads the flag himself.
    giveUpAll(CloseReason.POOL_CLOSED);
  }

  public boolean isClosed() {
    return closed;
  }

  /**
   * Sends away all who wait: {@link #step} answers {@link WaitResult#REJECTED} to them though the
   * pool is open. It is called when it is known that nothing will come.
   */
  public void rejectAll() {
    queue.rejectAll();
  }

  /** Whether any connection exists that may be lent, now or when it comes back. */
  public boolean anyLive() {
    for (Slot slot : slots) {
      switch (slot.state()) {
        case IDLE, LEASED, PROBING -> {
          return true;
        }
        default -> {}
      }
    }
    return false;
  }

  // ---- looking

  /** The row of slots, for reading and for moves; the array itself is never changed. */
  public Slot[] slots() {
    return slots;
  }

  /** How many wait. */
  public int waiting() {
    return queue.count();
  }

  /**
   * How many callers have gone without a connection so far. Read {@link #waiting()} before this: a
   * waiter that leaves is counted here before it is no longer counted there, so that no reader
   * misses it.
   */
  public int inVain() {
    return inVain;
  }

  /** Since when the first in the queue has waited, or {@code none} if nobody does. */
  public long firstWaitsSince(long none) {
    Waiter first = queue.first();
    return first == null ? none : first.since;
  }

  /**
   * Those who wait though they hold a connection already, by the ids of their threads. It walks the
   * slots and the queue, so it is for explanations only; but of all who wait it collects only
   * these.
   */
  public Map<Long, Waiter> waitingHolders() {
    long[] holders = new long[slots.length];
    int count = 0;
    for (Slot slot : slots) {
      long holder = slot.holder();
      if (holder != 0) {
        holders[count++] = holder;
      }
    }
    Arrays.sort(holders, 0, count);
    int known = count;
    Map<Long, Waiter> found = new HashMap<>();
    queue.waiting(
        waiter -> {
          if (Arrays.binarySearch(holders, 0, known, waiter.threadId) >= 0) {
            found.put(waiter.threadId, waiter);
          }
        });
    return found;
  }

  /**
   * A slot that the calling thread, whose id this is, has leased; null if none is found. In a pool
   * of more than {@link #LOOKS_BESIDE_WAITERS} slots it would cost too much to look at all of them;
   * there this looks only at the slot in which the thread was served last.
   */
  public @Nullable Slot heldBy(long threadId) {
    Slot home = slots[homes[key(threadId)]];
    if (home.isHeldBy(threadId)) {
      return home;
    }
    if (slots.length <= LOOKS_BESIDE_WAITERS) {
      for (Slot slot : slots) {
        if (slot.isHeldBy(threadId)) {
          return slot;
        }
      }
    }
    return null;
  }

  public int width() {
    return width;
  }

  /** Lets leases keep to fewer slots. */
  public void narrow(int to) {
    width = Math.max(1, to);
  }

  /** The queue, for tests. */
  WaitQueue queue() {
    return queue;
  }
}
