package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.framework.PoolOperations;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.Port;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

  private static boolean failedFor(Pool pool) {
    if (pool.snapshot().lastConnectError() == null) {
      assertThatThrownBy(pool::getConnection).isInstanceOf(SQLException.class);
    }
    return pool.snapshot().lastConnectError() != null;
  }

  /** Nobody is sent to a service that is down, and so nobody would find that it is up again. */
  @Test
  void aPoolThatKeepsNoneAndIsAskedForNoneIsUp() throws Exception {
    try (Port nobody = Port.claim();
        Pool pool = open(0, nobody.number())) {
      assertThatThrownBy(pool::getConnection).isInstanceOf(SQLException.class);
      Await.until( // nobody asks any more, and that one may have gone before a connect was begun
          Duration.ofSeconds(60), () -> failedFor(pool), "a connect to fail");

      PoolHealth health = PoolHealth.of(pool, EVIDENCE);

      assertThat(health.up()).isTrue();
      assertThat(health.details()).containsKey("lastConnectError");
    }
  }

  private static void suspend(Pool pool) {
    PoolOperations.of(pool).suspend();
    Await.until(Duration.ofSeconds(60), () -> pool.snapshot().suspended(), "the suspension");
  }

  /** It lends nothing, whether or not anything had failed before; and nobody is asked in vain. */
  @Test
  void aSuspendedPoolIsDownWhateverItHasSeen() throws Exception {
    PoolConfig works = PoolConfig.builder(Boot.h2("suspended")).name("works").maxSize(1).build();
    try (Port nobody = Port.claim();
        Pool failed = open(1, nobody.number());
        Pool keepsNone = open(0, nobody.number());
        Pool worked = Everpool.open(works)) {
      awaitFailure(failed);
      for (Pool pool : List.of(worked, keepsNone, failed)) {
        suspend(pool);
        long waitedInVain = pool.snapshot().acquireTimeouts();

        assertThat(PoolHealth.of(pool, EVIDENCE).up()).as(pool.name()).isFalse();
        assertThat(PoolHealth.of(pool, EVIDENCE).details()).containsEntry("suspended", true);
        PoolHealth asked = PoolHealth.asked(pool, EVIDENCE);
        assertThat(asked.up()).as(pool.name()).isFalse();
        assertThat(asked.details()).containsEntry("answer", "none: the pool is suspended");
        assertThat(pool.snapshot().acquireTimeouts()).isEqualTo(waitedInVain);
      }
      PoolOperations.of(worked).resume();
      Await.until(
          Duration.ofSeconds(60), () -> PoolHealth.of(worked, EVIDENCE).up(), "the pool to be up");
    }
  }

  /** As one that looks for a tenant, whom the thread of a health check hasn't got. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aPoolWhoseInterceptorFailsIsDownIfItIsAsked(boolean checked) throws Exception {
    LeaseInterceptor failing =
        new LeaseInterceptor() {
          @Override
          public void acquired(Connection connection) throws SQLException {
            if (checked) {
              throw new SQLException("no tenant", "42501");
            }
            throw new IllegalStateException("no tenant");
          }
        };
    PoolConfig config = PoolConfig.builder(Boot.h2("intercepted")).name("intercepted").build();
    try (Pool pool = Everpool.builder(config).interceptor(failing).open()) {
      PoolHealth asked = PoolHealth.asked(pool, EVIDENCE);

      assertThat(asked.up()).isFalse();
      assertThat(String.valueOf(asked.details().get("answer"))).contains("no tenant");
      assertThat(PoolHealth.of(pool, EVIDENCE).up()).isTrue();
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
