package io.everpool.servers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.servers.PostgresServer.Shutdown;
import org.junit.jupiter.api.Test;

class ReplicaTest {

  @Test
  void aStandbyFollowsRefusesWritesAndTakesOver() {
    ServerSettings settings = ServerSettings.defaults().withPassword("it's \\ odd");
    try (PostgresServer primary = PostgresServer.startEmbedded(settings)) {
      primary.execute("create table kept as select 1 as x");
      try (Replica replica = Replica.of(primary)) {
        PostgresServer standby = replica.server();
        primary.execute("insert into kept values (2)");
        replica.awaitReplayOf(primary);
        assertThat(standby.ask("select sum(x) from kept")).isEqualTo("3");
        assertThatThrownBy(() -> standby.execute("insert into kept values (3)"))
            .cause()
            .hasFieldOrPropertyWithValue("SQLState", "25006");

        primary.crash();
        replica.promote();
        standby.execute("insert into kept values (3)");
        assertThat(standby.ask("select sum(x) from kept")).isEqualTo("6");

        standby.restart(Shutdown.FAST);
        assertThat(standby.ask("select pg_is_in_recovery()")).isEqualTo("f");
        try (Replica next = Replica.of(standby)) {
          next.awaitReplayOf(standby);
          assertThat(next.server().ask("select sum(x) from kept")).isEqualTo("6");
        }
      }
    }
  }
}
