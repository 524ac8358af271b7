package io.everpool.core.replicas;

import io.everpool.api.AcquireTimeoutException;
import io.everpool.api.PoolClosedException;
import io.everpool.api.PoolConfig;
import io.everpool.api.ReaderFallback;
import io.everpool.api.TooManyWaitersException;
import io.everpool.api.WorkOptions;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.engine.Pause;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.jdbc.Asking;
import io.everpool.core.jdbc.EngineLeaseManager;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.jdbc.WaitKind;
import io.everpool.core.work.Renewal;
import io.everpool.core.work.UnitRunner;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLTransientConnectionException;
import java.util.List;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Chooses who serves work that only reads: a reader that can be reached, is close enough behind and
 * runs transactions at the level of isolation that is asked for. The search begins with a random
 * reader, preferably one where nobody waits. If no reader suits, {@code reader-fallback} says what
 * happens. When such work has lost its connection and is rerun, this chooses again, so that the
 * work goes on elsewhere. A reader whose connections are all in use isn't gone: its callers wait,
 * so that the writer isn't flooded by what the readers can't carry. Thread-safe.
 */
final class Readers implements Renewal {

  /** The pause between two rounds for a caller who may not use the writer; nanoseconds. */
  private static final long BETWEEN_ROUNDS = 50_000_000L;

  private final PoolConfig config;
  private final TimeSource time;
  private final DoubleSupplier random;
  private final Pause pause;
  private final AnswerTime answerTime;
  private final Positions positions;
  private final List<Reader> all;
  private final Member writer;
  private final UnitRunner onWriter;
  private final boolean fallsBack;

  Readers(PoolConfig config, Member writer, List<Member> readers, Pause pause) {
    this.config = config;
    this.time = writer.environment().time();
    this.random = writer.environment().random();
    this.pause = pause;
    this.answerTime = new AnswerTime(config.validationTimeout().toNanos(), time);
    this.positions = new Positions(answerTime, time, pause);
    this.writer = writer;
    this.onWriter = runner(writer);
    this.fallsBack = config.readerFallback() == ReaderFallback.WRITER;
    long most = config.maxReplicaLag().toNanos();
    this.all =
        readers.stream()
            .map(member -> new Reader(config.name(), member, writer, runner(member), most))
            .toList();
  }

  private UnitRunner runner(Member member) {
    return new UnitRunner(member.leases(), time, random, pause, this);
  }

  List<Reader> all() {
    return all;
  }

  // ---- who has a connection

  /** The reader whose connection it is; null if it is no reader's. */
  @Nullable Reader ownerOf(PooledConnection face) {
    for (Reader reader : all) {
      if (reader.isOwnerOf(face)) {
        return reader;
      }
    }
    return null;
  }

  /** Runs units on a connection that {@link #acquire} has given. */
  UnitRunner runnerOf(PooledConnection face) {
    Reader owner = ownerOf(face);
    return owner == null ? onWriter : owner.runner();
  }

  /** When a unit that is called now must have ended. */
  long deadline(WorkOptions options) {
    return onWriter.deadline(options);
  }

  // ---- who gets one

  /** Acquires a connection for work that only reads. */
  PooledConnection acquire(WorkOptions options) throws SQLException {
    Asking asking = new Asking(time.nanoTime());
    PooledConnection face = take(Taking.NEW, options, asking, budget(options), null);
    try {
      got(face, asking);
      return face;
    } catch (Throwable e) {
      face.close();
      throw e;
    }
  }

  @Override
  public void renew(PooledConnection face, WorkOptions options, long timeoutNanos)
      throws SQLException {
    Asking asking = new Asking(time.nanoTime());
    try {
      renew(face, options, asking, timeoutNanos, null);
    } finally {
      got(face, asking); // also after a failure: the face may have got one that didn't suit
    }
  }

