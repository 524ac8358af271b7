package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import com.typesafe.config.ConfigFactory;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.TooManyWaitersException;
import io.everpool.core.Everpool;
import io.everpool.hocon.EverpoolConfig;
import io.everpool.servers.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Settings that contradict one another are told when the pool opens, and what is told is true. */
class ContradictionsIT {

  @Test
  void they_are_told_once_with_key_value_and_line(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("shop.conf");
    Files.writeString(
        file,
        """
        everpool {
          name = contradictory
          url = "%s"
          user = "%s"
          password = "%s"
          acquire-timeout = 20s
          connect-timeout = 25s
          properties { socketTimeout = 30 }
        }
        """
            .formatted(Db.server().jdbcUrl(), Db.server().user(), Db.server().password()));
    PoolConfig config = EverpoolConfig.from(ConfigFactory.parseFile(file.toFile()));
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(config)) {
      assertThat(log.lines(Level.WARN, "Pool contradictory: connect-timeout = 25s ("))
          .hasSize(1)
          .first()
          .asString()
          .contains(
              file + ": 7", "acquire-timeout = 20s (" + file + ": 6)", "make connect-timeout");
      assertThat(log.lines(Level.WARN, "properties.socketTimeout = 30 (" + file + ": 8)"))
          .hasSize(1);
      assertThat(log.alarms()).hasSize(2);
      Db.grow(pool, 3);
      assertThat(log.alarms()).as("once").hasSize(2);
    }
  }

  /** nobody-may-wait. */
  @Test
  void where_nobody_may_wait_the_pool_grows_for_those_who_ask_later() throws SQLException {
    try (Pool pool = Everpool.open(Db.config("no-waiters").minSize(1).maxWaiters(0).build())) {
      Db.awaitIdle(pool, 1);
      try (Connection only = pool.getConnection()) {
        assertThatThrownBy(pool::getConnection).isInstanceOf(TooManyWaitersException.class);
        Await.until(Db.LIMIT, () -> pool.snapshot().idle() == 1, "one for the next who asks");
        pool.getConnection().close();
        assertThat(only.isValid(60)).isTrue();
      }
    }
  }

  /** name-twice and schema-twice. */
  @Test
  void what_has_a_property_of_its_own_counts_before_options() throws SQLException {
    PoolConfig config =
        Db.config("named")
            .properties(
                Map.of(
                    "currentSchema",
                    "one",
                    "options",
                    "-c search_path=other -c application_name=other"))
            .build();
    try (Pool pool = Everpool.open(config);
        Connection connection = pool.getConnection()) {
      assertThat(Db.ask(connection, "show search_path")).isEqualTo("one");
      assertThat(Db.ask(connection, "show application_name")).isEqualTo("named");
    }
  }

  /** primary-that-only-reads. */
  @Test
  void a_primary_that_only_reads_is_taken_for_a_standby() {
    PoolConfig.Builder config =
        Db.config("primary")
            .properties(
                Map.of(
                    "targetServerType",
                    "primary",
                    "options",
                    "-c default_transaction_read_only=on"));
    assertThat(
            Db.failure(
                time -> Everpool.open(config.acquireTimeout(time).build()),
                e -> String.valueOf(e.getMessage()).contains("targetServerType")))
        .isInstanceOf(SQLException.class)
        .hasMessageContaining("targetServerType");
  }
}
