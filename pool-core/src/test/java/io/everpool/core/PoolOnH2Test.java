package io.everpool.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.AcquireTimeoutException;
import io.everpool.api.CloseReason;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.Pool;
import io.everpool.api.PoolClosedException;
import io.everpool.api.PoolConfig;
import io.everpool.api.SizeAdvice;
import io.everpool.api.TooManyWaitersException;
import io.everpool.api.framework.PoolOperations;
import io.everpool.api.framework.PoolSlot;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.WaitListener;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.FutureTask;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The whole pool on a driver that has no adapter. */
class PoolOnH2Test {
  private static final String URL = "jdbc:h2:mem:pool";

  /** Loads the driver, which takes a while the first time. */
  @BeforeAll
  static void loadTheDriver() throws SQLException {
    DriverManager.getConnection(URL).close();
  }

  private static PoolConfig.Builder config() {
    return PoolConfig.builder(URL).maxSize(4);
  }

  @Test
  void a_url_without_an_adapter_is_served_by_its_driver() throws SQLException {
    try (Pool pool = Everpool.open(config().minSize(1).build());
        Connection connection = pool.getConnection();
        Statement statement = connection.createStatement();
        var rows = statement.executeQuery("select 1")) {
      assertThat(rows.next()).isTrue();
      assertThat(pool.snapshot().leased()).isEqualTo(1);
    }
  }

  /** Spring tells by equals whether a connection is of the data source of its transaction. */
  @Test
  void its_views_are_the_same_each_time() throws SQLException {
    try (Pool pool = Everpool.open(config().build());
        Pool another = Everpool.open(config().build())) {
      assertThat(pool.reader()).isEqualTo(pool.reader()).hasSameHashCodeAs(pool.reader());
      assertThat(pool.withoutCommandTimeout())
          .isEqualTo(pool.withoutCommandTimeout())
          .hasSameHashCodeAs(pool.withoutCommandTimeout())
          .isNotEqualTo(pool.reader())
          .isNotEqualTo(another.withoutCommandTimeout());
    }
  }

  /** Whoever comes before the first connection may have a second one opened, which goes back. */
  private static Pool openedWithOne() throws SQLException {
    Pool pool = Everpool.open(config().minSize(1).build());
    Await.until(() -> pool.snapshot().idle() == 1, pool);
    return pool;
  }

  @Test
  void an_operator_sees_every_slot_and_who_has_what() throws SQLException {
    try (Pool pool = openedWithOne();
        Connection connection = pool.getConnection()) {
      assertThat(connection.isValid(1)).isTrue();
      List<PoolSlot> slots = PoolOperations.of(pool).slots();
      assertThat(slots).extracting(PoolSlot::index).containsExactly(0, 1, 2, 3);
      assertThat(slots)
          .filteredOn(slot -> slot.state() == PoolSlot.State.LEASED)
          .singleElement()
          .satisfies(
              slot -> {
                assertThat(slot.holder()).contains(Thread.currentThread().getName());
                assertThat(slot.connection()).isEqualTo(1);
                assertThat(slot.unmovedFor().isNegative()).isFalse();
              });
      assertThat(slots)
          .filteredOn(slot -> slot.state() == PoolSlot.State.EMPTY)
          .isNotEmpty()
          .allSatisfy(
              slot -> {
                assertThat(slot.holder()).isNull();
                assertThat(slot.connection()).isZero();
                assertThat(slot.queries()).isZero();
              });
    }
  }

  @Test
  void a_data_source_is_served_as_well() throws SQLException {
    JdbcDataSource h2 = new JdbcDataSource();
    h2.setURL(URL);
    try (Pool pool = Everpool.builder(config().build()).dataSource(h2).open();
        Connection connection = pool.getConnection()) {
      assertThat(connection.isValid(1)).isTrue();
    }
  }

