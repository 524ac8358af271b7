package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** 53300: a server without room is left alone, and what there is goes round. */
@Timeout(300)
class OutOfSlotsIT {
  private static final Duration WATCHED = Duration.ofSeconds(4);
  private static final Duration SHORTEST_PAUSE = Duration.ofMillis(500);

  private static long turnedAway(PostgresServer server) {
    return server
        .log()
        .lines()
        .filter(line -> line.contains("remaining connection slots") || line.contains("too many"))
        .count();
  }

  @Test
  void growthStopsWhereTheServerIsFullAndGoesOnWhenThereIsRoom() throws Exception {
    ServerSettings settings =
        ServerSettings.defaults()
            .with("max_connections", "9")
            .with("superuser_reserved_connections", "3");
    try (PostgresServer server = PostgresServer.start(settings)) {
      List<Connection> strangers = new ArrayList<>();
      PoolConfig config =
          PoolConfig.builder(server.libpqUrl()).name("full").minSize(1).maxSize(20).build();
      try (Pool pool = Everpool.open(config)) {
        for (int i = 0; i < 5; i++) { // after the pool was told that there is room
          strangers.add(
              DriverManager.getConnection(server.jdbcUrl(), server.user(), server.password()));
        }
        Crew crew = Crew.looping(20, () -> nap(pool));
        try (crew) {
          Await.until(Db.LIMIT, () -> turnedAway(server) > 0, "the server to be full");
          // those that were under way when the first was turned away
          Await.until(Db.LIMIT, () -> pool.snapshot().connecting() == 0, "the end of the burst");
          long begun = System.nanoTime();
          long before = turnedAway(server);
          while (System.nanoTime() - begun < WATCHED.toNanos()) {
            crew.awaitRounds(1);
            assertThat(pool.snapshot().total()).isEqualTo(1);
          }
          long attempts = turnedAway(server) - before;
          assertThat(attempts)
              .as("half a second or more between two attempts, whoever waits")
              .isLessThanOrEqualTo(
                  1 + Duration.ofNanos(System.nanoTime() - begun).dividedBy(SHORTEST_PAUSE));
          assertThat(pool.snapshot().down()).as("it is full, not away").isFalse();
          for (Connection stranger : strangers) {
            stranger.close();
          }
          Await.until(
              Duration.ofSeconds(60), () -> pool.snapshot().total() > 1, "the pool to grow again");
        }
        assertThat(crew.errors()).as(crew.report()).isEmpty();
      }
    }
  }

  private static void nap(Pool pool) throws SQLException {
    pool.<String, SQLException>run(
        WorkOptions.READ_ONLY, connection -> Db.ask(connection, "select pg_sleep(0.02)"));
  }
}
