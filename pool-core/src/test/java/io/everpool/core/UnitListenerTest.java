package io.everpool.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.TooManyWaitersException;
import io.everpool.api.WorkOptions;
import io.everpool.api.framework.UnitRerunner;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.UnitListener;
import io.everpool.core.jdbc.Logged;
import io.everpool.core.plain.PlainConnector;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Whoever listens to units of work is there from before each of them until after it. */
class UnitListenerTest {
  private final List<String> told = new ArrayList<>();
  private final List<@Nullable Throwable> ends = new ArrayList<>();

  /** Writes down what it is told. */
  private final class Listening implements UnitListener {
    private final String name;

    Listening(String name) {
      this.name = name;
    }

    @Override
    public void onEvent(PoolEvent event) {}

    @Override
    public Watch unitBegins(String pool, Kind kind, WorkOptions options) {
      told.add(name + pool + ": " + kind + " " + options.label());
      return new Watch() {
        @Override
        public void runsAgain(int run, Throwable failure) {
          told.add(name + options.label() + " again: " + run + ", " + failure.getMessage());
        }

        @Override
        public void ended(@Nullable Throwable failure) {
          told.add(name + options.label() + " ended");
          ends.add(failure);
        }
      };
    }
  }

  private static JdbcDataSource h2() {
    JdbcDataSource source = new JdbcDataSource();
    source.setURL("jdbc:h2:mem:units");
    return source;
  }

  private static PoolConfig.Builder config() {
    return PoolConfig.builder("jdbc:h2:mem:units").name("units").minSize(1).maxSize(2);
  }

  private static Pool open(UnitListener... listeners) throws SQLException {
    Everpool.Builder builder = Everpool.builder(config().build());
    for (UnitListener listener : listeners) {
      builder.listener(listener);
    }
    return builder.open();
  }

  private static WorkOptions called(String label) {
    return WorkOptions.DEFAULT.withLabel(label);
  }

  private static SQLException conflict() {
    return new SQLException("somebody was faster", "40001");
  }

  @Test
  void each_kind_of_unit_is_told_of_once() throws SQLException {
    try (Pool pool = open(new Listening(""))) {
      pool.run(called("a"), Connection::isReadOnly);
      pool.inTransaction(called("b"), Connection::isReadOnly);
      try (Connection own = pool.getConnection()) {
        UnitRerunner.of(pool).rerun(own, called("c"), Connection::isReadOnly);
      }
      assertThat(told)
          .containsExactly(
              "units: RUN a",
              "a ended",
              "units: TRANSACTION b",
              "b ended",
              "units: ON_CONNECTION c",
              "c ended");
      assertThat(ends).containsOnlyNulls();
    }
  }

  /** A framework's own doings, and what the pool can't run again, are no units. */
  @Test
  void what_is_no_unit_is_not_told_of() throws SQLException {
    try (Pool pool = open(new Listening(""));
        Connection own = pool.getConnection();
        Connection stranger = h2().getConnection()) {
      UnitRerunner units = UnitRerunner.of(pool);
      units.rerun(own, UnitRerunner.SET_UP, Connection::isReadOnly);
      units.rerun(stranger, called("a"), Connection::isReadOnly);
      assertThat(told).isEmpty();
    }
  }

  /** So a trace shows how long the unit has waited. */
  @Test
  void it_begins_before_its_connection_is_taken_and_ends_when_that_is_back() throws SQLException {
    List<Integer> leased = new ArrayList<>();
    Pool[] here = new Pool[1];
    UnitListener listener =
        new UnitListener() {
          @Override
          public void onEvent(PoolEvent event) {}

          @Override
          public Watch unitBegins(String pool, Kind kind, WorkOptions options) {
            leased.add(here[0].snapshot().leased());
            return failure -> leased.add(here[0].snapshot().leased());
          }
        };
    try (Pool pool = open(listener)) {
      here[0] = pool;
      pool.run(connection -> leased.add(pool.snapshot().leased()));
      pool.inTransaction(connection -> leased.add(pool.snapshot().leased()));
      assertThat(leased).containsExactly(0, 1, 0, 0, 1, 0);
    }
  }

  @Test
  void a_unit_that_is_run_again_is_one_unit() throws SQLException {
    try (Pool pool = open(new Listening(""))) {
      int[] runs = {0};
      pool.<Integer, SQLException>inTransaction(
          called("a"),
          connection -> {
            if (++runs[0] < 3) {
              throw conflict();
            }
            return 1;
          });
      assertThat(told)
          .containsExactly(
              "units: TRANSACTION a",
              "a again: 2, somebody was faster",
              "a again: 3, somebody was faster",
              "a ended");
      assertThat(ends).containsOnlyNulls();
    }
  }

