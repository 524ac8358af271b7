package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.everpool.api.Pool;
import io.everpool.api.PoolState;
import io.everpool.api.WorkOptions;
import io.everpool.core.Everpool;
import io.everpool.servers.FaultProxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** O1: the pool is created once at start-up and lives as long as the application. */
class O01CreatedOnceIT {
  private static final String CREATED =
      "Successfully created persistent PostgreSQL connection pool";

  @Test
  void openingThePoolSaysSoOnceAndOpensTheMinimum() throws SQLException {
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(Db.config("o1-once").build())) {
      assertThat(log.exactly(Level.INFO, CREATED)).hasSize(1);
      Db.awaitSessions(pool, 2);
      for (int i = 0; i < 100; i++) {
        try (Connection connection = pool.getConnection()) {
          Db.pid(connection);
        }
      }
      assertThat(log.exactly(Level.INFO, CREATED)).hasSize(1);
      assertThat(log.alarms()).isEmpty();
    }
  }

  /** Persistent: no outage ends it, and nobody makes another one. */
  @Test
  void thePoolOutlivesTheLossOfEveryConnection() throws SQLException {
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(Db.config("o1-outlives").build())) {
      Db.awaitSessions(pool, 2);
      Db.server().terminateAll(pool.name());
      assertThat(pool.<String, SQLException>run(WorkOptions.READ_ONLY, c -> Db.ask(c, "select 1")))
          .isEqualTo("1");
      assertThat(pool.snapshot().state()).isEqualTo(PoolState.OPEN);
      assertThat(log.exactly(Level.INFO, CREATED)).hasSize(1);
    }
  }

  /** Start-up is when a wrong address should be found, not the first request. */
  @Test
  void withoutADatabaseOpeningFailsAndLeavesNothing() {
    try (LogCapture log = LogCapture.open();
        FaultProxy proxy = FaultProxy.before(Db.server())) {
      proxy.refuse();
      String url = "jdbc:postgresql://127.0.0.1:" + proxy.port() + "/" + Db.server().database();
      assertThatThrownBy(
              () ->
                  Everpool.open(
                      Db.config("o1-fails", url).acquireTimeout(Duration.ofSeconds(1)).build()))
          .isInstanceOf(SQLException.class)
          .hasMessageContaining("127.0.0.1:" + proxy.port());
      assertThat(log.exactly(Level.INFO, CREATED)).isEmpty();
      assertThat(log.lines(Level.INFO, "Closed ")).as("the end of what never was").isEmpty();
      Threads.awaitNone();
    }
  }
}
