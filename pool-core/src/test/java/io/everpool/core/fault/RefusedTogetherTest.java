package io.everpool.core.fault;

import static java.util.stream.Collectors.toCollection;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.AcquireTimeoutException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.SleepMode;
import io.everpool.api.TooManyWaitersException;
import io.everpool.core.PoolInSimulation;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Callers of a whole pool that get nothing, many at once. What the holders do was seen once for all
 * of them: as often as there are snapshots that tell it, and each of those has cost a stop of the
 * process.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RefusedTogetherTest {
  private static final int SIZE = 5;
  private static final long SECOND = 1_000_000_000L;
  private static final Duration LIMIT = Duration.ofSeconds(1);

  private final Theatre theatre = new Theatre();
  private final FaultyDriver driver = new FaultyDriver(new Script());

  /** How a caller asks. */
  enum Way {
    NOT_AT_ALL,
    WITHOUT_LINE
  }

  private Pool open(int maxWaiters) {
    PoolConfig config =
        PoolConfig.builder("fault:")
            .name("together")
            .minSize(SIZE)
            .maxSize(SIZE)
            .maxWaiters(maxWaiters)
            .acquireTimeout(Duration.ofHours(1))
            .failFast(false)
            .sleep(SleepMode.OFF)
            .build();
    PoolInSimulation stage =
        new PoolInSimulation(
            config,
            driver,
            null,
            List.of(),
            List.of(),
            null,
            List.of(),
            List.of(),
            theatre.environment());
    List<Throwable> failures = new CopyOnWriteArrayList<>();
    perform(
        () -> {
          Throwable failure = catchThrowable(stage::open);
          if (failure != null) {
            failures.add(failure);
          }
        });
    assertThat(failures).isEmpty();
    Pool pool = stage.pool();
    assertThat(theatre.play(10 * SECOND, () -> pool.snapshot().idle() == SIZE)).isTrue();
    for (int i = 0; i < SIZE; i++) {
      theatre.act("holder-" + i, () -> hold(pool));
    }
    assertThat(theatre.play(SECOND, () -> pool.snapshot().leased() == SIZE)).isTrue();
    return pool;
  }

  /** Named so that it is found in what is told. */
  private void hold(Pool pool) {
    try (Connection connection = pool.getConnection()) {
      theatre.sleep(3600 * SECOND);
      connection.isClosed();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private void perform(Runnable part) {
    Thread caller = theatre.act("caller", part);
    assertThat(theatre.play(20 * SECOND, () -> !caller.isAlive())).as("it ends").isTrue();
  }

  private static Throwable refused(Pool pool, Way way) {
    return catchThrowable(
        way == Way.NOT_AT_ALL
            ? () -> pool.getConnection(Duration.ZERO).close()
            : () -> pool.getConnection().close());
  }

  private static PoolSnapshot snapshot(Throwable told) {
    return told instanceof TooManyWaitersException many
        ? many.snapshot()
        : ((AcquireTimeoutException) told).snapshot();
  }

  private static Set<PoolSnapshot> different(Collection<Throwable> told) {
    return told.stream()
        .map(RefusedTogetherTest::snapshot)
        .collect(toCollection(() -> Collections.newSetFromMap(new IdentityHashMap<>())));
  }

  private static boolean tellsWhatAllDo(PoolSnapshot snapshot) {
    return snapshot.holders().stream()
        .allMatch(
            holder ->
                holder.where().stream().anyMatch(frame -> frame.getMethodName().equals("hold")));
  }

  private List<Throwable> refuseMany(Pool pool, Way way) {
    List<Throwable> told = new ArrayList<>();
    perform(
        () -> {
          for (int i = 0; i < 2_000; i++) {
            told.add(refused(pool, way));
          }
        });
    return told;
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  void whoever_is_sent_away_within_a_moment_is_told_what_was_seen_once(Way way) {
    Pool pool = open(way == Way.WITHOUT_LINE ? 0 : 10_000);
    List<Throwable> told = refuseMany(pool, way);
    assertThat(told).hasSize(2_000);
    assertThat(different(told)).hasSize(1).allMatch(RefusedTogetherTest::tellsWhatAllDo);
    assertThat(told)
        .allSatisfy(it -> assertThat(it).hasMessageContaining("by holder-4 #"))
        .allSatisfy(it -> assertThat(it).hasMessageContaining("Every connection is in use"));

    theatre.play(SECOND / 5, () -> false);
    told.addAll(refuseMany(pool, way));
    assertThat(different(told)).hasSize(2);
  }

  /** Whoever finds somebody looking at the threads does without: so there are others as well. */
  @Test
  void of_all_who_give_up_at_the_same_moment_one_looks_at_the_holders() {
    Pool pool = open(10_000);
    List<Throwable> told = new CopyOnWriteArrayList<>();
    for (int i = 0; i < 100; i++) {
      theatre.act("waiter", () -> told.add(catchThrowable(() -> pool.getConnection(LIMIT))));
    }
    assertThat(theatre.play(10 * SECOND, () -> told.size() == 100)).isTrue();
    assertThat(told)
        .allSatisfy(it -> assertThat(it).hasMessageStartingWith("No connection within 1000 ms"));
    assertThat(different(told)).filteredOn(RefusedTogetherTest::tellsWhatAllDo).hasSize(1);
  }

  /** Two pools know nothing of one another. */
  @Test
  void each_pool_tells_of_its_own_holders() {
    Pool one = open(0);
    Pool other = open(0);
    List<Throwable> told = new ArrayList<>();
    perform(
        () -> {
          told.add(refused(one, Way.WITHOUT_LINE));
          told.add(refused(other, Way.WITHOUT_LINE));
        });
    assertThat(different(told)).hasSize(2).allMatch(RefusedTogetherTest::tellsWhatAllDo);
  }
}
