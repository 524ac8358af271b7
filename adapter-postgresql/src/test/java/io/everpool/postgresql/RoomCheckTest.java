package io.everpool.postgresql;

import static io.everpool.postgresql.Sessions.LIMIT;
import static io.everpool.postgresql.Sessions.TIMEOUT;
import static io.everpool.postgresql.Sessions.open;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.PoolerMode;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.servers.Await;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** For how many more connections a server says that it has room, by who asks. */
@Timeout(600)
class RoomCheckTest {
  private static final String PASSWORD = "x";
  private static PostgresServer server;

  @BeforeAll
  static void start() {
    server =
        PostgresServer.start(
            ServerSettings.defaults()
                .with("max_connections", "10")
                .with("superuser_reserved_connections", "2")
                .with("reserved_connections", "3"));
    server.execute("create role anybody login password '" + PASSWORD + "'");
    server.execute("create role narrow login password '" + PASSWORD + "' connection limit 2");
    server.execute(
        "create role monitor login password '"
            + PASSWORD
            + "' in role pg_use_reserved_connections");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static PhysicalConnection as(String role, PoolerMode pooler) throws SQLException {
    return open(server.jdbcUrl(), it -> it.user(role).password(PASSWORD).pooler(pooler));
  }

  private static int room(String role) {
    try {
      PhysicalConnection connection = as(role, PoolerMode.AUTO);
      try {
        return connection.room(TIMEOUT).orElseThrow();
      } finally {
        connection.close();
      }
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  /** As soon as the sessions of before have gone. */
  private static void awaitRoom(String role, int expected) {
    Await.until(LIMIT, () -> room(role) == expected, "room for " + expected + " of " + role);
  }

  @Test
  void what_is_reserved_is_room_for_those_who_may_use_it() {
    awaitRoom("anybody", 4);
    awaitRoom("monitor", 7);
    awaitRoom("narrow", 1);
  }

  /** What counts is how many it lends itself, and it doesn't tell. */
  @Test
  void behind_a_pooler_nobody_can_tell() throws SQLException {
    PhysicalConnection connection = as("anybody", PoolerMode.SESSION);
    assertThat(connection.room(TIMEOUT)).isEmpty();
    connection.close();
  }
}
