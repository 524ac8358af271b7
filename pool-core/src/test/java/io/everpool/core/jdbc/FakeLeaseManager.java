package io.everpool.core.jdbc;

import io.everpool.api.CloseReason;
import io.everpool.api.LeaseInterceptor;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.engine.Move;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.observe.Repeats;
import io.everpool.core.plain.PlainConnector;
import io.everpool.core.upkeep.OutageLog;
import io.everpool.core.upkeep.PrimarySearch;
import java.lang.reflect.Proxy;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A leases without an engine: real slots and real moves, but nobody waits, and what is closed stays
 * closed. Opens a connection whenever none is idle.
 */
public final class FakeLeaseManager implements LeaseManager {

  /** Opens connections. */
  @FunctionalInterface
  public interface Opener {
    PhysicalConnection open() throws SQLException;
  }

  private final PoolConfig config;
  private final Connector connector;
  private final Opener opener;
  private final SqlTexts texts;
  private final ConcurrentLinkedDeque<Session> idle = new ConcurrentLinkedDeque<>();

  /** The number of the last connection that was opened. */
  public final AtomicLong session = new AtomicLong();

  /** What opening a connection throws. */
  public @Nullable SQLException openFailure;

  /** Leases that ended well. */
  public final AtomicInteger released = new AtomicInteger();

  /** Why sessions were closed, in order. */
  public final List<CloseReason> closed = new CopyOnWriteArrayList<>();

  /** Those that are to go as soon as another can take their place. */
  public final List<Session> tooOld = new CopyOnWriteArrayList<>();

  /** Verdicts of dooms that came in time. */
  public final List<Verdict> doomed = new CopyOnWriteArrayList<>();

  public final List<PoolEvent> events = new CopyOnWriteArrayList<>();

  /** What is said of sessions whose server takes no writes any more. */
  public PrimarySearch.Refusal refusal = PrimarySearch.Refusal.REPLACED;

  /** Run before a lease is ended by a cut. */
  public Runnable onCut = () -> {};

  /** Whether a search for a server that writes finds one. */
  public boolean primaryFound;

  /** Run at each search for one. */
  public Runnable onAwaitPrimary = () -> {};

  /** How long a unit would have waited for that at the most, nanoseconds; each such wait. */
  public final List<Long> patience = new CopyOnWriteArrayList<>();

  /** What is news; all is without. */
  public @Nullable OutageLog outages;

  /** What is news of what is done wrong; all is without. */
  public @Nullable Repeats<String> repeats;

  /** The time for that; it stands still unless a test moves it. */
  public long repeatsAt;

  private long fencedThrough;

  public final AtomicInteger writesRefused = new AtomicInteger();

  /** Connections whose holder's time was over. */
  public final List<Long> cancelled = new CopyOnWriteArrayList<>();

  /** What has a deadline. */
  public final Map<LongSupplier, Long> watched = new ConcurrentHashMap<>();

  /** Clean-ups begun and ended. */
  public final AtomicInteger resetsStarted = new AtomicInteger();

  public final AtomicInteger resetsEnded = new AtomicInteger();

  public FakeLeaseManager(PoolConfig config, Connector connector, Opener opener) {
    this.config = config;
    this.connector = connector;
    this.opener = opener;
    texts = new SqlTexts(connector);
  }

  /** A pool over the fake driver, with defaults. */
  public static FakeLeaseManager over(FakeDriver driver) {
    return over(driver, settings().build());
  }

  public static PoolConfig.Builder settings() {
    return PoolConfig.builder("fake:");
  }

  public static FakeLeaseManager over(FakeDriver driver, PoolConfig config) {
    return new FakeLeaseManager(config, new FakeConnector(), driver::open);
  }

  /** A pool whose failures mean what they do with a driver of which only java.sql is known. */
  public static FakeLeaseManager plain(FakeDriver driver) {
    DataSource none =
        (DataSource)
            Proxy.newProxyInstance(
                FakeLeaseManager.class.getClassLoader(),
                new Class<?>[] {DataSource.class},
                (self, method, args) -> {
                  throw new UnsupportedOperationException();
                });
    return new FakeLeaseManager(
        settings().build(),
        PlainConnector.of(none),
        () -> {
          FakePhysical physical = driver.open();
          physical.tracksTransactions = false;
          return physical;
        });
  }

  /** Takes a connection. */
  public PooledConnection acquire() throws SQLException {
    Session session = lend();
    return new PooledConnection(session, session.slot().lease);
  }

  /** Takes a connection in whose lease others have a word. */
  public PooledConnection acquire(LeaseInterceptor... interceptors) throws SQLException {
    Session session = lend();
    InterceptedConnection face =
        new InterceptedConnection(session, session.slot().lease, List.of(interceptors));
    face.acquired();
    return face;
  }

  private Session lend() throws SQLException {
    Session session = idle.poll();
    if (session == null) {
      if (openFailure != null) {
        throw openFailure;
      }
      Slot slot = new Slot(0);
      must(slot, Move.RESERVE);
      session = new Session(slot, this.session.incrementAndGet(), opener.open(), this);
      slot.entry = session;
      must(slot, Move.OPENED);
    }
    must(session.slot(), Move.ACQUIRE);
    session.slot().lease = session.slot().word();
    return session;
  }

