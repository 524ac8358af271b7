package io.everpool.core.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A matrix, not examples: in every phase of a connection's life the n-th call of every method of
 * the driver, of the listeners, the recorder, the log, the classifiers, the initializer, the
 * interceptor, the provider of credentials and the unit's callback misbehaves in every way, for
 * every n until the phase is through. After each: whoever got no connection was told why, no lease
 * is out and nobody waits, as many physical connections are open as the pool says and no more than
 * {@code max-size}, what has failed is not lent again, the next caller is served within his
 * timeout, and no thread is lost. Whoever closes the pool comes back though somebody hangs, and
 * goes on hanging.
 *
 * <p>{@code -Deverpool.fault=PHASE:method:n:FAULT} runs one of them alone (PLAIN:PHASE:... for that
 * of a driver of which only JDBC is known), {@code -Dtests.sample=N} every N-th.
 *
 * <p>It has several classes, for it is as long as all other tests together and they run beside each
 * other that way: one for what borrowers do, one for what upkeep does and whoever closes, and one
 * for a driver of which only JDBC is known.
 */
abstract class PoisonMatrix {
  /** The phases in which nobody borrows: a pattern of their names. */
  static final String OF_UPKEEP = "VALIDATE|CLOSE|SUPERSEDE|END.*";

  private static final int SAMPLE = Integer.getInteger("tests.sample", 1);

  /** What is thrown takes the same ways with every driver; where one hangs is another matter. */
  private static final int PLAIN_SAMPLE = 5;

  /** All of a phase; of a driver of which only JDBC is known if {@code plain}. */
  static void play(Phase phase, boolean plain) throws Exception {
    String only = System.getProperty("everpool.fault", "");
    String cellsOfPhase = (plain ? "PLAIN:" : "") + phase + ":";
    assumeThat(only)
        .as("the cell that is asked for is of another phase")
        .matches(cell -> cell.isEmpty() || cell.startsWith(cellsOfPhase));
    List<String> broken = new ArrayList<>();
    int cells = 0;
    int struck = 0;
    for (Map.Entry<String, Integer> calls : rehearse(phase, plain).entrySet()) {
      for (int n = 1; n <= calls.getValue(); n++) {
        for (Fault fault : Fault.values()) {
          String name = cellsOfPhase + calls.getKey() + ":" + n + ":" + fault;
          if (!Stage.may(fault, calls.getKey())) {
            continue;
          }
          int every = plain && fault != Fault.HANGS ? PLAIN_SAMPLE * SAMPLE : SAMPLE;
          if (only.isEmpty() ? cells++ % every == 0 : only.equals(name)) {
            try (Stage stage = Stage.of(phase, plain, calls.getKey(), fault)) {
              struck += stage.play(calls.getKey(), n, fault) ? 1 : 0;
            } catch (Exception | AssertionError e) {
              broken.add(name + ": " + e.getMessage());
            }
          }
        }
      }
    }
    assertThat(broken).isEmpty();
    assertThat(struck)
        .as("faults that came to pass of %s", only.isEmpty() ? phase : only)
        .isPositive();
  }

  private static Map<String, Integer> rehearse(Phase phase, boolean plain) throws Exception {
    try (Stage stage = new Stage(phase, plain)) {
      return stage.rehearse();
    }
  }
}
