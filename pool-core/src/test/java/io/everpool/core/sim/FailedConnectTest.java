package io.everpool.core.sim;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CloseReason;
import io.everpool.api.PoolConfig;
import io.everpool.api.SleepMode;
import io.everpool.api.Verdict;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.Waiter;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.upkeep.UpkeepWithoutFaces;
import java.net.BindException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** A connect that fails beside connections that work says little of them, and is soon forgotten. */
class FailedConnectTest {
  private static final long MS = 1_000_000L;
  private static final long SECOND = 1000 * MS;
  private static final long MINUTE = 60 * SECOND;

  private final List<PoolEvent> events = new ArrayList<>();

  private static void inManyWorlds(LongConsumer world) {
    LongStream.rangeClosed(1, 50).forEach(world);
  }

  private static PoolConfig.Builder config() {
    return PoolConfig.builder("fake:").minSize(2).maxSize(8).sleep(SleepMode.OFF);
  }

  private UpkeepWithoutFaces open(
      Universe universe, FakeDatabase database, PoolConfig.Builder config) {
    events.clear();
    universe.calm();
    database.calm();
    UpkeepWithoutFaces upkeep =
        new UpkeepWithoutFaces(
            config.build(),
            database,
            database::classify,
            universe.environment(),
            new PoolEvents("sim", List.of(events::add)));
    upkeep.start();
    universe.run(5 * SECOND, () -> {});
    return upkeep;
  }

  private static SQLException away() {
    return away(new ConnectException("refused"));
  }

  private static SQLException away(Exception cause) {
    return new SQLException("not reached", "57P01", cause);
  }

  private <E extends PoolEvent> List<E> told(Class<E> kind) {
    return events.stream().filter(kind::isInstance).map(kind::cast).toList();
  }

  /** One is lost in use, and reported. */
  private static void lose(UpkeepWithoutFaces upkeep) {
    Engine engine = upkeep.engine();
    Slot slot = upkeep.lent(requireNonNull(engine.tryAcquire(1)));
    engine.doom(slot, slot.lease, CloseReason.FAILED);
    upkeep.failed(requireNonNull(slot.entry), Verdict.CONNECTION_LOST, "cut off");
    engine.release(slot, slot.lease);
  }

  /** One more than there are, for whom the pool would grow; he leaves when that has failed. */
  private void burst(Universe universe, UpkeepWithoutFaces upkeep, int live) {
    Engine engine = upkeep.engine();
    List<Slot> held = new ArrayList<>();
    for (int i = 0; i < live; i++) {
      held.add(upkeep.lent(requireNonNull(engine.tryAcquire(i))));
    }
    Waiter third =
        new Waiter(universe.nanoTime()) {
          @Override
          protected void wake() {}
        };
    engine.begin(third, live, 10);
    while (told(PoolEvent.ConnectFailed.class).isEmpty()) {
      universe.run(MS / 10, () -> {});
    }
    assertThat(engine.leave(third)).as("he was not served").isTrue();
    held.forEach(slot -> engine.release(slot, slot.lease));
  }

  // ---- what it says of the others

  @Test
  void a_loss_of_long_ago_bears_out_no_connect_that_fails_today() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          UpkeepWithoutFaces upkeep = open(universe, database, config().minSize(8));
          lose(upkeep);
          universe.run(MINUTE, () -> {});
          assertThat(database.open()).isEqualTo(8);

          database.failNext(away());
          Slot slot = upkeep.lent(requireNonNull(upkeep.engine().tryAcquire(1)));
          upkeep.engine().retire(slot, slot.lease, CloseReason.MAX_QUERIES);
          universe.run(MINUTE, () -> {});

