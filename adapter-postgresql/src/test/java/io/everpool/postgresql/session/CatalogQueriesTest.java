package io.everpool.postgresql.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.postgresql.Sessions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Questions to the catalogues in a session that ends meanwhile. */
class CatalogQueriesTest {
  private static final Duration LIMIT = Duration.ofMinutes(1);

  private static final String END = "select pg_terminate_backend(pg_backend_pid())";

  /** When the session ends. */
  private enum Moment {
    IN_A_QUESTION {
      @Override
      void ask(CatalogQueries queries) throws SQLException {
        queries.each(END, row -> {});
      }
    },
    /** The failure of what is asked is survived. */
    BEFORE_THE_END {
      @Override
      void ask(CatalogQueries queries) {
        assertThatThrownBy(() -> queries.each(END, row -> {})).isInstanceOf(SQLException.class);
      }
    };

    abstract void ask(CatalogQueries queries) throws SQLException;
  }

  /** What comes out is the driver's word of that, and not that a transaction is left. */
  @ParameterizedTest
  @EnumSource
  void tellOfItsEnd(Moment moment) throws SQLException {
    try (Connection connection =
        DriverManager.getConnection(
            Sessions.server().jdbcUrl(), Sessions.server().user(), Sessions.server().password())) {
      assertThatThrownBy(() -> CatalogQueries.within(LIMIT, connection, moment::ask))
          .isInstanceOfSatisfying(
              SQLException.class,
              e ->
                  assertThat(e.getSQLState())
                      .isEqualTo(moment == Moment.IN_A_QUESTION ? "57P01" : "08003"))
          .message()
          .doesNotContain("could not be ended");
      assertThat(connection.isClosed()).isTrue();
    }
  }

  /** The server takes 24 days at the most, and the pool's timeouts may be a year. */
  @Test
  void mayHaveAnyTime() throws SQLException {
    List<String> answers = new ArrayList<>();
    try (Connection connection =
        DriverManager.getConnection(
            Sessions.server().jdbcUrl(), Sessions.server().user(), Sessions.server().password())) {
      CatalogQueries.within(
          Duration.ofDays(365),
          connection,
          queries -> queries.each("show statement_timeout", row -> answers.add(row.getString(1))));
    }
    assertThat(answers).containsExactly(Integer.MAX_VALUE + "ms");
  }
}
