package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.everpool.api.Pool;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.Sampled;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Connections are live and another can't be had: who waits in vain is told what the last one was.
 */
@Sampled
@Timeout(120)
class LastVerdictIT {

  /** What a test does while one connection is in use, which is all that the pool has. */
  @FunctionalInterface
  private interface Script {
    void play(Pool pool, Connection held) throws Exception;
  }

  private static void administer(String... sql) {
    for (String each : sql) {
      Db.server().execute(each);
    }
  }

  /** Changes what the server thinks of the pool once it has lent its only connection. */
  private static void after(String change, Script script) throws Exception {
    administer(
        "drop database if exists verdict with (force)",
        "drop role if exists verdict",
        "create role verdict login password 'right'",
        "create database verdict owner verdict");
    String url = Db.server().libpqUrl();
    url = url.substring(0, url.lastIndexOf('/')) + "/verdict";
    try (Pool pool =
        Everpool.open(
            Db.config("verdict", url)
                .user("verdict")
                .password("right")
                .minSize(1)
                .maxSize(2)
                .acquireTimeout(Duration.ofMinutes(10))
                .build())) {
      try (Connection held = pool.getConnection()) {
        assertThat(held.isValid(60)).isTrue();
        administer(change);
        script.play(pool, held);
      }
    }
    administer("drop database verdict with (force)", "drop role verdict");
  }

  /** Somebody who waits for a connection, and gets one or learns why not. */
  private static FutureTask<Boolean> waiter(Pool pool) {
    FutureTask<Boolean> waiter =
        new FutureTask<>(
            () -> {
              try (Connection connection = pool.getConnection()) {
                return connection.isValid(60);
              }
            });
    new Thread(waiter, "waiter").start();
    Await.until(
        Db.LIMIT,
        () -> pool.snapshot().waiting() == 1 && pool.snapshot().lastConnectError() != null,
        "somebody who waits though connects fail");
    return waiter;
  }

  private static boolean answers(Connection connection) {
    try (Statement statement = connection.createStatement()) {
      return statement.execute("select 1");
    } catch (SQLException e) {
      return false;
    }
  }

  private static void lose(Connection held) throws SQLException {
    Db.server().terminate(Db.pid(held));
    Await.until(Db.LIMIT, () -> !answers(held), "the end of the only connection");
    held.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "alter role verdict password 'other' | refuses these credentials",
        "alter role verdict nologin | refuses these credentials",
        "alter role verdict connection limit 1 | has no slot for another connection",
        "alter database verdict allow_connections false | refuses these credentials, or this database"
      })
  void theAdviceFollowsTheLastVerdictAndNotTheNetwork(String change, String advice)
      throws Exception {
    after(
        change,
        (pool, held) -> {
          FutureTask<Boolean> waiter = waiter(pool); // on whose account the server was asked
          assertThatThrownBy(() -> pool.getConnection(Duration.ofMillis(500)))
              .isInstanceOf(SQLException.class)
              .hasMessageContaining(advice)
              .hasMessageNotContaining("cannot be reached")
              .hasMessageNotContaining("server-down");
          assertThat(pool.snapshot().toString()).doesNotContain("server-down");
          assertThat(held.isValid(60)).isTrue();
          held.close();
          assertThat(waiter.get(60, TimeUnit.SECONDS)).isTrue();
        });
  }

  /** Whatever the server thinks of others, this one is as good as ever. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "alter role verdict password 'other'",
        "alter role verdict nologin",
        "alter role verdict connection limit 1",
        "alter database verdict allow_connections false"
      })
  void whoWaitsIsLentTheLiveConnectionThatComesBack(String change) throws Exception {
    after(
        change,
        (pool, held) -> {
          FutureTask<Boolean> waiter = waiter(pool);
          held.close();
          assertThat(waiter.get(60, TimeUnit.SECONDS)).isTrue();
        });
  }

  /** Nothing can be returned any more, and no waiting makes a wrong password right. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "alter role verdict password 'other' | 28P01 | password authentication failed",
        "alter role verdict nologin | 28000 | not permitted to log in",
        "alter database verdict allow_connections false | 55000 | not currently accepting connections"
      })
  void whoWaitsIsToldWhyWhenTheLastLiveConnectionIsLost(String change, String state, String why)
      throws Exception {
    after(
        change,
        (pool, held) -> {
          FutureTask<Boolean> waiter = waiter(pool);
          lose(held);
          assertThatThrownBy(() -> waiter.get(60, TimeUnit.SECONDS))
              .cause()
              .isInstanceOf(SQLNonTransientConnectionException.class)
              .hasMessageContaining("refuses new ones")
              .hasMessageContaining(why)
              .asInstanceOf(type(SQLException.class))
              .returns(state, SQLException::getSQLState);
          assertThatThrownBy(pool::getConnection)
              .isInstanceOf(SQLNonTransientConnectionException.class)
              .hasMessageContaining(why);
        });
  }

  /** A lack of places heals when one is left. */
  @Test
  void whoWaitsForAPlaceGetsTheOneThatTheLostConnectionHad() throws Exception {
    after(
        "alter role verdict connection limit 1",
        (pool, held) -> {
          FutureTask<Boolean> waiter = waiter(pool);
          lose(held);
          assertThat(waiter.get(60, TimeUnit.SECONDS)).isTrue();
        });
  }
}
