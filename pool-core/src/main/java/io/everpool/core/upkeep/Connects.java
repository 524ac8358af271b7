package io.everpool.core.upkeep;

import static java.util.Objects.requireNonNull;

import io.everpool.api.CloseReason;
import io.everpool.api.CredentialsProvider;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.observe.PoolEvent.ConnectionOpened;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Move;
import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.observe.GuardedCall;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.policy.Lifetime;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Opens connections on worker threads. What comes of that is told to the pool's {@link
 * Reachability} and {@link ConnectPace} on the upkeep thread.
 */
public final class Connects {
  private static final Logger log = PoolEvents.log();

  /** Makes a slot's entry out of a connection that was just opened. */
  @FunctionalInterface
  public interface SessionFactory {
    PooledEntry entry(Slot slot, long number, PhysicalConnection physical) throws SQLException;
  }

  private final PoolConfig config;
  private final Function<Throwable, Verdict> classifier;
  private final Environment environment;
  private final PoolEvents events;
  private final SessionFactory sessionFactory;
  private final Workers workers;
  private final Engine engine;
  private final Inbox inbox;
  private final StirredSlots stirred;
  private final ConnectPace pace;
  private final FullServer full;
  private final Fence fence;
  private final Bounds bounds;
  private final Logins logins;
  private final Reachability server;
  private final PrimarySearch search;

  Connects(
      PoolConfig config,
      Connector connector,
      Function<Throwable, Verdict> classifier,
      Environment environment,
      @Nullable CredentialsProvider credentials,
      PoolEvents events,
      SharedState shared,
      SessionFactory sessionFactory) {
    this.config = config;
    this.classifier = classifier;
    this.environment = environment;
    this.events = events;
    this.sessionFactory = sessionFactory;
    this.workers = shared.workers;
    this.engine = shared.engine;
    this.inbox = shared.inbox;
    this.stirred = shared.stirred;
    this.pace = shared.pace;
    this.full = shared.full;
    this.fence = shared.fence;
    this.bounds = shared.bounds;
    this.server = shared.server;
    this.search = shared.search;
    this.logins = new Logins(config, connector, classifier, environment, credentials);
  }

  /** Begins to open a connection in the slot, if it is empty. */
  boolean begin(Slot slot) {
    long empty = slot.word();
    if (Slot.state(empty) != State.EMPTY) {
      return false;
    }
    long word = Slot.after(Move.RESERVE, empty);
    int born = fence.generation();
    long now = environment.time().nanoTime();
    // Both are made before the move, because there may be no memory.
    BooleanSupplier end = () -> slot.attempt(Move.ABANDON, word);
    GuardedCall.Risk opening = () -> open(slot, word, end, born, now);
    if (!slot.attempt(Move.RESERVE, empty)) {
      return false;
    }
    stirred.add(slot.index);
    slot.connectWord = word;
    if (workers.start("opening a connection", opening)) {
      pace.begun(now);
      return true;
    }
    slot.attempt(Move.ABANDON, word);
    withoutThread(now);
    return false;
  }

  /** A connect has found no thread. Upkeep thread only. */
  void withoutThread(long now) {
    server.failed(ConnectFailures.noThread(), Verdict.PROCESS_LIMIT, fence.generation());
    pace.withoutThread(now);
  }

  /** Opens a connection on this thread, and doesn't set it up. */
  Login login() throws SQLException {
    Login login = logins.open(config.connectTimeout().toNanos());
    requireNonNull(login.physical(), "the connector opened no connection");
    return login;
  }

