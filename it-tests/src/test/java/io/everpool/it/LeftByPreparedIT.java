package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a statement leaves whose text doesn't say so when it is run. */
class LeftByPreparedIT {
  private static final String LEFT = "select coalesce(current_setting('app.tenant', true), '')";

  @BeforeEach
  void functions() {
    Db.server().execute("create schema lp");
    Db.server().execute("grant all on schema lp to public");
    Db.server().execute("create function lp.plain() returns text language sql as $$ select 'x' $$");
    Db.server().execute("alter function lp.plain owner to " + Db.server().user());
  }

  @AfterEach
  void noFunctions() {
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

  /** What was prepared before goes by the text that was seen then. */
  @Test
  void whatTheLeaseHasRedefinedIsCleared() throws SQLException {
    try (Pool pool = Everpool.open(Db.config("left-redefined").minSize(1).maxSize(1).build())) {
      try (Connection connection = pool.getConnection();
          Statement statement = connection.createStatement();
          PreparedStatement prepared = connection.prepareStatement("select lp.plain()")) {
        statement.execute(
            "create or replace function lp.plain() returns text language sql as"
                + " $$ select set_config('app.tenant', 'a', false) $$");
        prepared.execute();
        assertThat(Db.ask(connection, LEFT)).isEqualTo("a");
      }
      assertNothingLeft(pool);
      assertThat(pool.snapshot().opened()).isEqualTo(1);
    }
  }
}
