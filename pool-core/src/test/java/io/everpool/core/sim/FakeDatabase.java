package io.everpool.core.sim;

import io.everpool.api.Credentials;
import io.everpool.api.ResetMode;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.api.driver.TransactionState;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * A server in virtual time that goes down, freezes, refuses, runs out of slots and loses
 * connections.
 */
final class FakeDatabase implements Connector {

  /** How the server treats whoever comes. */
  enum Mood {
    UP,
    DOWN,
    STARTING,
    FULL,
    DENYING,
    /** Whatever is asked of it hangs until it thaws. */
    FROZEN
  }

  private final Universe universe;
  private final Set<Session> open = new LinkedHashSet<>();
  private Mood mood = Mood.UP;
  private boolean resets = true;
  private boolean promoted;

  /** Where a new connection leads, as far as writing is concerned. */
  private BooleanSupplier readOnly = () -> false;

  /** So many that open next began before it was demoted. */
  private int begunBefore;

  private long queries;
  private long opened;
  private int slots = Integer.MAX_VALUE;
  private long refused;
  private long answersAfter;

  /** What the next connects fail with; the sessions that are open know nothing of it. */
  private final Deque<SQLException> failures = new ArrayDeque<>();

  private boolean otherHosts = true;

  private Runnable whenOneMore = () -> {};
  private Runnable whenOneLess = () -> {};

  FakeDatabase(Universe universe) {
    this.universe = universe;
  }

  void mood(Mood value) {
    mood = value;
    if (value == Mood.DOWN) {
      open.forEach(s -> s.die(universe.random.nextBoolean()));
    }
    universe.stall(value == Mood.FROZEN);
  }

  boolean frozen() {
    return mood == Mood.FROZEN;
  }

  /** Who looks in the middle of things: when a session has begun, and when one is to end. */
  void watched(Runnable begun, Runnable ends) {
    whenOneMore = begun;
    whenOneLess = ends;
  }

  /** How many connections there may be. */
  void slots(int value) {
    slots = value;
  }

  /** How long it takes to say how much room there was when it was asked; nanoseconds. */
  void answersAfter(long nanos) {
    answersAfter = nanos;
  }

  /** There is nowhere else to go. */
  void isTheOnlyHost() {
    otherHosts = false;
  }

  /** The next connect fails with this, and no session ends. */
  void failNext(SQLException failure) {
    failures.add(failure);
  }

  /** Connects that came when there were as many. */
  long refused() {
    return refused;
  }

  /** From now on no connect is cut off for no reason. */
  void calm() {
    resets = false;
  }

  /** Another server has taken over, as the next connection will show. */
  void promote() {
    promoted = true;
  }

  /** The server takes no writes any more. */
  void demote() {
    readOnly = () -> true;
    open.forEach(s -> s.readOnly = true);
  }

  /** As {@link #demote()}; those that are being opened began while it did. */
  void demote(int underWay) {
    demote();
    begunBefore = underWay;
  }

  /** It takes them again. */
  void restore() {
    readOnly = () -> false;
    open.forEach(s -> s.readOnly = false);
  }

  /** New connections lead to one that does; those that are open stay where they are. */
  void move() {
    readOnly = () -> false;
  }

  /** Every other connection leads to one that doesn't. */
  void balance() {
    readOnly = universe.random::nextBoolean;
  }

  /** Kills a connection at random, if there is one; some have last words. */
  void killOne() {
    open.stream()
        .skip(open.isEmpty() ? 0 : universe.random.nextInt(open.size()))
        .findFirst()
        .ifPresent(s -> s.die(universe.random.nextBoolean()));
  }

  /** Ends every session, each with last words or without, and goes on taking new ones. */
  void suspend() {
    open.forEach(s -> s.die(universe.random.nextBoolean()));
  }

  int open() {
    return open.size();
  }

  long opened() {
    return opened;
  }

  long queries() {
    return queries;
  }

  @Override
  public boolean hasOtherHosts() {
    return otherHosts;
  }

  @Override
  public String product() {
    return "FakeDB";
  }

  @Override
  public String target() {
    return "fake";
  }

