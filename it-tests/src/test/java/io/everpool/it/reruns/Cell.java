package io.everpool.it.reruns;

import io.everpool.it.reruns.Oracle.Fate;
import io.everpool.it.reruns.Oracle.Phase;
import io.everpool.it.reruns.Way.Mode;
import java.util.ArrayList;
import java.util.List;

/**
 * One cell of the matrix.
 *
 * @param cut the step at which the connection is cut
 */
record Cell(Way way, Mode mode, Kind kind, int cut, Phase phase) {

  /** The kinds of units. */
  enum Kind {
    POOL,
    POOL_IDEMPOTENT,
    JDBI
  }

  /** Those that exist: where something is sent that can be cut. */
  static List<Cell> all(List<Way> ways, Kind... kinds) {
    List<Cell> all = new ArrayList<>();
    for (Kind kind : kinds) {
      for (Way way : ways) {
        for (Mode mode : way.in()) {
          for (int cut = 0; cut < way.steps(mode).size(); cut++) {
            for (Phase phase : Phase.values()) {
              Cell cell = new Cell(way, mode, kind, cut, phase);
              if (cell.exists()) {
                all.add(cell);
              }
            }
          }
        }
      }
    }
    return all;
  }

  private boolean exists() {
    boolean repeats = kind == Kind.POOL_IDEMPOTENT;
    return (phase == Phase.AFTER || Oracle.sends(way.steps(mode), mode, cut))
        // what it leaves prepared is in the way of its own second run
        && !(repeats && way.name().equals(Ways.TWO_PHASES));
  }

  Fate fate() {
    Fate fate = Oracle.of(way.steps(mode), mode, cut, phase);
    boolean unnoticed = phase == Phase.AFTER && fate == Fate.GOES_ON;
    return kind == Kind.POOL_IDEMPOTENT && !unnoticed ? Fate.RUN_AGAIN : fate;
  }

  @Override
  public String toString() {
    return kind
        + ", "
        + mode
        + ", "
        + way.name()
        + ", "
        + phase
        + " "
        + way.steps(mode).get(cut).name();
  }
}
