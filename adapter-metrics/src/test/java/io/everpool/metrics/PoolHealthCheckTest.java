package io.everpool.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.codahale.metrics.health.HealthCheck.Result;
import io.everpool.api.PoolState;
import io.everpool.fakes.FakePool;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Tag("contract")
class PoolHealthCheckTest {
  private final FakePool pool = new FakePool("orders");
  private final PoolHealthCheck check = new PoolHealthCheck(pool);

  /** The fake has nothing to lend: whoever asked it for a connection would be told so. */
  @Test
  void anOpenPoolIsHealthyAndIsOnlyLookedAt() {
    Result result = check.execute();

    assertThat(result.isHealthy()).isTrue();
    assertThat(result.getMessage()).isEqualTo(pool.snapshot().toString());
    assertThat(result.getDetails())
        .containsEntry("idle", 1)
        .containsEntry("leased", 2)
        .containsEntry("total", 7)
        .containsEntry("waiting", 6)
        .containsEntry("state", "OPEN");
  }

  /** It takes no more work, so none should be sent. */
  @ParameterizedTest
  @EnumSource(
      value = PoolState.class,
      names = {"DRAINING", "CLOSED"})
  void aPoolThatCloses_orHas_isUnhealthy(PoolState state) {
    pool.state = state;

    assertThat(check.execute().isHealthy()).isFalse();
    assertThat(check.execute().getMessage()).isEqualTo("Pool orders is " + state);
  }

  /** The operator should find the reason where he finds the verdict. */
  @Test
  void anUnreachableServerIsUnhealthyAndSaysWhy() {
    pool.down = true;
    pool.lastConnectError = "Connection to db:5432 refused at 100%d";

    Result result = check.execute();

    assertThat(result.isHealthy()).isFalse();
    assertThat(result.getMessage())
        .contains("orders OPEN server-down")
        .endsWith("; last connect error: Connection to db:5432 refused at 100%d");
    pool.lastConnectError = null;
    assertThat(check.execute().getMessage()).doesNotContain("null");
  }

  /** One connect may fail while others succeed; that is what retries are for. */
  @Test
  void aConnectErrorAloneIsNoIllness() {
    pool.lastConnectError = "timed out";

    assertThat(check.execute().isHealthy()).isTrue();
  }

  /** It would stay ill for ever: no work is sent, and nothing else would show that it is well. */
  @Test
  void aPoolThatKeepsNoneAndIsAskedForNoneIsHealthy() {
    pool.down = true;
    pool.lastConnectError = "refused";
    pool.idle = 0;
    pool.leased = 0;
    pool.probing = 0;
    pool.minSize = 0;
    assertThat(check.execute().isHealthy()).as("somebody waits").isFalse();

    pool.waiting = 0;
    assertThat(check.execute().isHealthy()).isTrue();

    pool.minSize = 1;
    assertThat(check.execute().isHealthy()).isFalse();
  }

  /** It lends nothing until somebody resumes it, which should not be forgotten. */
  @Test
  void aSuspendedPoolIsUnhealthyWhateverItLastKnew() {
    pool.suspended = true;
    assertThat(check.execute().isHealthy()).as("it has holders still").isFalse();
    assertThat(check.execute().getDetails()).containsEntry("suspended", true);

    pool.lastConnectError = "refused";
    assertThat(check.execute().isHealthy()).isFalse();
    assertThat(check.execute().getMessage())
        .as("the cause is another")
        .contains("orders OPEN suspended")
        .doesNotContain("refused");

    pool.down = true;
    assertThat(check.execute().isHealthy()).isFalse();

    pool.idle = 0;
    pool.leased = 0;
    pool.probing = 0;
    pool.waiting = 0;
    pool.minSize = 0;
    assertThat(check.execute().isHealthy()).as("it keeps none anyway").isFalse();

    pool.asleep = true;
    assertThat(check.execute().isHealthy()).isFalse();

    pool.suspended = false;
    assertThat(check.execute().isHealthy()).isTrue();
    assertThat(check.execute().getDetails()).containsEntry("suspended", false);
  }

  /**
   * A sleeping pool has no connections, and that is as it should be. Nor does it look whether the
   * server is back: only work makes it, and none is sent to an application that says it is ill.
   */
  @Test
  void aSleepingPoolIsHealthyWhateverItLastKnew() {
    pool.asleep = true;
    pool.idle = 0;
    pool.leased = 0;
    assertThat(check.execute().isHealthy()).isTrue();

    pool.down = true;
    assertThat(check.execute().isHealthy()).isTrue();
    assertThat(check.execute().getMessage()).contains("asleep");
  }
}
