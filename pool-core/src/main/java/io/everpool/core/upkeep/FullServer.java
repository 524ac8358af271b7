package io.everpool.core.upkeep;

import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.policy.Reconnect;
import java.sql.SQLException;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.function.DoubleSupplier;
import java.util.function.Function;

/**
 * What is known of the server's room for further connections.
 *
 * <p>A connect shows it, too, but one that is refused costs the server a process and a line in its
 * log. So the server is asked, in a short statement over a connection that is there:
 *
 * <ul>
 *   <li>The first connection of the pool asks. While there is plenty of room, that is all.
 *   <li>While there is less, each new connection asks, and no more connects are under way than
 *       there is room for pools of this size: of several pools that grow at the same time none then
 *       has many connects refused when the last slot goes.
 *   <li>Once the server was full, a pool that serves its callers with what it has doesn't connect
 *       in order to see: a caller who has waited for a connection asks over it before he gets it.
 *       The pool connects where nobody asks or nobody can tell, and now and then in any case, for a
 *       server may count sessions that take no slot.
 * </ul>
 *
 * <p>For the upkeep thread, unless a method says otherwise.
 */
public final class FullServer {
  /**
   * Stands for the answer when nothing was asked: another thread is asking just now. (It may have
   * begun before this connection was there, so its answer need not count this one.)
   */
  static final int BUSY = -3;

  /** Stands for the answer when nothing was asked, because there was no need. */
  static final int NOT_ASKED = -2;

  /** Stands for the answer when the server or its driver couldn't tell. */
  static final int UNKNOWN = -1;

  /** How long the server counts as full after it was found so; nanoseconds. */
  private static final long CROWDED = 300_000_000_000L;

  /**
   * After so many connects that were refused though the server had said that there was room, its
   * word isn't taken any more. Something else limits connections then, such as a proxy; a single
   * such refusal may only mean that another pool was quicker.
   */
  private static final int MISLED = 2;

  /** There is plenty of room if so many pools of this size would fit in. */
  private static final int PLENTY = 4;

  private static final AtomicIntegerFieldUpdater<FullServer> ASKING =
      AtomicIntegerFieldUpdater.newUpdater(FullServer.class, "asking");
  private static final AtomicIntegerFieldUpdater<FullServer> QUESTION =
      AtomicIntegerFieldUpdater.newUpdater(FullServer.class, "question");

  private final Inbox inbox;
  private final TimeSource time;
  private final DoubleSupplier random;
  private final Function<Throwable, Verdict> classifier;
  private final long patience;
  private final long maxBackoff;
  private final int maxSize;

  /**
   * 1 while a question is under way. There is one at a time, so that a question that hangs delays
   * one thread only.
   */
  private volatile int asking;

  /** 1 if the next caller who has waited for a connection is to ask. */
  private volatile int question;

  private volatile boolean crowded;

  /** The last answer; larger than plenty while there is none. */
  private volatile int room = Integer.MAX_VALUE;

  /** Whether asking makes sense: nothing was asked yet, or the last question got an answer. */
  private volatile boolean worthAsking = true;

  private volatile boolean askedOnce;

  /** Whether the very first question is under way. */
  private volatile boolean firstAnswerPending;

  /** How many connections were opened. */
  private final AtomicInteger opened = new AtomicInteger();

  /** Connections opened while the first question was under way; its answer need not count them. */
  private int arrivedUnasked;

  /** When the server was last full; meaningful while it is {@link #crowded}. */
  private long fullAt;

  /** How many connects in a row were refused; those that were under way together count as one. */
  private int refusals;

  /** How many answers in a row were that there is no room. */
  private int refusingAnswers;

  /** How many were refused though it had said that there was room, since the last success. */
  private int misled;

  private long askAt;

  /** When the next connect may begin, if the callers are served with what is there. */
  private long connectAt;

  /**
   * However often the server says that it is full, {@link #connectAt} is no later than this; counts
   * while {@link #latestIsSet}.
   */
  private long connectAtLatest;

  private boolean latestIsSet;

  /** Whether the server has said that it has room, and no connect has ended since. */
  private boolean roomKnown;

  /** Whether the newest connection has heard that there is no room for another one. */
  private boolean lastPlace;

  /** When it heard that; counts while {@link #lastPlace}. */
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

  /** When the next connect may begin, if the callers are served with what is there. */
  long connectAt() {
    return connectAt;
  }

  /**
   * Whether the server has just said that it has room: then a connect need not wait, however the
   * last one has ended.
   */
  boolean isRoomKnown() {
    return roomKnown;
  }

  /**
   * Whether the server was found full within the last five minutes: connections that this pool
   * doesn't need are then missing elsewhere.
   */
  boolean isCrowded(long now) {
    if (crowded && now - fullAt >= CROWDED) {
      crowded = false;
    }
    return crowded;
  }

  /**
   * How many connects may be under way at once, considering that other pools may be growing, too:
   * as many as pools of this size would fit in, and at least one. While the first question is under
   * way, one: its answer may be that there is no room.
   */
  int bearable() {
    if (firstAnswerPending) {
      return 1;
    }
    return isPlenty() ? Integer.MAX_VALUE : Math.max(1, room / maxSize);
  }

  private boolean isPlenty() {
    return room / PLENTY >= maxSize;
  }