  private static void must(Slot slot, Move move) {
    if (!slot.attempt(move)) {
      throw new AssertionError(move + " of " + slot);
    }
  }

  public static Session session(PooledConnection face) {
    return Objects.requireNonNull(face.session());
  }

  /** The fake physical connection under a face. */
  public static FakePhysical physical(PooledConnection face) {
    return (FakePhysical) session(face).physical();
  }

  @Override
  public boolean release(Session session, long lease) {
    if (session.number() <= fencedThrough) {
      return end(session, lease, CloseReason.FENCED);
    }
    if (session.slot().attempt(Move.RELEASE, lease)) {
      released.incrementAndGet();
      idle.push(session);
      return true;
    }
    return closeDoomed(session, lease);
  }

  private boolean closeDoomed(Session session, long lease) {
    if (session.slot().attempt(Move.CLOSE_DOOMED, Slot.after(Move.DOOM, lease))) {
      closed.add(session.slot().doomReason);
      session.physical().abort();
      return true;
    }
    return false;
  }

  @Override
  public void retire(Session session, long lease, CloseReason reason) {
    end(session, lease, reason);
  }

  private boolean end(Session session, long lease, CloseReason reason) {
    if (session.slot().attempt(Move.RETIRE, lease)) {
      closed.add(reason);
      session.physical().abort();
      return true;
    }
    return closeDoomed(session, lease);
  }

  /** As upkeep does to what is lent. */
  public static void doom(PooledConnection face, CloseReason reason) {
    Slot slot = session(face).slot();
    slot.doomReason = reason;
    must(slot, Move.DOOM);
  }

  /** As the engine's: first the lease ends, and only who ended it touches the connection. */
  @Override
  public void cut(Session session, long lease, CloseReason reason) {
    onCut.run();
    if (!session.slot().attempt(Move.RETIRE, lease)) {
      closeDoomed(session, lease);
      return;
    }
    closed.add(reason);
    try {
      session.jdbc.abort(Runnable::run); // as adapters cut
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
    session.physical().abort();
  }

  @Override
  public void doom(Session session, long lease, Verdict verdict, SQLException failure) {
    Objects.requireNonNull(failure);
    if (Slot.state(lease) == State.LEASED && session.slot().attempt(Move.DOOM, lease)) {
      doomed.add(verdict);
    }
  }

  @Override
  public void renew(PooledConnection face, long timeoutNanos) throws SQLException {
    Session session = lend();
    long lease = session.slot().lease;
    try {
      face.rebind(session, lease);
    } catch (SQLException e) {
      release(session, lease);
      throw e;
    }
  }

  @Override
  public int news(OutageLog.Kind kind, String reason) {
    return outages == null ? 0 : outages.news(kind, reason);
  }

  @Override
  public int news(String what) {
    return repeats == null ? 0 : repeats.news(what, repeatsAt);
  }

  @Override
  public int newsOnce(String what) {
    return repeats == null ? 0 : repeats.newsOnce(what, repeatsAt);
  }

  @Override
  public boolean canReplace() {
    return openFailure == null;
  }

  @Override
  public void retireWhenReplaceable(Session session) {
    tooOld.add(session);
  }

  @Override
  public PrimarySearch.Refusal writeRefused(Session session) {
    writesRefused.incrementAndGet();
    return refusal;
  }

  /** The answer is there; and if it is yes, the fence has fallen. */
  @Override
  public boolean awaitPrimary(long nanos) throws InterruptedException {
    patience.add(nanos);
    onAwaitPrimary.run();
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    if (primaryFound) {
      fencedThrough = session.get();
    }
    return primaryFound;
  }

  @Override
  public Runnable watch(long at, LongSupplier overrun) {
    watched.put(overrun, at);
    return () -> watched.remove(overrun);
  }

  /** Upkeep comes by. */
  public void pass(long now) {
    watched.replaceAll(
        (overrun, at) -> {
          if (at - now > 0) {
            return at;
          }
          long again = overrun.getAsLong();
          return now + (again == 0 ? Long.MAX_VALUE : again);
        });
  }

  @Override
  public Runnable cancel(Session session, long lease) {
    session.slot().doomReason = CloseReason.ABORTED;
    if (session.slot().attempt(Move.DOOM, lease)) {
      cancelled.add(session.number());
    }
    return () -> cut(session, lease, CloseReason.ABORTED);
  }

  @Override
  public Verdict classify(Throwable failure) {
    return connector.classify(failure);
  }

  @Override
  public long resetStarted(Session session, long lease) {
    if (!session.slot().attempt(Move.CLAIM, lease)) {
      return 0;
    }
    resetsStarted.incrementAndGet();
    return Slot.after(Move.CLAIM, lease);
  }

  @Override
  public void lookStarted(Session session, long lease) {
    resetsStarted.incrementAndGet();
  }

  @Override
  public void resetEnded(Session session, long lease) {
    resetsEnded.incrementAndGet();
  }

  @Override
  public PoolConfig config() {
    return config;
  }

  @Override
  public Connector connector() {
    return connector;
  }

  @Override
  public SqlTexts texts() {
    return texts;
  }

  /** What telling of an event ends with; null if that goes well. */
  public @Nullable Error tellingFails;

  @Override
  public void emit(PoolEvent event) {
    if (tellingFails != null) {
      throw tellingFails;
    }
    events.add(event);
  }
}
