package io.everpool.core.replicas;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.framework.UnitRerunner;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.core.Await;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A reader that doesn't suit is a part of the wait for the server that does, and nobody's use. */
@Timeout(300)
class MeasuredOnceTest extends ThreeServers {
  private static final WorkOptions READ = WorkOptions.READ_ONLY;

  private final List<String> measured = new CopyOnWriteArrayList<>();
  private final List<Long> waits = new CopyOnWriteArrayList<>();
  private @Nullable Pool pool;

  @AfterEach
  void close() {
    requireNonNull(pool).close();
  }

  /** Why a reader doesn't suit. */
  enum Obstacle {
    NONE(READ),
    LAG(READ) {
      @Override
      void befall(Server server) {
        server.lag = Duration.ofSeconds(9);
      }
    },
    POSITION(READ.after("1000000")),
    ISOLATION(READ.withIsolation(Connection.TRANSACTION_SERIALIZABLE)) {
      @Override
      void befall(Server server) {
        server.highestIsolation = Connection.TRANSACTION_REPEATABLE_READ;
      }
    },
    LOST_ON_THE_WAY(READ.after("1000000")) {
      @Override
      void befall(Server server) {
        server.atPosition =
            asked -> {
              try {
                server.goDown();
              } catch (SQLException e) {
                throw new AssertionError(e);
              }
            };
      }
    };

    private final WorkOptions options;

    Obstacle(WorkOptions options) {
      this.options = options;
    }

    void befall(Server server) {}
  }

  /** Who asks for a reader. */
  enum Way {
    UNIT {
      @Override
      void go(Pool pool, WorkOptions options) throws SQLException {
        pool.<String, SQLException>run(options, Server::of);
      }
    },
    TRANSACTION {
      @Override
      void go(Pool pool, WorkOptions options) throws SQLException {
        pool.<String, SQLException>inTransaction(options, Server::of);
      }
    },
    /** It has a connection of the reader's, and goes on over another session. */
    FRAMEWORK {
      @Override
      void go(Pool pool, WorkOptions options) throws SQLException {
        try (Connection connection = pool.reader().getConnection()) {
          UnitRerunner.of(pool).<String, SQLException>rerun(connection, options, Server::of);
        }
      }
    };

    abstract void go(Pool pool, WorkOptions options) throws SQLException;
  }

  private LeaseRecorder recorder(String name) {
    return new LeaseRecorder() {
      @Override
      public void acquired(long waitedNanos) {
        measured.add(name);
        waits.add(waitedNanos);
      }

      @Override
      public void released(long heldNanos) {
        measured.add(name + " again");
      }

      @Override
      public LeaseRecorder ofReader(String reader) {
        return recorder(reader);
      }
    };
  }

  private void befall(Obstacle obstacle) {
    obstacle.befall(one);
    obstacle.befall(two);
  }

  static Stream<Arguments> waysAndObstacles() {
    return Arrays.stream(Way.values())
        .flatMap(way -> Stream.of(Obstacle.values()).map(each -> Arguments.of(way, each)));
  }

  @ParameterizedTest
  @MethodSource("waysAndObstacles")
  void whoeverServesMeasuresIt(Way way, Obstacle obstacle) throws Exception {
    if (obstacle == Obstacle.ISOLATION) {
      befall(obstacle); // its sessions are told of it at their beginning
    }
    PoolConfig config =
        PoolConfig.builder("jdbc:by-hand")
            .name("orders")
            .minSize(1)
            .maxSize(1)
            .maxReplicaLag(Duration.ofSeconds(5))
            .acquireTimeout(Duration.ofSeconds(2)) // half of it for a position that never comes
            .failFast(false)
            .build();
    Pool opened =
        Everpool.builder(config)
            .connector(writer)
            .reader(one)
            .reader(two)
            .recorder(recorder("orders"))
            .open();
    pool = opened;
    Await.until(() -> opened.snapshot().idle() == 1, "the writer's connection");
    Await.until(
        () -> opened.readerSnapshots().stream().allMatch(reader -> reader.idle() == 1),
        "the readers' connections");
    boolean fromReader =
        obstacle == Obstacle.NONE || (way == Way.FRAMEWORK && obstacle == Obstacle.LAG);
    if (!fromReader) { // of a lag a framework's connection would be the writer's from the beginning
      befall(obstacle);
    }

    way.go(opened, obstacle.options);

    List<String> expected = new CopyOnWriteArrayList<>();
    if (way == Way.FRAMEWORK) {
      String first = measured.get(0);
      assertThat(first).startsWith("orders-reader-");
      expected.addAll(List.of(first, first + " again"));
      if (!fromReader) {
        expected.addAll(List.of("orders", "orders again"));
      }
    } else if (fromReader) {
      String reader = measured.get(0);
      assertThat(reader).startsWith("orders-reader-");
      expected.addAll(List.of(reader, reader + " again"));
    } else {
      expected.addAll(List.of("orders", "orders again"));
    }
    assertThat(measured).containsExactlyInAnyOrderElementsOf(expected);
    if (obstacle == Obstacle.POSITION) {
      long last = waits.get(waits.size() - 1);
      assertThat(last).as("with the wait for the position").isGreaterThanOrEqualTo(500_000_000L);
    }
  }
}