  /** Whether it was asked of late, and has no room for another connection. From any thread. */
  public boolean saysThatItIs() {
    return crowded && room == 0;
  }

  /** Lets the next caller who has waited for a connection ask, if it is time for that. */
  void wonder(long now) {
    if (isCrowded(now) && worthAsking && now - askAt >= 0) {
      askAt = now + Reconnect.questionPause(refusingAnswers, random.getAsDouble());
      question = 1;
    }
  }

  // ---- the question, on the threads that ask it

  /**
   * Whether the caller is to {@link #ask} over the connection he was lent; true once for each
   * question that is due. From any thread.
   */
  public boolean takeQuestion() {
    return question == 1 && crowded && QUESTION.compareAndSet(this, 1, 0);
  }

  /**
   * Asks over a connection that the calling thread has to itself, and tells upkeep. From any
   * thread.
   */
  public void ask(PhysicalConnection physical) throws SQLException {
    int before = opened.get();
    int said = answer(physical);
    inbox.post(() -> answered(said, before, time.nanoTime()));
  }

  /**
   * Asks over a connection that was just opened, if that is needed. Its opener calls this.
   *
   * @return the room, 0 or more; or one of the constants above
   * @throws SQLException if the connection is lost
   */
  int askNewcomer(PhysicalConnection physical) throws SQLException {
    return worthAsking && (!askedOnce || crowded || !isPlenty()) ? answer(physical) : NOT_ASKED;
  }

  /**
   * If the connection breaks over the question, nobody asks again: the question must not keep the
   * pool from opening.
   */
  private int answer(PhysicalConnection physical) throws SQLException {
    if (asking == 1 || !ASKING.compareAndSet(this, 0, 1)) {
      return BUSY;
    }
    firstAnswerPending = !askedOnce;
    boolean broken = true;
    try {
      int said = answerOf(physical);
      broken = false;
      return said;
    } finally {
      if (broken) {
        worthAsking = false;
        firstAnswerPending = false;
      }
      asking = 0;
    }
  }

  private int answerOf(PhysicalConnection physical) throws SQLException {
    try {
      OptionalInt said = physical.room(patience);
      boolean told = said != null && said.isPresent(); // an adapter's null tells nothing either
      return told ? Math.max(0, said.getAsInt()) : UNKNOWN;
    } catch (SQLException e) {
      if (classifier.apply(e).fatal()) {
        throw e;
      }
      return UNKNOWN;
    }
  }

  // ---- told

  /**
   * A caller who has waited has asked. His answer is dropped if a connection was opened meanwhile:
   * the answer may not count it, and that connection has asked itself.
   *
   * @param said the room, 0 or more; or one of the constants above
   * @param before how many connections had been opened when he asked
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
   * A connection that was just opened has asked. If there is room, that is no reason to hurry; if
   * there is none, it counts from the moment on when the pool wants another connection.
   *
   * @param said what {@link #askNewcomer} has returned
   */
  void newcomerSaid(int said, long now) {
    note(said);
    lastPlace = said != NOT_ASKED && room == 0;
    lastPlaceAt = now;
  }

  /**
   * The pool wants another connection. True if the newest one has heard that there is no room: the
   * server counts as full since then, and the pool must not connect.
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
        if (firstAnswerPending) {
          arrivedUnasked++;
        } else if (room < Integer.MAX_VALUE) {
          room = Math.max(0, room - 1);
        }
      }
      default -> {
        askedOnce = true;
        firstAnswerPending = false;
        worthAsking = said != UNKNOWN; // if it can't tell: not asked again until a refusal
        room = said == UNKNOWN ? Integer.MAX_VALUE : Math.max(0, said - arrivedUnasked);
        arrivedUnasked = 0;
      }
    }
  }

  private void hasNone(long now) {
    refusingAnswers++;
    full(now);
  }

  /**
   * A connect was refused for want of a slot.
   *
   * @param begun when the last connect was begun
   */
  void refused(long begun, long now) {
    if (refusals == 0 || begun - fullAt > 0) { // begun after the last refusal: not counted in that
      refusals++;
    }
    if (roomKnown) {
      misled++;
    }
    refusingAnswers = 0;
    worthAsking = true;
    latestIsSet = false;
    full(now);
  }

  private void full(long now) {
    double drawn = random.getAsDouble();
    if (!latestIsSet) {
      latestIsSet = true;
      connectAtLatest = now + Reconnect.rarestPause(maxBackoff, drawn);
    }
    crowded = true;
    roomKnown = false;
    lastPlace = false;
    fullAt = now;
    long pause = Reconnect.contentedPause(Math.max(1, refusals), maxBackoff, drawn);
    askAt = now + Math.min(Reconnect.questionPause(refusingAnswers, drawn), pause / 2);
    connectAt = now + Math.min(pause, Math.max(0, connectAtLatest - now));
  }

  /**
   * A connect has ended, and it isn't known yet what that means: until then nothing is known of
   * room.
   */
  void undecided() {
    roomKnown = false;
  }

  /** There is room, or the trouble is another one: nothing here holds back the next connect. */
  void hasRoom(long now) {
    refusingAnswers = 0;
    connectAt = now;
    roomKnown = false;
    lastPlace = false;
    question = 0;
  }

  /** A connection was opened. */
  void opened(long now) {
    opened.incrementAndGet();
    refusals = 0;
    misled = 0;
    latestIsSet = false;
    hasRoom(now);
  }
}
