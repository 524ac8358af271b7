package io.everpool.postgresql;

import static io.everpool.postgresql.Sessions.TIMEOUT;
import static io.everpool.postgresql.Sessions.connector;
import static io.everpool.postgresql.Sessions.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.Replica;
import io.everpool.servers.ServerSettings;
import java.sql.SQLException;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A standby where a primary is expected. */
@Timeout(600)
class ReadOnlyServerTest {
  private static PostgresServer primary;
  private static Replica replica;

  @BeforeAll
  static void start() {
    primary = PostgresServer.startEmbedded(ServerSettings.defaults());
    replica = Replica.of(primary);
    replica.awaitReplayOf(primary);
  }

  @AfterAll
  static void stop() {
    replica.close();
    primary.close();
  }

  @Test
  void aStandbyBehindAnAddressThatHadAPrimaryHasBecomeReadOnly() throws SQLException {
    try (FaultProxy address = FaultProxy.before(primary)) {
      Connector connector =
          connector(primary.libpqUrl(address.host(), address.port()), UnaryOperator.identity());
      PhysicalConnection before = connector.open(TIMEOUT);
      assertThat(before.isServerReadOnly(SideEffects.NONE)).isFalse();
      before.close();
      address.target(replica.server());
      PhysicalConnection after = connector.open(TIMEOUT);
      assertThat(after.isServerReadOnly(SideEffects.NONE)).isTrue();
      after.close();
    }
  }

  /** A pool of readers is meant to be where it is. */
  @Test
  void aStandbyThatWasNeverAnythingElseHasNotBecomeReadOnly() throws SQLException {
    Connector connector = connector(replica.server().libpqUrl(), UnaryOperator.identity());
    PhysicalConnection reader = connector.open(TIMEOUT);
    assertThat(reader.isServerReadOnly(SideEffects.NONE)).isFalse();
    assertThatThrownBy(() -> execute(reader, "create table nowhere (x int)"))
        .isInstanceOfSatisfying(
            SQLException.class,
            e -> {
              assertThat(e.getSQLState()).isEqualTo("25006");
              assertThat(connector.classify(e)).isEqualTo(Verdict.READ_ONLY_SERVER);
            });
    reader.close();
  }

  @Test
  void thePrimaryIsFoundAmongSeveralHosts() throws SQLException {
    String hosts =
        replica.server().host()
            + ":"
            + replica.server().port()
            + ","
            + primary.host()
            + ":"
            + primary.port();
    Connector connector =
        connector(
            "postgresql://" + hosts + "/app?target_session_attrs=read-write",
            c -> c.user(primary.user()).password(primary.password()));
    PhysicalConnection found = connector.open(TIMEOUT);
    assertThat(found.isServerReadOnly(SideEffects.NONE)).isFalse();
    execute(found, "create temp table somewhere (x int)");
    found.close();
  }

  @Test
  void withoutAPrimaryTheServerIsTakenToBeOnItsWay() {
    Connector connector =
        connector(
            replica.server().libpqUrl() + "?target_session_attrs=primary",
            UnaryOperator.identity());
    assertThatThrownBy(() -> connector.open(TIMEOUT))
        .isInstanceOfSatisfying(
            SQLException.class,
            e -> {
              assertThat(e.getSQLState()).isEqualTo("08001");
              assertThat(connector.classify(e)).isEqualTo(Verdict.SERVER_STARTING);
            });
  }
}
