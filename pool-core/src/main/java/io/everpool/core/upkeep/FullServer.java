package io.everpool.core.upkeep;

import io.everpool.core.engine.TimeSource;
import io.everpool.core.policy.Reconnect;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.DoubleSupplier;

/**
 * A server that has turned connects away for want of slots, and whether it has one again.
 *
 * <p>A connect would show it, and be refused: the server starts a process for each and logs a line.
 * So a pool whose connections are enough for its callers asks over one that it has, whoever is lent
 * it next, and over each that it opens; it connects only where a driver can't tell, or nobody has
 * been lent one for long. Upkeep thread only, but for what is said of others.
 */
public final class FullServer {
  /** For how long a server counts as full that was found so; nanoseconds. */
  private static final long CROWDED = 300_000_000_000L;

  private final Inbox inbox;
  private final TimeSource time;
  private final DoubleSupplier random;
  private final long maxBackoff;

  /**
   * Whoever says there is room and refuses the connect has another reason for that, such as a limit
   * of a proxy's; or another was quicker, once.
   */
  private static final int MISLED = 2;

  /** Whether whoever is lent a connection is to ask. */
  private final AtomicBoolean question = new AtomicBoolean();

  /** Whether whoever opens a connection is to ask. */
  private volatile boolean crowded;

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

  FullServer(Inbox inbox, Environment environment, long maxBackoff) {
    this.inbox = inbox;
    this.time = environment.time();
    this.random = environment.random();
    this.maxBackoff = maxBackoff;
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
    return crowded && tells;
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
  public void answered(OptionalInt room) {
    inbox.post(() -> answered(room, time.nanoTime()));
  }

  /** As {@link #answered(OptionalInt)}, on the upkeep thread. */
  void answered(OptionalInt room, long now) {
    if (room.isEmpty()) {
      tells = false;
    } else if (room.getAsInt() > 0) {
      hasRoom(now);
      roomKnown = true;
    } else {
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
