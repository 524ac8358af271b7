package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Connections are live and another can't be had: who waits in vain is told what the last one was.
 */
@Timeout(120)
class LastVerdictIT {

  private static void administer(String... sql) {
    for (String each : sql) {
      Db.server().execute(each);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "alter role verdict password 'other' | refuses these credentials",
        "alter role verdict connection limit 1 | has no place for another connection",
        "alter database verdict allow_connections false | refuses these credentials, or this database"
      })
  void theAdviceFollowsTheLastVerdictAndNotTheNetwork(String change, String advice)
      throws SQLException {
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
                .acquireTimeout(Duration.ofSeconds(2))
                .build())) {
      try (Connection held = pool.getConnection()) {
        assertThat(held.isValid(5)).isTrue();
        administer(change);
        assertThatThrownBy(pool::getConnection)
            .isInstanceOf(SQLException.class)
            .hasMessageContaining(advice)
            .hasMessageNotContaining("cannot be reached")
            .hasMessageNotContaining("server-down");
        assertThat(pool.snapshot().toString()).doesNotContain("server-down");
        assertThat(held.isValid(5)).isTrue();
      }
    }
    administer("drop database verdict with (force)", "drop role verdict");
  }
}
