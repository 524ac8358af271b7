package io.everpool.core.work;

import io.everpool.api.RetryConfig;
import io.everpool.api.Verdict;
import io.everpool.api.Work;
import io.everpool.api.WorkOptions;
import io.everpool.api.framework.UnitRerunner;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.UnitListener;
import io.everpool.core.engine.Pause;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.jdbc.LeaseManager;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.jdbc.Session;
import io.everpool.core.observe.FailureText;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.observe.Repeats;
import io.everpool.core.observe.UnitWatch;
import io.everpool.core.policy.Backoff;
import io.everpool.core.policy.ConflictPause;
import io.everpool.core.upkeep.OutageLog;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Runs units of work, and runs them again if that can double nothing. Thread-safe.
 *
 * <p>Connections that can't be opened, or are found dead before anything was sent, are dealt with
 * before a unit begins. Here a run that failed is put to {@link RerunRule}, which decides by the
 * evidence of its {@link UnitLog}; this class does what it says. A COMMIT without an answer is
 * {@link Commit looked up}.
 */
public final class UnitRunner {
  static final Logger log = PoolEvents.log();

  static final String RECONNECTING = "Attempting to reconnect to database...";

  private static final String NO_PRIMARY = "no server that takes writes was found";

  private static final Duration CENTURY = Duration.ofDays(36_525);

  final LeaseManager leases;
  final TimeSource time;
  final Pause pause;
  final RetryConfig retry;
  private @Nullable RetryConfig unbounded;

  final Renewal renewal;
  private final DoubleSupplier random;
  final RerunLog told;

  /** For a pool without replicas: units that lose their session get another of the same pool. */
  public UnitRunner(LeaseManager leases, TimeSource time, DoubleSupplier random, Pause pause) {
    this(leases, time, random, pause, (face, options, timeout) -> leases.renew(face, timeout));
  }

  /**
   * @param random numbers from 0 (inclusive) to 1 (exclusive)
   */
  public UnitRunner(
      LeaseManager leases, TimeSource time, DoubleSupplier random, Pause pause, Renewal renewal) {
    this.leases = leases;
    this.renewal = renewal;
    this.time = time;
    this.pause = pause;
    this.random = random;
    this.told = new RerunLog(leases, time);
    this.retry = leases.config().retry();
  }

  /**
   * The retry settings without their limits, to ask whether a unit could be run again at all. Made
   * for the first unit that promises something or fails: many pools never have one.
   */
  RetryConfig unbounded() {
    RetryConfig made = unbounded;
    if (made == null) { // two threads may each make one: they are equal, and their fields final
      made =
          retry
              .withMaxAttempts(Integer.MAX_VALUE)
              .withMaxDuration(Duration.ofNanos(Long.MAX_VALUE));
      unbounded = made;
    }
    return made;
  }

  /** As {@link UnitRerunner#rerun}; {@code connection} may be anybody's. */
  public <T extends @Nullable Object, X extends Exception> T rerun(
      Connection connection, WorkOptions options, Work<T, X> work) throws X, SQLException {
    PooledConnection face = face(connection);
    if (face == null) {
      return Failures.once(connection, work);
    }
    if (options.equals(UnitRerunner.SET_UP)) {
      return this.<T, X>rerun(
          face, connection, options, 0, UnitWatch.NONE, own -> setUp(face, own, work));
    }
    UnitWatch watch = watch(UnitListener.Kind.ON_CONNECTION, options);
    Throwable thrown = null;
    try {
      return rerun(face, connection, options, deadline(options), watch, work);
    } catch (Throwable failure) {
      thrown = failure;
      throw failure;
    } finally {
      watch.ended(thrown);
    }
  }

  /**
   * As {@link #rerun(Connection, WorkOptions, Work)}, with a deadline and watch as {@link #run} has
   * them; {@code face} is what is behind {@code connection}.
   */
  public <T extends @Nullable Object, X extends Exception> T rerun(
      PooledConnection face,
      Connection connection,
      WorkOptions options,
      long deadline,
      UnitWatch watch,
      Work<T, X> work)
      throws X, SQLException {
    // Ends an empty transaction begun ahead: the unit isn't within it, and each run begins its own.
    face.endBegunAhead();
    try (Unit unit = new Unit(this, face, options, deadline, watch)) {
      unit.failure.rollsBackFirst();
      boolean good = false;
      try {
        T result = runUntilDecided(unit, () -> work.run(connection));
        good = true;
        return result;
      } finally {
        unsetOptions(unit, good);
      }
    }
  }

  private static <T extends @Nullable Object, X extends Exception> T setUp(
      PooledConnection face, Connection connection, Work<T, X> work) throws X, SQLException {
    Session session = face.current();
    session.settingUp(true);
    try {
      return work.run(connection);
    } finally {
      session.settingUp(false);
    }
  }

