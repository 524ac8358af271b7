package io.everpool.core.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolState;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.core.Await;
import io.everpool.core.PoolInSimulation;
import io.everpool.core.runtime.SystemRuntime;
import io.everpool.core.upkeep.Environment;
import io.everpool.core.upkeep.PassScheduler;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** An opening that fails, or an end, leaves no pool behind that nobody can close. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FailedEndsTest {
  private static final Logger LOG = (Logger) LoggerFactory.getLogger("io.everpool.Pool");

  private final Script script = new Script();
  private final FaultyDriver driver = new FaultyDriver(script);

  /** The real time and threads, of which is known when they end. */
  private final SystemRuntime runtime = new SystemRuntime("ends");

  private volatile boolean stopped;

  /** What comes before upkeep is hurried. */
  private volatile Runnable hurried = () -> {};

  private static PoolConfig.Builder config() {
    return PoolConfig.builder("fault:")
        .name("ends")
        .minSize(1)
        .maxSize(2)
        .closeTimeout(Duration.ofSeconds(5))
        .drainTimeout(Duration.ofSeconds(10));
  }

  private PoolInSimulation pool(PoolConfig config) {
    return new PoolInSimulation(
        config,
        driver,
        null,
        List.of(),
        List.of(),
        new LeaseRecorder() {
          @Override
          public void acquired(long waitedNanos) {}

          @Override
          public void released(long heldNanos) {}
        },
        List.of(),
        List.of(),
        environment());
  }

  private Environment environment() {
    Environment real = runtime.environment();
    PassScheduler scheduler =
        new PassScheduler() {
          @Override
          public void start(Pass pass) {
            real.scheduler().start(pass);
          }

          @Override
          public void hurry() {
            hurried.run();
            real.scheduler().hurry();
          }

          @Override
          public void stop() {
            stopped = true;
            runtime.close();
          }
        };
    return new Environment(
        real.time(),
        real.clock(),
        scheduler,
        real.workers(),
        real.together(),
        real.random(),
        real.pause());
  }

  /** A log that fails when it is told this. */
  private static final class Paper extends UnsynchronizedAppenderBase<ILoggingEvent>
      implements AutoCloseable {
    private final String blot;

    Paper(String blot) {
      this.blot = blot;
      start();
      LOG.setLevel(Level.INFO);
      LOG.setAdditive(false);
      LOG.addAppender(this);
    }

    @Override
    public void doAppend(ILoggingEvent event) {
      if (event.getFormattedMessage().contains(blot)) {
        throw new IllegalStateException("the disk is full");
      }
    }

    @Override
    protected void append(ILoggingEvent event) {}

    @Override
    public void close() {
      LOG.detachAppender(this);
      LOG.setAdditive(true);
      LOG.setLevel(null);
    }
  }

  private void isOver(PoolInSimulation pool) {
    assertThat(stopped).as("its threads").isTrue();
    assertThat(pool.pool().snapshot().state()).isEqualTo(PoolState.CLOSED);
  }

  private void awaitLastConnection() {
    // closing waits for no connect; one that comes late ends then
    Await.until(() -> driver.open() == 0, "the end of the last connection");
  }

  /** Who asked for it would not be given it, and nobody else could close it. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void a_log_that_fails_when_a_pool_has_opened_leaves_it_to_whoever_opened_it(boolean failFast)
      throws Exception {
    PoolInSimulation pool = pool(config().failFast(failFast).build());
    try (Paper paper = new Paper("Successfully created")) {
      assertThat(paper.isStarted()).isTrue();
      pool.open();
    }
    pool.pool().getConnection().close();
    pool.pool().close();
    isOver(pool);
    awaitLastConnection();
  }

  /** There may have been no memory to tell upkeep; the next moment there is. */
  @Test
  void an_end_that_fails_to_begin_begins_again() throws Exception {
    PoolInSimulation pool = pool(config().build());
    pool.open();
    hurried = failing(() -> hurried = () -> {});
    pool.pool().close();
    isOver(pool);
    awaitLastConnection();
  }

  /** Whoever closes it again, as a shutdown hook may, would wait for ever. */
  @Test
  void an_end_that_fails_is_an_end() throws Exception {
    PoolInSimulation pool = pool(config().build());
    pool.open();
    hurried = failing(() -> {});
    assertThatThrownBy(pool.pool()::close).isInstanceOf(InternalError.class);
    pool.pool().close();
    isOver(pool);
  }

  @Test
  void a_log_that_fails_beside_a_connector_that_hangs_keeps_no_thread() throws Exception {
    PoolInSimulation pool = pool(config().closeTimeout(Duration.ofMillis(100)).build());
    pool.open();
    script.arm("connector.close", 1, Fault.HANGS);
    script.watch(true);
    try (Paper paper = new Paper("holds up its end")) {
      assertThat(paper.isStarted()).isTrue();
      pool.pool().close();
    }
    isOver(pool);
    script.tell();
  }

  /** For the thread that closes, which is this one. */
  private static Runnable failing(Runnable afterwards) {
    Thread closer = Thread.currentThread();
    return () -> {
      if (Thread.currentThread() == closer) {
        afterwards.run();
        throw new InternalError("a test");
      }
    };
  }
}
