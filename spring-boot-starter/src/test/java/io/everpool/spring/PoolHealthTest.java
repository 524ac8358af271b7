package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.Port;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Of a database that refuses every connection. */
@Timeout(120)
class PoolHealthTest {
  private static final Evidence EVIDENCE = new Evidence(() -> 0);

  private static Pool open(int minSize, int port) throws SQLException {
    return Everpool.open(
        PoolConfig.builder("jdbc:postgresql://localhost:" + port + "/app")
            .name("health-of-" + minSize)
            .user("app")
            .password("none")
            .minSize(minSize)
            .maxSize(2)
            .failFast(false)
            .acquireTimeout(Duration.ofMillis(300))
            .build());
  }

  private static void awaitFailure(Pool pool) {
    Await.until(
        Duration.ofSeconds(60),
        () -> pool.snapshot().lastConnectError() != null,
        "a connect to fail");
  }

  /** Nobody is sent to a service that is down, and so nobody would find that it is up again. */
  @Test
  void aPoolThatKeepsNoneAndIsAskedForNoneIsUp() throws Exception {
    try (Port nobody = Port.claim();
        Pool pool = open(0, nobody.number())) {
      assertThatThrownBy(pool::getConnection).isInstanceOf(SQLException.class);
      awaitFailure(pool);

      PoolHealth health = PoolHealth.of(pool, EVIDENCE);

      assertThat(health.up()).isTrue();
      assertThat(health.details()).containsKey("lastConnectError");
    }
  }

  /** It tries by itself, and says so when it has succeeded. */
  @Test
  void aPoolThatWantsConnectionsAndGetsNoneIsDown() throws Exception {
    try (Port nobody = Port.claim();
        Pool pool = open(1, nobody.number())) {
      awaitFailure(pool);
      assertThat(PoolHealth.of(pool, EVIDENCE).up()).isFalse();
    }
  }
}
