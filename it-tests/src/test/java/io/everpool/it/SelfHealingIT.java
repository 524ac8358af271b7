package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.WorkOptions;
import io.everpool.core.Everpool;
import io.everpool.jdbi.EverpoolJdbi;
import io.everpool.jdbi.Units;
import io.everpool.servers.PostgresServer.Shutdown;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** The application goes on as if nothing had happened. */
class SelfHealingIT {
  private static final int THREADS = 8;

  /** Terminates everything, then restarts the server, three times over. */
  private static void strike(Pool pool, Crew crew) {
    for (int i = 0; i < 3; i++) {
      crew.awaitRounds(20);
      assertThat(Db.server().terminateAll(pool.name())).isPositive();
      crew.awaitRounds(20);
      Db.server().restart(Shutdown.FAST);
      crew.awaitRounds(20);
    }
  }

  @Test
  void readOnlyJdbiWorkSeesNoErrorThroughTerminationsAndRestarts() throws Exception {
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(Db.config("healing-jdbi").build())) {
      Units units = EverpoolJdbi.readOnly(EverpoolJdbi.create(pool));
      Crew crew =
          Crew.looping(
              THREADS,
              () -> {
                int number = ThreadLocalRandom.current().nextInt();
                int answer =
                    units.withHandle(
                        handle ->
                            handle
                                .createQuery("select :number from generate_series(1, 1)")
                                .bind("number", number)
                                .mapTo(int.class)
                                .one());
                if (answer != number) {
                  throw new AssertionError(answer + " is somebody else's answer, not " + number);
                }
              });
      try (crew) {
        strike(pool, crew);
      }
      assertThat(crew.errors()).as(crew.report() + log.text()).isEmpty();
      assertThat(pool.snapshot().retries()).isPositive();
    }
  }

  @Test
  void readOnlyUnitsOfWorkSeeNoErrorEither() throws Exception {
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(Db.config("healing-run").build())) {
      Crew crew =
          Crew.looping(
              THREADS,
              () ->
                  pool.<String, SQLException>run(
                      WorkOptions.READ_ONLY,
                      connection -> Db.ask(connection, "select pg_sleep(0.001)")));
      try (crew) {
        strike(pool, crew);
      }
      assertThat(crew.errors()).as(crew.report() + log.text()).isEmpty();
    }
  }

  /** The key would betray a doubled insert, the count a lost one. */
  @Test
  void transactionsSeeNoErrorThroughTerminationsAndNothingIsLostOrDoubled() throws Exception {
    try (Ledger ledger = new Ledger("healing-kills")) {
      for (int i = 0; i < 6; i++) {
        ledger.crew.awaitRounds(20);
        assertThat(Db.server().terminateAll(ledger.pool.name())).isPositive();
      }
      ledger.finish();
      assertThat(ledger.crew.errors()).as(ledger.crew.report() + ledger.log.text()).isEmpty();
      assertThat(ledger.written()).isEqualTo(ledger.acknowledged);
    }
  }

  /** A COMMIT that an orderly restart cuts off is looked up when the server is back. */
  @Test
  void transactionsSeeNoErrorThroughRestartsAndNothingIsLostOrDoubled() throws Exception {
    try (Ledger ledger = new Ledger("healing-restarts")) {
      strike(ledger.pool, ledger.crew);
      ledger.finish();
      assertThat(ledger.crew.errors()).as(ledger.crew.report() + ledger.log.text()).isEmpty();
      assertThat(ledger.written()).isEqualTo(ledger.acknowledged);
    }
  }

  /** Eight threads that insert numbers, and the books of what was acknowledged. */
  private static final class Ledger implements AutoCloseable {
    private final LogCapture log = LogCapture.open();
    private final AtomicLong numbers = new AtomicLong();
    private final Set<Long> acknowledged = new ConcurrentSkipListSet<>();
    private final Pool pool;
    private final Crew crew;

    Ledger(String name) throws SQLException {
      Db.server().execute("drop table if exists healing");
      Db.server()
          .execute("create table healing (id bigint primary key); grant all on healing to public");
      pool = Everpool.open(Db.config(name).build());
      crew = Crew.looping(THREADS, this::insert);
    }

    private void insert() throws SQLException {
      long id = numbers.incrementAndGet();
      pool.<String, SQLException>inTransaction(
          connection -> Db.ask(connection, "insert into healing values (" + id + ") returning id"));
      acknowledged.add(id);
    }

    Set<Long> written() throws SQLException {
      Set<Long> ids = new TreeSet<>();
      try (Connection connection = pool.getConnection();
          Statement statement = connection.createStatement();
          ResultSet rows = statement.executeQuery("select id from healing")) {
        while (rows.next()) {
          ids.add(rows.getLong(1));
        }
      }
      return ids;
    }

    void finish() {
      crew.awaitRounds(20);
      crew.close();
    }

    @Override
    public void close() {
      crew.close();
      pool.close();
      log.close();
    }
  }
}
