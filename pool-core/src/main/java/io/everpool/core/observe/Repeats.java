package io.everpool.core.observe;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Limits how often the log repeats itself. Of each thing the first is news, to be logged; those
 * that follow are only counted; after {@link #AGAIN} the next one is news again, logged with the
 * count. Thread-safe.
 *
 * @param <W> tells things apart, by equals
 */
public final class Repeats<W> {
  /** The shortest time between two lines about one thing while it goes on; nanoseconds. */
  public static final long AGAIN = 10_000_000_000L;

  /** How many things are told apart; all others together count as one thing. */
  static final int MOST = 64;

  private Map<W, Line> lines = Map.of(); // in most pools it stays empty
  private @Nullable Line others;

  /** When a thing was last logged, and how many were only counted since. */
  private static final class Line {
    boolean told;
    long toldAt;
    int untold;

    int news(long now, long again) {
      if (told && now - toldAt < again) {
        untold++;
        return -1;
      }
      int before = untold;
      told = true;
      toldAt = now;
      untold = 0;
      return before;
    }
  }

  /**
   * A thing has happened.
   *
   * @param now a reading of a clock, always of the same one
   * @return below 0 if it is only counted; otherwise it is to be logged, and this many were only
   *     counted since the last line
   */
  public synchronized int news(W what, long now) {
    return line(what, now).news(now, AGAIN);
  }

  /**
   * As {@link #news}, of a thing that is worth one line however long it goes on. It is news again
   * only if so many others came that it was forgotten.
   */
  public synchronized int newsOnce(W what, long now) {
    return line(what, now).news(now, Long.MAX_VALUE);
  }

  private Line line(W what, long now) {
    Line known = lines.get(what);
    if (known != null) {
      return known;
    }
    if (lines.size() >= MOST) {
      lines.values().removeIf(line -> !line.told || now - line.toldAt >= AGAIN);
    }
    if (lines.size() >= MOST) {
      others = others == null ? new Line() : others;
      return others;
    }
    if (lines.isEmpty()) {
      lines = new HashMap<>();
    }
    Line made = new Line();
    lines.put(what, made);
    return made;
  }

  /** All that went on is over, so the next of each thing is news. The counts stay. */
  public synchronized void endOfNews() {
    lines.values().forEach(line -> line.told = false);
    if (others != null) {
      others.told = false;
    }
  }

  /** Whether a line about this has been logged since the last {@link #endOfNews}. */
  public synchronized boolean isTold(W what) {
    Line line = lines.get(what);
    return line != null && line.told;
  }

  /** How many things are told apart now. */
  synchronized int remembered() {
    return lines.size();
  }

  /**
   * Logs the line at WARN if it is news, otherwise at DEBUG.
   *
   * @param untold what {@link #news} has returned
   * @param arguments what the line's placeholders stand for; a failure comes last
   */
  public static void warn(Logger log, int untold, String line, @Nullable Object... arguments) {
    if (untold < 0) {
      log.debug(line, arguments);
    } else {
      log.warn(line + more(untold), arguments);
    }
  }

  /** As {@link #warn}, at INFO. */
  public static void info(Logger log, int untold, String line, @Nullable Object... arguments) {
    if (untold < 0) {
      log.debug(line, arguments);
    } else {
      log.info(line + more(untold), arguments);
    }
  }

  /**
   * The end of a line that is logged: says how many were left out.
   *
   * @param untold what {@link #news} has returned
   */
  public static String more(int untold) {
    return untold == 0 ? "" : " (and " + untold + " more since the last such line)";
  }
}