  /**
   * As {@link #renew(PooledConnection, WorkOptions, long)}, but the first round leaves out the
   * reader {@code except}. The caller has to see whether the session is good, and to call {@link
   * #got} then.
   *
   * @param asking the caller's time counts from its beginning
   */
  void renew(
      PooledConnection face,
      WorkOptions options,
      Asking asking,
      long timeoutNanos,
      @Nullable Reader except)
      throws SQLException {
    take(new Taking.Again(face), options, asking, timeoutNanos, except);
  }

  /** The caller keeps the session that {@code face} has, if it was got by {@code asking}. */
  void got(PooledConnection face, Asking asking) {
    Reader owner = ownerOf(face);
    (owner == null ? writer.leases() : owner.leases()).got(face, asking);
  }

  /**
   * Makes a framework's connection show what the unit must see; within another unit that is no
   * reason to change anything, for there the connection shows what it shows. Also, even within
   * another unit, makes the connection go on over a server that runs the unit at its level, if its
   * own doesn't. Does neither if a transaction has begun.
   */
  void prepare(PooledConnection face, Reader owner, WorkOptions options) throws SQLException {
    boolean shows = options.position() == null || face.observer() != null;
    if (shows && Reader.isWithin(options.isolation(), face.highestIsolation())) {
      return;
    }
    face.endBegunAhead(); // that transaction is empty, and shows only what was there when it began
    if (!face.current().inTransaction()) {
      new Preparation(config.name(), this, positions, time, face, owner, options, budget(options))
          .run();
    }
  }

  private long budget(WorkOptions options) {
    long most = config.acquireTimeout().toNanos();
    return options.deadline() == null ? most : Math.min(most, UnitRunner.nanos(options.deadline()));
  }

  /** How long an answer to a caller's question may take. */
  AnswerTime answerTime() {
    return answerTime;
  }

  /** Until when to wait for a reader's position, so that time is left for another reader. */
  long patience(long end) {
    long now = time.nanoTime();
    long half = (end - now) / 2;
    long lag = config.maxReplicaLag().toNanos();
    return now + (lag == 0 ? half : Math.min(half, lag));
  }

  private PooledConnection take(
      Taking taking, WorkOptions options, Asking asking, long timeoutNanos, @Nullable Reader except)
      throws SQLException {
    long end = asking.begun + timeoutNanos;
    // Decided here, because less of the time is left each time that a reader is asked.
    boolean ours = timeoutNanos == config.acquireTimeout().toNanos();
    WaitKind wait = ours ? WaitKind.CALLER : WaitKind.LIMITED;
    Reader passedOver = except;
    while (true) {
      Round round = new Round(taking, wait.untold(), options, asking, end, passedOver);
      PooledConnection face = round.run();
      if (face != null) {
        return face;
      }
      long left = end - time.nanoTime();
      if (fallsBack) {
        return taking.from(writer.leases(), left, wait, asking);
      }
      if (writer.pool().isClosed()) { // a reader that is left out doesn't tell this
        throw new PoolClosedException(config.name());
      }
      if (left <= 0 || !round.mayChange) {
        tell(writer.leases(), left <= 0, timeoutNanos - left);
        throw noReader(options, round.level, round.failure);
      }
      sleep(Math.min(left, BETWEEN_ROUNDS));
      passedOver = null;
    }
  }

  /** Tries each reader once. */
  private final class Round {
    private final Taking taking;
    private final WaitKind wait;
    private final @Nullable String position;
    private final Asking asking;
    private final long end;
    private final @Nullable Reader except;
    @Nullable SQLException failure;

    /** The isolation that the work is to have, by its options or as set on the first connection. */
    int level;

    /** Whether a reader could not be reached; in another round that may be different. */
    boolean mayChange;

    Round(
        Taking taking,
        WaitKind wait,
        WorkOptions options,
        Asking asking,
        long end,
        @Nullable Reader except) {
      this.taking = taking;
      this.wait = wait;
      this.position = options.position();
      this.level = options.isolation();
      this.asking = asking;
      this.end = end;
      this.except = except;
    }

