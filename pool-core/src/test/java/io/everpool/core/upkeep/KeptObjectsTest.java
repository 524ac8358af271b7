package io.everpool.core.upkeep;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.everpool.api.CloseReason;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Move;
import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.engine.Waiter;
import io.everpool.core.jdbc.FakeConnector;
import io.everpool.core.jdbc.Logged;
import io.everpool.core.jdbc.StubPhysical;
import io.everpool.core.observe.PoolEvents;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Leases of which only the driver's object is kept. Passes and workers come when the test says. */
class KeptObjectsTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long INTERVAL = 30 * SECOND;

  private final List<Runnable> workers = new ArrayList<>();
  private final Logged logged = new Logged();
  private long now = Long.MAX_VALUE - SECOND;
  private final SharedState shared;
  private final Engine engine;
  private final KeptObjects kept;
  private final List<Seat> seats = new ArrayList<>();

  KeptObjectsTest() {
    PoolConfig config =
        PoolConfig.builder("fake:")
            .maxSize(2)
            .healthCheckInterval(Duration.ofNanos(INTERVAL))
            .build();
    PoolEvents events = new PoolEvents("kept", List.of());
    shared =
        new SharedState(
            config,
            new FakeConnector(),
            failure -> Verdict.CONNECTION_LOST,
            new Environment(
                () -> now,
                InstantSource.system(),
                new Asleep(),
                workers::add,
                workers::add,
                () -> 0.5,
                nanos -> {}),
            events);
    engine = shared.engine();
    kept = new KeptObjects(config, events, shared, now);
    for (Slot slot : engine.slots()) {
      seats.add(open(slot));
    }
  }

  @AfterEach
  void stopLogging() {
    logged.close();
  }

  private Seat open(Slot slot) {
    Seat seat = new Seat(slot.index + 1);
    slot.attempt(Move.RESERVE);
    slot.attempt(Move.ARRIVED);
    slot.entry = seat;
    engine.opened(slot, slot.word());
    return seat;
  }

  private static final class Caller extends Waiter {
    Caller(long since) {
      super(since);
    }

    @Override
    protected void wake() {}
  }

  /** What a driver answers. */
  private interface Answer {
    boolean get() throws SQLException;
  }

  private static final class Seat implements PooledEntry {
    private final long number;
    private Answer over = () -> true;
    private int questions;
    private long handedOut;

    Seat(long number) {
      this.number = number;
    }

    @Override
    public long number() {
      return number;
    }

    @Override
    public PhysicalConnection physical() {
      return new StubPhysical() {
        @Override
        public boolean isOver() throws SQLException {
          questions++;
          return over.get();
        }
      };
    }

    @Override
    public long handedOut() {
      return handedOut;
    }

    @Override
    public long queries() {
      return 0;
    }
  }

  /** A program is lent a connection, and keeps the driver's object of it. */
  private Slot lend() {
    Slot slot = requireNonNull(engine.tryAcquire(Thread.currentThread().getId()));
    seat(slot).handedOut = slot.lease;
    return slot;
  }

  private Seat seat(Slot slot) {
    return seats.get(slot.index);
  }

  private void pass(long after) {
    now += after;
    shared.activity.take(now, engine.waiting() > 0);
    kept.run(now);
  }

  /** Lets those work who were started so far. */
  private void work() {
    List<Runnable> started = List.copyOf(workers);
    workers.clear();
    started.forEach(Runnable::run);
  }

  private static boolean isEnded(Slot slot) {
    return slot.state() == State.CLOSING || slot.state() == State.EMPTY;
  }

  private void assertEnded(Slot slot) {
    assertThat(slot.state()).isEqualTo(State.CLOSING);
    assertThat(slot.closeReason).isEqualTo(CloseReason.FAILED);
    assertThat(logged.messages(Level.WARN))
        .singleElement()
        .asString()
        .contains("connection " + seat(slot).number + " is over")
        .contains(Thread.currentThread().getName());
  }

  @Test
  void one_that_is_over_is_ended_at_the_interval() {
    Slot slot = lend();
    pass(INTERVAL - 1);
    assertThat(workers).isEmpty();
    pass(1);
    work();
    assertEnded(slot);
    assertThat(engine.release(slot, slot.lease)).as("a late close").isFalse();
  }

  @Test
  void one_that_was_doomed_before_is_ended_for_its_own_reason() {
    Slot slot = lend();
    engine.doom(slot, slot.lease, CloseReason.FENCED);
    pass(INTERVAL);
    work();
    assertThat(slot.state()).isEqualTo(State.CLOSING);
    assertThat(slot.closeReason).isEqualTo(CloseReason.FENCED);
  }

  @Test
  void while_somebody_waits_it_is_ended_soon() {
    Slot slot = lend();
    lend();
    engine.begin(new Caller(now), 7, 10);
    pass(KeptObjects.BESIDE_WAITERS);
    work();
    assertThat(slot.state()).isEqualTo(State.CLOSING);
  }

  @Test
  void in_a_closing_pool_it_is_ended_soon() {
    Slot slot = lend();
    engine.close();
    workers.clear();
    pass(KeptObjects.BESIDE_WAITERS);
    work();
    assertThat(slot.state()).isEqualTo(State.CLOSING);
  }

  @Test
  void when_another_has_failed_it_is_ended_at_once() {
    Slot slot = lend();
    shared.reports.mistrustAll();
    pass(1);
    work();
    assertEnded(slot);
  }

  /** Nothing is asked of a driver, and no thread is started, where no object was handed out. */
  @Test
  void others_are_not_asked_about() {
    Slot slot = requireNonNull(engine.tryAcquire(7));
    seat(slot).handedOut = slot.lease - 16; // by an earlier lease
    pass(INTERVAL);
    assertThat(workers).isEmpty();
    engine.release(slot, slot.lease);
    pass(INTERVAL);
    assertThat(workers).isEmpty();
    assertThat(seat(slot).questions).isZero();
  }

  /** What a driver answers that doesn't say for certain that its connection is over. */
  enum Uncertain implements Answer {
    NO {
      @Override
      public boolean get() {
        return false;
      }
    },
    REFUSES {
      @Override
      public boolean get() throws SQLException {
        throw new SQLException("closed?", "08003");
      }
    },
    BREAKS {
      @Override
      public boolean get() {
        throw new IllegalStateException();
      }
    },
    IS_TOO_OLD {
      @Override
      public boolean get() {
        throw new AbstractMethodError();
      }
    },
    HAS_NO_MEMORY {
      @Override
      public boolean get() {
        throw new OutOfMemoryError();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Uncertain.class)
  void one_that_is_not_over_for_certain_stays_lent(Uncertain answer) {
    Slot slot = lend();
    Slot other = lend();
    seat(slot).over = answer;
    pass(INTERVAL);
    work();
    assertThat(slot.state()).isEqualTo(State.LEASED);
    assertThat(other.state()).as("the other's question was asked").isEqualTo(State.CLOSING);
    seat(slot).over = () -> true;
    pass(INTERVAL);
    work();
    assertThat(slot.state()).as("it is asked again").isEqualTo(State.CLOSING);
  }

  /** What happens between the driver's answer and the end. */
  enum Meanwhile {
    RELEASED {
      @Override
      void happens(KeptObjectsTest test, Slot slot) {
        test.engine.release(slot, slot.lease);
      }
    },
    LENT_AGAIN {
      @Override
      void happens(KeptObjectsTest test, Slot slot) {
        test.engine.release(slot, slot.lease);
        slot.attempt(Move.ACQUIRE);
        slot.lease = slot.word();
      }
    },
    LENT_AGAIN_AND_HANDED_OUT {
      @Override
      void happens(KeptObjectsTest test, Slot slot) {
        LENT_AGAIN.happens(test, slot);
        test.seat(slot).handedOut = slot.lease;
      }
    },
    CLEANED_UP {
      @Override
      void happens(KeptObjectsTest test, Slot slot) {
        test.engine.claim(slot, slot.lease);
      }
    },
    RETIRED {
      @Override
      void happens(KeptObjectsTest test, Slot slot) {
        test.engine.retire(slot, slot.lease, CloseReason.MAX_QUERIES);
      }
    },
    ABORTED {
      @Override
      void happens(KeptObjectsTest test, Slot slot) {
        test.engine.cut(slot, slot.lease, CloseReason.ABORTED);
      }
    },
    A_UNIT_HAS_BEGUN {
      @Override
      void happens(KeptObjectsTest test, Slot slot) {
        test.seat(slot).handedOut = 0;
      }
    };

    abstract void happens(KeptObjectsTest test, Slot slot);
  }

  @ParameterizedTest
  @EnumSource(Meanwhile.class)
  void whoever_was_quicker_wins(Meanwhile what) {
    Slot slot = lend();
    long[] word = new long[1];
    seat(slot).over =
        () -> {
          what.happens(this, slot);
          word[0] = slot.word();
          return true;
        };
    pass(INTERVAL);
    CloseReason before = slot.closeReason;
    work();
    assertThat(seat(slot).questions).isEqualTo(1);
    assertThat(slot.word()).as("nothing moved it after that").isEqualTo(word[0]);
    assertThat(slot.closeReason).isNotEqualTo(CloseReason.FAILED);
    assertThat(before).isEqualTo(CloseReason.POOL_CLOSED);
    assertThat(logged.messages(Level.WARN)).isEmpty();
  }

  /** A driver that hangs costs a thread for each such connection, and keeps back no other. */
  @Test
  void one_about_which_the_driver_hangs_is_not_asked_again() {
    Slot hanging = lend();
    Slot other = lend();
    boolean[] hung = new boolean[1];
    seat(hanging).over =
        () -> { // as long as this doesn't return, the worker hangs
          hung[0] = true;
          for (int i = 0; i < 3; i++) {
            pass(INTERVAL);
            work();
          }
          assertThat(seat(hanging).questions).isEqualTo(1);
          assertThat(isEnded(other)).isTrue();
          pass(INTERVAL);
          assertThat(workers).as("no worker for it alone").isEmpty();
          return true;
        };
    pass(INTERVAL);
    work();
    assertThat(hung).containsExactly(true);
    assertThat(hanging.state()).isEqualTo(State.CLOSING);
  }
}
