package io.everpool.core.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import io.everpool.api.CloseReason;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolEvent.ConnectionFailed;
import io.everpool.core.Everpool;
import io.everpool.core.engine.Move;
import io.everpool.core.engine.Slot;
import io.everpool.core.jdbc.Logged;
import io.everpool.core.jdbc.PooledConnection;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A connection that was to be closed when it comes back is lost before it does. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LateLossTest {
  private static final String LINE = "failed in use (CONNECTION_LOST)";

  private final List<PoolEvent> events = new CopyOnWriteArrayList<>();
  private final FaultyDriver driver = new FaultyDriver(new Script());
  private volatile @Nullable Pool own;

  private Pool open() throws SQLException {
    PoolConfig config =
        PoolConfig.builder("fault:")
            .name("late")
            .minSize(1)
            .maxSize(1)
            .healthCheckInterval(Duration.ofHours(1))
            .build();
    return Everpool.builder(config).connector(driver).listener(events::add).open();
  }

  private static void doom(Connection connection, CloseReason reason) {
    PooledConnection face = Objects.requireNonNull(PooledConnection.behind(connection));
    Slot slot = Objects.requireNonNull(face.session()).slot();
    slot.doomReason = reason;
    assertThat(slot.attempt(Move.DOOM, slot.lease)).isTrue();
  }

  private void lose(Connection connection) {
    driver.breakNext();
    assertThat(catchThrowable(() -> run(connection))).isInstanceOf(SQLException.class);
  }

  private static void run(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("select 1");
    }
  }

  /** Returns how many lines the log has of it. */
  private long loseAfterDooming(CloseReason reason) throws SQLException {
    try (Logged logged = new Logged()) {
      try (Pool pool = open()) {
        try (Connection connection = pool.getConnection()) {
          doom(connection, reason);
          lose(connection);
          lose(connection);
        }
      }
      return logged.messages(Level.WARN).stream().filter(line -> line.contains(LINE)).count();
    }
  }

  /** It may take its time, or ask the pool for a connection: the place is free by then. */
  @Test
  void who_hears_of_a_loss_in_the_clean_up_holds_up_no_place() throws SQLException {
    List<Integer> leased = new CopyOnWriteArrayList<>();
    PoolConfig config = PoolConfig.builder("fault:").minSize(1).maxSize(1).build();
    Script script = new Script();
    try (Pool pool =
        Everpool.builder(config)
            .connector(new FaultyDriver(script))
            .listener(
                event -> {
                  if (event instanceof ConnectionFailed) {
                    leased.add(opened().snapshot().leased());
                    try {
                      opened().getConnection().close();
                    } catch (SQLException e) {
                      throw new AssertionError(e);
                    }
                  }
                })
            .open()) {
      own = pool;
      Connection connection = pool.getConnection();
      connection.setAutoCommit(false);
      run(connection);
      script.watch(true);
      script.arm("Connection.rollback", 1, Fault.CONNECTION_LOST);
      connection.close();
      assertThat(script.struck()).isTrue();
      assertThat(leased).containsExactly(0);
    }
  }

  private Pool opened() {
    return Objects.requireNonNull(own);
  }

  /** As of any other: what it says of the server is no less true of one that was old. */
  @ParameterizedTest
  @EnumSource(
      value = CloseReason.class,
      names = {"MAX_QUERIES", "MAX_LIFETIME", "CREDENTIALS_EXPIRED", "EVICTED"})
  void it_is_told_once(CloseReason reason) throws SQLException {
    assertThat(loseAfterDooming(reason)).isEqualTo(1);
    assertThat(events).filteredOn(ConnectionFailed.class::isInstance).hasSize(1);
    assertThat(events)
        .filteredOn(PoolEvent.ConnectionClosed.class::isInstance)
        .extracting(event -> ((PoolEvent.ConnectionClosed) event).reason())
        .contains(reason);
  }

  /** The pool has told of the server, or meant it to be lost. */
  @ParameterizedTest
  @EnumSource(
      value = CloseReason.class,
      names = {"FENCED", "ABORTED", "POOL_CLOSED"})
  void what_the_pool_has_ended_is_not_told(CloseReason reason) throws SQLException {
    assertThat(loseAfterDooming(reason)).isZero();
    assertThat(events).noneMatch(ConnectionFailed.class::isInstance);
  }

  /** Whoever fails first tells; the rest of its time is one loss. */
  @ParameterizedTest
  @EnumSource(
      value = CloseReason.class,
      names = {"MAX_LIFETIME", "FENCED"})
  void it_is_told_no_more_where_it_was_lost_before(CloseReason reason) throws SQLException {
    try (Pool pool = open();
        Connection connection = pool.getConnection()) {
      lose(connection);
      PooledConnection face = Objects.requireNonNull(PooledConnection.behind(connection));
      // as one who has doomed it at the same time, and whose reason stays
      Objects.requireNonNull(face.session()).slot().doomReason = reason;
      lose(connection);
    }
    assertThat(events).filteredOn(ConnectionFailed.class::isInstance).hasSize(1);
  }
}
