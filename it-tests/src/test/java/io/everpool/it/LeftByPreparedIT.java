package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a statement leaves whose text doesn't say so when it is run. */
class LeftByPreparedIT {
  private static final String LEFT = "select coalesce(current_setting('app.tenant', true), '')";

  @BeforeEach
  void schema() {
    Db.server().execute("create schema lp");
    Db.server().execute("grant all on schema lp to public");
  }

  @AfterEach
  void noSchema() {
    Db.server().execute("drop schema lp cascade");
  }

  private static void assertNothingLeft(Pool pool) throws SQLException {
    try (Connection connection = pool.getConnection()) {
      assertThat(Db.ask(connection, LEFT)).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "execute as_a",
        "explain analyze execute as_a",
        "explain (analyze) execute as_a",
        "create table lp.t as execute as_a"
      })
  void whatTheSetUpHasPreparedIsCleared(String sql) throws SQLException {
    try (Pool pool =
        Everpool.open(
            Db.config("left-prepared")
                .connectionInitSql("prepare as_a as select set_config('app.tenant', 'a', false)")
                .minSize(1)
                .maxSize(1)
                .build())) {
      for (int i = 0; i < 2; i++) {
        try (Connection connection = pool.getConnection();
            Statement statement = connection.createStatement()) {
          assertThat(Db.ask(connection, LEFT)).isEmpty();
          statement.execute("drop table if exists lp.t");
          statement.execute(sql);
          assertThat(Db.ask(connection, LEFT)).isEqualTo("a");
        }
      }
      assertNothingLeft(pool);
      assertThat(pool.snapshot().opened()).isEqualTo(1);
    }
  }
}
