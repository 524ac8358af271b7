package io.everpool.core.observe;

import java.util.HashMap;
import java.util.Map;

/**
 * What the log is told again and again: of each thing the first is news, the others are counted,
 * and with their number it is news again after a while. Thread-safe.
 *
 * @param <W> what says which are the same
 */
public final class Repeats<W> {
  /** What goes on is told again so often; nanoseconds. */
  public static final long AGAIN = 10_000_000_000L;

  /** So many are told from one another at a time; what comes beside them counts as one thing. */
  static final int MOST = 64;

  private final Map<W, Line> lines = new HashMap<>();
  private final Line others = new Line();

  /** When one of them was told, and how many were not since. */
  private static final class Line {
    boolean told;
    long toldAt;
    int untold;

    int news(long now) {
      if (told && now - toldAt < AGAIN) {
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
   * It has happened.
   *
   * @param now on any clock, always the same
   * @return below 0 if that is no news; else how many were not told since the last that was
   */
  public synchronized int news(W what, long now) {
    return line(what, now).news(now);
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
      return others;
    }
    Line made = new Line();
    lines.put(what, made);
    return made;
  }

  /** What went on is over: whatever happens next is news. */
  public synchronized void endOfNews() {
    lines.values().forEach(line -> line.told = false);
    others.told = false;
  }

  /** Whether it was told, and nothing has ended since. */
  public synchronized boolean isTold(W what) {
    Line line = lines.get(what);
    return line != null && line.told;
  }

  /** How many are told from one another. */
  synchronized int remembered() {
    return lines.size();
  }

  /**
   * What follows a line that is news.
   *
   * @param untold what {@link #news} has said of it
   */
  public static String more(int untold) {
    return untold == 0 ? "" : " (and " + untold + " more since the last such line)";
  }
}
