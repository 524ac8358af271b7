package io.everpool.core.upkeep;

import io.everpool.api.driver.Verdict;
import io.everpool.core.policy.Fencing;
import java.util.ArrayDeque;

/** Collects failures until they say something about the server. Upkeep thread only. */
final class OutageDetector {
  private final ArrayDeque<Long> failures = new ArrayDeque<>(1); // of most pools it stays empty
  private int liveBefore;
  private long serverAwayUntil;
  private long currentUntil;

  OutageDetector(long now) {
    serverAwayUntil = now;
    currentUntil = now;
  }

  /**
   * A connection failed.
   *
   * @param live connections that are left
   * @return whether the whole generation is to be given up
   */
  boolean connectionFailed(Verdict verdict, int live, long now) {
    if (Fencing.isStale(verdict)) {
      return replaceTheStale(now);
    }
    if (!Fencing.isEvidence(verdict)) {
      return false;
    }
    while (!failures.isEmpty() && now - failures.peek() > Fencing.WINDOW) {
      failures.remove();
    }
    if (failures.isEmpty()) {
      liveBefore = live + 1;
    }
    failures.add(now);
    return ring(now);
  }

  /** What one session doesn't know of the database, none does that is as old. */
  private boolean replaceTheStale(long now) {
    boolean due = now - currentUntil >= 0;
    if (due) {
      currentUntil = now + Fencing.STALE_EVERY;
    }
    return due;
  }

  /** A connect failed; as {@link #connectionFailed}. */
  boolean connectFailed(Verdict verdict, long now) {
    if (verdict == Verdict.SERVER_DOWN || verdict == Verdict.SERVER_STARTING) {
      serverAwayUntil = now + Fencing.WINDOW;
      return ring(now);
    }
    return false;
  }

  private boolean ring(long now) {
    boolean rings = Fencing.corroborated(failures.size(), liveBefore, now - serverAwayUntil < 0);
    if (rings) {
      failures.clear();
    }
    return rings;
  }
}