    @Nullable PooledConnection run() throws SQLException {
      int first = first();
      for (int i = 0; i < all.size(); i++) {
        Reader reader = all.get((first + i) % all.size());
        if (reader == except) {
          continue;
        }
        if (reader.mayServe(time.nanoTime(), level)) {
          PooledConnection face = from(reader);
          if (face != null) {
            reader.serves();
            return face;
          }
        }
        mayChange |= reader.isGone();
      }
      return null;
    }

    /** Null if the next one should be tried. */
    private @Nullable PooledConnection from(Reader reader) throws SQLException {
      PooledConnection face = null;
      boolean taken = false;
      try {
        long left = end - time.nanoTime();
        // A reader that was never reached may never be, so time must be left for another.
        face = taking.from(reader.leases(), reader.isLive() ? left : left / 2, wait, asking);
        level = level == 0 ? face.isolationSet() : level;
        taken =
            reader.runsAt(face, level, answerTime.before(end))
                && reader.isCloseBehind(face, answerTime.before(end))
                && (position == null || positions.isReached(face, position, patience(end), end));
        return taken ? face : null;
      } catch (SQLException e) {
        if (!isLeft(reader, e)) {
          boolean timedOut = e instanceof AcquireTimeoutException;
          if (timedOut || e instanceof TooManyWaitersException) {
            tell(reader.leases(), timedOut, time.nanoTime() - asking.begun);
          }
          throw e;
        }
        failure = e;
        mayChange = true;
        return null;
      } finally {
        if (face != null && !taken) {
          taking.giveBack(face);
        }
      }
    }

    /** Whether a failure is the reader's, so that the next one is tried, and not the caller's. */
    private boolean isLeft(Reader reader, SQLException e) {
      if (Thread.currentThread().isInterrupted()
          || taking.isOver()
          || e instanceof PoolClosedException
          || e instanceof TooManyWaitersException) {
        return false;
      }
      return e instanceof AcquireTimeoutException
          ? !reader.isLive() || end - time.nanoTime() > 0
          : reader.isGone() || reader.leases().classify(e).fatal();
    }
  }

  /** Where a round begins: at random, but preferably with a reader where nobody waits. */
  private int first() {
    int size = all.size();
    int first = size == 1 ? 0 : (int) (random.getAsDouble() * size);
    for (int i = 0; i < size; i++) {
      int next = (first + i) % size;
      if (!all.get(next).hasWaiters()) {
        return next;
      }
    }
    return first;
  }

  private void sleep(long nanos) throws SQLException {
    try {
      pause.pause(nanos);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SQLTransientConnectionException(
          "Interrupted while waiting for a reader of pool " + config.name(), "08001", e);
    }
  }

  /** Tells of a caller who gets no connection. If the next reader serves him, this isn't called. */
  private static void tell(EngineLeaseManager leases, boolean timedOut, long waitedNanos) {
    String pool = leases.config().name();
    leases.emit(
        timedOut
            ? new PoolEvent.AcquireTimedOut(pool, waitedNanos)
            : new PoolEvent.AcquireRejected(pool));
  }

  private SQLException noReader(WorkOptions options, int level, @Nullable SQLException failure) {
    StringBuilder text =
        new StringBuilder("Pool " + config.name() + " has no reader for " + options.label());
    for (Reader reader : all) {
      text.append("; ").append(reader.pool().name()).append(": ");
      text.append(reader.obstacle(options.position(), level));
    }
    text.append(". With reader-fallback = writer the writer would do it");
    return all.stream().anyMatch(reader -> reader.runsAt(level))
        ? new SQLTransientConnectionException(text.toString(), "08001", failure)
        : new SQLFeatureNotSupportedException(text.toString(), "0A000", failure);
  }
}
