package io.everpool.core.upkeep;

import io.everpool.core.engine.Move;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jetbrains.kotlinx.lincheck.Actor;
import org.jetbrains.kotlinx.lincheck.execution.ExecutionScenario;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jetbrains.lincheck.datastructures.verifier.EpsilonVerifier;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Lincheck runs a pass of upkeep beside a lease and beside somebody who has a reason to mistrust
 * the connection: the next pass sees what the slot does, for a slot that moves is never left out.
 */
class SlotActivityModelTest {

  /** One slot, idle, as the passes before have seen it. */
  public static final class OneSlot {
    private final Slot slot = new Slot(0);
    private final StirredSlots stirred = new StirredSlots(1);
    private final SlotActivity activity = new SlotActivity(new Slot[] {slot}, stirred, 0);
    private long now;

    public OneSlot() {
      for (Move move : List.of(Move.RESERVE, Move.ARRIVED, Move.OPENED)) {
        slot.attempt(move);
      }
    }

    @Operation
    public void passing() {
      activity.take(++now, false);
    }

    /** As a borrower does. */
    @Operation
    public void lending() {
      long idle = slot.word();
      if (slot.attempt(Move.ACQUIRE, idle) && slot.hadRested(Slot.after(Move.ACQUIRE, idle))) {
        stirred.add(slot.index);
      }
    }

    /** As the engine does when another connection has failed. */
    @Operation
    public void mistrusting() {
      long word = slot.word();
      if (Slot.state(word) == State.IDLE) {
        slot.restedWord = word;
      }
    }

    @Validate
    public void isSeen() {
      activity.take(++now, false);
      if (activity.word(0) != slot.word()) {
        throw new IllegalStateException(slot + " was left out");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void a_lease_that_begins_beside_passes_is_seen(int passesBefore) {
    check(
        passesBefore,
        List.of(List.of(actor("passing"), actor("passing")), List.of(actor("lending"))));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void whoever_mistrusts_the_connection_meanwhile(int passesBefore) {
    check(
        passesBefore,
        List.of(
            List.of(actor("passing"), actor("passing")),
            List.of(actor("lending")),
            List.of(actor("mistrusting"))));
  }

  private static void check(int passesBefore, List<List<Actor>> threads) {
    List<Actor> before = Collections.nCopies(passesBefore, actor("passing"));
    new ModelCheckingOptions()
        .iterations(0)
        .addCustomScenario(new ExecutionScenario(before, threads, List.of(), null))
        .invocationsPerIteration(300 / Integer.getInteger("tests.sample", 1))
        .verifier(EpsilonVerifier.class)
        .check(OneSlot.class);
  }

  private static Actor actor(String operation) {
    return Arrays.stream(OneSlot.class.getMethods())
        .filter(method -> method.getName().equals(operation))
        .map(method -> new Actor(method, List.of()))
        .findAny()
        .orElseThrow();
  }
}