  @Override
  public PhysicalConnection open(long timeoutNanos) throws SQLException {
    SQLException failure = failures.poll();
    if (failure != null) {
      throw failure;
    }
    switch (mood) {
      case UP -> {
        if (resets && universe.random.nextInt(100) == 0) {
          throw new SQLException("reset by peer", "08006");
        }
        if (open.size() >= slots) {
          refused++;
          throw new SQLException("too many clients", "53300");
        }
      }
      case DOWN -> throw new SQLException("refused", "57P01");
      case STARTING -> throw new SQLException("the database system is starting up", "57P03");
      case FULL -> throw new SQLException("too many clients", "53300");
      case DENYING -> throw new SQLException("password authentication failed", "28P01");
      case FROZEN -> throw new AssertionError("a worker got through to a frozen server");
    }
    boolean refuses = readOnly.getAsBoolean();
    Session session = new Session(promoted, refuses && begunBefore == 0);
    session.readOnly = refuses;
    begunBefore = Math.max(0, begunBefore - 1);
    promoted = false;
    open.add(session);
    opened++;
    whenOneMore.run();
    return session;
  }

  @Override
  public PhysicalConnection open(Credentials credentials, long timeoutNanos) throws SQLException {
    return open(timeoutNanos);
  }

  /** Credentials that last for so long; or none, now and then, for the vault has moods as well. */
  Credentials credentials(InstantSource clock, Duration life) throws SQLException {
    if (resets && universe.random.nextInt(20) == 0) {
      throw new SQLException("the vault is down", "57P01");
    }
    return Credentials.of("app", "sesame").expiringAt(clock.instant().plus(life));
  }

  @Override
  public Verdict classify(Throwable failure) {
    String state = failure instanceof SQLException e ? e.getSQLState() : null;
    return switch (state == null ? "" : state) {
      case "57P01" -> Verdict.SERVER_DOWN;
      case "57P03" -> Verdict.SERVER_STARTING;
      case "53300" -> Verdict.OUT_OF_SLOTS;
      case "28P01" -> Verdict.ACCESS_DENIED;
      default -> Verdict.CONNECTION_LOST;
    };
  }

  @Override
  public SideEffects sideEffects(String sql) {
    return SideEffects.NONE;
  }

  final class Session implements PhysicalConnection {
    private boolean dead;
    private boolean lastWords;
    private boolean closed;
    private final boolean supersedes;
    private final boolean beganReadOnly;

    /** Whether its server refuses writes now. */
    boolean readOnly;

    /** Whether a statement runs that can be cancelled. */
    boolean busy;

    int cancels;

    /** Odd while somebody waits for an answer. */
    long waits;

    @Override
    public long waits() {
      return waits;
    }

    Session(boolean supersedes, boolean readOnly) {
      this.supersedes = supersedes;
      this.beganReadOnly = readOnly;
      this.readOnly = readOnly;
    }

    @Override
    public boolean beganReadOnly() {
      return beganReadOnly;
    }

    @Override
    public boolean isServerReadOnly(SideEffects sideEffects) {
      return readOnly;
    }

    @Override
    public boolean supersedesEarlier() {
      return supersedes;
    }

    void die(boolean withLastWords) {
      lastWords = !dead && withLastWords;
      dead = true;
    }

    boolean usable() {
      return !dead && !closed;
    }

    boolean closed() {
      return closed;
    }

    @Override
    public Connection jdbc() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Look look() {
      return !closed && dead && lastWords ? Look.UNSURE : usable() ? Look.ALIVE : Look.DEAD;
    }

    @Override
    public void validate(long timeoutNanos) throws SQLException {
      queries++;
      waits += 2;
      if (!usable()) {
        throw new SQLException("terminating connection", lastWords ? "57P01" : "08006");
      }
    }

    @Override
    public OptionalInt room(long timeoutNanos) throws SQLException {
      if (slots == Integer.MAX_VALUE) {
        return OptionalInt.empty();
      }
      validate(timeoutNanos);
      int left = Math.max(0, slots - open.size());
      if (answersAfter > 0) {
        universe.elapse((long) (universe.random.nextDouble() * answersAfter));
      }
      return OptionalInt.of(left);
    }

    @Override
    public TransactionState transactionState() {
      return TransactionState.NONE;
    }

    @Override
    public void reset(ResetMode mode, SideEffects sideEffects) {}

    @Override
    public boolean cancelStatement(long timeoutNanos) {
      cancels++;
      return busy;
    }

    @Override
    public void close() {
      if (closed && !dead) {
        throw new AssertionError("closed twice");
      }
      abort();
    }

    @Override
    public void abort() {
      whenOneLess.run();
      closed = true;
      dead = true;
      open.remove(this);
    }
  }
}
