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
 * A reader, and whether work can begin there: whether its server can be reached, as its own pool
 * knows, how far it lags, and up to which level of isolation its server runs anything. What has to
 * be looked at is looked at on a worker, when somebody would use it; while nobody reads, nothing is
 * sent. Thread-safe.
 */
final class Reader {
  private static final Logger log = PoolEvents.log();

  /** Between two looks at one that is left out; nanoseconds. */
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

  /** Whether any has said so. */
  private volatile boolean heard;

  /** Whether it is left out, as was told. */
  private final AtomicBoolean leftOut = new AtomicBoolean();

  /** Whether that was told at its level; its return is told then, too. */
  private volatile boolean toldSo;

  /**
   * @param whole the name of the pool that it is a part of
   * @param writer whom it follows
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

  /** Whether no connection can be had of it. */
  boolean isGone() {
    return member.server().isGone();
  }

  /**
   * Whether an operator has suspended it, and not the writer: else its callers stand in line, as
   * the writer's do. Who suspends all begins with the writer, and who resumes all ends with it; so
   * where that has happened in between, the second look at the writer shows it.
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
   * Whether it is worth to take a connection of it; has it looked at where that is due.
   *
   * @param level at which the work is to run; 0 for the connection's own
   */
  boolean mayServe(long now, int level) {
    if (isSuspended()) { // nobody need look when it is back: that is the operator's word
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
          look(now); // it serves those that it has, as long as they answer
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

  /** Drivers have levels of their own, beyond JDBC's four, of which nothing is known. */
  static boolean isWithin(int level, int most) {
    return most >= Connection.TRANSACTION_SERIALIZABLE || level <= most;
  }

  /**
   * Why it doesn't serve, for messages.
   *
   * @param position what is to be seen; null for nothing in particular
   * @param level at which the work is to run; 0 for the connection's own
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
   * As {@link #runsAt(int)}, of the server of {@code face}, as it has told this session. It is
   * asked something where it has told another more, as when it was promoted.
   *
   * @param patience how long the answer may take; nanoseconds
   */
  boolean runsAt(PooledConnection face, int level, long patience) throws SQLException {
    boolean asked = !isWithin(level, face.highestIsolation()) && runsAt(level);
    if (asked) {
      try {
        face.replicaLag(patience);
      } catch (SQLFeatureNotSupportedException e) {
        // it has answered
      }
      face.rollBackOpen(); // what that reading has begun
    }
    return hears(face, asked, level);
  }

  /**
   * What a session says of its server. That it runs less than another has said counts only where it
   * has just been asked: it may not have heard yet of a promotion.
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
   * Whether work may begin on {@code face}; asks the server only where nothing is known any more,
   * as after a time without work. Its answer counts as of when it was asked: what has been on the
   * way for longer than the lag may be is still the news of this moment.
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

  /** Returns when it was asked. */
  private long ask(PooledConnection face, long patience) throws SQLException {
    long now = member.environment().time().nanoTime();
    try {
      lag.seen(UnitRunner.nanos(face.replicaLag(patience)), now);
    } catch (SQLFeatureNotSupportedException e) {
      lag.seen(Lag.UNKNOWABLE, now);
    }
    return now;
  }

  /** Asks on a worker, if nobody does and it is not too soon: one that is gone is then tried. */
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
            hears(face, true, 0); // what its server may have told with that answer
          } catch (SQLException e) {
            log.debug("Pool {}: {} doesn't answer", whole, member.called(), e);
          } finally {
            looking.set(false);
          }
        });
  }

  /** One that takes no further connections may serve those that it has. */
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

  /** Told once, until it serves again. */
  private void leaveOut() {
    if (!leftOut.get() && leftOut.compareAndSet(false, true)) {
      tell(this::tellThatItIsLeftOut);
    }
  }

  /** At once, and then each ten seconds at the most: one may come and go. */
  private void tellThatItIsLeftOut() {
    int untold = leases().news("left out");
    toldSo = untold >= 0;
    String line = "Pool {}: reader {} is left out: {}";
    Repeats.warn(log, untold, line, whole, member.called(), obstacle(null, 0));
  }

  /** Work begins on it. */
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

  /** A log that fails is no failure of the caller's, who may hold a connection already. */
  private void tell(GuardedCall.Risk telling) {
    GuardedCall.survives(whole, "telling of a reader", telling);
  }
}
