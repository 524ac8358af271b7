package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.Verdict;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The advice follows what the last connect was told, however many connections are left. */
class AdviceTest {
  private static final String UNREACHABLE = "check the host and port";

  private static PoolSnapshot pool(int leased, @Nullable String error) {
    return PoolSnapshot.builder("p")
        .maxSize(5)
        .leased(leased)
        .waiting(1)
        .lastConnectError(error)
        .build();
  }

  @ParameterizedTest
  @EnumSource(Verdict.class)
  void theAdviceFollowsTheVerdictOfTheLastConnect(Verdict verdict) {
    String words =
        switch (verdict) {
          case ACCESS_DENIED -> "check user, password";
          case REFUSED -> "waiting doesn't help";
          case OUT_OF_SLOTS -> "no slot for another connection";
          case SERVER_STARTING -> "starting, recovering or waking up";
          case PROXY_UNAVAILABLE -> "says nothing of the server";
          case READ_ONLY_SERVER -> "failover";
          case SERVER_DOWN, CONNECTION_LOST -> UNREACHABLE;
          default -> "No connection can be opened";
        };
    for (int live : new int[] {0, 3, 5}) {
      String advice = advice(pool(live, "said no"), verdict);
      assertThat(advice).contains(words).contains("last connect error is below");
      if (!words.equals(UNREACHABLE)) {
        assertThat(advice).doesNotContain(UNREACHABLE).doesNotContain("cannot be reached");
      }
      // of all failures a silence alone may be a pooler's that lets newcomers wait
      assertThat(advice.contains("A pooler")).isEqualTo(verdict == Verdict.CONNECTION_LOST);
      assertThat(advice.startsWith("The pool could not grow. ")).isEqualTo(live > 0);
    }
    assertThat(advice(pool(5, null), verdict)).startsWith("Every connection is in use");
  }

  private static String advice(PoolSnapshot pool, Verdict lastConnect) {
    PoolConfig config = PoolConfig.builder("fake:").maxSize(5).build();
    return Advice.forWaiting(new Exhaustion(pool, config, lastConnect, 0, false, false, false));
  }

  /** It was asked over a connection that there is, and no connect was refused yet. */
  @Test
  void aServerThatSaysItIsFullIsNoSlowOne() {
    PoolConfig config = PoolConfig.builder("fake:").maxSize(5).build();
    PoolSnapshot some = pool(3, null);
    assertThat(
            Advice.forWaiting(
                new Exhaustion(some, config, Verdict.STATEMENT_FAILED, 0, false, true, false)))
        .startsWith("The pool could not grow. ")
        .contains("no slot for another connection")
        .doesNotContain("raise acquire-timeout");
  }
}
