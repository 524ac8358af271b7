package io.everpool.servers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;

class PgBouncerTest {

  @Test
  void itStandsBeforeTheServerAndChecksThePassword() throws SQLException {
    assumeTrue(PgBouncer.available(), "PgBouncer isn't installed");
    try (PostgresServer server = PostgresServer.start();
        PgBouncer bouncer = PgBouncer.before(server, "transaction");
        Connection connection =
            DriverManager.getConnection(
                bouncer.jdbcUrl() + "?prepareThreshold=0", server.user(), server.password());
        Statement statement = connection.createStatement()) {
      assertThat(statement.execute("select 1")).isTrue();
      assertThat(server.backendPids()).hasSize(1);
    }
  }
}