  /** A unit begins, of which listeners hear. {@link UnitWatch#ended} has to follow. */
  public UnitWatch watch(UnitListener.Kind kind, WorkOptions options) {
    return leases.watchUnit(kind, options);
  }

  /**
   * When a unit that is called now must have ended, on the pool's clock; it means nothing, and
   * costs nothing, for options without a deadline.
   */
  public long deadline(WorkOptions options) {
    Duration allowed = options.deadline();
    return allowed == null ? 0 : time.nanoTime() + nanos(allowed);
  }

  /** A duration in nanoseconds; at most a century, so that it can be added to a time. */
  public static long nanos(Duration duration) {
    if (duration.isNegative()) {
      return 0;
    }
    return duration.compareTo(CENTURY) < 0 ? duration.toNanos() : CENTURY.toNanos();
  }

  /**
   * As {@code Pool.run}, on a connection that is closed afterwards.
   *
   * @param deadline what {@link #deadline} said before the connection was acquired
   * @param watch what {@link #watch} has begun
   */
  public <T extends @Nullable Object, X extends Exception> T run(
      PooledConnection face, WorkOptions options, long deadline, UnitWatch watch, Work<T, X> work)
      throws X, SQLException {
    try (Unit unit = new Unit(this, face, options, deadline, watch)) {
      return runUntilDecided(
          unit,
          () -> {
            try {
              return work.run(face);
            } catch (Throwable failure) {
              unit.recovery.rollBackAfter(failure);
              throw failure;
            }
          });
    }
  }

  /** As {@code Pool.inTransaction}; otherwise as {@link #run}. */
  public <T extends @Nullable Object, X extends Exception> T inTransaction(
      PooledConnection face, WorkOptions options, long deadline, UnitWatch watch, Work<T, X> work)
      throws X, SQLException {
    try (Unit unit = new Unit(this, face, options, deadline, watch)) {
      return runUntilDecided(
          unit,
          () -> {
            face.setAutoCommit(false);
            try {
              T result = work.run(face);
              Commit.rest(unit, face);
              return result;
            } catch (Throwable failure) {
              unit.recovery.rollBackAfter(failure);
              throw failure;
            }
          });
    }
  }

  /** As {@link UnitRerunner#given}. */
  public static void given(Object oneShot) throws SQLException {
    Nesting.given(oneShot);
  }

  /** As {@link UnitRerunner#owns}. */
  public boolean owns(Connection connection) {
    return face(connection) != null;
  }

  /** The face behind a connection, if it is one of this pool's and open. */
  private @Nullable PooledConnection face(Connection connection) {
    PooledConnection face = PooledConnection.behind(connection);
    return face != null && face.isOf(leases) ? face : null;
  }

  /** One run of a unit, from the beginning. */
  private interface Run<T extends @Nullable Object> {
    T once() throws Exception;
  }

  /** Runs the unit until a run goes well or there must be no further one. */
  @SuppressWarnings("CatchingUnchecked") // frameworks wrap what the driver throws
  private <T extends @Nullable Object, X extends Exception> T runUntilDecided(Unit unit, Run<T> run)
      throws X, SQLException {
    Failures failures = new Failures();
    boolean again = false;
    for (; ; ) {
      unit.begin(failures.ofConnections(), again);
      try {
        if (again) {
          unit.recovery.startOver();
          unit.oneShots().startOver();
        }
        unit.set.set();
        T result = run.once();
        unit.failure.findLostCommit(null); // its work may have hidden that
        unit.oneShots().requireWhole(); // the work may have hidden the failure
        unit.failure.wentWell();
        return result;
      } catch (Exception thrown) {
        Exception failure = failures.ofWork(thrown);
        unit.failure.runFailed();
        String refusal = unit.oneShots().refusal();
        if (again && refusal != null) {
          throw UnitRunner.<X>asThrown(asBefore(unit, refusal, failures));
        }
        again = true;
        Verdict failed = unit.judge(failure);
        failures.add(failure, failed);
        if (!prepare(unit, failed, failure, failures)) {
          throw UnitRunner.<X>asThrown(failures.explain(unit, failed, failure, since(unit)));
        }
      } catch (Error thrown) {
        unit.failure.runFailed();
        throw thrown;
      }
    }
  }

  /** What to throw if the present run can't do what the failed one before it did. */
  private Exception asBefore(Unit unit, String because, Failures failures) {
    Exception failure = failures.latest();
    giveUp(unit, failure, failures, RerunRule.USED_UP, because);
    return failures.explain(unit, Verdict.STATEMENT_FAILED, failure, since(unit));
  }

