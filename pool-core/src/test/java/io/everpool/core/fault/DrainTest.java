package io.everpool.core.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.observe.PoolEvent;
import io.everpool.core.upkeep.UpkeepWithoutFaces;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

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
