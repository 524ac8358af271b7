package io.everpool.core.fault;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CloseReason;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Move;
import io.everpool.core.engine.Slot;
import io.everpool.core.upkeep.UpkeepWithoutFaces;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The end of a pool, with a pass of upkeep at every look at the clock that a worker takes. */
class DrainTest {
  private static final class Interleaved extends UpkeepByHand {
    private boolean working;

    @Override
    long look() {
      if (working) {
        working = false;
        beat();
        working = true;
      }
      return now;
    }

    @Override
    void work() {
      working = true;
      super.work();
      working = false;
    }
  }

  /**
   * Whoever published a connection as the pool closed found it lent when it wanted it back. It is
   * closed when its holder returns it, and taken from him when he doesn't.
   */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void thePoolEndsThoughOneWasLentInThatMoment(boolean returned) {
    UpkeepByHand pool = new UpkeepByHand();
    UpkeepWithoutFaces upkeep = pool.open(1);
    Engine engine = upkeep.engine();
    Slot slot = engine.slots()[0];
    assertThat(slot.attempt(Move.PROBE)).isTrue();
    CompletableFuture<Void> end = upkeep.drain();
    long passed = Slot.after(Move.PASS, slot.word());
    assertThat(slot.attempt(Move.PASS)).isTrue();
    Slot lent = upkeep.lent(requireNonNull(engine.tryAcquire(7)));
    assertThat(engine.evict(slot, passed, CloseReason.POOL_CLOSED)).isFalse();
    if (returned) {
      engine.release(lent, lent.lease);
    }

    for (int i = 0; i < 10; i++) {
      pool.beat();
      pool.work();
    }
    assertThat(end.isDone()).isEqualTo(returned);
    pool.now += UpkeepByHand.LONGER_THAN_ANY_TIMEOUT;
    for (int i = 0; i < 10; i++) {
      pool.beat();
      pool.work();
    }
    assertThat(end).isDone();
  }

  /** The worker who closes it has emptied the slot, and hasn't told of it yet. */
  @Test
  void thePoolDoesNotEndBeforeTheLastClosingIsPosted() {
    Interleaved pool = new Interleaved();
    UpkeepWithoutFaces upkeep = pool.open(1);

    CompletableFuture<Void> end = upkeep.drain();
    List<PoolEvent> before = new ArrayList<>();
    CompletableFuture<Void> seen = end.thenRun(() -> before.addAll(pool.events));
    for (int i = 0; i < 100 && !seen.isDone(); i++) {
      pool.beat();
      pool.work();
    }

    assertThat(seen).isDone();
    assertThat(before).hasAtLeastOneElementOfType(PoolEvent.ConnectionClosed.class);
  }
}
