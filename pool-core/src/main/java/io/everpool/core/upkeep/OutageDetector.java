package io.everpool.core.upkeep;

import io.everpool.api.Verdict;
import io.everpool.core.policy.Fencing;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** Collects failures until they say something about the server. Upkeep thread only. */
final class OutageDetector {
  private @Nullable ArrayDeque<Loss> losses; // it is null if there are none, as in most pools
  private int generation;
  private long serverAwayUntil;
  private long currentUntil;

  /**
   * A connection that failed.
   *
   * @param liveBefore how many connections there were before, with this one
   */
  private record Loss(long at, int liveBefore) {}

  OutageDetector(long now) {
    serverAwayUntil = now;
    currentUntil = now;
  }

  /**
   * What is told from now on is of this generation. What failed before it began, for whatever
   * reason, says nothing of the connections that were opened since.
   */
  void generation(int present, long now) {
    if (present != generation) {
      generation = present;
      losses = null;
      serverAwayUntil = now;
    }
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
    ArrayDeque<Loss> all = losses == null ? new ArrayDeque<>(1) : losses;
    all.add(new Loss(now, live + 1));
    losses = all;
    return ring(now);
  }

  /** What one session doesn't know of the database, no other session as old as that knows. */
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
    ArrayDeque<Loss> all = losses;
    if (all == null) {
      return false;
    }
    // A loss of long ago must not corroborate what fails now, be it a connection or a connect.
    while (!all.isEmpty() && now - all.element().at() >= Fencing.WINDOW) {
      all.remove();
    }
    boolean away = now - serverAwayUntil < 0;
    boolean rings =
        !all.isEmpty() && Fencing.corroborated(all.size(), all.element().liveBefore(), away);
    if (rings) {
      losses = null;
    }
    return rings;
  }
}
