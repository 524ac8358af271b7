package io.everpool.texts;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CloseReason;
import io.everpool.api.LeakStackTraces;
import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolEvent.LeaseAbandoned;
import io.everpool.core.Await;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Connections that a program loses, with a real garbage collector. */
@Timeout(120)
class AbandonedTest {
  private final List<PoolEvent> events = new CopyOnWriteArrayList<>();

  private static PoolConfig.Builder config(int maxSize) {
    return PoolConfig.builder("moody:")
        .minSize(0)
        .maxSize(maxSize)
        .acquireTimeout(Duration.ofMinutes(2))
        .drainTimeout(Duration.ZERO);
  }

  private Everpool.Builder builder(PoolConfig.Builder config) {
    return Everpool.builder(config.build()).connector(new Moody()).listener(events::add);
  }

  private Everpool.Builder builder(int maxSize) {
    return builder(config(maxSize).leakStackTraces(LeakStackTraces.ALWAYS));
  }

  private static void collectUntil(BooleanSupplier fact) {
    Await.until(
        () -> {
          if (fact.getAsBoolean()) {
            return true;
          }
          System.gc();
          return fact.getAsBoolean();
        },
        "what was lost to be collected, and told of");
  }

  private static void lose(Pool pool) throws SQLException {
    pool.getConnection().createStatement().execute("select 1");
  }

  private void assertTakenBack(Pool pool) throws SQLException {
    lose(pool);
    collectUntil(() -> events.stream().anyMatch(LeaseAbandoned.class::isInstance));
    assertThat(events)
        .filteredOn(LeaseAbandoned.class::isInstance)
        .singleElement()
        .isInstanceOfSatisfying(
            LeaseAbandoned.class,
            it ->
                assertThat(it.acquiredAt())
                    .anyMatch(frame -> frame.getMethodName().equals("lose")));
    try (Connection next = pool.getConnection()) { // the only place is free again
      assertThat(next.isValid(1)).isTrue();
    }
    collectUntil(() -> !pool.snapshot().closed().isEmpty()); // its slot is free before it counts
    assertThat(pool.snapshot().closed()).containsEntry(CloseReason.ABANDONED, 1L);
  }

  @Test
  void what_was_lost_is_taken_back() throws SQLException {
    try (Pool pool = builder(1).open()) {
      assertTakenBack(pool);
    }
  }

  @Test
  void also_where_interceptors_have_a_word() throws SQLException {
    LeaseInterceptor nothing = new LeaseInterceptor() {};
    try (Pool pool = builder(1).interceptor(nothing).open()) {
      assertTakenBack(pool);
    }
  }

  /** Whoever has a result set has the connection, though he holds nothing else. */
  @Test
  void what_somebody_can_reach_is_not() throws SQLException {
    try (Pool pool = builder(2).open()) {
      ResultSet rows = rowsOf(pool);
      lose(pool); // when this one is found, the other was looked at as well
      collectUntil(() -> events.stream().anyMatch(LeaseAbandoned.class::isInstance));
      assertThat(rows.next()).isTrue();
      assertThat(rows.getInt(1)).isEqualTo(1);
      try (Connection connection = rows.getStatement().getConnection()) {
        assertThat(connection.isClosed()).isFalse();
      }
      assertThat(events).filteredOn(LeaseAbandoned.class::isInstance).hasSize(1);
    }
  }

  @Test
  void a_threshold_is_enough() throws SQLException {
    try (Pool pool = builder(config(1).leakThreshold(Duration.ofHours(1))).open()) {
      lose(pool);
      collectUntil(() -> pool.snapshot().closed().containsKey(CloseReason.ABANDONED));
    }
  }

  /** By default: a note of each lease costs something. */
  @Test
  void where_nobody_looks_for_leaks_nothing_is_taken_back() throws SQLException {
    try (Pool pool = builder(config(1).name("careless")).open();
        Pool other = builder(1).open()) {
      lose(pool);
      lose(other); // when this one is found, the other would have been
      collectUntil(() -> events.stream().anyMatch(LeaseAbandoned.class::isInstance));
      assertThat(events)
          .filteredOn(LeaseAbandoned.class::isInstance)
          .extracting(PoolEvent::pool)
          .doesNotContain("careless");
      assertThat(pool.snapshot().leased()).isEqualTo(1);
    }
  }

  private static ResultSet rowsOf(Pool pool) throws SQLException {
    Statement statement = pool.getConnection().createStatement();
    return statement.executeQuery("select 1");
  }
}