          assertThat(told(PoolEvent.ConnectFailed.class)).as("seed " + seed).hasSize(1);
          assertThat(told(PoolEvent.Fenced.class)).as("seed " + seed).isEmpty();
          assertThat(database.open()).isEqualTo(8);
        });
  }

  /** Nobody has asked the server: it may be well, as those who are connected are. */
  @Test
  void a_connect_that_never_left_this_machine_bears_out_no_loss() {
    for (Exception cause :
        List.of(
            new UnknownHostException("db.example.com: Temporary failure in name resolution"),
            new BindException("Cannot assign requested address"))) {
      assertThat(fencesAfter(away(cause), true)).as(cause.toString()).isZero();
      assertThat(fencesAfter(away(new IllegalStateException(cause)), true)).isZero();
      assertThat(fencesAfter(away(cause), false)).as("after others were asked").isOne();
    }
  }

  @Test
  void one_that_was_not_answered_does() {
    for (Exception cause :
        List.of(
            new ConnectException("Connection refused"),
            new NoRouteToHostException("No route to host"),
            new SocketTimeoutException("Connect timed out"))) {
      assertThat(fencesAfter(away(cause), true)).as(cause.toString()).isOne();
    }
  }

  /** So often the fence falls where one of eight is lost, and its substitute can't be opened. */
  private int fencesAfter(SQLException failure, boolean onlyHost) {
    Universe universe = new Universe(1);
    FakeDatabase database = new FakeDatabase(universe);
    if (onlyHost) {
      database.isTheOnlyHost();
    }
    UpkeepWithoutFaces upkeep = open(universe, database, config().minSize(8));
    database.failNext(failure);
    lose(upkeep);
    universe.run(MINUTE, () -> {});
    assertThat(told(PoolEvent.ConnectFailed.class))
        .extracting(PoolEvent.ConnectFailed::verdict)
        .containsExactly(Verdict.SERVER_DOWN);
    assertThat(database.open()).isEqualTo(8);
    return told(PoolEvent.Fenced.class).size();
  }

  // ---- how long it is remembered

  /** Nobody needs a third any more; but the pool would count as cut off until somebody does. */
  @Test
  void beside_connections_that_are_enough_it_is_tried_again() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          PoolConfig.Builder config = config();
          UpkeepWithoutFaces upkeep = open(universe, database, config);
          for (int i = 0; i < 3; i++) {
            database.failNext(away());
          }
          burst(universe, upkeep, 2);
          assertThat(upkeep.server().down()).as("seed " + seed).isTrue();

          universe.run(2 * config.build().retry().maxBackoff().toNanos(), () -> {});

          assertThat(upkeep.server().down()).as("seed " + seed).isFalse();
          assertThat(told(PoolEvent.Recovered.class)).as("seed " + seed).hasSize(1);
          assertThat(database.open()).isBetween(2, 3);

          long opened = database.opened();
          long passes = universe.passes();
          universe.run(MINUTE, () -> {});
          assertThat(database.opened()).as("at rest again").isEqualTo(opened);
          assertThat(universe.passes() - passes).as("seed " + seed).isLessThan(20);
        });
  }

  /** With growing pauses, and nothing else happens meanwhile. */
  @Test
  void as_seldom_as_after_any_other_failure() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          UpkeepWithoutFaces upkeep = open(universe, database, config());
          for (int i = 0; i < 1000; i++) {
            database.failNext(away());
          }
          burst(universe, upkeep, 2);
          universe.run(5 * MINUTE, () -> {});
          int failed = told(PoolEvent.ConnectFailed.class).size();
          long passes = universe.passes();

          universe.run(10 * MINUTE, () -> {});

          assertThat(told(PoolEvent.ConnectFailed.class).size() - failed)
              .as("seed " + seed)
              .isBetween(20, 120); // a pause takes half of 10 s, on average
          assertThat(universe.passes() - passes).as("passes").isLessThan(1000);
          assertThat(database.open()).isEqualTo(2);
          assertThat(upkeep.server().down()).isTrue();
        });
  }

  @Test
  void asleep_nothing_is_tried() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          UpkeepWithoutFaces upkeep =
              open(
                  universe,
                  database,
                  config().sleep(SleepMode.ON).sleepAfter(Duration.ofSeconds(20)));
          for (int i = 0; i < 1000; i++) {
            database.failNext(away());
          }
          burst(universe, upkeep, 2);
          universe.run(MINUTE, () -> {});
          assertThat(upkeep.asleep()).as("seed " + seed).isTrue();
          int failed = told(PoolEvent.ConnectFailed.class).size();
          long passes = universe.passes();

          universe.run(10 * MINUTE, () -> {});

          assertThat(told(PoolEvent.ConnectFailed.class)).as("seed " + seed).hasSize(failed);
          assertThat(universe.passes() - passes).as("passes").isZero();
        });
  }

  /** A place more than there are is nobody's to take. */
  @Test
  void in_a_pool_that_is_used_up_or_suspended_nothing_is_tried() {
    for (boolean suspended : new boolean[] {true, false}) {
      Universe universe = new Universe(1);
      FakeDatabase database = new FakeDatabase(universe);
      UpkeepWithoutFaces upkeep = open(universe, database, config());
      for (int i = 0; i < 1000; i++) {
        database.failNext(away());
      }
      burst(universe, upkeep, 2);
      if (suspended) {
        upkeep.suspend();
      } else {
        upkeep.resize(2, 2);
      }
      universe.run(MINUTE, () -> {});
      int failed = told(PoolEvent.ConnectFailed.class).size();
      universe.run(10 * MINUTE, () -> {});
      assertThat(told(PoolEvent.ConnectFailed.class)).hasSize(failed);
    }
  }

  /** Whoever reads it has no other reason to wait for the server than to need it. */
  @Test
  void where_none_is_left_and_none_is_kept_nothing_is_tried() {
    Universe universe = new Universe(1);
    FakeDatabase database = new FakeDatabase(universe);
    UpkeepWithoutFaces upkeep = open(universe, database, config().minSize(0));
    for (int i = 0; i < 1000; i++) {
      database.failNext(away());
    }
    burst(universe, upkeep, 0);
    universe.run(MINUTE, () -> {});
    int failed = told(PoolEvent.ConnectFailed.class).size();
    assertThat(failed).isPositive();
    universe.run(10 * MINUTE, () -> {});
    assertThat(told(PoolEvent.ConnectFailed.class)).hasSize(failed);
  }
}