  private void open(Slot slot, long word, BooleanSupplier end, int born, long now) {
    Login login;
    PhysicalConnection physical;
    try {
      login = login();
      physical = login.physical();
    } catch (Throwable e) {
      failed(e, born, end);
      return;
    }
    Newcomer newcomer;
    News news;
    try {
      long arrived = environment.time().nanoTime();
      long number = fence.nextNumber();
      int room = full.askNewcomer(physical);
      PooledEntry entry = sessionFactory.entry(slot, number, physical);
      long took = environment.time().nanoTime() - now; // this counts the set-up, too
      newcomer = new Newcomer(slot, word, entry, login.answer(), room, arrived, took);
      // This comes last: a connection tells its news only once, and it must not be lost.
      news = News.of(physical, now);
    } catch (Throwable e) {
      turnAway(physical, e, end, born);
      return;
    }
    boolean fences = news.fences(search);
    try {
      if (fences) {
        inbox.post(() -> supersede(newcomer, news, born));
      } else if (news.isOfNone(search)) {
        inbox.post(search::foundNone);
      }
    } catch (Throwable e) { // no memory: if it was posted all the same, take() says who goes on
      if (newcomer.take()) {
        turnAway(physical, e, end, born);
      }
      return;
    }
    // A pool that is closed may never read what was posted.
    if ((!fences || engine.isClosed()) && newcomer.take() && !letIn(newcomer, born)) {
      endGivenUp(physical);
      environment.scheduler().hurry();
    }
  }

  /** Ends a connection whose connect was given up; until this that connect counts as stuck. */
  private void endGivenUp(PhysicalConnection physical) {
    Ending.unwanted(physical, events.pool());
    workers.cameBack();
  }

  /** Ends a connection that can't be let in, and then the connect that keeps a slot for it. */
  private void turnAway(PhysicalConnection physical, Throwable why, BooleanSupplier end, int born) {
    try {
      Ending.unwanted(physical, events.pool());
    } finally {
      failed(why, born, end);
    }
  }

  /**
   * There was a failover: all connections that exist or are being opened go to a server that was
   * superseded, or no longer writes. They are given up, whatever becomes of the connection that
   * brought the news; it is the first of the new generation. Upkeep thread only.
   */
  private void supersede(Newcomer newcomer, News news, int born) {
    if (!newcomer.take()) {
      return;
    }
    long number = newcomer.entry.number();
    int generation = born;
    try {
      if (!engine.isClosed() && news.fences(search)) { // else another connection has told it
        news.act("connection " + number, fence, search);
        fence.spare(number);
        // In a suspended pool it isn't let in: it has told its news, and nothing is to be lent.
        generation = bounds.suspended() ? born : fence.generation();
      }
    } finally {
      if (!letIn(newcomer, generation)) {
        PhysicalConnection physical = newcomer.entry.physical();
        workers.startInTime(
            "ending a connection nobody wanted", () -> false, () -> endGivenUp(physical));
      }
    }
  }

  private boolean letIn(Newcomer it, int born) {
    events.owe();
    try {
      boolean in = admit(it, born);
      if (in) {
        long number = it.entry.number();
        inbox.post(() -> succeeded(number, born, it));
        events.post(new ConnectionOpened(events.pool(), number, it.took));
      }
      return in;
    } finally {
      events.paid();
    }
  }

  /**
   * Puts a connection into its slot, if the slot still waits for it. False if it isn't wanted any
   * more; its connect counts as given up then. All that may fail or hang was done before, and
   * listeners are told afterwards.
   */
  private boolean admit(Newcomer it, int born) {
    Slot slot = it.slot;
    // Upkeep may have given up on this connect, and the slot may be another's by now. So nothing is
    // written into it before this move shows that it is still ours; then upkeep's late move fails.
    if (!slot.attempt(Move.ARRIVED, it.word)) {
      return false;
    }
    long arrived = Slot.after(Move.ARRIVED, it.word);
    if (born != fence.generation()) {
      giveUp(slot, arrived); // this does nothing if upkeep has done it
      return false;
    }
    slot.openedAt = it.arrived;
    expire(slot, it.answer);
    slot.generation = born;
    slot.entry = it.entry;
    events.countOpened();
    boolean in = engine.opened(slot, arrived);
    if (!in) { // upkeep has given the slot up, for nobody wants this any more
      events.uncountOpened();
    }
    return in;
  }

