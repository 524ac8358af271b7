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
 * wake-up, many times the work done with it. Leaving it to whoever runs by is fast and starves
 * those who wait. So two rules decide, and only while somebody waits: the connection is handed to
 * the first waiter if it was held for {@link #LONG_HOLD} or longer (beside such a hold a wake-up is
 * cheap), or if a {@link #gap} has passed since the last hand-over: the longer the queue, the
 * shorter the gap, so that whoever joins it waits for about {@link #PATIENCE}, whatever the runners
 * do. Otherwise it is published as idle and a running thread may take it without a context switch.
 * A hold that began by waiting counts from the wake-up: counted from the hand-over, slow wake-ups
 * would look like long holds, and the convoy would never end.
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
 * wakes, then reads the status; the waiter leaves its status first and reads {@code signalled}
 * afterwards, or whoever served it does. So a signal to someone who is leaving is seen by one of
 * the two and passed on to the next. A waiter that was signalled and found nothing keeps the mark
 * for {@link #RELOOK}, clears it, and then looks once more: a slot published while it was marked is
 * found by that look.
 *
 * <p>So beside an idle slot and a waiter there is always a first waiter that has been signalled, a
 * look that is due within {@link #RELOOK}, or a running thread about to look.
 *
 * <p>Nothing here blocks, and nothing reads a clock while nobody waits.
 *
 * <p>This is the one long class. Each argument above is about steps of two methods that stand far
 * apart in what they do and must be read beside each other: who would move the waiting, the handing
 * over or the closing elsewhere would have to prove it across files.
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

  /** The shortest such time, in the longest queue: a wake-up costs a third of it; nanoseconds. */
  static final long SHORTEST_GAP = 60_000;

  /** How long a waiter that was signalled and found nothing counts as signalled; nanoseconds. */
  static final long RELOOK = 100_000;

  /**
   * How many slots a running thread looks at while others wait. In a pool that is used up all it
   * would learn by looking at the others is that it has to wait, too.
   */
  static final int LOOKS_BESIDE_WAITERS = 64;

  /**
   * More stack than all that is called from the move of a hand-over on, wake-up included. Between
   * that move and its end nobody knows of the lease but the thread that makes it: one that came to
   * the end of its stack there would take the place with it. Before the move the lease has the name
   * that its holder knows, and leaves to upkeep.
   */
  private static final int FRAMES = 200;

  /** So many places each thread has for itself, to look at when its home is taken. */
  private static final int OWN_PLACES = 6;

  /** Homes for each slot: so many that two threads of many seldom have the same. */
  private static final int HOMES = 8;

  private static final AtomicIntegerFieldUpdater<Engine> IN_VAIN =
      AtomicIntegerFieldUpdater.newUpdater(Engine.class, "inVain");

  private final Slot[] slots;
  private final WaitQueue queue = new WaitQueue();
  private final TimeSource time;
  private final Housekeeping housekeeping;

  /**
   * Where a thread of each hash was served last, and looks first: so threads that come again keep
   * to their connections, and find them at once however many slots there are. Plain accesses: a
   * race loses a hint, which costs a search and nothing else. A short is enough for the index of a
   * slot: a pool has ten thousand at the most.
   */
  private final short[] homes;

  private final int homeShift;

  /** Leases keep to the first so many slots while they suffice, so that the others can idle out. */
  private volatile int width = 1;

  private volatile boolean closed;

  /** How many have gone without a connection, by themselves or since too many waited. */
  private volatile int inVain;

  /** Time of the last hand-over; races lose a gap at most. */
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
    Slot own = all > 2 * OWN_PLACES ? acquireAtOwnPlaces(threadId) : null;
    return own != null ? own : acquireElsewhere(threadId, home, looks);
  }

  /**
   * At a few places that other threads don't look at in the same order. In a large pool of which
   * much is held, those who all went on from where they are at home would look at the same held
   * slots, one after the other.
   */
  private @Nullable Slot acquireAtOwnPlaces(long threadId) {
    int near = width;
    for (int i = 1; i <= OWN_PLACES; i++) {
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

  /** From the place after home round to it, and then in the places that leases don't keep to. */
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

  /** Stands in the queue; the answer is as of {@link #step}, or {@link WaitResult#QUEUE_FULL}. */
  public WaitResult begin(Waiter waiter, long threadId, int maxWaiters) {
    if (closed) {
      return WaitResult.REJECTED;
    }
    waiter.threadId = threadId;
    Waiter before = queue.first();
    if (!queue.join(waiter, maxWaiters)) {
      IN_VAIN.incrementAndGet(this);
      if (queue.count() == 0) { // else they have said so
        housekeeping.grow();
      }
      return WaitResult.QUEUE_FULL;
    }
    if (closed) { // the closing pool may have told the queue before this one stood in it
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
   * Looks what has come, after a wake-up of whatever kind. {@link WaitResult#WAIT}: to be called
   * again after the next, or at the deadline. {@link WaitResult#RELOOK}: to be called again after
   * {@link #relookNanos()}, then {@link #relook}.
   */
  public WaitResult step(Waiter waiter, long threadId) {
    return switch (waiter.status()) {
      case HANDED, LEFT -> WaitResult.SERVED;
      case REJECTED -> {
        queue.left();
        passOn(); // it may have been told of an idle connection, too, and who joined since was not
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
    IN_VAIN.incrementAndGet(this); // first: whoever counts no waiter any more finds this
    queue.left();
    if (waiter.signalled) {
      passOn(); // what it was told of; nobody tells one who is not the first
    }
    return true;
  }

  /**
   * Leaves the queue at whatever point, with no stack or memory to go on: gives back what it was
   * served, and passes on what it has not looked for though others rely on it.
   */
  public void abandon(Waiter waiter, long threadId) {
    if (!waiter.counted) {
      return; // it came to its end before it stood in the queue
    }
    if (!leave(waiter) && step(waiter, threadId) == WaitResult.SERVED) {
      Slot slot = take(waiter, threadId, time.nanoTime());
      giveBack(slot, slot.lease);
    }
    passOn();
  }

  /** The slot a served waiter got; the lease is in {@link Slot#lease}. Called once. */
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
    // Somebody served it meanwhile (or the pool closed): keep that, give this one back.
    bringBack(found, lease);
    return step(waiter, threadId);
  }

  /** The queue has a new first: if a connection lies idle it has to know. */
  private void passOn() {
    if (queue.count() > 0 && anyIdle()) {
      signalFirst();
    }
  }

  /**
   * Has the first who waits look again if a connection lies idle beside him. For upkeep: whoever
   * published it may have had no stack, or no memory, to tell him.
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
    StackRoom.demand(FRAMES); // while it is idle yet, of which upkeep tells the first who waits
    long lease = slot.acquire(0);
    if (lease == 0) {
      return;
    }
    boolean over = false;
    try {
      handOver(slot, lease, time.nanoTime());
      over = true;
    } finally {
      if (!over) { // there was no memory: nobody else knows of this lease, if it isn't over
        giveBack(slot, lease);
      }
    }
  }

  /** RELEASE to whoever comes, which takes no memory. */
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
    Waiter.Handed handed = new Waiter.Handed(slot, next); // before the move: memory may be short
    // The new lease makes the old one void before anybody else can see the slot.
    if (!slot.attempt(Move.HAND_OVER, lease)) {
      return closeDoomed(slot, lease);
    }
    slot.handOnRest(lease, next); // it was idle for long if its releaser was kept from coming here
    lastHandOver = now;
    Waiter served = queue.hand(handed);
    if (served != null) {
      served.wake();
      if (served.signalled) {
        // It was told of an idle connection and won't look for it now.
        signalFirst();
      }
      return true;
    }
    // Nobody waits any more. The slot is published, and the queue looked at after that.
    bringBack(slot, next);
    return true;
  }

  /** RELEASE of what nobody has used. */
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
   * Ends a lease by cutting the connection, whoever uses it: doomed or not, by its holder or by one
   * who has lost patience with him. What the holder does afterwards does nothing. Returns whether
   * this call has ended the lease.
   */
  public boolean cut(Slot slot, long lease, CloseReason reason) {
    doom(slot, lease, reason);
    return abort(slot, Slot.after(Move.DOOM, lease));
  }

  /** The move to closing was made from {@code word}. */
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
      while (!settled) { // again, if it has moved under our eyes
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
   * @param cut whether its prober may be at it still
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
   * may have ended them all. From any thread; who runs by at this moment may be quicker.
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
    // Closing sets its flag, then sweeps the slots; this published its slot, then reads the flag.
    if (closed) {
      evict(slot, idle, CloseReason.POOL_CLOSED);
    } else if (queue.count() > 0) {
      serve(slot);
    }
  }

  // ---- closing

  /**
   * No lease, no waiting from now on: the queue is told, idle connections go, leased are doomed.
   */
  public void close() {
    closed = true;
    queue.rejectAll();
    // A slot that is idle or leased afterwards was published by someone who looks himself.
    giveUpAll(CloseReason.POOL_CLOSED);
  }

  public boolean isClosed() {
    return closed;
  }

  /**
   * Sends away all who wait: {@link #step} answers {@link WaitResult#REJECTED} to them though the
   * pool is open. For when it is known that nothing will come.
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
   * How many have gone without a connection so far. One who is gone is counted here as soon as he
   * isn't among those who {@link #waiting() wait}, if that is read before.
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
   * Those who wait though they hold a connection already, by the ids of their threads. Walks the
   * slots and the queue, so it is for explanations; but it keeps nobody but these.
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
   * A slot that was lent to the calling thread, which has not given it back. In a pool with so many
   * slots that a look at all of them would cost whoever asks, only where the thread was served
   * last.
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
