package io.everpool.jmx;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A pool, to look at and to act on, through whatever speaks JMX. Every type is an open one, so that
 * a console needs no class of Everpool's. Nothing here waits for a connection or a server, wakes a
 * pool that sleeps, or shows a secret. A later version may have more attributes and operations.
 *
 * <p>The attributes are read one by one, so they may differ by what happened between two reads. All
 * methods may be called from any thread, by several at once.
 */
public interface PoolMXBean {

  // ---- attributes

  /** The pool's name. */
  String getName();

  /** {@code OPEN}, {@code DRAINING} or {@code CLOSED}. */
  String getState();

  /** Whether the pool leaves the database alone for want of work. */
  boolean isAsleep();

  /** Whether the server is known to be unreachable just now. */
  boolean isDown();

  /** Whether {@link #suspend} keeps the pool from lending and opening connections. */
  boolean isSuspended();

  /** The minimum: as configured, or as {@link #resize} has set it since. */
  int getMinSize();

  /** The maximum: as configured, or as {@link #resize} has set it since. */
  int getMaxSize();

  /** Connections that exist: idle, leased or being examined. */
  int getTotal();

  /** Connections ready to be lent. */
  int getIdle();

  /** Connections in use. */
  int getLeased();

  /** Connections being opened. */
  int getConnecting();

  /** Idle connections being examined. */
  int getProbing();

  /** Connections being closed. */
  int getClosing();

  /** Callers in the wait queue. */
  int getWaiting();

  /** Connections opened since the pool was opened. */
  long getOpened();

  /** Connections closed since the pool was opened, by reason, such as {@code max-queries}. */
  Map<String, Long> getClosed();

  /** Failed attempts to open a connection since the pool was opened. */
  long getConnectFailures();

  /** Callers who waited in vain since the pool was opened. */
  long getAcquireTimeouts();

  /** Reruns of units of work since the pool was opened. */
  long getRetries();

  /** The last failure to open a connection, or null if a connection was opened since. */
  @Nullable String getLastConnectError();

  /**
   * Who has the connections now. This looks at the holders' threads, so it costs more than the
   * other attributes.
   */
  List<Holder> getHolders();

  /** Every setting that the pool was opened with, by its key, without secrets. */
  Map<String, String> getSettings();

  /** A thread that has a connection. */
  interface Holder {

    /** The connection's number, counted from 1 within the pool. */
    long getConnection();

    /** The name and the id of the thread that took the connection. */
    String getThread();

    /**
     * How long the thread has had the connection at least, in milliseconds, to about a tenth of a
     * second.
     */
    long getHeldMillis();

    /**
     * Since when the thread has had the connection at the latest, to about a tenth of a second. The
     * time is in ISO 8601 and UTC, such as {@code 2026-03-01T12:00:00.100Z}, by this machine's
     * clock.
     */
    String getHeldSince();

    /**
     * Where the thread acquired the connection, the innermost frame first, one frame a line; empty
     * if that was not recorded, which the setting {@code leak-stack-traces} decides.
     */
    List<String> getAcquiredAt();

    /** Whether the thread waits for another connection of this pool while it has this one. */
    boolean isWaiting();
  }

  // ---- operations; those that change the pool throw IllegalStateException while it is being
  // closed

  /**
   * Keeps the pool between other bounds, until it is closed or this is called again. Connections
   * above the new maximum are closed: idle connections now, leased ones when they come back.
   *
   * @param minSize 0 to {@code maxSize}
   * @param maxSize 1 to the setting {@code max-size}: there are no slots for more
   * @throws IllegalArgumentException if they are outside of these bounds
   */
  void resize(int minSize, int maxSize);

  /**
   * Lends no connection any more until {@link #resume}: idle connections are closed now, leased
   * ones when they come back, and none is opened. Callers stand in the wait queue for as long as
   * they would otherwise; if only a reader is suspended, its callers are served elsewhere.
   */
  void suspend();

  /** Ends a suspension. */
  void resume();

  /**
   * Closes the connections that are idle now; those that are missing to the minimum are opened
   * anew.
   */
  void evictIdle();

  /** Replaces every connection: the idle ones now, the leased ones when they come back. */
  void replaceAll();

  /** The counts, who holds the connections and what each holder does just now, as a text. */
  String dump();

  /**
   * How large the pool should be for what it was asked for, as a text. The text says so if the pool
   * has seen too little, or if {@code size-advice} is off.
   */
  String advise();
}
