package io.everpool.core.work;

import io.everpool.api.driver.StreamedData;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.jdbc.Session;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the runs of a unit have streamed to the server by the driver's own object, which takes a
 * stream and passes no face: a further run that was given the same one would send the rest, or
 * nothing. The driver is told what to compare with, for where that is there for good at once it
 * must not arrive; and whether it was so is found out here.
 *
 * <p>On the unit's thread.
 */
final class StreamedRuns {

  private final PooledConnection face;

  /** Of the runs before, the last that has come as far. */
  private List<StreamedData> before = List.of();

  /** Of the present run, on sessions that it has left. */
  private List<StreamedData> left = List.of();

  private @Nullable Session on;
  private long since;

  StreamedRuns(PooledConnection face) {
    this.face = face;
  }

  /** A run begins, on the session that the connection has. */
  void begin() {
    List<StreamedData> present = present();
    if (!present.isEmpty()) {
      List<StreamedData> all = new ArrayList<>(present);
      all.addAll(rest(before, present.size()));
      before = all;
    }
    left = List.of();
    on(face.session());
  }

  /** The run goes on over another session; null where it has none. */
  void moves(@Nullable Session to) {
    left = present();
    compareNoMore();
    on(to);
  }

  /** The unit is over, and what comes next is no run of it. */
  void end() {
    compareNoMore();
    on = null;
  }

  private void on(@Nullable Session session) {
    on = session;
    if (session != null) {
      since = session.moment();
      if (!before.isEmpty()) {
        session.expectStreamed(rest(before, left.size()));
      }
    }
  }

  /** Where the session is given back already that is done at the end of its lease. */
  private void compareNoMore() {
    if (on != null && !before.isEmpty() && on == face.session()) {
      on.expectStreamed(List.of());
    }
  }

  /** What it was on a session that the work has given back is not asked: it may be another's. */
  private List<StreamedData> present() {
    boolean seen = on != null && !face.isOver();
    List<StreamedData> now = seen && on != null ? on.streamedSince(since) : List.of();
    if (left.isEmpty() || now.isEmpty()) {
      return left.isEmpty() ? now : left;
    }
    List<StreamedData> all = new ArrayList<>(left);
    all.addAll(now);
    return all;
  }

  private static List<StreamedData> rest(List<StreamedData> all, int from) {
    return from < all.size() ? all.subList(from, all.size()) : List.of();
  }

  /** Whether the present run may have sent what a run before has left. */
  boolean areRests() {
    if (before.isEmpty()) {
      return false;
    }
    List<StreamedData> present = present();
    int both = Math.min(present.size(), before.size());
    for (int i = 0; i < both; i++) {
      if (present.get(i).mayBeRestOf(before.get(i))) {
        return true;
      }
    }
    return false;
  }
}
