package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The pool that Spring's beans are given has the view for migrations, too. */
@Tag("contract")
class LongMigrationsTest {

  @Test
  void aScriptMayTakeLongerThanTheLimit() {
    Boot.runner()
        .withPropertyValues(
            "spring.datasource.url=" + Boot.server().jdbcUrl(),
            "spring.datasource.username=" + Boot.server().user(),
            "spring.datasource.password=" + Boot.server().password(),
            "everpool.command-timeout=2s")
        .run(
            context -> {
              Pool pool = context.getBean(Pool.class);
              try (Connection connection = pool.getConnection();
                  Statement statement = connection.createStatement();
                  ResultSet limit = statement.executeQuery("show statement_timeout")) {
                assertThat(limit.next()).isTrue();
                assertThat(limit.getString(1)).isEqualTo("2s");
              }
              assertThat(pool.withoutCommandTimeout()).isEqualTo(pool.withoutCommandTimeout());
              try (Connection connection = pool.withoutCommandTimeout().getConnection();
                  Statement statement = connection.createStatement();
                  ResultSet slept = statement.executeQuery("select pg_sleep(2.5)")) {
                assertThat(slept.next()).isTrue();
              }
            });
  }
}
