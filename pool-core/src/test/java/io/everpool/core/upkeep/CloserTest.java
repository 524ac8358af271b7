package io.everpool.core.upkeep;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.core.engine.Move;
import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.Slot;
import io.everpool.core.jdbc.StubPhysical;
import io.everpool.core.observe.PoolEvents;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;

/** What is closed: the connection that was given up, whatever has become of its place since. */
class CloserTest {
  private final PoolConfig config = PoolConfig.builder("fake:").maxSize(1).build();
  private final PoolEvents events = new PoolEvents("test", List.of());
  private final Executor atOnce = Runnable::run;
  private final Asleep scheduler = new Asleep();
  private final Closer closer =
      new Closer(
          failure -> Verdict.SERVER_DOWN,
          new Environment(
              () -> 0, InstantSource.system(), scheduler, atOnce, atOnce, () -> 0.5, nanos -> {}),
          new Workers(atOnce, atOnce, scheduler, "test"),
          events,
          new StirredSlots(1),
          config);

  private final Slot slot = new Slot(0);

  private static final class Entry implements PooledEntry {
    private final long number;
    private int closed;

    private final PhysicalConnection physical =
        new StubPhysical() {
          @Override
          public void close() {
            closed++;
          }

          @Override
          public void abort() {
            closed++;
          }
        };

    Entry(long number) {
      this.number = number;
    }

    @Override
    public long number() {
      return number;
    }

    @Override
    public PhysicalConnection physical() {
      return physical;
    }

    @Override
    public long queries() {
      return 0;
    }
  }

  private Entry open(long number) {
    Entry entry = new Entry(number);
    assertThat(slot.attempt(Move.RESERVE)).isTrue();
    assertThat(slot.attempt(Move.ARRIVED)).isTrue();
    slot.entry = entry;
    assertThat(slot.attempt(Move.OPENED)).isTrue();
    return entry;
  }

  private long evict() {
    assertThat(slot.attempt(Move.EVICT)).isTrue();
    return slot.word();
  }

  @Test
  void closesTheConnectionOnceAndEmptiesItsPlace() {
    Entry first = open(1);
    long closing = evict();

    closer.close(slot, closing);
    closer.close(slot, closing);

    assertThat(first.closed).isEqualTo(1);
    assertThat(slot.attempt(Move.RESERVE)).isTrue();
  }

  /**
   * Who evicted stood still; upkeep has lost patience, cut the connection and given up its place.
   */
  @Test
  void sparesTheNextOneAfterItsPlaceWasGivenUp() {
    Entry first = open(1);
    long closing = evict();
    closer.giveUp(slot, closing);
    Entry next = open(2);

    closer.close(slot, closing);

    assertThat(first.closed).isZero();
    assertThat(next.closed).isZero();
  }

  /** The same, and the next is being closed by somebody else already. */
  @Test
  void leavesTheNextOneToWhoeverCloses() {
    open(1);
    long closing = evict();
    closer.giveUp(slot, closing);
    Entry next = open(2);
    long nextClosing = evict();

    closer.close(slot, closing);
    assertThat(next.closed).isZero();

    closer.close(slot, nextClosing);
    assertThat(next.closed).isEqualTo(1);
  }
}
