package io.everpool.core;

import static io.everpool.core.ExhaustedPool.A_WHILE;
import static io.everpool.core.ExhaustedPool.config;
import static io.everpool.core.ExhaustedPool.snapshot;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.AcquireTimeoutException;
import io.everpool.api.PoolSnapshot;
import io.everpool.core.ExhaustedPool.Way;
import io.everpool.core.engine.Slot;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What it costs to send callers away: the first is told all, and the ten-thousandth within a moment
 * costs nearly nothing.
 */
@Timeout(120)
class RefusalsTest {
  private static final int MANY = 10_000;

  @ParameterizedTest
  @EnumSource(Way.class)
  void ten_thousand_within_a_moment_cost_one_look_at_the_holders(Way way) {
    ExhaustedPool pool = new ExhaustedPool(config(20, way));
    for (int i = 0; i < MANY; i++) {
      pool.refused(way);
    }
    List<Integer> first = way == Way.THE_POOL_IS_CLOSED ? List.of() : List.of(20);
    assertThat(pool.stops).isEqualTo(first);
    assertThat(pool.names).isZero();
    pool.now += A_WHILE;
    pool.refused(way);
    assertThat(pool.stops).hasSize(2 * first.size());
  }

  /** For the process stands as long as that takes, and they are all that the message names. */
  @ParameterizedTest
  @EnumSource(
      value = Way.class,
      names = {"HE_WAITS_NOT_AT_ALL", "TOO_MANY_WAIT"})
  void of_a_thousand_holders_twenty_are_looked_at_and_told_of(Way way) {
    ExhaustedPool pool = new ExhaustedPool(config(1_000, way));
    Throwable one = pool.refused(way);
    Throwable other = pool.refused(way);
    assertThat(pool.stops).containsExactly(20);
    assertThat(pool.names).as("for all names").isEqualTo(1);
    assertThat(one.getMessage())
        .hasSizeLessThan(4_000)
        .contains("by web-19 #1000019, now at shop.Orders.list(Orders.java:12)")
        .doesNotContain("web-20 #")
        .endsWith("\n  and 980 more, for no longer");
    assertThat(snapshot(one).holders()).hasSize(1_000);
    assertThat(snapshot(one).holders().get(999).thread()).isEqualTo("web-999 #1000999");
    assertThat(snapshot(other)).as("no memory for another").isSameAs(snapshot(one));
  }

  /** Who has had one for long is of more interest than where it lies. */
  @Test
  void the_twenty_are_those_that_the_explanation_names() {
    ExhaustedPool pool = new ExhaustedPool(config(40));
    for (Slot slot : pool.engine.slots()) { // as upkeep notes it
      slot.seenWord = slot.word();
      slot.seenSince = pool.now - slot.index * 1_000_000L;
    }
    PoolSnapshot snapshot = pool.snapshots.withDeeds();
    List<String> lines = snapshot.explain().lines().skip(1).limit(20).toList();
    assertThat(lines).hasSize(20).allMatch(line -> line.contains(", now at shop.Orders.list("));
    assertThat(lines.get(0)).startsWith("  connection 40 held for 39ms");
  }

  @Test
  void an_operator_who_asks_sees_all_of_them_at_one_look() {
    ExhaustedPool pool = new ExhaustedPool(config(1_000));
    assertThat(pool.snapshots.detailed().holders())
        .hasSize(1_000)
        .allMatch(holder -> !holder.where().isEmpty());
    assertThat(pool.stops).containsExactly(1_000);
    assertThat(pool.snapshots.slots()).hasSize(1_000);
    assertThat(pool.snapshots.brief().holders()).hasSize(1_000);
    assertThat(pool.stops).hasSize(1);
    assertThat(pool.names).isEqualTo(2);
  }

  @Test
  void another_pool_looks_at_its_own_holders() {
    ExhaustedPool pool = new ExhaustedPool(config(2));
    ExhaustedPool another = new ExhaustedPool(config(3).name("another"));
    assertThat(pool.told(Way.HE_WAITS_NOT_AT_ALL)).contains("shed OPEN: 2 of 2");
    assertThat(another.told(Way.HE_WAITS_NOT_AT_ALL)).contains("another OPEN: 3 of 3");
    assertThat(pool.stops).containsExactly(2);
    assertThat(another.stops).containsExactly(3);
  }

  private static final class Elsewhere {
    @Nullable Throwable first;
    @Nullable Throwable second;

    void ask(ExhaustedPool pool) {
      Thread thread =
          new Thread(
              () -> {
                first = catchThrowable(() -> pool.leases.acquire(0));
                second = catchThrowable(() -> pool.leases.acquire(0));
              });
      thread.start();
      try {
        thread.join();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** He who looks may not get a processor for long, and thousands come meanwhile. */
  @Test
  void while_one_looks_the_others_are_told_who_the_holders_are_and_not_what_they_do() {
    ExhaustedPool pool = new ExhaustedPool(config(20));
    Elsewhere meanwhile = new Elsewhere();
    pool.meanwhile = () -> meanwhile.ask(pool);
    String told = pool.told(Way.HE_WAITS_NOT_AT_ALL);
    assertThat(told).contains("by web-7 #1000007, now at shop.Orders.list(Orders.java:12)");
    assertThat(requireNonNull(meanwhile.first))
        .isInstanceOf(AcquireTimeoutException.class)
        .hasMessageContaining("Every connection is in use")
        .hasMessageContaining("by web-7 #1000007")
        .hasMessageNotContaining("now at");
    assertThat(snapshot(requireNonNull(meanwhile.second)))
        .isSameAs(snapshot(requireNonNull(meanwhile.first)));
    assertThat(pool.stops).hasSize(1);
    assertThat(pool.names).isEqualTo(1);
    assertThat(pool.told(Way.HE_WAITS_NOT_AT_ALL)).contains("now at");
    assertThat(pool.stops).hasSize(1);
  }

  @Test
  void one_who_has_no_memory_to_look_leaves_it_to_the_next() {
    ExhaustedPool pool = new ExhaustedPool(config(20));
    pool.meanwhile =
        () -> {
          throw new OutOfMemoryError("by way of trial");
        };
    assertThat(catchThrowable(() -> pool.leases.acquire(0))).isInstanceOf(OutOfMemoryError.class);
    assertThat(pool.told(Way.HE_WAITS_NOT_AT_ALL)).contains("now at");
  }
}
