package io.everpool.api;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a pool looked like at one moment. The counts were read one after the other while the pool
 * went on, so they may be off by what happened meanwhile.
 *
 * @param name the pool's name
 * @param state open, draining or closed
 * @param asleep whether the pool leaves the database alone for want of work
 * @param down whether the server is known to be unreachable just now; not so where it answers and
 *     refuses new connections
 * @param minSize the configured minimum
 * @param maxSize the configured maximum
 * @param idle connections ready to be lent
 * @param leased connections in use, doomed ones included
 * @param connecting connections being opened
 * @param probing idle connections being examined
 * @param closing connections being closed
 * @param waiting callers in line
 * @param opened connections opened since the pool was
 * @param closed connections closed since then, by reason
 * @param connectFailures failed attempts to open one
 * @param acquireTimeouts callers who waited in vain
 * @param retries reruns of units of work
 * @param lastConnectError the last failure to open a connection since one was last opened, or null;
 *     carries no secret
 * @param holders who has the connections now
 */
public record PoolSnapshot(
    String name,
    PoolState state,
    boolean asleep,
    boolean down,
    int minSize,
    int maxSize,
    int idle,
    int leased,
    int connecting,
    int probing,
    int closing,
    int waiting,
    long opened,
    Map<CloseReason, Long> closed,
    long connectFailures,
    long acquireTimeouts,
    long retries,
    @Nullable String lastConnectError,
    List<Holder> holders) {

  public PoolSnapshot {
    closed = Map.copyOf(closed);
    holders = List.copyOf(holders);
  }

  /** Connections that exist: idle, leased or being examined. */
  public int total() {
    return idle + leased + probing;
  }

  /** Connections closed since the pool was opened, whatever the reason. */
  public long closedTotal() {
    return closed.values().stream().mapToLong(Long::longValue).sum();
  }

  /** One line: the counts. */
  @Override
  public String toString() {
    return name
        + " "
        + state
        + (asleep ? " asleep" : "")
        + (down ? " server-down" : lastConnectError == null ? "" : " connects-failing")
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

  /** Several lines: the counts, who holds the connections, and the last connect error. */
  public String explain() {
    StringBuilder text = new StringBuilder(toString());
    for (Holder holder : holders) {
      text.append("\n  ").append(holder);
    }
    if (lastConnectError != null) {
      text.append("\n  last connect error: ").append(lastConnectError);
    }
    return text.toString();
  }

  /**
   * Who has a connection.
   *
   * @param connection the connection's number, counted from 1 within the pool
   * @param thread the name of the thread that took it, and its id
   * @param heldFor for how long, at least; to about a tenth of a second
   * @param where what that thread is doing now, innermost frame first; empty if it can't be told
   */
  public record Holder(
      long connection, String thread, Duration heldFor, List<StackTraceElement> where) {

    public Holder {
      where = List.copyOf(where);
    }

    @Override
    public String toString() {
      return "connection "
          + connection
          + " held for "
          + PoolConfig.text(Duration.ofMillis(heldFor.toMillis()))
          + " by "
          + thread
          + (where.isEmpty() ? "" : ", now at " + where.get(0));
    }
  }
}
