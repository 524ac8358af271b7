package io.everpool.servers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PgBouncerTest {

  @ParameterizedTest
  @EnumSource
  void itStandsBeforeTheServerAndChecksThePassword(PgBouncer.Kind kind) throws SQLException {
    assumeTrue(kind.isAvailable(), kind.missing());
    try (PostgresServer server = PostgresServer.start();
        PgBouncer bouncer = kind.before(server, "transaction", Map.of());
        Connection connection =
            DriverManager.getConnection(
                bouncer.jdbcUrl() + "?prepareThreshold=0", server.user(), server.password());
        Statement statement = connection.createStatement()) {
      assertThat(statement.execute("select 1")).isTrue();
      assertThat(server.backendPids()).hasSize(1);
    }
  }
}
