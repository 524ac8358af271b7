package io.everpool.core.upkeep;

import io.everpool.api.PoolConfig;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.Verdict;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.policy.Reconnect;
import java.sql.SQLException;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.DoubleSupplier;
import java.util.function.Function;

/**
 * How much room a server has for connections, where that is little or none.
 *
 * <p>A connect would show it, and be refused: the server starts a process for each and logs a line.
 * So where there is not plenty each new connection is asked how much there is, and of several pools
 * that grow at the same time none has many connects under way when the last slot goes. Where there
 * was none, a pool whose connections are enough for its callers asks over one that it has: whoever
 * has waited for it asks before he has it. It connects only where nobody tells, and now and then,
 * for a server may count what takes no slot.
 *
 * <p>Upkeep thread only, but for what is said of others.
 */
public final class FullServer {
  /** What a question comes to that another asks just now; he may not have seen who asks this. */
  static final int BUSY = -3;

  /** What one comes to that nobody has to ask. */
  static final int NOT_ASKED = -2;

  /** What one comes to that nobody can answer. */
  static final int UNKNOWN = -1;

  /** For how long a server counts as full that was found so; nanoseconds. */
  private static final long CROWDED = 300_000_000_000L;

  /**
   * Whoever says there is room and refuses the connect has another reason for that, such as a limit
   * of a proxy's; or another was quicker, once.
   */
  private static final int MISLED = 2;

  /** Room for so many pools of this size is plenty. */
  private static final int PLENTY = 4;

  private final Inbox inbox;
  private final TimeSource time;
  private final DoubleSupplier random;
  private final Function<Throwable, Verdict> classifier;
  private final long patience;
  private final long maxBackoff;
  private final int maxSize;

  /** Whether somebody asks just now; one at a time does, so one that hangs keeps nobody else. */
  private final AtomicBoolean asking = new AtomicBoolean();

  /** Whether whoever has waited for a connection is to ask. */
  private final AtomicBoolean question = new AtomicBoolean();

  private volatile boolean crowded;

  /** How much room there was when that was last said; more than plenty while nobody knows. */
  private volatile int room = Integer.MAX_VALUE;

  /** Whether a question is worth while: none was asked yet, or the last was answered. */
  private volatile boolean tells = true;

  private volatile boolean askedOnce;

  /** Whether the first answer of all is on its way. */
  private volatile boolean awaited;

  /** How many connections were opened. */
  private final AtomicInteger opened = new AtomicInteger();

  /** Connections that came while the first answer was on its way, and were not asked. */
  private int unseen;

  /** When the server was last full; meaningful while it is {@link #crowded}. */
  private long fullAt;

  /** Refusals since it last had room; those of one burst are one. */
  private int refusals;

  /** How often it has said that there is none, in a row. */
  private int answers;

  /** Refusals though it had said that there was room, since the last connection was opened. */
  private int misled;

  private long askAt;

  /** When the next connect may begin, as long as the connections are enough. */
  private long connectAt;

  /** What no answer puts that off beyond; meaningful once there was one since the last connect. */
  private long connectAtLast;

  private boolean answeredSince;

  /** Whether it has said that it has room, and that was not put to use yet. */
  private boolean roomKnown;

  /** Whether the connection that was opened last was told that there is none for another. */
  private boolean lastPlace;

  /** When it was; meaningful while it is the {@link #lastPlace}. */
  private long lastPlaceAt;

