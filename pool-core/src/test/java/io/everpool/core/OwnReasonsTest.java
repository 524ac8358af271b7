package io.everpool.core;

import static io.everpool.core.ExhaustedPool.FIRST_HOLDER;
import static io.everpool.core.ExhaustedPool.config;
import static io.everpool.core.ExhaustedPool.snapshot;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.Verdict;
import io.everpool.core.ExhaustedPool.Way;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.Waiter;
import io.everpool.core.jdbc.Asking;
import io.everpool.core.jdbc.WaitKind;
import io.everpool.core.upkeep.BoundsByHand;
import io.everpool.core.upkeep.ServerByHand;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What a caller is told who is sent away a moment after another: the same of the pool, and of
 * himself nothing that isn't so.
 */
@Timeout(120)
class OwnReasonsTest {
  private static final String NESTED = "Nested acquire: this thread holds a connection already";
  private static final String STRANGER = "Every connection is in use: return connections sooner";

  @ParameterizedTest
  @EnumSource(
      value = Way.class,
      names = {
        "HE_WAITS_NOT_AT_ALL",
        "HIS_TIME_IS_UP",
        "THE_POOLS_OWN_TIME_IS_UP",
        "TOO_MANY_WAIT",
        "IT_IS_IN_VAIN"
      })
  void what_a_caller_holds_is_his_own(Way way) {
    ExhaustedPool pool = new ExhaustedPool(config(3, way));
    assertThat(pool.told(way)).contains(STRANGER);
    pool.pass(1, pool.self);
    Throwable nested = pool.refused(way);
    assertThat(nested)
        .hasMessageContaining(NESTED)
        .hasMessageContaining(
            "connection 2 held for 0s by "
                + Thread.currentThread().getName()
                + " #"
                + pool.self
                + ", which waits for another connection at ")
        .hasMessageContaining("by web-0 #1000000, now at shop.Orders.list(Orders.java:12)")
        .hasMessageNotContaining("web-1 #");
    assertThat(snapshot(nested).holders()).hasSize(3);
    assertThat(snapshot(nested).holders().get(1).where())
        .anyMatch(frame -> frame.getMethodName().equals("what_a_caller_holds_is_his_own"));
    pool.pass(1, FIRST_HOLDER + 1);
    assertThat(pool.told(way)).contains(STRANGER);
    assertThat(pool.stops).hasSize(1);
  }

  @ParameterizedTest
  @EnumSource(
      value = Way.class,
      names = {"HE_WAITS_NOT_AT_ALL", "TOO_MANY_WAIT"})
  void what_he_has_given_back_is_not(Way way) {
    ExhaustedPool pool = new ExhaustedPool(config(3, way));
    pool.pass(1, pool.self);
    assertThat(pool.told(way)).contains(NESTED);
    pool.pass(1, FIRST_HOLDER + 1);
    assertThat(pool.told(way))
        .contains(STRANGER)
        .doesNotContain(" by " + Thread.currentThread().getName() + " #");
    assertThat(pool.stops).hasSize(1);
  }

  /** He may have had it for the shortest time of all. */
  @Test
  void his_own_connection_is_told_of_however_many_there_are() {
    ExhaustedPool pool = new ExhaustedPool(config(1_000));
    pool.pass(700, pool.self);
    assertThat(pool.told(Way.HE_WAITS_NOT_AT_ALL))
        .contains(NESTED)
        .containsPattern(
            "\n  and 980 more, for no longer\n  and this thread's: connection 701 held for 0s by .*,"
                + " which waits for another connection at ")
        .hasSizeLessThan(5_000);
  }

  @ParameterizedTest
  @EnumSource(
      value = Way.class,
      names = {"HE_WAITS_NOT_AT_ALL", "TOO_MANY_WAIT"})
  void one_who_has_taken_them_all_since_is_told_so(Way way) {
    ExhaustedPool pool = new ExhaustedPool(config(2, way));
    assertThat(pool.told(way)).contains(STRANGER);
    pool.pass(0, pool.self);
    pool.pass(1, pool.self);
    assertThat(pool.told(way)).contains("This thread holds every connection itself");
    assertThat(pool.stops).hasSize(1);
  }

