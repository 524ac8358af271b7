package io.everpool.core.upkeep;

import io.everpool.core.engine.TimeSource;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.observe.Repeats;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Limits what an outage writes into the log. However many connections it breaks, of each {@link
 * Kind} of line, and of each reason within it, the first is logged at WARN or INFO, the others at
 * DEBUG; while the outage lasts one more is logged now and then, with the number of those left out
 * ({@link Repeats}). Thread-safe.
 *
 * <p>An outage is over when a connection could be opened again after connects had failed or the
 * fence had fallen, or when nothing has happened for {@link #QUIET} and connects succeed. What
 * units of work notice soon afterwards still belongs to it, and so does the loss of a connection
 * that the fence has given up.
 */
public final class OutageLog {
  private static final Logger log = PoolEvents.log();

  /** The kinds of lines, each with its own limit. */
  public enum Kind {
    /** A connection was lost in use. */
    LOSS,
    /** An idle connection was found dead. */
    CHECK,
    /** A unit of work goes on over another connection. */
    RERUN,
    /** The answer to a COMMIT was lost, and is looked up. */
    LOOKUP,
    /** A unit of work can't go on over another connection. */
    REFUSAL
  }

  /**
   * If nothing has happened for this long, and connects succeed, what comes next belongs to another
   * outage; nanoseconds.
   */
  static final long QUIET = 2_000_000_000L;

  /** The shortest time between two lines that say the same; nanoseconds. */
  static final long AGAIN = Repeats.AGAIN;

  /** Stands for a connection that no fence has given up; the numbers count from 1. */
  private static final long NONE = Long.MAX_VALUE;

  private static final Kind[] KINDS = Kind.values();

  private final TimeSource time;
  private final Repeats<Key> lines = new Repeats<>();
  private final int[] toll = new int[KINDS.length];
  private boolean failing;
  private boolean any;
  private long begun;
  private long last;
  private boolean fenced;
  private long fencedAt;

  /** The number of the last connection before the last fence, and of one that was spared. */
  private long fencedThrough;

  private long spared;

  /** Names the lines that say the same. It has few values: reasons come out of a short list. */
  private record Key(Kind kind, String reason) {}

  OutageLog(TimeSource time) {
    this.time = time;
  }

  /** As {@link #news(Kind, String)}, for a kind that has only one reason. */
  public int news(Kind kind) {
    return news(kind, "");
  }

  /**
   * Something has happened.
   *
   * @param reason why, a word out of a short list: another reason has its own limit
   * @return below 0 if it is only counted; otherwise it is to be logged, and this many of the same
   *     kind and reason were only counted since the last line
   */
  public int news(Kind kind, String reason) {
    return news(kind, reason, NONE);
  }

  /** As {@link #news(Kind, String)}, of the connection that has this number. */
  synchronized int news(Kind kind, String reason, long connection) {
    long now = time.nanoTime();
    if (isOver(now) && !isAftermath(kind, connection, now)) {
      begin(now);
    }
    last = now;
    if (lost() == 0) {
      begun = now;
    }
    toll[index(kind)]++;
    return lines.news(new Key(kind, reason), now);
  }

  /**
   * Logs what has happened to the connection that has this number, at WARN if it is news and
   * otherwise at DEBUG.
   */
  public void tell(Kind kind, long connection, String line, Object... arguments) {
    Repeats.warn(log, news(kind, "", connection), line, arguments);
  }

  private boolean isOver(long now) {
    return !any || (!failing && now - last >= QUIET);
  }

  /**
   * Whether this still belongs to the outage before. Units of work notice late that their
   * connections are lost: that another was opened meanwhile is no reason to tell of each unit
   * again. So do borrowers who got no processor meanwhile: of a connection that the fence has given
   * up no loss begins an outage.
   */
  private boolean isAftermath(Kind kind, long connection, long now) {
    boolean loss = kind == Kind.LOSS || kind == Kind.CHECK;
    return now - last < QUIET && (!loss || isFenced(connection));
  }

  private boolean isFenced(long connection) {
    return connection <= fencedThrough && connection != spared;
  }

  private void begin(long now) {
    any = true;
    last = now;
    lines.endOfNews();
    Arrays.fill(toll, 0);
  }

  /** Whether the outage that goes on is known to whoever reads the log. */
  public synchronized boolean isKnown() {
    return (isTold(Kind.LOSS) || isTold(Kind.CHECK)) && !isOver(time.nanoTime());
  }

  private boolean isTold(Kind kind) {
    return lines.isTold(new Key(kind, ""));
  }

  private int lost() {
    return toll[index(Kind.LOSS)] + toll[index(Kind.CHECK)];
  }

  /**
   * The fence falls; returns how many connections were lost before.
   *
   * @param through the number of the last connection that it gives up
   */
  synchronized int fenced(long through) {
    long now = time.nanoTime();
    forget(now);
    fencedThrough = through;
    spared = 0;
    fenced = true;
    fencedAt = now;
    return lost();
  }

  /** The fence that has just fallen spares this connection. */
  synchronized void spared(long connection) {
    spared = connection;
  }

  /**
   * What was lost in an outage that is over is no part of the next, which begins without a loss.
   */
  private void forget(long now) {
    if (isOver(now)) {
      begin(now);
    }
  }

  /** A connect has failed. Returns whether the fence has said of late why. */
  synchronized boolean connectFailed() {
    long now = time.nanoTime();
    forget(now);
    failing = true;
    return fenced && now - fencedAt < AGAIN;
  }

  /**
   * A connection was opened. If connects had failed or the fence had fallen, the outage is over by
   * that; then returns what it has cost, if connections were lost. Otherwise null.
   */
  synchronized @Nullable Toll recovered() {
    if (!failing && !fenced) {
      return null;
    }
    failing = false;
    fenced = false;
    any = false; // the next loss begins another outage, however soon it comes
    int lost = lost();
    return lost == 0 ? null : new Toll(lost, toll[index(Kind.RERUN)], time.nanoTime() - begun);
  }

  /**
   * What an outage has cost so far.
   *
   * @param lost how many connections were lost
   * @param reruns how often units of work were rerun
   * @param nanos the time since the first loss
   */
  record Toll(int lost, int reruns, long nanos) {
    @Override
    public String toString() {
      return lost
          + (lost == 1 ? " connection was lost, " : " connections were lost, ")
          + reruns
          + (reruns == 1 ? " unit of work is" : " units of work are")
          + " run again";
    }
  }

  @SuppressWarnings("EnumOrdinal") // the array that it is an index of is as long as values()
  private static int index(Kind kind) {
    return kind.ordinal();
  }
}
