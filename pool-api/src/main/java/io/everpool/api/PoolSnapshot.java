package io.everpool.api;

import java.io.Serializable;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a pool looked like at one moment. The counts were read one after the other while the pool
 * went on, so they may be off by what happened meanwhile.
 *
 * <p>Immutable and thread-safe. A later version may tell more: by further accessors here and in
 * {@link Holder}, by further methods of the builder, which start at nothing. Serializable, as the
 * exceptions that carry one are.
 */
// Over 400 lines for the sake of one list: each fact has a field, an accessor and a builder method.
public final class PoolSnapshot implements Serializable {
  private static final long serialVersionUID = 1L;

  /** How many holders an explanation names; otherwise each refused caller would carry thousands. */
  private static final int MOST_EXPLAINED = 20;

  private final String name;
  private final PoolState state;
  private final boolean asleep;
  private final boolean down;
  private final boolean suspended;
  private final int minSize;
  private final int maxSize;
  private final int idle;
  private final int leased;
  private final int connecting;
  private final int probing;
  private final int closing;
  private final int waiting;
  private final long opened;
  private final Map<CloseReason, Long> closed;
  private final long connectFailures;
  private final long acquireTimeouts;
  private final long retries;
  private final @Nullable String lastConnectError;
  private final List<Holder> holders;

  private PoolSnapshot(Builder from) {
    name = from.name;
    state = from.state;
    asleep = from.asleep;
    down = from.down;
    suspended = from.suspended;
    minSize = from.minSize;
    maxSize = from.maxSize;
    idle = from.idle;
    leased = from.leased;
    connecting = from.connecting;
    probing = from.probing;
    closing = from.closing;
    waiting = from.waiting;
    opened = from.opened;
    closed = Map.copyOf(from.closed);
    connectFailures = from.connectFailures;
    acquireTimeouts = from.acquireTimeouts;
    retries = from.retries;
    lastConnectError = from.lastConnectError;
    holders = List.copyOf(from.holders);
  }

  /** Starts from a pool of that name that is open, has nothing and has done nothing. */
  public static Builder builder(String name) {
    return new Builder(name);
  }

  /** The pool's name. */
  public String name() {
    return name;
  }

  /** Open, draining or closed. */
  public PoolState state() {
    return state;
  }

  /** Whether the pool leaves the database alone for want of work. */
  public boolean asleep() {
    return asleep;
  }

  /**
   * Whether the server is known to be unreachable just now; no if it answers and refuses new
   * connections, and no if nobody needs one and the pool has stopped trying, for then nobody knows.
   */
  public boolean down() {
    return down;
  }

  /** Whether an operator keeps the pool from lending and opening connections. */
  public boolean suspended() {
    return suspended;
  }

  /** The minimum: as configured, or as an operator has set it since. */
  public int minSize() {
    return minSize;
  }

  /** The maximum: as configured, or as an operator has set it since. */
  public int maxSize() {
    return maxSize;
  }

  /** Connections ready to be lent. */
  public int idle() {
    return idle;
  }

  /** Connections in use, doomed ones included. */
  public int leased() {
    return leased;
  }

  /** Connections being opened. */
  public int connecting() {
    return connecting;
  }

  /** Idle connections being examined. */
  public int probing() {
    return probing;
  }

  /** Connections being closed. */
  public int closing() {
    return closing;
  }

  /** Callers in line. */
  public int waiting() {
    return waiting;
  }

  /** Connections opened since the pool was. */
  public long opened() {
    return opened;
  }

  /**
   * Connections closed since then, by reason; a reason that never occurred is left out. Immutable.
   */
  public Map<CloseReason, Long> closed() {
    return closed;
  }

  /** Failed attempts to open a connection since the pool was opened. */
  public long connectFailures() {
    return connectFailures;
  }

  /** Callers who waited in vain since then. */
  public long acquireTimeouts() {
    return acquireTimeouts;
  }

  /** Reruns of units of work since then. */
  public long retries() {
    return retries;
  }

  /**
   * The last failure to open a connection since one was last opened, or null; carries no secret.
   */
  public @Nullable String lastConnectError() {
    return lastConnectError;
  }

  /** Who has the connections now. Immutable. */
  public List<Holder> holders() {
    return holders;
  }

  /** Connections that exist: idle, leased or being examined. */
  public int total() {
    return idle + leased + probing;
  }

  /** Connections closed since the pool was opened, whatever the reason. */
  public long closedTotal() {
    return closed.values().stream().mapToLong(Long::longValue).sum();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof PoolSnapshot that && facts().equals(that.facts());
  }

  @Override
  public int hashCode() {
    return facts().hashCode();
  }