  /** The opener stands in no line: with nobody allowed to wait the pool could never open. */
  @Test
  void a_pool_in_which_nobody_may_wait_opens() throws SQLException {
    try (Pool pool = Everpool.open(config().minSize(1).maxSize(1).maxWaiters(0).build());
        Connection held = pool.getConnection()) {
      assertThat(held.isValid(1)).isTrue();
      assertThatThrownBy(pool::getConnection).isInstanceOf(TooManyWaitersException.class);
    }
  }

  @Test
  void an_exhausted_pool_says_who_holds_the_connections() throws SQLException {
    try (Pool pool = Everpool.open(config().build())) {
      List<Connection> all = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        all.add(pool.getConnection());
      }
      assertThatThrownBy(() -> pool.getConnection(Duration.ofMillis(200)))
          .isInstanceOf(AcquireTimeoutException.class)
          .hasMessageContaining("raise max-size")
          .hasMessageContaining("4 of 4 connections")
          .hasMessageContaining(Thread.currentThread().getName());
      assertThat(pool.snapshot().acquireTimeouts()).isEqualTo(1);
      for (Connection connection : all) {
        connection.close();
      }
      pool.getConnection().close();
    }
  }

  @Test
  void a_closed_pool_lends_nothing_and_leaves_no_thread() throws SQLException {
    Pool pool = Everpool.open(config().name("leaves-nothing").build());
    pool.close();
    pool.close();
    assertThatThrownBy(pool::getConnection).isInstanceOf(PoolClosedException.class);
    assertThat(Thread.getAllStackTraces().keySet())
        .filteredOn(t -> t.isAlive() && t.getName().startsWith("everpool-"))
        .allSatisfy(
            t -> {
              t.join(Duration.ofSeconds(60).toMillis());
              assertThat(t.isAlive()).isFalse();
            });
  }

  /** What can't work is said where it is asked for, and nothing is changed by it. */
  @Test
  void an_operator_resizes_it_within_what_it_was_opened_with() throws Exception {
    try (Pool pool = Everpool.open(config().minSize(1).build())) {
      PoolOperations operations = PoolOperations.of(pool);
      assertThatThrownBy(() -> operations.resize(3, 2))
          .isInstanceOf(InvalidPoolConfigException.class);
      assertThatThrownBy(() -> operations.resize(1, 5))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "A pool can't grow beyond the max-size that it was opened with, which is 4, not 5");
      assertThat(pool.snapshot().maxSize()).isEqualTo(4);

      operations.resize(2, 3);
      Await.until(() -> pool.snapshot().maxSize() == 3 && pool.snapshot().idle() == 2, pool);
      operations.evictIdle();
      Await.until(() -> pool.snapshot().closed().equals(Map.of(CloseReason.EVICTED, 2L)), pool);
      Await.until(() -> pool.snapshot().idle() == 2, pool);
    }
  }

  @Test
  void an_advice_compares_with_the_size_that_the_pool_has_now() throws Exception {
    try (Pool pool = Everpool.open(config().minSize(1).sizeAdvice(true).build())) {
      for (int i = 0; i < 200; i++) {
        pool.getConnection().close();
      }
      assertThat(pool.advise().orElseThrow().maxSize()).isEqualTo(4);
      PoolOperations.of(pool).resize(1, 2);
      Await.until(() -> pool.snapshot().maxSize() == 2, pool);
      assertThat(pool.advise().orElseThrow().maxSize()).isEqualTo(2);
      assertThat(pool.advise().orElseThrow().forecasts())
          .extracting(SizeAdvice.Forecast::size)
          .doesNotContain(4);
    }
  }

  /** A short suspension costs a caller time; one that outlasts his patience says what it is. */
  @Test
  void who_asks_a_suspended_pool_waits_for_it_to_be_resumed() throws Exception {
    try (Pool pool = Everpool.open(config().minSize(1).build())) {
      PoolOperations operations = PoolOperations.of(pool);
      operations.suspend();
      Await.until(() -> pool.snapshot().suspended() && pool.snapshot().total() == 0, pool);
      assertThat(pool.snapshot().toString()).contains("OPEN suspended");
      assertThatThrownBy(() -> pool.getConnection(Duration.ofMillis(50)))
          .isInstanceOf(AcquireTimeoutException.class)
          .hasMessageContaining("An operator has suspended the pool");

      FutureTask<Boolean> waiter =
          new FutureTask<>(
              () -> {
                try (Connection connection = pool.getConnection()) {
                  return connection.isValid(1);
                }
              });
      new Thread(waiter).start();
      Await.until(() -> pool.snapshot().waiting() == 1, pool);
      operations.resume();
      assertThat(waiter.get()).isTrue();
      assertThat(pool.snapshot().suspended()).isFalse();
    }
  }

  /** With what the holders do just now, which a snapshot for gauges leaves out. */
  @Test
  void an_examination_says_what_the_holders_do() throws SQLException {
    try (Pool pool = Everpool.open(config().minSize(1).build());
        Connection connection = pool.getConnection()) {
      assertThat(connection.isValid(1)).isTrue();
      assertThat(PoolOperations.of(pool).examine().holders())
          .singleElement()
          .satisfies(holder -> assertThat(holder.where()).isNotEmpty());
      assertThat(pool.snapshot().holders())
          .singleElement()
          .satisfies(holder -> assertThat(holder.where()).isEmpty());
    }
  }

  private static final class Waits implements WaitListener {
    private final List<Long> all = new CopyOnWriteArrayList<>();

    @Override
    public void onEvent(PoolEvent event) {}

    @Override
    public void waited(String pool, long waitedNanos) {
      all.add(waitedNanos);
      throw new IllegalStateException("by way of trial");
    }
  }

  /** And nobody who found one idle: to say so would cost him more than the connection. */
  @Test
  void who_stood_in_line_is_told_of_and_nobody_else() throws Exception {
    Waits waits = new Waits();
    PoolConfig one = config().minSize(1).maxSize(1).build();
    try (Pool pool = Everpool.builder(one).listener(waits).listener(event -> {}).open()) {
      waits.all.clear();
      FutureTask<Boolean> waiter =
          new FutureTask<>(
              () -> {
                try (Connection connection = pool.getConnection()) {
                  return connection.isValid(1);
                }
              });
      try (Connection held = pool.getConnection()) {
        assertThat(held.isValid(1)).isTrue();
        assertThat(waits.all).isEmpty();
        new Thread(waiter).start();
        Await.until(() -> pool.snapshot().waiting() == 1, pool);
      }
      assertThat(waiter.get()).as("though a listener throws").isTrue();
      assertThat(waits.all).singleElement().satisfies(nanos -> assertThat(nanos).isPositive());
    }
  }

  @Test
  void a_url_that_nobody_accepts_is_refused_without_its_password() {
    assertThatThrownBy(() -> Everpool.open(PoolConfig.builder("jdbc:nope://u:s3cret@h/db").build()))
        .isInstanceOf(InvalidPoolConfigException.class)
        .hasMessageContaining("jdbc:nope://u:***@h/db")
        .hasMessageNotContaining("s3cret");
  }

  /** Whoever keeps metrics of a pool must be able to close them, though it never opened. */
  @Test
  void a_pool_that_could_not_be_opened_says_that_it_is_closed() {
    List<PoolEvent> events = new CopyOnWriteArrayList<>();
    PoolConfig config =
        PoolConfig.builder("jdbc:h2:tcp://127.0.0.1:1/nowhere")
            .acquireTimeout(Duration.ofMillis(200))
            .build();
    assertThatThrownBy(() -> Everpool.builder(config).listener(events::add).open())
        .isInstanceOf(SQLException.class);
    assertThat(events).filteredOn(PoolEvent.PoolClosed.class::isInstance).hasSize(1);
    assertThat(events).noneMatch(PoolEvent.PoolOpened.class::isInstance);
  }
}