  /** Sets when the connection is too old, or the credentials that it was opened with are. */
  private void expire(Slot slot, @Nullable Answer answer) {
    long now = slot.openedAt;
    slot.expiresAt =
        Lifetime.expiresAt(now, config.maxLifetime().toNanos(), environment.random().getAsDouble());
    slot.expiryReason = CloseReason.MAX_LIFETIME;
    if (answer != null && answer.expires()) {
      long retireAt = answer.retireAt(now, environment.random().getAsDouble());
      if (retireAt - slot.expiresAt < 0) {
        slot.expiresAt = retireAt;
        slot.expiryReason = CloseReason.CREDENTIALS_EXPIRED;
      }
    }
  }

  /**
   * A connect has failed; its worker calls this. It is ended, once, even if the failure itself
   * throws when it is looked at, or there is no memory: otherwise upkeep would wait until
   * connect-timeout, and count its thread as one that hangs.
   *
   * @param born the generation in which it was begun
   * @param end ends the connect; says whether it had not been given up before
   */
  void failed(Throwable thrown, int born, BooleanSupplier end) {
    boolean ending = false;
    try {
      // The classifier is asked while the slot is ours: if it hangs, that is a connect that hangs.
      FailedConnect failed = FailedConnect.of(thrown, classifier);
      ending = true;
      if (end.getAsBoolean()) {
        inbox.post(() -> failed(failed, born));
      } else {
        workers.cameBack();
      }
    } finally {
      if (!ending && !end.getAsBoolean()) {
        workers.cameBack();
      }
    }
  }

  private void failed(FailedConnect failed, int born) {
    server.failed(failed.failure(), failed.means(), born);
    if (failed.refusedByOne()) {
      pace.refusedByOne(environment.time().nanoTime());
    }
  }

  /**
   * Gives up on every connect, because nobody wants its connection any more. One that has {@link
   * Move#ARRIVED arrived} is left alone: it writes into its slot, which must not become another's,
   * and finds by itself that its generation is over.
   */
  void abandonAll() {
    logins.passBy();
    for (Slot slot : engine.slots()) {
      abandonUnwanted(slot, slot.connectWord);
    }
  }

  /** Gives up on a connect, because the pool closes or replaces everything. */
  void abandonUnwanted(Slot slot, long word) {
    giveUp(slot, word);
  }

  /** Gives up on a connect that has taken too long; its thread ends when the driver lets it. */
  void abandon(Slot slot, long word) {
    if (giveUp(slot, word)) {
      overdue();
    }
  }

  /**
   * Takes the slot from a connect; false if it has none any more. It counts as given up from before
   * that until it and its connection have ended: at every moment it has a slot or is counted.
   */
  private boolean giveUp(Slot slot, long word) {
    workers.givenUp();
    boolean first = slot.attempt(Move.ABANDON, word);
    if (!first) {
      workers.cameBack();
    }
    return first;
  }

  /** A connect has taken too long, and was given up. Upkeep thread only. */
  void overdue() {
    SQLException why = logins.whyGivenUp();
    SQLException failure =
        why != null
            ? why
            : new SQLTimeoutException(
                "Opening a connection to "
                    + server.target()
                    + " took longer than connect-timeout ("
                    + config.connectTimeout().toMillis()
                    + " ms) and was given up",
                "08001");
    // Until it is known what that means, no connect is begun. Upkeep doesn't ask the classifier
    // itself: it may be a user's, and take its time.
    pace.undecided(environment.time().nanoTime());
    int born = fence.generation();
    if (!workers.start(
        "judging a failure",
        () -> {
          Verdict means = FailedConnect.judge(failure, classifier);
          inbox.post(() -> server.failed(failure, means, born));
        })) {
      server.failed(failure, Verdict.CONNECTION_LOST, born);
    }
  }

  private void succeeded(long number, int born, Newcomer it) {
    pace.measured(it.took);
    log.debug("Pool {}: opened connection {} in {} us", events.pool(), number, it.took / 1000);
    // A connect that began before the fence says nothing of the server after it.
    if (born == fence.generation()) {
      server.succeeded();
      full.newcomerSaid(it.room, environment.time().nanoTime());
    }
  }
}
