package io.everpool.core.upkeep;

import io.everpool.api.PoolConfig;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.policy.Reconnect;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.DoubleSupplier;

/**
 * How much room a server has for connections, where that is little or none.
 *
 * <p>A connect would show it, and be refused: the server starts a process for each and logs a line.
 * So where there is not plenty each new connection is asked how much there is, and of several pools
 * that grow at the same time none has many connects under way when the last slot goes. Where there
 * was none, a pool whose connections are enough for its callers asks over one that it has, whoever
 * is lent it next; it connects only where a driver can't tell, or nobody has been lent one for
 * long. Upkeep thread only, but for what is said of others.
 */
public final class FullServer {
  /** For how long a server counts as full that was found so; nanoseconds. */
  private static final long CROWDED = 300_000_000_000L;

  private final Inbox inbox;
  private final TimeSource time;
  private final DoubleSupplier random;
  private final long maxBackoff;
  private final int maxSize;

  /**
   * Whoever says there is room and refuses the connect has another reason for that, such as a limit
   * of a proxy's; or another was quicker, once.
   */
  private static final int MISLED = 2;

  /** Room for so many pools of this size is plenty. */
  private static final int PLENTY = 4;

  /** Whether whoever is lent a connection is to ask. */
  private final AtomicBoolean question = new AtomicBoolean();

  private volatile boolean crowded;

  /** How much room there was when that was last said; more than plenty as long as nobody has. */
  private volatile int room = Integer.MAX_VALUE;

  /** Whether it was said. */
  private volatile boolean known;

  /** When the server was last full; meaningful while it is {@link #crowded}. */
  private long fullAt;

  /** Refusals since it last had room; those of one burst are one. */
  private int refusals;

  /** Whether the driver can say how much room there is, as far as is known. */
  private volatile boolean tells = true;

  /** How often it has said that there is none, in a row. */
  private int answers;

  /** Refusals although it had said that there was room, since the last connection was opened. */
  private int misled;

  private long askAt;

  /** When the next connect may begin, as long as the connections are enough. */
  private long connectAt;

  /** Whether it has said that it has room, and that was not put to use yet. */
  private boolean roomKnown;

  FullServer(Inbox inbox, Environment environment, PoolConfig config) {
    this.inbox = inbox;
    this.time = environment.time();
    this.random = environment.random();
    this.maxBackoff = config.retry().maxBackoff().toNanos();
    this.maxSize = config.maxSize();
    this.connectAt = time.nanoTime();
  }

  // ---- asked

  /** When the next connect may begin of a pool whose connections are enough for its callers. */
  long connectAt() {
    return connectAt;
  }

  /** Whether a connect may begin whatever has become of the last. */
  boolean isRoomKnown() {
    return roomKnown;
  }

  /**
   * Whether the server was found full of late, so that what nobody needs here somebody needs
   * elsewhere.
   */
  boolean isCrowded(long now) {
    if (crowded && now - fullAt >= CROWDED) {
      crowded = false;
    }
    return crowded;
  }

  /** Whether a connection that was just opened is to be asked for room. From any thread. */
  boolean asksNewcomers() {
    return tells && (!known || crowded || room < PLENTY * maxSize);
  }

  /**
   * How many connects may be under way at once: others may be growing at this moment, and as many
   * as there are of this size have a place for each.
   */
  int bearable() {
    return room < PLENTY * maxSize ? Math.max(1, room / maxSize) : Integer.MAX_VALUE;
  }

  /** What a connection that was just opened has said, if it was asked. */
  void newcomerSaid(OptionalInt said, long now) {
    if (said.isEmpty()) {
      tells &= known; // or else it was not asked
    } else if (said.getAsInt() > 0) {
      note(said.getAsInt());
    } else {
      answered(said, now);
    }
  }

  private void note(int said) {
    room = said;
    known = true;
  }

  /** Has the next who is lent a connection ask, if it is time for that. */
  void wonder(long now) {
    if (isCrowded(now) && tells && misled < MISLED && now - askAt >= 0) {
      askAt = now + Reconnect.questionPause(answers, random.getAsDouble());
      question.set(true);
    }
  }

  /** Whether whoever asks this is to ask the server, over what he was lent. From any thread. */
  public boolean takeQuestion() {
    return question.get() && question.compareAndSet(true, false);
  }

  // ---- told

  /** What the server has said, or the driver can't tell. From any thread. */
  public void answered(OptionalInt said) {
    inbox.post(() -> answered(said, time.nanoTime()));
  }

  /** As {@link #answered(OptionalInt)}, on the upkeep thread. */
  private void answered(OptionalInt said, long now) {
    if (said.isEmpty()) {
      tells = false;
    } else if (said.getAsInt() > 0) {
      note(said.getAsInt());
      hasRoom(now);
      roomKnown = true;
    } else {
      note(0);
      answers++;
      full(now);
    }
  }

  /**
   * A connect was refused for want of a slot.
   *
   * @param begun when the last connect was begun
   */
  void refused(long begun, long now) {
    if (refusals == 0 || begun - fullAt > 0) { // else it was under way when the last was refused
      refusals++;
    }
    if (roomKnown) {
      misled++;
    }
    answers = 0;
    full(now);
  }

  private void full(long now) {
    double drawn = random.getAsDouble();
    crowded = true;
    roomKnown = false;
    fullAt = now;
    askAt = now + Reconnect.questionPause(answers, drawn);
    connectAt = now + Reconnect.contentedPause(Math.max(1, refusals), maxBackoff, drawn);
  }

  /** There is room, or something else is the matter: nothing is to be waited for. */
  void hasRoom(long now) {
    answers = 0;
    connectAt = now;
    roomKnown = false;
    question.set(false);
  }

  /** A connection was opened. */
  void opened(long now) {
    refusals = 0;
    misled = 0;
    hasRoom(now);
  }
}
