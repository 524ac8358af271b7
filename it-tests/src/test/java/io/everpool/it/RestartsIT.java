package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.core.Everpool;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.PostgresServer.Shutdown;
import io.everpool.servers.ServerSettings;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Fast restarts, ten of them or {@code -Deverpool.restarts=100}, under an application that reads
 * and writes through units of work: each outage is shorter than the acquire timeout, so nobody sees
 * one.
 */
@Tag("one-jdk")
class RestartsIT {
  private static final int RESTARTS = Integer.getInteger("everpool.restarts", 10);
  private static final int THREADS = 4;

  @Test
  @Timeout(900)
  void readersAndTransactionsSeeNoErrorThroughRestarts() throws Exception {
    try (PostgresServer server = PostgresServer.start(ServerSettings.defaults())) {
      server.execute("create table restarted (id bigint primary key)");
      server.execute("grant all on restarted to public");
      PoolConfig config = PoolConfig.builder(server.libpqUrl()).name("restarts").build();
      AtomicLong numbers = new AtomicLong();
      Set<Long> acknowledged = new ConcurrentSkipListSet<>();
      try (Pool pool = Everpool.open(config)) {
        Crew readers = Crew.looping(THREADS, () -> read(pool));
        Crew writers =
            Crew.looping(
                THREADS,
                () -> {
                  long id = numbers.incrementAndGet();
                  insert(pool, id);
                  acknowledged.add(id);
                });
        try (readers;
            writers) {
          for (int i = 0; i < RESTARTS; i++) {
            readers.awaitRounds(5);
            writers.awaitRounds(5);
            server.restart(Shutdown.FAST);
            assertThat(readers.errors()).as("restart " + i + "\n" + readers.report()).isEmpty();
            assertThat(writers.errors()).as("restart " + i + "\n" + writers.report()).isEmpty();
          }
          readers.awaitRounds(5);
          writers.awaitRounds(5);
        }
        assertThat(readers.errors()).as(readers.report()).isEmpty();
        assertThat(writers.errors()).as(writers.report()).isEmpty();
        assertThat(pool.snapshot().acquireTimeouts()).isZero();
        assertThat(pool.snapshot().retries()).as("units were hit, and rerun").isPositive();
      }
      assertThat(written(server)).isEqualTo(acknowledged);
    }
  }

  private static void read(Pool pool) throws SQLException {
    pool.<String, SQLException>run(
        WorkOptions.READ_ONLY, connection -> Db.ask(connection, "select pg_sleep(0.001)"));
  }

  /** The key would betray a doubled insert, the count a lost one. */
  private static void insert(Pool pool, long id) throws SQLException {
    pool.<Boolean, SQLException>inTransaction(
        connection -> {
          try (Statement statement = connection.createStatement()) {
            return statement.execute("insert into restarted values (" + id + ")");
          }
        });
  }

  private static Set<Long> written(PostgresServer server) {
    Set<Long> ids = new TreeSet<>();
    String all = server.ask("select string_agg(id::text, ',') from restarted");
    for (String id : all.split(",", -1)) {
      ids.add(Long.valueOf(id));
    }
    return ids;
  }
}