  private List<@Nullable Object> facts() {
    return Arrays.asList(
        name,
        state,
        asleep,
        down,
        suspended,
        minSize,
        maxSize,
        idle,
        leased,
        connecting,
        probing,
        closing,
        waiting,
        opened,
        closed,
        connectFailures,
        acquireTimeouts,
        retries,
        lastConnectError,
        holders);
  }

  /** One line: the counts. */
  @Override
  public String toString() {
    return name
        + " "
        + state
        + (suspended ? " suspended" : "")
        + (asleep ? " asleep" : "")
        + (down ? " server-down" : lastConnectError == null ? "" : " last-connect-failed")
        + ": "
        + total()
        + " of "
        + maxSize
        + " connections ("
        + leased
        + " leased, "
        + idle
        + " idle"
        + (probing == 0 ? "" : ", " + probing + " probing")
        + (connecting == 0 ? "" : ", " + connecting + " connecting")
        + "), "
        + waiting
        + " waiting";
  }

  /**
   * Several lines: the counts, who holds the connections, and the last connect error. If there are
   * many holders, it names the 20 who have had theirs for longest, longest first, and says how many
   * others there are.
   */
  public String explain() {
    StringBuilder text = new StringBuilder(toString());
    for (Holder holder : explained()) {
      text.append("\n  ").append(holder);
    }
    if (holders.size() > MOST_EXPLAINED) {
      text.append("\n  and ")
          .append(holders.size() - MOST_EXPLAINED)
          .append(" more, for no longer");
    }
    if (lastConnectError != null) {
      text.append("\n  last connect error: ").append(lastConnectError);
    }
    return text.toString();
  }

  private List<Holder> explained() {
    return holders.size() <= MOST_EXPLAINED
        ? holders
        : holders.stream()
            .sorted(Comparator.comparing(Holder::heldFor).reversed())
            .limit(MOST_EXPLAINED)
            .toList();
  }

  /** A thread that has a connection. Immutable and thread-safe. */
  public static final class Holder implements Serializable {
    private static final long serialVersionUID = 1L;

    private final long connection;
    private final String thread;
    private final Duration heldFor;
    private final List<StackTraceElement> where;
    private final List<StackTraceElement> acquiredAt;
    private final boolean waiting;

    private Holder(
        long connection,
        String thread,
        Duration heldFor,
        List<StackTraceElement> where,
        List<StackTraceElement> acquiredAt,
        boolean waiting) {
      this.connection = connection;
      this.thread = thread;
      this.heldFor = heldFor;
      this.where = List.copyOf(where);
      this.acquiredAt = List.copyOf(acquiredAt);
      this.waiting = waiting;
    }

    /**
     * A holder.
     *
     * @param connection the connection's number, counted from 1 within the pool
     * @param thread the name of the thread that took it, and its id
     * @param heldFor for how long it has had it, at least
     * @param where what that thread is doing now, innermost frame first; empty if it can't be told
     */
    public static Holder of(
        long connection, String thread, Duration heldFor, List<StackTraceElement> where) {
      return new Holder(connection, thread, heldFor, where, List.of(), false);
    }

    /** The same holder, with the place where he acquired the connection: innermost frame first. */
    public Holder acquiredAt(List<StackTraceElement> value) {
      return new Holder(connection, thread, heldFor, where, value, waiting);
    }

    /** The same holder, with whether his thread waits for another connection of this pool. */
    public Holder waiting(boolean value) {
      return new Holder(connection, thread, heldFor, where, acquiredAt, value);
    }

    /** The connection's number, counted from 1 within the pool. */
    public long connection() {
      return connection;
    }

    /** The name of the thread that took it, and its id. */
    public String thread() {
      return thread;
    }

    /** For how long, at least; to about a tenth of a second. */
    public Duration heldFor() {
      return heldFor;
    }

    /** What that thread is doing now, innermost frame first; empty if it can't be told. */
    public List<StackTraceElement> where() {
      return where;
    }

    /**
     * Where it acquired the connection, innermost frame first; empty if that was not recorded,
     * which {@link PoolConfig#leakStackTraces()} decides.
     */
    public List<StackTraceElement> acquiredAt() {
      return acquiredAt;
    }

    /** Whether it waits for another connection of this pool while it has this one. */
    public boolean waiting() {
      return waiting;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Holder that
          && connection == that.connection
          && thread.equals(that.thread)
          && heldFor.equals(that.heldFor)
          && where.equals(that.where)
          && acquiredAt.equals(that.acquiredAt)
          && waiting == that.waiting;
    }

    @Override
    public int hashCode() {
      return Objects.hash(connection, thread, heldFor, where, acquiredAt, waiting);
    }

    @Override
    public String toString() {
      return "connection "
          + connection
          + " held for "
          + Durations.text(Duration.ofMillis(heldFor.toMillis()))
          + " by "
          + thread
          + place()
          + (acquiredAt.isEmpty() ? "" : ", acquired at " + Frames.way(acquiredAt));
    }

