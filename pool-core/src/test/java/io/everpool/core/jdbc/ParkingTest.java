package io.everpool.core.jdbc;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.Verdict;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Move;
import io.everpool.core.engine.Slot;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.upkeep.Asleep;
import io.everpool.core.upkeep.Environment;
import io.everpool.core.upkeep.HolderThreads;
import io.everpool.core.upkeep.SharedState;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One who waits, and what he does in line beside waiting. The clock stands still. */
@Timeout(60)
class ParkingTest {
  private static final long HOUR = 3_600_000_000_000L;

  private final PoolConfig config = PoolConfig.builder("fake:").maxSize(2).build();
  private final PoolEvents events = new PoolEvents("parking", List.of());
  private final SharedState shared =
      new SharedState(
          config,
          new FakeConnector(),
          failure -> Verdict.CONNECTION_LOST,
          new Environment(
              () -> 0,
              InstantSource.system(),
              new Asleep(),
              task -> {},
              task -> {},
              () -> 0.5,
              nanos -> {}),
          events);
  private final Engine engine = shared.engine();
  private final long self = HolderThreads.id(Thread.currentThread());

  private Slot lend(long threadId) {
    return requireNonNull(engine.tryAcquire(threadId));
  }

  private void open() {
    FakeLeaseManager leases = FakeLeaseManager.over(new FakeDriver());
    for (Slot slot : engine.slots()) {
      slot.attempt(Move.RESERVE);
      slot.attempt(Move.ARRIVED);
      slot.entry = new Session(slot, slot.index + 1, new StubPhysical(), leases);
      engine.opened(slot, slot.word());
    }
  }

  /**
   * Whoever holds a connection and waits for another is told of, and what tells it may wait for a
   * lock: a logger's, say. Whoever brings a connection meanwhile wakes him from that, and not from
   * the wait that follows: so he looks once more before it, and is served without.
   */
  private void awaitWhileTold(long heldFor) throws SQLException {
    open();
    lend(self);
    Slot other = lend(self + 1);
    engine.time(other, other.lease, -heldFor);
    AtomicInteger told = new AtomicInteger();
    SnapshotSource none = new EmptySnapshots("parking");
    SnapshotSource slow =
        new SnapshotSource() {
          @Override
          public PoolSnapshot withDeeds() {
            throw new AssertionError("no thread need stop for this");
          }

          @Override
          public PoolSnapshot withoutDeeds() {
            told.incrementAndGet();
            engine.release(other, other.lease);
            LockSupport.parkNanos(HOUR); // returns at once, and uses up the wake-up
            return none.withoutDeeds();
          }

          @Override
          public @Nullable PoolSnapshot forCaller(PoolSnapshot seen) {
            return null;
          }
        };
    NestedAcquires nested = new NestedAcquires(shared, () -> 0, events, slow);
    Parking parking =
        new Parking(
            engine,
            () -> 0,
            new AcquireFailures(config, new FakeConnector(), shared, () -> 0, events, nested, none),
            nested,
            HOUR);
    assertThat(parking.await(self, 0, HOUR, 1, WaitKind.CALLER)).isSameAs(other);
    assertThat(told).hasValue(1);
    assertThat(engine.waiting()).isZero();
  }

  @Test
  void one_who_is_handed_a_connection_while_he_is_told_of_waits_no_longer() throws SQLException {
    awaitWhileTold(HOUR); // long enough for it to be handed over
  }

  @Test
  void one_who_is_told_of_an_idle_one_meanwhile_takes_it() throws SQLException {
    awaitWhileTold(0);
  }
}
