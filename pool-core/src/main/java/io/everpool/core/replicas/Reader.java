package io.everpool.core.replicas;

import io.everpool.api.Pool;
import io.everpool.core.jdbc.EngineLeaseManager;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.jdbc.WaitKind;
import io.everpool.core.observe.GuardedCall;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.observe.Repeats;
import io.everpool.core.work.UnitRunner;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * A reader, and whether work can begin there. That depends on whether its server can be reached,
 * which its own pool knows, how far the server lags, and up to which level of isolation it runs
 * transactions. A worker looks at the server, if a look is due, when somebody would use it; while
 * nobody reads, nothing is sent. Thread-safe.
 */
final class Reader {
  private static final Logger log = PoolEvents.log();

  /** The longest pause between two looks at a reader that is left out; nanoseconds. */
  private static final long LONGEST_PAUSE = 1_000_000_000L;

  private final String whole;
  private final Member member;
  private final Member writer;
  private final UnitRunner runner;
  private final Lag lag;
  private final long pause;
  private final long validationTimeout;
  private final AtomicBoolean looking = new AtomicBoolean();
  private final AtomicLong nextLook;

  /** Up to which level its server runs transactions, as the last session that was asked said. */
  private volatile int highest = Connection.TRANSACTION_SERIALIZABLE;

  /** Whether any session has said so. */
  private volatile boolean heard;

  /** Whether it is left out, which is told once. */
  private final AtomicBoolean leftOut = new AtomicBoolean();

  /** Whether that was logged at WARN; then its return is logged at INFO, and else both at DEBUG. */
  private volatile boolean toldSo;

  /**
   * @param whole the name of the pool that it is a part of
   * @param writer the writer that it follows
   * @param runner runs units on its connections
   * @param most how far it may lag, nanoseconds; 0 if that doesn't matter
   */
  Reader(String whole, Member member, Member writer, UnitRunner runner, long most) {
    this.whole = whole;
    this.member = member;
    this.writer = writer;
    this.runner = runner;
    this.lag = new Lag(most);
    this.pause = most == 0 ? LONGEST_PAUSE : Math.min(LONGEST_PAUSE, most / 4);
    this.validationTimeout = member.pool().config().validationTimeout().toNanos();
    this.nextLook = new AtomicLong(member.environment().time().nanoTime());
    member.server().dispensable(this::isSuspended);
  }

  Pool pool() {
    return member.pool();
  }

  EngineLeaseManager leases() {
    return member.leases();
  }

  UnitRunner runner() {
    return runner;
  }

  boolean isOwnerOf(PooledConnection face) {
    return face.isOf(member.leases());
  }

  boolean hasWaiters() {
    return member.waiting().getAsInt() > 0;
  }

  /** Whether no connection to its server can be had. */
  boolean isGone() {
    return member.server().isGone();
  }

  /**
   * Whether an operator has suspended this reader, but not the writer. If he has suspended both,
   * this reader's callers wait in line, as the writer's do. Whoever suspends all pools begins with
   * the writer, and whoever resumes all ends with it. So if that happens meanwhile, the second look
   * at the writer shows it.
   */
  private boolean isSuspended() {
    return !writer.suspended().getAsBoolean()
        && member.suspended().getAsBoolean()
        && !writer.suspended().getAsBoolean();
  }

  /** Whether it has a connection, for this caller or another. */
  boolean isLive() {
    return member.server().isLive();
  }

  // ---- before a connection is taken

  /**
   * Whether it is worth taking a connection of this reader. Has a worker look at it if that is due.
   *
   * @param level the isolation at which the work is to run; 0 for the connection's own
   */
  boolean mayServe(long now, int level) {
    if (isSuspended()) { // no look is needed: the operator says when it is back
      leaveOut();
      return false;
    }
    Lag.Known known = isGone() ? Lag.Known.LARGE : lag.at(now);
    switch (known) {
      case LARGE -> {
        leaveOut();
        look(now);
      }
      case SMALL_FOR_NOW -> look(now);
      case SMALL, NOTHING -> {
        if (member.server().failsAsAway()) {
          look(now); // connects fail, but it serves those that it has, as long as they answer
        }
      }
    }
    if (!runsAt(level)) {
      look(now); // it may have been promoted
      return false;
    }
    return known != Lag.Known.LARGE;
  }

  /** Whether its server runs transactions at this level, as far as is known. */
  boolean runsAt(int level) {
    return isWithin(level, highest);
  }

  /**
   * Whether a server that runs levels up to {@code most} runs this one. If it runs SERIALIZABLE it
   * counts as running every level: nothing is known of those that drivers have beyond JDBC's four.
   */
  static boolean isWithin(int level, int most) {
    return most >= Connection.TRANSACTION_SERIALIZABLE || level <= most;
  }

  /**
   * Why it doesn't serve, for messages.
   *
   * @param position the position that is to be seen; null for none
   * @param level the isolation at which the work is to run; 0 for the connection's own
   */
  String obstacle(@Nullable String position, int level) {
    if (isSuspended()) {
      return "an operator has suspended it";
    }
    SQLException failure = member.server().lastFailure();
    if (failure != null && isGone()) {
      return "it can't be reached: " + failure.getMessage();
    }
    if (!runsAt(level)) {
      return "its server runs nothing at " + name(level) + ", at " + name(highest) + " it would";
    }
    if (position != null && lag.at(member.environment().time().nanoTime()) != Lag.Known.LARGE) {
      return "it has not come as far as " + position;
    }
    return lag.text();
  }

