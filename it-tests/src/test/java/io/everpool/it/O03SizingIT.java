package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.AcquireTimeoutException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** O3: {@code min-size = 2} kept alive, {@code max-size = 20}. */
class O03SizingIT {

  @Test
  void theDefaultsAreTwoAndTwenty() {
    PoolConfig config = Db.config("o3").build();
    assertThat(config.minSize()).isEqualTo(2);
    assertThat(config.maxSize()).isEqualTo(20);
  }

  @Test
  void theMinimumIsOpenedWithoutBeingAskedForAndNoMore() throws SQLException {
    try (Pool pool = Everpool.open(Db.config("o3-min").build())) {
      Db.awaitSessions(pool, 2);
      Db.staysTrue(
          Duration.ofMillis(300), () -> Db.pids(pool).size() == 2, "2 sessions of an unused pool");
    }
  }

  /** Kept alive: one that is lost is replaced although nobody asks for it. */
  @Test
  void theMinimumIsRestored() throws SQLException {
    PoolConfig config =
        Db.config("o3-restored").healthCheckInterval(Duration.ofMillis(200)).build();
    try (Pool pool = Everpool.open(config)) {
      Db.awaitSessions(pool, 2);
      int lost = Db.pids(pool).get(0);
      Db.server().terminate(lost);
      Await.until(
          Db.LIMIT,
          () -> Db.pids(pool).size() == 2 && !Db.pids(pool).contains(lost),
          "another connection in place of the lost one");
    }
  }

  @Test
  void twentyAreLentAtOnceAndTheNextWaits() throws Exception {
    PoolConfig config = Db.config("o3-max").acquireTimeout(Duration.ofMinutes(2)).build();
    List<Connection> held = new ArrayList<>();
    try (Pool pool = Everpool.open(config)) {
      for (int i = 0; i < 20; i++) {
        held.add(pool.getConnection());
      }
      assertThat(Db.pids(pool)).hasSize(20);
      Crew next =
          Crew.of(
              1,
              () -> {
                try (Connection connection = pool.getConnection()) {
                  Db.pid(connection);
                }
              });
      Await.until(Db.LIMIT, () -> pool.snapshot().waiting() == 1, "one in line");
      assertThat(Db.pids(pool)).hasSize(20);
      held.remove(0).close();
      next.join();
      assertThat(next.errors()).isEmpty();
      assertThat(pool.snapshot().opened()).isEqualTo(20);
      for (Connection connection : held) {
        connection.close();
      }
    }
  }

  /** However many press at once. */
  @Test
  void theMaximumHoldsUnderPressure() throws Exception {
    PoolConfig config = Db.config("o3-pressure").maxSize(3).build();
    try (Pool pool = Everpool.open(config);
        Crew crew =
            Crew.looping(
                16,
                () -> {
                  try (Connection connection = pool.getConnection()) {
                    Db.ask(connection, "select 1");
                  }
                })) {
      for (int i = 0; i < 20; i++) {
        crew.awaitRounds(2);
        assertThat(Db.pids(pool).size()).isBetween(1, 3);
      }
      assertThat(crew.errors()).isEmpty();
      assertThat(pool.snapshot().opened()).isEqualTo(3);
    }
  }

  @Test
  void aPoolOfOneLendsOne() throws SQLException {
    PoolConfig config = Db.config("o3-one").minSize(0).maxSize(1).build();
    try (Pool pool = Everpool.open(config)) {
      try (Connection only = pool.getConnection()) {
        assertThatThrownBy(() -> pool.getConnection(Duration.ofMillis(300)))
            .isInstanceOf(AcquireTimeoutException.class);
        assertThat(Db.pids(pool)).containsExactly(Db.pid(only));
      }
      pool.getConnection().close();
    }
  }
}
