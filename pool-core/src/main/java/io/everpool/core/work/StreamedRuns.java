package io.everpool.core.work;

import io.everpool.api.driver.StreamedData;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.jdbc.Session;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the runs of a unit have streamed to the server by the driver's own object, which takes
 * streams without any face between. A further run that was given the same stream would send the
 * rest of it, or nothing. So the driver is told what to compare with, and cuts the connection
 * before such a rest is complete, for then it may be there for good at once.
 *
 * <p>A connection compares with the runs of one unit at a time: the innermost that is run again.
 *
 * <p>Used on the unit's thread.
 */
final class StreamedRuns {
  private final PooledConnection face;

  /** The runs of the unit around it on the same connection. */
  private final @Nullable StreamedRuns outer;

  /** What the earlier runs have streamed: each piece is that of the last run that came as far. */
  private List<StreamedData> before = List.of();

  /**
   * What the present run has streamed up to {@link #since}, on this session and those before it.
   */
  private List<StreamedData> left = List.of();

  private @Nullable Session on;
  private long since;

  StreamedRuns(PooledConnection face, @Nullable StreamedRuns outer) {
    this.face = face;
    this.outer = outer;
  }

  /** A run begins, on the session that the connection has. */
  void begin() {
    List<StreamedData> failed = present();
    if (!failed.isEmpty()) {
      before = latest(failed, before);
      for (StreamedRuns at = outer; at != null; at = at.outer) {
        at.repeatsWithin(failed.size());
      }
    }
    left = List.of();
    on(face.session());
  }

  /** A unit within this one begins anew, and streams the last {@code count} pieces again. */
  private void repeatsWithin(int count) {
    List<StreamedData> all = present();
    left = List.copyOf(all.subList(0, Math.max(0, all.size() - count)));
    since = on == null ? 0 : on.moment();
  }

  /** The run goes on over another session; null if it has none. */
  void moves(@Nullable Session to) {
    left = present();
    Session comparing = comparing();
    if (comparing != null) {
      comparing.expectStreamed(List.of());
    }
    on(to);
  }

  private void on(@Nullable Session session) {
    on = session;
    if (session != null) {
      since = session.moment();
      tell(session);
    }
  }

  private void tell(Session session) {
    if (!before.isEmpty()) {
      int done = present().size();
      session.expectStreamed(
          done < before.size() ? before.subList(done, before.size()) : List.of());
    }
  }

  /** The unit is over, and what comes next belongs to no run of it. */
  void end() {
    Session comparing = comparing();
    if (comparing != null) {
      comparing.expectStreamed(List.of());
      for (StreamedRuns at = outer; at != null; at = at.outer) {
        if (at.comparing() == comparing) {
          at.tell(comparing);
          break;
        }
      }
    }
    on = null;
  }

  /**
   * The session that compares; null if none does. A session that is given back already is told to
   * stop at the end of its lease.
   */
  private @Nullable Session comparing() {
    return before.isEmpty() || on != face.session() ? null : on;
  }

  /**
   * What the present run has streamed. A session that the work has given back isn't asked, for it
   * may be another's.
   */
  private List<StreamedData> present() {
    List<StreamedData> now = on == null || face.isOver() ? List.of() : on.streamedSince(since);
    if (left.isEmpty() || now.isEmpty()) {
      return left.isEmpty() ? now : left;
    }
    List<StreamedData> all = new ArrayList<>(left);
    all.addAll(now);
    return all;
  }

  /**
   * Replaces each piece of the earlier runs by that of the failed run. But of two pieces that were
   * cut the longer one counts: it tells more, and the shorter one began in the same way.
   */
  private static List<StreamedData> latest(List<StreamedData> failed, List<StreamedData> earlier) {
    List<StreamedData> all = new ArrayList<>();
    for (int i = 0; i < Math.max(failed.size(), earlier.size()); i++) {
      StreamedData now = i < failed.size() ? failed.get(i) : null;
      StreamedData then = i < earlier.size() ? earlier.get(i) : null;
      boolean more = then != null && (now == null || isLongerCut(then, now));
      all.add(more ? then : now);
    }
    return all;
  }

  private static boolean isLongerCut(StreamedData then, StreamedData now) {
    return !then.isWhole() && !now.isWhole() && then.length() > now.length();
  }

  /** Whether the present run, or that of a unit around it, was cut for what it has streamed. */
  boolean isRefused() {
    for (StreamedRuns at = this; at != null; at = at.outer) {
      if (!at.before.isEmpty() && at.on != null && at.on.refusedStreamed()) {
        return true;
      }
    }
    return false;
  }
}
