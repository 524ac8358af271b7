package io.everpool.core.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.PoolConfig;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.engine.WaitResult;
import io.everpool.core.engine.Waiter;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.upkeep.UpkeepWithoutFaces;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** More pools than a server has room for: each keeps to what it has, and leaves room for others. */
class FleetTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long MINUTE = 60 * SECOND;
  private static final int SLOTS = 47;

  /** Waits, and is looked at when the test does. */
  private static final class Caller extends Waiter {
    Caller(long since) {
      super(since);
    }

    @Override
    protected void wake() {}
  }

  /** One of the pools, and somebody who always waits for another of its connections. */
  private static final class Member {
    private final Universe universe;
    private final UpkeepWithoutFaces upkeep;
    private final long hold;
    private final Set<Slot> held = new HashSet<>();
    private Caller caller = new Caller(0);
    private WaitResult last = WaitResult.WAIT;
    private int served;
    private boolean asks;

    /**
     * @param hold for how long each is used; 0 for ever
     */
    Member(Universe universe, FakeDatabase database, int maxSize, long hold) {
      this.universe = universe;
      this.hold = hold;
      upkeep =
          new UpkeepWithoutFaces(
              PoolConfig.builder("fake:").minSize(2).maxSize(maxSize).build(),
              database,
              database::classify,
              universe.environment(),
              new PoolEvents("sim", List.of()));
      upkeep.start();
    }

    private Engine engine() {
      return upkeep.engine();
    }

    void want() {
      caller = new Caller(universe.nanoTime());
      handle(engine().begin(caller, 1, 10));
    }

    void look() {
      if (asks) {
        return; // one thread, which has to do
      }
      handle(last == WaitResult.RELOOK ? engine().relook(caller, 1) : engine().step(caller, 1));
    }

    private void handle(WaitResult result) {
      last = result;
      if (result == WaitResult.SERVED) {
        served++;
        for (Slot slot : engine().slots()) {
          if (slot.state() == State.LEASED && held.add(slot)) {
            lent(slot);
          }
        }
        want();
      }
    }

    private void lent(Slot slot) {
      asks = true;
      try {
        upkeep.askForRoom(slot);
      } catch (SQLException e) {
        throw new AssertionError(e);
      } finally {
        asks = false;
      }
      if (hold > 0) {
        universe.after(hold, () -> release(slot));
      }
    }

    private void release(Slot slot) {
      held.remove(slot);
      engine().release(slot, slot.word());
    }

    /** All that it has comes back, and nobody wants it any more. */
    void release() {
      engine().leave(caller);
      Set.copyOf(held).forEach(this::release);
    }
  }

  private static FakeDatabase database(Universe universe) {
    return database(universe, SLOTS);
  }

  private static FakeDatabase database(Universe universe, int slots) {
    universe.calm();
    FakeDatabase database = new FakeDatabase(universe);
    database.calm();
    database.slots(slots);
    return database;
  }

  /** Ten that have opened, and begin to be asked for more than there is. */
  private static List<Member> fleet(Universe universe, FakeDatabase database) {
    List<Member> fleet =
        IntStream.range(0, 10).mapToObj(i -> new Member(universe, database, 20, SECOND)).toList();
    universe.run(5 * SECOND, () -> {});
    fleet.forEach(Member::want);
    return fleet;
  }

  /** Each could have twenty and uses what it gets; nobody waits for long. */
  @Test
  void everybody_has_something_and_the_server_is_left_alone() {
    for (long seed = 1; seed <= 3; seed++) {
      Universe universe = new Universe(seed);
      FakeDatabase database = database(universe);
      List<Member> fleet = fleet(universe, database);
      universe.run(2 * MINUTE, () -> fleet.forEach(Member::look));

      assertThat(fleet).as("seed " + seed).allMatch(member -> member.served >= 2);
      assertThat(database.open()).isEqualTo(SLOTS);
      long before = database.refused();
      universe.run(5 * MINUTE, () -> fleet.forEach(Member::look));
      assertThat(database.refused() - before)
          .as("in five minutes, by ten pools, seed " + seed)
          .isLessThanOrEqualTo(20);
    }
  }

  /** A place that another application has given up is found by asking for it. */
  @Test
  void a_place_that_is_free_again_is_taken_soon() {
    for (long seed = 1; seed <= 5; seed++) {
      Universe universe = new Universe(seed);
      FakeDatabase database = database(universe);
      List<Member> fleet = fleet(universe, database);
      universe.run(5 * MINUTE, () -> fleet.forEach(Member::look));
      long before = database.refused();
      database.slots(SLOTS + 3);
      universe.run(20 * SECOND, () -> fleet.forEach(Member::look));

      assertThat(database.open()).as("seed " + seed).isEqualTo(SLOTS + 3);
      assertThat(database.refused() - before).as("seed " + seed).isLessThanOrEqualTo(10);
    }
  }

  /** The last has said that there is no room while nobody waited, and somebody does later. */
  @Test
  void who_was_told_when_he_wanted_no_more_does_not_try_when_he_does() {
    for (long seed = 1; seed <= 5; seed++) {
      Universe universe = new Universe(seed);
      FakeDatabase database = database(universe, 2);
      Member member = new Member(universe, database, 20, SECOND);
      universe.run(5 * SECOND, () -> {});
      assertThat(database.open()).as("what it keeps, seed " + seed).isEqualTo(2);
      member.want();
      universe.run(MINUTE, member::look);

      assertThat(database.refused()).as("seed " + seed).isZero();
      assertThat(member.served).isGreaterThan(50);
    }
  }

  /** It is asked by connections that come at the same time, and is slow to say. */
  @Test
  void nobody_is_refused_while_the_answer_is_on_its_way() {
    for (int slots = 1; slots <= 9; slots++) {
      for (long seed = 1; seed <= 40; seed++) {
        Universe universe = new Universe(seed);
        FakeDatabase database = database(universe, slots);
        database.answersAfter(SECOND / 5);
        Member member = new Member(universe, database, 20, SECOND);
        universe.run(SECOND / 5, () -> {});
        member.want();
        universe.run(MINUTE, member::look);

        assertThat(database.refused())
            .as("of " + slots + ", seed " + seed)
            .isEqualTo(slots < 2 ? 1 : 0); // the minimum is tried
        assertThat(database.open()).as("of " + slots + ", seed " + seed).isEqualTo(slots);
      }
    }
  }

  /** Each has to learn it, and knows no more by asking again soon. */
  @Test
  void in_the_first_minute_each_is_refused_a_few_times() {
    for (long seed = 1; seed <= 10; seed++) {
      Universe universe = new Universe(seed);
      FakeDatabase database = database(universe);
      List<Member> fleet = fleet(universe, database);
      universe.run(MINUTE, () -> fleet.forEach(Member::look));

      assertThat(database.refused()).as("seed " + seed).isBetween(1L, 15L);
    }
  }

  /** It was found full by the one that has it all, and another has nothing. */
  @Test
  void who_has_found_the_server_full_gives_back_soon_what_he_does_not_need() {
    for (long seed = 1; seed <= 20; seed++) {
      Universe universe = new Universe(seed);
      FakeDatabase database = database(universe);
      Member greedy = new Member(universe, database, 2 * SLOTS, 0);
      greedy.want();
      universe.run(MINUTE, greedy::look);
      assertThat(greedy.served).as("seed " + seed).isEqualTo(SLOTS);
      Member late = new Member(universe, database, 20, 0);
      late.want();
      universe.run(MINUTE, late::look);
      assertThat(late.served).isZero();

      greedy.release();
      universe.run(MINUTE, late::look);

      assertThat(late.served).as("seed " + seed).isPositive();
    }
  }
}
