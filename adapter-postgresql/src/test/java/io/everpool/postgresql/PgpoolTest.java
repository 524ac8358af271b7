package io.everpool.postgresql;

import static io.everpool.postgresql.Sessions.TIMEOUT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.PoolerMode;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.servers.PgpoolStandIn;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.Replica;
import io.everpool.servers.ServerSettings;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A Pgpool-II that names the primary's process at the login passes for no pooler. It tells what its
 * first node told of itself, and that may be a standby, be it from the beginning or since a
 * failover.
 */
@Timeout(180)
class PgpoolTest {
  private static PostgresServer primary;
  private static Replica standby;

  @BeforeAll
  static void start() {
    primary = PostgresServer.startEmbedded(ServerSettings.defaults());
    standby = Replica.of(primary);
    standby.awaitReplayOf(primary);
  }

  @AfterAll
  static void stop() {
    if (standby != null) {
      standby.close();
    }
    if (primary != null) {
      primary.close();
    }
  }

  private static PgpoolStandIn pgpool() {
    PgpoolStandIn pgpool =
        PgpoolStandIn.before(
            primary, standby.server(), sql -> sql.startsWith("select") && !sql.contains("pg_"));
    pgpool.givePrimarysKey();
    return pgpool;
  }

  private static PostgresConnector connector(
      PgpoolStandIn pgpool, PoolerMode mode, String targetServerType) {
    return (PostgresConnector)
        Sessions.connector(
            "%s?user=%s&password=%s&hostRecheckSeconds=0&targetServerType=%s"
                .formatted(pgpool.jdbcUrl(), primary.user(), primary.password(), targetServerType),
            c -> c.pooler(mode));
  }

  private static void requirePrimary(PostgresConnector connector) throws SQLException {
    PhysicalConnection connection = connector.open(TIMEOUT);
    assertThat(connection.beganReadOnly()).isFalse();
    assertThat(connection.isServerReadOnly(SideEffects.NONE)).isFalse();
    assertThat(connection.highestIsolation()).isEqualTo(8);
    connection.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"any", "primary", "preferPrimary"})
  void one_whose_first_node_is_the_standby_is_found(String targetServerType) throws Exception {
    try (PgpoolStandIn pgpool = pgpool();
        PostgresConnector connector = connector(pgpool, PoolerMode.AUTO, targetServerType)) {
      pgpool.tellOfStandby();
      requirePrimary(connector);
      assertThat(connector.notes()).anySatisfy(n -> assertThat(n).contains("Pgpool-II"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"any", "primary", "preferPrimary"})
  void so_is_one_whose_first_node_becomes_a_standby_later(String targetServerType)
      throws Exception {
    try (PgpoolStandIn pgpool = pgpool();
        PostgresConnector connector = connector(pgpool, PoolerMode.AUTO, targetServerType)) {
      requirePrimary(connector);
      assertThat(connector.notes()).noneSatisfy(n -> assertThat(n).contains("Pgpool-II"));
      pgpool.tellOfStandby();
      requirePrimary(connector);
      assertThat(connector.notes()).anySatisfy(n -> assertThat(n).contains("Pgpool-II"));
    }
  }

  /** Whoever says that there is none has the server believed. */
  @Test
  void where_it_is_said_that_there_is_none_it_is_believed() throws Exception {
    try (PgpoolStandIn pgpool = pgpool();
        PostgresConnector connector = connector(pgpool, PoolerMode.NONE, "primary")) {
      requirePrimary(connector);
      pgpool.tellOfStandby();
      assertThatThrownBy(() -> connector.open(TIMEOUT)).isInstanceOf(SQLException.class);
    }
  }

  /** A server itself that is a standby is what it says. */
  @Test
  void a_standby_is_none() throws Exception {
    PostgresServer server = standby.server();
    try (PostgresConnector connector =
        (PostgresConnector) Sessions.connector(server.libpqUrl(), c -> c.pooler(PoolerMode.AUTO))) {
      for (int i = 0; i < 2; i++) {
        PhysicalConnection connection = connector.open(TIMEOUT);
        assertThat(connection.beganReadOnly()).isTrue();
        connection.close();
      }
      assertThat(connector.notes()).isEmpty();
    }
  }
}