  private static String name(int level) {
    return switch (level) {
      case Connection.TRANSACTION_READ_UNCOMMITTED -> "READ UNCOMMITTED";
      case Connection.TRANSACTION_READ_COMMITTED -> "READ COMMITTED";
      case Connection.TRANSACTION_REPEATABLE_READ -> "REPEATABLE READ";
      case Connection.TRANSACTION_SERIALIZABLE -> "SERIALIZABLE";
      default -> "level " + level;
    };
  }

  // ---- with a connection in hand

  /**
   * As {@link #runsAt(int)}, by what the server of {@code face} has told this session. If it has
   * told another session more, as after a promotion, this session asks it something, so that it
   * hears the news, too.
   *
   * @param patience how long the answer may take; nanoseconds
   */
  boolean runsAt(PooledConnection face, int level, long patience) throws SQLException {
    boolean asked = !isWithin(level, face.highestIsolation()) && runsAt(level);
    if (asked) {
      try {
        face.replicaLag(patience);
      } catch (SQLFeatureNotSupportedException e) {
        // it has answered all the same
      }
      face.rollBackOpen(); // the question has begun a transaction
    }
    return hears(face, asked, level);
  }

  /**
   * Notes what a session says of its server. If it says less than another session has said, that
   * counts only if it has just asked: otherwise it may not have heard of a promotion yet.
   */
  private boolean hears(PooledConnection face, boolean asked, int level) throws SQLException {
    int now = face.highestIsolation();
    if (!heard || asked || now > highest) {
      heard = true;
      highest = now;
    }
    return isWithin(level, now);
  }

  /**
   * Whether work may begin on {@code face}. Asks the server only if nothing is known any more, as
   * after a time without work. The answer is judged as of the moment of the question: it counts
   * even if it took longer to come than the lag may be.
   *
   * @param patience how long the answer may take; nanoseconds
   */
  boolean isCloseBehind(PooledConnection face, long patience) throws SQLException {
    long now = member.environment().time().nanoTime();
    Lag.Known known = lag.at(now);
    if (known == Lag.Known.NOTHING) {
      known = lag.at(ask(face, patience));
    }
    if (known == Lag.Known.LARGE || known == Lag.Known.NOTHING) {
      leaveOut();
      return false;
    }
    return true;
  }

  /** Asks the server how far it lags; returns when it was asked. */
  private long ask(PooledConnection face, long patience) throws SQLException {
    long now = member.environment().time().nanoTime();
    try {
      lag.seen(UnitRunner.nanos(face.replicaLag(patience)), now);
    } catch (SQLFeatureNotSupportedException e) {
      lag.seen(Lag.UNKNOWABLE, now);
    }
    return now;
  }

  /** Has a worker ask, unless one does or it is too soon. That tries a server that is gone, too. */
  private void look(long now) {
    long next = nextLook.get();
    if (now - next < 0 || !nextLook.compareAndSet(next, now + pause)) {
      return;
    }
    if (!looking.compareAndSet(false, true)) {
      return;
    }
    boolean begun = false;
    try {
      member.environment().workers().execute(this::look);
      begun = true;
    } catch (RejectedExecutionException | OutOfMemoryError e) {
      tell(() -> log.debug("Pool {}: no thread to look at {}", whole, member.called(), e));
    } finally {
      if (!begun) {
        looking.set(false);
      }
    }
  }

  private void look() {
    GuardedCall.survives(
        whole,
        "looking at a reader",
        () -> {
          try (PooledConnection face = member.leases().acquireOwn(WaitKind.UNTOLD)) {
            noteAnswer(face);
            ask(face, validationTimeout);
            hears(face, true, 0); // the server may have told its level with that answer
          } catch (SQLException e) {
            log.debug("Pool {}: {} doesn't answer", whole, member.called(), e);
          } finally {
            looking.set(false);
          }
        });
  }

  /** Notes that a server which takes no further connections still serves those that it has. */
  private void noteAnswer(PooledConnection face) throws SQLException {
    long askedAt = member.environment().time().nanoTime();
    if (member.server().failsAsAway() && face.isValid(validationSeconds())) {
      member.server().answered(askedAt);
    }
  }

  private int validationSeconds() {
    return (int) member.pool().config().validationTimeout().plusNanos(999_999_999).toSeconds();
  }

  // ---- what is told

  /** Tells once that it is left out, until it serves again. */
  private void leaveOut() {
    if (!leftOut.get() && leftOut.compareAndSet(false, true)) {
      tell(this::tellThatItIsLeftOut);
    }
  }

  /** Logs this at WARN every ten seconds at most, because a reader may come and go. */
  private void tellThatItIsLeftOut() {
    int untold = leases().news("left out");
    toldSo = untold >= 0;
    String line = "Pool {}: reader {} is left out: {}";
    Repeats.warn(log, untold, line, whole, member.called(), obstacle(null, 0));
  }

  /** Work begins on it: if it was left out, it is back. */
  void serves() {
    if (leftOut.get() && leftOut.compareAndSet(true, false)) {
      String line = "Pool {}: reader {} is back";
      tell(
          () -> {
            if (toldSo) {
              log.info(line, whole, member.called());
            } else {
              log.debug(line, whole, member.called());
            }
          });
    }
  }

  /** What the log throws must not reach the caller, who may hold a connection already. */
  private void tell(GuardedCall.Risk telling) {
    GuardedCall.survives(whole, "telling of a reader", telling);
  }
}
