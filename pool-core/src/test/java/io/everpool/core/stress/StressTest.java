package io.everpool.core.stress;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.core.Await;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.time.Duration;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Two hundred threads on ten connections, among random interrupts, time-outs and kills, with the
 * real clock, the real upkeep and the real faces. Afterwards the books balance: nothing is lent,
 * nobody waits, no connection had two holders or two ends, and none is left when the pool closes.
 *
 * <p>What happened how often is up to the machine and is logged, not asserted, but for that each
 * kind of trouble happened at all. {@code -Deverpool.stress=N} makes it N times as long.
 */
class StressTest {
  private static final Logger log = LoggerFactory.getLogger(StressTest.class);
  private static final int THREADS = 200;
  private static final int ROUNDS = 300 * Integer.getInteger("everpool.stress", 1);

  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void the_books_balance_after_two_hundred_threads() throws Exception {
    balances(Thread::new);
  }

  @Test
  @EnabledForJreRange(min = JRE.JAVA_21)
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void and_after_two_hundred_virtual_ones() throws Exception {
    balances(virtual());
  }

  /** The thread that opened a connection for somebody who waits may be slower than he is. */
  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void who_holds_a_connection_finds_it_counted() throws Exception {
    for (int round = 0; round < ROUNDS; round++) {
      PoolConfig config =
          PoolConfig.builder("stress:").minSize(0).maxSize(1).failFast(false).build();
      Mortals mortals = new Mortals();
      mortals.calmDown();
      try (Pool pool = Everpool.builder(config).connector(mortals).open();
          Connection connection = pool.getConnection()) {
        assertThat(connection.isClosed()).isFalse();
        assertThat(pool.snapshot().opened()).isEqualTo(1);
      }
    }
  }

  private static void balances(ThreadFactory factory) throws Exception {
    Mortals mortals = new Mortals();
    PoolConfig config =
        PoolConfig.builder("stress:")
            .name("stress")
            .minSize(2)
            .maxSize(10)
            .maxQueries(200)
            .idleTimeout(Duration.ofMillis(300))
            .healthCheckInterval(Duration.ofMillis(200))
            .acquireTimeout(Duration.ofMillis(40))
            .failFast(false)
            .build();
    Pool pool = Everpool.builder(config).connector(mortals).open();
    Crowd crowd = new Crowd(pool, mortals, factory, THREADS, ROUNDS);
    crowd.run();
    mortals.calmDown();

    log.info("{}; {}", crowd.tally, pool.snapshot());
    assertThat(crowd.violations).isEmpty();
    assertThat(crowd.tally).containsKeys("used", "timed out", "failed with 08001", "killed");
    assertThat(crowd.tally.keySet()).noneMatch(what -> what.startsWith("UNEXPECTED"));
    awaitRest(pool);
    PoolSnapshot after = pool.snapshot();
    assertThat(after.leased()).as("lent").isZero();
    assertThat(after.waiting()).as("waiting").isZero();
    assertThat(after.total()).as("in the pool").isLessThanOrEqualTo(config.maxSize());
    usable(pool);

    pool.close();
    awaitEnds(pool, mortals);
    assertThat(mortals.all()).allSatisfy(mortal -> assertThat(mortal.ends()).isEqualTo(1));
    // A connect that a fence overtook is cut before it belongs to the pool, which doesn't count it.
    assertThat(pool.snapshot().opened()).isLessThanOrEqualTo(mortals.all().size());
    assertThat(pool.snapshot().closedTotal()).isEqualTo(pool.snapshot().opened());
  }

  /** A connect that arrives while somebody waits is leased for the moment of handing it over. */
  private static void awaitRest(Pool pool) {
    Await.until(() -> pool.snapshot().leased() + pool.snapshot().waiting() == 0, pool);
  }

  /**
   * A connect that was under way when the pool closed is cut by its own thread, in its own time;
   * and who closes a connection counts it when its slot is empty already.
   */
  private static void awaitEnds(Pool pool, Mortals mortals) {
    Await.until(
        () ->
            pool.snapshot().closedTotal() >= pool.snapshot().opened()
                && mortals.all().stream().noneMatch(mortal -> mortal.ends() == 0),
        "the end of every connection");
  }

  /** All of it can be lent once more, at the same time, be it slowly: no slot has been lost. */
  private static void usable(Pool pool) throws Exception {
    Connection[] all = new Connection[10];
    for (int i = 0; i < all.length; i++) {
      all[i] = pool.getConnection(Duration.ofMinutes(1));
    }
    for (Connection connection : all) {
      connection.close();
    }
  }

  /** Virtual threads, which the Java that this is compiled for doesn't know. */
  private static ThreadFactory virtual() throws ReflectiveOperationException {
    Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
    return (ThreadFactory)
        Class.forName("java.lang.Thread$Builder").getMethod("factory").invoke(builder);
  }
}
