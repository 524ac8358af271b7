package io.everpool.it.reruns;

import io.everpool.it.reruns.Step.Effect;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * A way to use a connection in a unit of work.
 *
 * @param rows how many rows of the ledger are its own when it is done
 * @param in where it can be gone
 */
record Way(String name, int rows, Set<Mode> in, List<Step> steps) {

  /** How the unit begins. */
  enum Mode {
    AUTOCOMMIT,
    TRANSACTION
  }

  static Way in(Mode mode, String name, int rows, Step... steps) {
    return new Way(name, rows, EnumSet.of(mode), List.of(steps));
  }

  static Way anywhere(String name, int rows, Step... steps) {
    return new Way(name, rows, EnumSet.allOf(Mode.class), List.of(steps));
  }

  /** The steps with the COMMIT that a unit in a transaction ends with. */
  List<Step> steps(Mode mode) {
    List<Step> all = new ArrayList<>(steps);
    if (mode == Mode.TRANSACTION) {
      all.add(new Step("its commit", Effect.COMMIT_LOOKED_UP, (connection, key) -> {}));
    }
    return all;
  }
}