  private long since(Unit unit) {
    return time.nanoTime() - unit.begunAt;
  }

  /** Casts to what the callers declare: work throws its X, or unchecked; all else, SQLException. */
  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  static <X extends Exception> X asThrown(Exception failure) {
    return (X) failure;
  }

  /** Whether the unit is to be run again; everything is then ready for it. */
  private boolean prepare(Unit unit, Verdict verdict, Exception failure, Failures failures) {
    FailureKind kind = unit.failure.kind(verdict);
    long pauseNanos = pauseAfter(kind, failures);
    UnitFacts facts =
        unit.facts(kind, false, failures.isRefusedAbove(), failures.ofConnections(), pauseNanos);
    RerunRule rule = RerunRule.of(facts, retry);
    if (rule.decision() == RerunRule.Decision.LEAVE_TO_OUTER) {
      return false;
    }
    if (rule.decision() != RerunRule.Decision.RERUN) {
      giveUp(unit, failure, failures, rule, failures.because(rule));
      return false;
    }
    String obstacle = unit.isToldToRead(verdict) ? awaitPrimary(unit, failure) : null;
    if (obstacle == null) {
      told.announce(unit, verdict, failure, failures);
      obstacle = recover(unit, failure, pauseNanos);
    }
    if (obstacle != null) {
      giveUp(unit, failure, failures, unit.isCancelled() ? RerunRule.CANCELLED : rule, obstacle);
      return false;
    }
    int run = failures.runs() + 1;
    unit.watch.runsAgain(run, failure);
    leases.emit(
        new PoolEvent.Retried(
            leases.config().name(), unit.options.label(), run, verdict, FailureText.of(failure)));
    return true;
  }

  /** Nanoseconds. A conflict is over when the other transaction is; a server is away for longer. */
  private long pauseAfter(FailureKind kind, Failures failures) {
    return switch (kind) {
      case CONFLICT -> ConflictPause.nanos(failures.conflicts(), random.getAsDouble());
      case STALE_PLAN -> 0;
      default -> pauseAfter(failures.ofConnections());
    };
  }

  long pauseAfter(int failures) {
    return Backoff.delay(
        Math.max(1, failures),
        retry.initialBackoff().toNanos(),
        retry.maxBackoff().toNanos(),
        random.getAsDouble());
  }

  /** Waits for a server that takes writes; returns why that was of no use, or null. */
  private static @Nullable String awaitPrimary(Unit unit, Exception failure) {
    try {
      return unit.awaitPrimary(failure) ? null : NO_PRIMARY;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return RerunRule.INTERRUPTED.because();
    }
  }

  /**
   * Prepares the session for a further run. Returns why that did not work, or null; what was thrown
   * on the way is added to {@code failure}.
   */
  private @Nullable String recover(Unit unit, Exception failure, long pauseNanos) {
    try {
      unit.recovery.cleanOrLetGo(failure);
      pause.pause(pauseNanos);
      return unit.renewIfLetGo() ? null : RerunRule.CANCELLED.because();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return RerunRule.INTERRUPTED.because();
    } catch (SQLException | RuntimeException e) { // the driver or an interceptor is at fault
      Failures.suppress(failure, e);
      return Failures.whyNotRenewed(e, leases::classify);
    }
  }

  private void giveUp(
      Unit unit, Exception failure, Failures failures, RerunRule rule, String because) {
    failures.decided(rule, because);
    unit.failure.commitNotRepeated(rule == RerunRule.OWN_FAILURE);
    Throwable unknown = unit.failure.commitUnknown(); // counts once, whatever units make of it
    if (!unit.report(unknown == null ? failure : unknown) || rule == RerunRule.OWN_FAILURE) {
      return;
    }
    String pool = leases.config().name();
    String label = unit.options.label();
    String history = failures.history(since(unit));
    String line = "Pool {}: {} is not run again: {}{}";
    // The search and UnknownCommit have lines of their own, and there may be many units.
    boolean known = unit.failure.wasSoughtInVain() || unknown != null;
    int untold = known ? -1 : leases.news(OutageLog.Kind.REFUSAL, rule.name());
    Repeats.info(log, untold, line, pool, label, because, history);
    leases.emit(new PoolEvent.RetryRefused(pool, label, failures.runs(), because));
  }

  private void unsetOptions(Unit unit, boolean good) {
    try {
      if (unit.recovery.mayBeAsked(good)) {
        unit.set.unset();
      }
    } catch (SQLException | RuntimeException e) { // this says nothing of the unit
      String pool = leases.config().name();
      log.debug("Pool {}: {}'s options stay until its lease ends", pool, unit.options.label(), e);
    }
  }
}
