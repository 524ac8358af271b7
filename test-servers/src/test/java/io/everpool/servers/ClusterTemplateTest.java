package io.everpool.servers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.DriverManager;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

/** Servers out of one template are as different as if each had been made for itself. */
class ClusterTemplateTest {

  private static String identifier(PostgresServer server) {
    return server.ask("select system_identifier from pg_control_system()");
  }

  @Test
  void aCopyHasAnIdentityOfItsOwnAndKeepsIt() {
    try (PostgresServer one = PostgresServer.startEmbedded(ServerSettings.defaults());
        PostgresServer other = PostgresServer.startEmbedded(ServerSettings.defaults())) {
      String first = identifier(one);
      assertThat(identifier(other)).isNotEqualTo(first);

      one.execute("create table kept (a int); insert into kept values (1)");
      one.crash();
      one.startAgain(); // from its log, whose pages it takes for its own
      assertThat(identifier(one)).isEqualTo(first);
      assertThat(one.ask("select a from kept")).isEqualTo("1");
    }
  }

  @Test
  void nobodyLogsInWithTheTemplatesPassword() {
    try (PostgresServer server = PostgresServer.startEmbedded(ServerSettings.defaults())) {
      assertThatThrownBy(
              () ->
                  DriverManager.getConnection(
                      server.jdbcUrl(), PostgresServer.ADMIN, ClusterTemplate.PASSWORD))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("28P01"));
    }
  }
}
