package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ch.qos.logback.classic.Level;
import com.typesafe.config.ConfigFactory;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.ResetMode;
import io.everpool.api.TooManyWaitersException;
import io.everpool.core.Everpool;
import io.everpool.hocon.EverpoolConfig;
import io.everpool.servers.Await;
import io.everpool.servers.PgBouncer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

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

  /**
   * init-, discard-, options- and schema-behind-pooler: the first connection shows the pooler, one
   * that was told to drop what it doesn't take.
   */
  @ParameterizedTest
  @EnumSource
  void what_a_pooler_makes_vain_is_told_once_when_it_is_found(PgBouncer.Kind kind)
      throws Exception {
    assumeTrue(kind.isAvailable(), kind.missing());
    String drops = "extra_float_digits,options,search_path";
    try (LogCapture log = LogCapture.open();
        PgBouncer bouncer =
            kind.before(Db.server(), "transaction", Map.of("ignore_startup_parameters", drops));
        Pool pool = Everpool.open(vainBehindPooler("found", bouncer.jdbcUrl()).build())) {
      Db.grow(pool, 3);
      for (String told :
          List.of(
              "pooler = AUTO: what it sets is another's",
              "Pool found: reset = DISCARD_ALL, pooler = AUTO: nothing is reset here",
              "pooler = AUTO: a pooler refuses a login with options",
              "properties.currentSchema = one, pooler = AUTO: a pooler refuses")) {
        assertThat(log.alarms()).filteredOn(line -> line.contains(told)).as(told).hasSize(1);
      }
    }
  }

  /** The pool doesn't open, and what is told says why. */
  @ParameterizedTest
  @EnumSource
  void so_it_is_by_one_that_refuses_the_login(PgBouncer.Kind kind) throws Exception {
    assumeTrue(kind.isAvailable(), kind.missing());
    try (LogCapture log = LogCapture.open();
        PgBouncer bouncer = kind.before(Db.server(), "transaction", Map.of())) {
      PoolConfig config =
          Db.config("refused", bouncer.jdbcUrl())
              .properties(Map.of("currentSchema", "one"))
              .build();
      assertThatThrownBy(() -> Everpool.open(config).close())
          .isInstanceOf(SQLException.class)
          .hasMessageContaining("currentSchema");
      assertThat(
              log.lines(
                  Level.WARN, "Pool refused: properties.currentSchema = one, pooler = AUTO: "))
          .hasSize(1);
    }
  }

  /** Where there is none, all of it counts. */
  @Test
  void of_a_pooler_that_is_not_there_nothing_is_told() throws Exception {
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(vainBehindPooler("direct", Db.server().jdbcUrl()).build())) {
      Db.grow(pool, 3);
      assertThat(log.alarms()).isEmpty();
    }
  }

  private static PoolConfig.Builder vainBehindPooler(String name, String url) {
    return Db.config(name, url)
        .connectionInitSql("set work_mem = '5MB'")
        .reset(ResetMode.DISCARD_ALL)
        .properties(Map.of("options", "-c geqo=off", "currentSchema", "one"));
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
