package io.everpool.core.engine;

import io.everpool.api.CloseReason;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A place for a connection; connections come and go in it.
 *
 * <p>State and history are one word: the state in its lowest bits, above them a stamp that every
 * move raises. A move is one compare-and-set of that word, so of two movers one wins, and whoever
 * acts on an old reading loses. The word of a lease is the lease: a holder releases with the word
 * he acquired, and a late or second release fails its compare-and-set and is harmless. The stamp
 * has 61 bits; at a move a nanosecond it wraps after 73 years, and the name of a lease is above 0
 * for half of them.
 *
 * <p>Everything else in here is written only by whoever owns the slot in its present state (opener,
 * holder, prober, closer), before the move that ends his ownership publishes it. The exceptions are
 * {@link #restedWord}, {@link #sleptWord} and {@link #doomReason}, which others write as well, and
 * what upkeep notes for itself.
 */
public final class Slot extends SlotHistory {
  static final long STATE_BITS = 3;
  static final long STATE_MASK = (1 << STATE_BITS) - 1;
  private static final long STAMP = 1 << STATE_BITS;

  /** A constant, for the enum's own field would be read anew at each acquire. */
  private static final long IDLE = State.IDLE.bits;

  private static final long TO_LEASED = STAMP + State.LEASED.bits - State.IDLE.bits;
  private static final long TO_IDLE = STAMP + State.IDLE.bits - State.LEASED.bits;
  private static final VarHandle WORD;
  private static final VarHandle LEASE;

  static {
    try {
      WORD = MethodHandles.lookup().findVarHandle(SlotFields.class, "word", long.class);
      LEASE = MethodHandles.lookup().findVarHandle(SlotFields.class, "lease", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** The holder of a lease that is only {@link #isOnOffer on offer}; no thread has this id. */
  static final long NOBODY = -1;

  /** Where this slot stands in the pool's row of them. */
  public final int index;

  public Slot(int index) {
    this.index = index;
  }

  /** The word as it is now. */
  public long word() {
    return word;
  }

  /** How many moves there were, in a word. */
  public static long stamp(long word) {
    return word >>> STATE_BITS;
  }

  /** The state in a word. */
  public static State state(long word) {
    return State.of(word);
  }

  /** The state now. */
  public State state() {
    return State.of(word);
  }

  /** Moves if the slot is where the move begins. */
  public boolean attempt(Move move) {
    long now = word;
    return State.of(now) == move.from && attempt(move, now);
  }

  /** Moves if nothing has moved since {@code expected} was read. */
  public boolean attempt(Move move, long expected) {
    return (expected & STATE_MASK) == move.from.bits
        && WORD.compareAndSet(this, expected, after(move, expected));
  }

  /**
   * The word that a move makes of {@code expected}. To hand a connection over counts as two moves,
   * a release and an acquire: with one stamp the new lease would have the name that the old one
   * gets by a CLAIM, and what is said of the claimed lease would be taken for the new one.
   */
  public static long after(Move move, long expected) {
    long stamps = move == Move.HAND_OVER ? 2 * STAMP : STAMP;
    return expected + stamps + move.to.bits - move.from.bits;
  }

  /** Whether a word is that of a lease that goes on, though its connection may be doomed. */
  public static boolean isOf(long word, long lease) {
    return word == lease || isDoomed(word, lease);
  }

  /** Whether a word is that of a lease that goes on, whose connection is doomed. */
  public static boolean isDoomed(long word, long lease) {
    return word == after(Move.DOOM, lease);
  }

  /** ACQUIRE, for the hot path: the lease, or 0 if there is nothing to take. */
  long acquire(long threadId) {
    long now = word;
    if ((now & STATE_MASK) == IDLE) {
      long taken = now + TO_LEASED;
      if (WORD.compareAndSet(this, now, taken)) {
        // Plain writes: the lease has begun, and at the end of the stack a call would throw.
        holderId = threadId;
        lease = taken;
        return taken;
      }
    }
    return 0;
  }

  /** Writes down the lease and who has just got it; the id comes first, see {@link #holder}. */
  void lend(long leased, long threadId) {
    holderId = threadId;
    LEASE.setRelease(this, leased);
  }

  /**
   * The id of the thread that acquired the present lease; 0 if there is none, or it is not written
   * down yet, or the lease is only {@link #isOnOffer on offer}. May be called from any thread. An
   * id that was read belongs to that lease: it was written before the lease was, and whoever writes
   * the next id has moved the word before, which is seen here.
   */
  public long holder() {
    long now = word;
    long named = (long) LEASE.getAcquire(this);
    if (!isHeld(now) || !isOf(now, named)) {
      return 0;
    }
    long id = holderId;
    VarHandle.loadLoadFence();
    return word == now && id != NOBODY ? id : 0;
  }

  /**
   * Whether the lease {@code leased} is nobody's: the engine has taken the connection to hand it to
   * whoever is first in line, and puts it back if nobody is. May be called from any thread.
   */
  public boolean isOnOffer(long leased) {
    return state(leased) == State.LEASED
        && (long) LEASE.getAcquire(this) == leased
        && holderId == NOBODY;
  }

  /**
   * Whether the calling thread has the present lease. Where it has not, this costs one read. A
   * holder always finds his own id: he has written it himself, and nobody else writes it while he
   * holds the lease.
   */
  boolean isHeldBy(long caller) {
    return holderId == caller && holder() == caller;
  }

  private static boolean isHeld(long word) {
    State state = state(word);
    return state == State.LEASED || state == State.DOOMED;
  }

  /** RELEASE, for the hot path. */
  boolean release(long expected) {
    return WORD.compareAndSet(this, expected, expected + TO_IDLE);
  }

  /**
   * Whether the connection is to be looked at, now that it is lent as {@code leased}: it was idle
   * for a whole upkeep pass before, or something has happened while it was idle.
   */
  public boolean hadRested(long leased) {
    return restedWord == leased - TO_LEASED;
  }

  /** Whether the connection that is lent as {@code leased} was idle while the pool slept. */
  public boolean hadSlept(long leased) {
    return sleptWord == leased - TO_LEASED;
  }

  /** Whoever is handed the connection as {@code next} looks at it if its taker had to. */
  void handOnRest(long leased, long next) {
    restsOn(leased, next - TO_LEASED);
  }

  /** The lease comes back unused: the next taker looks at the connection if this one had to. */
  void bringBackRest(long leased) {
    restsOn(leased, leased + TO_IDLE);
  }

  private void restsOn(long leased, long idle) {
    if (hadRested(leased)) {
      restedWord = idle;
    }
    if (hadSlept(leased)) {
      sleptWord = idle;
    }
  }

  @Override
  public String toString() {
    return "slot " + index + " " + state();
  }
}

/**
 * What upkeep has noted of the slot; only its thread writes here, but for {@link #reservedWord}. It
 * stands first so that with the object's header it fills a cache line, which keeps the fields of
 * the hot path below away from whatever lies before a slot in memory.
 */
abstract class SlotNotes {
  /** The word as last seen, and when it was first seen to be so. */
  public long seenWord;

  public long seenSince;

  /** When upkeep last saw the connection in use, or saw it for the first time. */
  public long usedAt;

  /** The word when the connection was last reserved for an examination. Anybody may write it. */
  public volatile long reservedWord;

  /** The word of the last examination that a holder has left his lease for. */
  public long leftWord;

  /** The word when a connect was last begun. */
  public long connectWord;

  /**
   * Whether the passes look at this slot, and whether the last one that did has seen it at rest.
   */
  public boolean inPass;

  public boolean rests;
}

/** What a lease reads and writes. */
abstract class SlotFields extends SlotNotes {
  volatile long word;

  /** The lease of the present holder. */
  public long lease;

  /** The id of the thread that acquired it. */
  public long holderId;

  /** When the lease {@link #timedLease} began; other leases were not timed. */
  public long heldSince;

  public long timedLease;

  /**
   * The word of a connection that is to be looked at before it is used: upkeep has seen it idle in
   * two passes, or somebody has reason to mistrust it. Anybody may write it at any time: a stale
   * value matches no later word and says nothing.
   */
  public volatile long restedWord;

  /** What sits here; null while empty or connecting. */
  public @Nullable PooledEntry entry;
}

/**
 * What is written when a connection comes, goes or has slept, and is seldom read otherwise. It
 * fills a second cache line, behind the fields of the hot path. So two lines lie between the hot
 * fields of neighbouring slots; processors fetch lines in pairs.
 */
abstract class SlotHistory extends SlotFields {
  /** When the connection was opened, and when it is too old. */
  public long openedAt;

  public long expiresAt;

  /** When the lease that {@link #timedLease} names was asked for, if that is measured. */
  public long askedAt;

  /**
   * The word of a connection that was idle while the pool slept and has not been lent since; it is
   * idle or being examined. Upkeep writes it in an idle slot, otherwise the owner; a stale value
   * says nothing, as of {@link #restedWord}.
   */
  public volatile long sleptWord;

  /** The word of a connection that is to be examined and has no thread for that yet. */
  public volatile long unexaminedWord;

  /** The word of a closing that upkeep has cut. */
  public long cutWord;

  /** The generation the connection belongs to; all below the pool's fence are given up. */
  public int generation;

  /** Whether the connection is cut without a farewell, because somebody may still use it. */
  public boolean cut;

  /** Why the connection is too old at {@link #expiresAt}. */
  public CloseReason expiryReason = CloseReason.MAX_LIFETIME;

  /** Why the connection is being closed. */
  public CloseReason closeReason = CloseReason.POOL_CLOSED;

  /**
   * Why the present lease is doomed. It is written before the move, by one who doesn't own the
   * slot: if two doom it at once, one reason stays, and either is true.
   */
  public volatile CloseReason doomReason = CloseReason.FAILED;
}