  @Test
  void a_failure_is_told_as_its_caller_is_thrown_it() throws SQLException {
    for (Throwable thrown :
        new Throwable[] {new SQLException("no", "42601"), new AssertionError("no")}) {
      ends.clear();
      try (Pool pool = open(new Listening(""))) {
        Throwable caught =
            catchThrowable(
                () ->
                    pool.run(
                        connection -> {
                          if (thrown instanceof Error error) {
                            throw error;
                          }
                          throw (SQLException) thrown;
                        }));
        assertThat(ends).containsExactly(caught);
        assertThat(caught).isSameAs(thrown);
      }
    }
  }

  @Test
  void a_unit_that_gets_no_connection_has_failed_of_that() throws SQLException {
    PoolConfig config = config().maxSize(1).maxWaiters(0).build();
    try (Pool pool = Everpool.builder(config).listener(new Listening("")).open();
        Connection held = pool.getConnection()) {
      assertThat(held.isClosed()).isFalse();
      assertThatThrownBy(() -> pool.run(called("a"), Connection::isReadOnly))
          .isInstanceOf(TooManyWaitersException.class);
      assertThat(told).containsExactly("units: RUN a", "a ended");
      assertThat(ends).singleElement().isInstanceOf(TooManyWaitersException.class);
    }
  }

  @Test
  void units_within_a_unit_lie_within_it_for_every_listener() throws SQLException {
    try (Pool pool = open(new Listening("1 "), new Listening("2 "))) {
      pool.run(
          called("outer"),
          connection ->
              UnitRerunner.of(pool).rerun(connection, called("inner"), Connection::isReadOnly));
      assertThat(told)
          .containsExactly(
              "1 units: RUN outer",
              "2 units: RUN outer",
              "1 units: ON_CONNECTION inner",
              "2 units: ON_CONNECTION inner",
              "2 inner ended",
              "1 inner ended",
              "2 outer ended",
              "1 outer ended");
    }
  }

  /** Which of the servers it gets is decided later. */
  @Test
  void of_a_pool_with_readers_the_whole_is_named() throws SQLException {
    try (Pool pool =
        Everpool.builder(config().maxReplicaLag(Duration.ZERO).build())
            .connector(PlainConnector.of(h2()))
            .reader(PlainConnector.of(h2()))
            .listener(new Listening(""))
            .open()) {
      pool.run(WorkOptions.READ_ONLY.withLabel("a"), Connection::isReadOnly);
      pool.inTransaction(WorkOptions.READ_ONLY.withLabel("b"), Connection::isReadOnly);
      pool.inTransaction(called("c"), Connection::isReadOnly);
      try (Connection own = pool.reader().getConnection()) {
        assertThat(pool.readerSnapshots().get(0).leased()).isEqualTo(1);
        UnitRerunner.of(pool).rerun(own, called("d"), Connection::isReadOnly);
      }
      assertThat(told)
          .containsExactly(
              "units: RUN a",
              "a ended",
              "units: TRANSACTION b",
              "b ended",
              "units: TRANSACTION c",
              "c ended",
              "units: ON_CONNECTION d",
              "d ended");
    }
  }

  /** At its beginning, in its course, at its end; and it may want to know nothing at all. */
  @Test
  void what_a_listener_throws_goes_no_further() throws SQLException {
    UnitListener poison =
        new UnitListener() {
          @Override
          public void onEvent(PoolEvent event) {}

          @Override
          public @Nullable Watch unitBegins(String pool, Kind kind, WorkOptions options) {
            if (kind == Kind.RUN) {
              throw new AssertionError("begins");
            }
            return new Watch() {
              @Override
              public void runsAgain(int run, Throwable failure) {
                throw new IllegalStateException("again");
              }

              @Override
              public void ended(@Nullable Throwable failure) {
                throw new StackOverflowError("ended");
              }
            };
          }
        };
    UnitListener deaf =
        new UnitListener() {
          @Override
          public void onEvent(PoolEvent event) {}

          @Override
          public @Nullable Watch unitBegins(String pool, Kind kind, WorkOptions options) {
            return null;
          }
        };
    try (Logged log = new Logged();
        Pool pool = open(poison, deaf, new Listening(""))) {
      int[] runs = {0};
      assertThat(pool.<Integer, SQLException>run(called("a"), connection -> 1)).isEqualTo(1);
      int done =
          pool.<Integer, SQLException>inTransaction(
              called("b"),
              connection -> {
                if (++runs[0] < 2) {
                  throw conflict();
                }
                return 2;
              });
      assertThat(done).isEqualTo(2);
      assertThat(told)
          .containsExactly(
              "units: RUN a",
              "a ended",
              "units: TRANSACTION b",
              "b again: 2, somebody was faster",
              "b ended");
      assertThat(log.messages(Level.ERROR))
          .containsExactly(
              "Pool units: telling of a unit's beginning failed; the pool goes on",
              "Pool units: telling of a rerun failed; the pool goes on",
              "Pool units: telling of a unit's end failed; the pool goes on");
    }
  }
}
