package io.everpool.core.sim;

import io.everpool.api.ResetMode;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.TransactionState;
import io.everpool.api.driver.Verdict;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.Set;

/** A server in virtual time that goes down, refuses, runs out of slots and loses connections. */
final class FakeDatabase implements Connector {

  /** How the server treats whoever comes. */
  enum Mood {
    UP,
    DOWN,
    STARTING,
    FULL,
    DENYING
  }

  private final Universe universe;
  private final Set<Session> open = new HashSet<>();
  private Mood mood = Mood.UP;
  private int connectsInARowWhileDown;
  private long lastConnectWhileDown;
  private long queries;
  private long opened;

  FakeDatabase(Universe universe) {
    this.universe = universe;
  }

  void mood(Mood value) {
    mood = value;
    connectsInARowWhileDown = 0;
    if (value == Mood.DOWN) {
      open.forEach(s -> s.dead = true);
    }
  }

  /** Kills a connection at random, if there is one. */
  void killOne() {
    open.stream()
        .skip(open.isEmpty() ? 0 : universe.random.nextInt(open.size()))
        .findFirst()
        .ifPresent(s -> s.dead = true);
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
  public String product() {
    return "FakeDB";
  }

  @Override
  public String target() {
    return "fake";
  }

  @Override
  public PhysicalConnection open(long timeoutNanos) throws SQLException {
    switch (mood) {
      case UP -> {
        if (universe.random.nextInt(100) == 0) {
          throw new SQLException("reset by peer", "08006");
        }
      }
      case DOWN -> {
        connectWhileDown();
        throw new SQLException("refused", "57P01");
      }
      case STARTING -> {
        connectWhileDown();
        throw new SQLException("the database system is starting up", "57P03");
      }
      case FULL -> throw new SQLException("too many clients", "53300");
      case DENYING -> throw new SQLException("password authentication failed", "28P01");
    }
    Session session = new Session();
    open.add(session);
    opened++;
    return session;
  }

  private void connectWhileDown() {
    // The first few may have been under way when it went down.
    if (++connectsInARowWhileDown > 40 && universe.nanoTime() == lastConnectWhileDown) {
      throw new AssertionError("more than one prober while the server is down");
    }
    lastConnectWhileDown = universe.nanoTime();
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
  public int traces(String sql) {
    return 0;
  }

  final class Session implements PhysicalConnection {
    boolean dead;
    private boolean closed;

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
      return closed || dead ? Look.DEAD : Look.ALIVE;
    }

    @Override
    public void validate(long timeoutNanos) throws SQLException {
      queries++;
      if (!usable()) {
        throw new SQLException("gone", "08006");
      }
    }

    @Override
    public TransactionState transactionState() {
      return TransactionState.NONE;
    }

    @Override
    public void reset(ResetMode mode, int traces) {}

    @Override
    public void close() {
      if (closed && !dead) {
        throw new AssertionError("closed twice");
      }
      abort();
    }

    @Override
    public void abort() {
      closed = true;
      dead = true;
      open.remove(this);
    }
  }
}