  @Test
  void how_long_he_has_waited_is_his_own() {
    ExhaustedPool pool = new ExhaustedPool(config(2));
    assertThat(pool.told(Way.HE_WAITS_NOT_AT_ALL)).startsWith("No connection within 0 ms (the ");
    Throwable told =
        catchThrowable(
            () ->
                pool.leases.acquire(0, WaitKind.CALLER, new Asking(pool.now - 12_000_000)).close());
    assertThat(told).hasMessageStartingWith("No connection within 12 ms (acquire-timeout). ");
    assertThat(pool.stops).hasSize(1);
  }

  private static final class Standing extends Waiter {
    Standing() {
      super(0);
    }

    @Override
    public Thread thread() {
      return new Thread("greedy");
    }

    @Override
    protected void wake() {}
  }

  /** Of the others it was seen a moment ago, and is so as long as nothing has come back. */
  @Test
  void a_deadlock_is_told_of_while_it_is_one() {
    ExhaustedPool pool = new ExhaustedPool(config(2).maxWaiters(1));
    pool.engine.begin(new Standing(), FIRST_HOLDER, 1);
    assertThat(pool.told(Way.TOO_MANY_WAIT)).contains(STRANGER);
    Slot second = pool.engine.slots()[1];
    pool.shared.engine().release(second, second.lease);
    pool.lend(pool.self);
    assertThat(pool.told(Way.TOO_MANY_WAIT))
        .contains("Nested acquire: every holder waits for a second connection (a deadlock)");
    pool.pass(0, FIRST_HOLDER + 5);
    assertThat(pool.told(Way.TOO_MANY_WAIT)).contains(NESTED).doesNotContain("deadlock");
    assertThat(pool.stops).hasSize(1);
  }

  @Test
  void what_the_last_connect_was_told_is_told_at_once() {
    ExhaustedPool pool = new ExhaustedPool(config(2));
    assertThat(pool.told(Way.HE_WAITS_NOT_AT_ALL)).contains(STRANGER);
    ServerByHand.failed(pool.shared, new SQLException("no route"), Verdict.SERVER_DOWN);
    assertThat(pool.told(Way.HE_WAITS_NOT_AT_ALL))
        .contains("The pool could not grow. The database cannot be reached")
        .endsWith("\n  last connect error: no route");
    ServerByHand.failed(pool.shared, new SQLException("full"), Verdict.OUT_OF_SLOTS);
    assertThat(pool.told(Way.HE_WAITS_NOT_AT_ALL))
        .contains("has no slot for another connection")
        .endsWith("\n  last connect error: full");
    ServerByHand.succeeded(pool.shared);
    assertThat(pool.told(Way.HE_WAITS_NOT_AT_ALL)).contains(STRANGER);
    assertThat(pool.stops).hasSize(4);
  }

  @Test
  void an_operators_deed_is_told_at_once() {
    ExhaustedPool pool = new ExhaustedPool(config(4));
    assertThat(pool.told(Way.HE_WAITS_NOT_AT_ALL)).contains(STRANGER);
    BoundsByHand.set(pool.shared, 0, 3);
    assertThat(pool.told(Way.HE_WAITS_NOT_AT_ALL)).contains("has made the pool smaller");
    BoundsByHand.suspend(pool.shared, true);
    assertThat(pool.told(Way.HE_WAITS_NOT_AT_ALL)).contains("An operator has suspended the pool");
    BoundsByHand.suspend(pool.shared, false);
    assertThat(pool.told(Way.HE_WAITS_NOT_AT_ALL)).contains("has made the pool smaller");
    assertThat(pool.stops).hasSize(4);
  }
}
