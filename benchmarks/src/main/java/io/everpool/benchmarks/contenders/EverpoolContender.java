package io.everpool.benchmarks.contenders;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.SleepMode;
import io.everpool.benchmarks.stub.StubConnector;
import io.everpool.core.Everpool;
import java.sql.SQLException;
import java.time.Duration;

/**
 * Everpool with everything on that is on by default. Queries are counted as always. Only their
 * limit is out of reach, because a stub executes 50,000 in a millisecond, and no other pool has
 * such a limit.
 */
final class EverpoolContender {

  private static final Duration SLEEP_AFTER = Duration.ofSeconds(1);

  private EverpoolContender() {}

  static Contender.Open open(Settings settings) throws SQLException {
    PoolConfig.Builder config =
        PoolConfig.builder(settings.url())
            .user(settings.user().isEmpty() ? null : settings.user())
            .password(settings.password().isEmpty() ? null : settings.password())
            .minSize(settings.minSize())
            .maxSize(settings.maxSize())
            .maxQueries(Long.MAX_VALUE)
            .acquireTimeout(settings.acquireTimeout());
    if (settings.sleeps()) {
      config.sleep(SleepMode.ON).sleepAfter(SLEEP_AFTER);
    }
    Everpool.Builder builder = Everpool.builder(config.build());
    if (settings.stub()) {
      builder.connector(StubConnector.to(settings.url()));
    }
    Pool pool = builder.open();
    return new Contender.Open(pool, pool::close);
  }
}
