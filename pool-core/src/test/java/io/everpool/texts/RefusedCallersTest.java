package io.everpool.texts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.Pool;
import io.everpool.api.PoolClosedException;
import io.everpool.api.PoolConfig;
import io.everpool.api.SleepMode;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolEvent.AcquireRejected;
import io.everpool.api.observe.PoolEvent.AcquireTimedOut;
import io.everpool.core.Await;
import io.everpool.core.Everpool;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Callers who get nothing are counted, whatever it is that sends them away. */
@Timeout(120)
class RefusedCallersTest {
  private final List<PoolEvent> events = new CopyOnWriteArrayList<>();
  private final Moody database = new Moody();

  private Pool open() throws SQLException {
    PoolConfig config =
        PoolConfig.builder("moody:")
            .name("refused")
            .minSize(0)
            .maxSize(1)
            .failFast(false)
            .acquireTimeout(Duration.ofHours(1))
            .drainTimeout(Duration.ZERO)
            .sleep(SleepMode.OFF)
            .build();
    return Everpool.builder(config).connector(database).listener(events::add).open();
  }

  private long count(Class<? extends PoolEvent> type) {
    return events.stream().filter(type::isInstance).count();
  }

  /** The first has stood in line until the server had refused, those after him have not. */
  @Test
  void whoever_the_servers_refusal_sends_away_is_counted_once() throws SQLException {
    database.refuse("password authentication failed", "28P01");
    try (Pool pool = open()) {
      for (int i = 0; i < 20; i++) {
        assertThat(catchThrowable(() -> pool.getConnection().close()))
            .isInstanceOf(SQLException.class)
            .hasMessageContaining("password authentication failed");
      }
      assertThat(count(AcquireTimedOut.class)).isPositive();
      assertThat(count(AcquireRejected.class)).isPositive();
      assertThat(count(AcquireTimedOut.class) + count(AcquireRejected.class)).isEqualTo(20);
      assertThat(pool.snapshot().acquireTimeouts()).isEqualTo(count(AcquireTimedOut.class));
    }
  }

  /** To close a pool is no trouble of the database's. */
  @Test
  void whoever_finds_the_pool_closed_is_not() throws Exception {
    Pool pool = open();
    Borrower holder = Borrower.busy("holder", pool);
    Borrower waiting = Borrower.waiting("waiting", pool);
    Await.until(() -> pool.snapshot().waiting() > 0, "one who waits");
    pool.close();
    assertThat(catchThrowable(waiting::end)).isInstanceOf(PoolClosedException.class);
    assertThat(catchThrowable(pool::getConnection)).isInstanceOf(PoolClosedException.class);
    holder.end();
    assertThat(count(AcquireTimedOut.class) + count(AcquireRejected.class)).isZero();
  }
}