    private String place() {
      if (waiting) {
        return ", which waits for another connection"
            + (where.isEmpty() ? "" : " at " + Frames.way(where));
      }
      return where.isEmpty() ? "" : ", now at " + Frames.now(where);
    }
  }

  /**
   * Collects what a snapshot tells, each fact by a method with the name of its accessor. It is for
   * pools, and for tests of code that reads snapshots. Not thread-safe.
   */
  public static final class Builder {
    private final String name;
    private PoolState state = PoolState.OPEN;
    private boolean asleep;
    private boolean down;
    private boolean suspended;
    private int minSize;
    private int maxSize;
    private int idle;
    private int leased;
    private int connecting;
    private int probing;
    private int closing;
    private int waiting;
    private long opened;
    private Map<CloseReason, Long> closed = Map.of();
    private long connectFailures;
    private long acquireTimeouts;
    private long retries;
    private @Nullable String lastConnectError;
    private List<Holder> holders = List.of();

    private Builder(String name) {
      this.name = name;
    }

    /** Sets {@link PoolSnapshot#state()}. If it isn't set, it is open. */
    public Builder state(PoolState value) {
      state = value;
      return this;
    }

    /** Sets {@link PoolSnapshot#asleep()}. If it isn't set, it is false. */
    public Builder asleep(boolean value) {
      asleep = value;
      return this;
    }

    /** Sets {@link PoolSnapshot#down()}. If it isn't set, it is false. */
    public Builder down(boolean value) {
      down = value;
      return this;
    }

    /** Sets {@link PoolSnapshot#suspended()}. If it isn't set, it is false. */
    public Builder suspended(boolean value) {
      suspended = value;
      return this;
    }

    /** Sets {@link PoolSnapshot#minSize()}. If it isn't set, it is 0. */
    public Builder minSize(int value) {
      minSize = value;
      return this;
    }

    /** Sets {@link PoolSnapshot#maxSize()}. If it isn't set, it is 0. */
    public Builder maxSize(int value) {
      maxSize = value;
      return this;
    }

    /** Sets {@link PoolSnapshot#idle()}. If it isn't set, it is 0. */
    public Builder idle(int value) {
      idle = value;
      return this;
    }

    /** Sets {@link PoolSnapshot#leased()}. If it isn't set, it is 0. */
    public Builder leased(int value) {
      leased = value;
      return this;
    }

    /** Sets {@link PoolSnapshot#connecting()}. If it isn't set, it is 0. */
    public Builder connecting(int value) {
      connecting = value;
      return this;
    }

    /** Sets {@link PoolSnapshot#probing()}. If it isn't set, it is 0. */
    public Builder probing(int value) {
      probing = value;
      return this;
    }

    /** Sets {@link PoolSnapshot#closing()}. If it isn't set, it is 0. */
    public Builder closing(int value) {
      closing = value;
      return this;
    }

    /** Sets {@link PoolSnapshot#waiting()}. If it isn't set, it is 0. */
    public Builder waiting(int value) {
      waiting = value;
      return this;
    }

    /** Sets {@link PoolSnapshot#opened()}. If it isn't set, it is 0. */
    public Builder opened(long value) {
      opened = value;
      return this;
    }

    /** Sets {@link PoolSnapshot#closed()}. If it isn't set, it is empty. */
    public Builder closed(Map<CloseReason, Long> value) {
      closed = value;
      return this;
    }

    /** Sets {@link PoolSnapshot#connectFailures()}. If it isn't set, it is 0. */
    public Builder connectFailures(long value) {
      connectFailures = value;
      return this;
    }

    /** Sets {@link PoolSnapshot#acquireTimeouts()}. If it isn't set, it is 0. */
    public Builder acquireTimeouts(long value) {
      acquireTimeouts = value;
      return this;
    }

    /** Sets {@link PoolSnapshot#retries()}. If it isn't set, it is 0. */
    public Builder retries(long value) {
      retries = value;
      return this;
    }

    /** Sets {@link PoolSnapshot#lastConnectError()}. If it isn't set, it is null. */
    public Builder lastConnectError(@Nullable String value) {
      lastConnectError = value;
      return this;
    }

    /** Sets {@link PoolSnapshot#holders()}. If it isn't set, it is empty. */
    public Builder holders(List<Holder> value) {
      holders = value;
      return this;
    }

    /**
     * Makes the snapshot.
     *
     * @throws NullPointerException if the name, the state, a reason, a count or a holder is null
     */
    public PoolSnapshot build() {
      Objects.requireNonNull(name, "name");
      Objects.requireNonNull(state, "state");
      return new PoolSnapshot(this);
    }
  }
}