  FullServer(
      Inbox inbox,
      Environment environment,
      Function<Throwable, Verdict> classifier,
      PoolConfig config) {
    this.inbox = inbox;
    this.time = environment.time();
    this.random = environment.random();
    this.classifier = classifier;
    this.patience = config.validationTimeout().toNanos();
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

  /**
   * How many connects may be under way at once: others may be growing at this moment, and as many
   * as there are of this size have a place for each. While the first answer is on its way, which
   * may be that there is none, one.
   */
  int bearable() {
    if (awaited) {
      return 1;
    }
    return isPlenty() ? Integer.MAX_VALUE : Math.max(1, room / maxSize);
  }

  private boolean isPlenty() {
    return room / PLENTY >= maxSize;
  }

  /** Whether it was asked of late, and has no place for another connection. From any thread. */
  public boolean saysThatItIs() {
    return crowded && room == 0;
  }

  /** Has the next who has waited for a connection ask, if it is time for that. */
  void wonder(long now) {
    if (isCrowded(now) && tells && now - askAt >= 0) {
      askAt = now + Reconnect.questionPause(answers, random.getAsDouble());
      question.set(true);
    }
  }

  // ---- the question, on the threads that ask it

  /** Whether whoever asks this is to ask the server, over what he was lent. */
  public boolean takeQuestion() {
    return question.get() && crowded && question.compareAndSet(true, false);
  }

  /**
   * Asks over a connection that the caller has to himself, and tells upkeep.
   *
   * @throws SQLException if the connection is lost
   */
  public void ask(PhysicalConnection physical) throws SQLException {
    int before = opened.get();
    int said = answer(physical);
    inbox.post(() -> answered(said, before, time.nanoTime()));
  }

  /**
   * Asks over a connection that was just opened, where that is worth while; how much room there is,
   * or one of the constants.
   *
   * @throws SQLException if the connection is lost
   */
  int askNewcomer(PhysicalConnection physical) throws SQLException {
    return tells && (!askedOnce || crowded || !isPlenty()) ? answer(physical) : NOT_ASKED;
  }

  /**
   * A driver, or a server, that breaks the connection over this question is not asked again: it
   * must not keep the pool from opening.
   */
  private int answer(PhysicalConnection physical) throws SQLException {
    if (!asking.compareAndSet(false, true)) {
      return BUSY;
    }
    awaited = !askedOnce;
    boolean broken = true;
    try {
      int said = answerOf(physical);
      broken = false;
      return said;
    } finally {
      if (broken) {
        tells = false;
        awaited = false;
      }
      asking.set(false);
    }
  }

  private int answerOf(PhysicalConnection physical) throws SQLException {
    try {
      OptionalInt said = physical.room(patience);
      return said.isPresent() ? Math.max(0, said.getAsInt()) : UNKNOWN;
    } catch (SQLException e) {
      if (classifier.apply(e).fatal()) {
        throw e;
      }
      return UNKNOWN;
    }
  }

  // ---- told

  /**
   * What whoever has waited was told: how much room there is, or one of the constants. An answer to
   * a question from before a connection was opened may not count that one, which has asked itself.
   *
   * @param before how many were opened when he asked
   */
  private void answered(int said, int before, long now) {
    if (before != opened.get()) {
      return;
    }
    note(said);
    if (said > 0 && misled < MISLED) {
      hasRoom(now);
      roomKnown = true;
    } else if (said == 0) {
      hasNone(now);
    }
  }

  /**
   * What a connection that was just opened was told. That there is room is no reason to hurry; that
   * there is none counts once the pool would open another.
   *
   * @param said as {@link #askNewcomer} has returned it
   */
  void newcomerSaid(int said, long now) {
    note(said);
    lastPlace = said != NOT_ASKED && room == 0;
    lastPlaceAt = now;
  }

  /**
   * The pool would open another connection now. Whether there was no place for it when the last was
   * opened: the server counts as full since then.
   */
  boolean takeLastPlace() {
    boolean was = lastPlace;
    if (was) {
      hasNone(lastPlaceAt);
    }
    return was;
  }

  private void note(int said) {
    switch (said) {
      case NOT_ASKED -> {}
      case BUSY -> {
        if (awaited) {
          unseen++;
        } else if (room < Integer.MAX_VALUE) {
          room = Math.max(0, room - 1);
        }
      }
      default -> {
        askedOnce = true;
        awaited = false;
        tells = said != UNKNOWN; // not asked again then until a connect is refused
        room = said == UNKNOWN ? Integer.MAX_VALUE : Math.max(0, said - unseen);
        unseen = 0;
      }
    }
  }

  private void hasNone(long now) {
    answers++;
    full(now);
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
    tells = true;
    answeredSince = false;
    full(now);
  }

  private void full(long now) {
    double drawn = random.getAsDouble();
    if (!answeredSince) {
      answeredSince = true;
      connectAtLast = now + Reconnect.rarestPause(maxBackoff, drawn);
    }
    crowded = true;
    roomKnown = false;
    lastPlace = false;
    fullAt = now;
    long pause = Reconnect.contentedPause(Math.max(1, refusals), maxBackoff, drawn);
    askAt = now + Math.min(Reconnect.questionPause(answers, drawn), pause / 2);
    connectAt = now + Math.min(pause, Math.max(0, connectAtLast - now));
  }

  /** Until it is known what the end of a connect means, nothing is known of room either. */
  void undecided() {
    roomKnown = false;
  }

  /** There is room, or something else is the matter: nothing is to be waited for. */
  void hasRoom(long now) {
    answers = 0;
    connectAt = now;
    roomKnown = false;
    lastPlace = false;
    question.set(false);
  }

  /** A connection was opened. */
  void opened(long now) {
    opened.incrementAndGet();
    refusals = 0;
    misled = 0;
    answeredSince = false;
    hasRoom(now);
  }
}
