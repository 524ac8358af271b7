package io.everpool.spring;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.PoolSnapshot;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.LifecycleProcessor;
import org.springframework.context.support.DefaultLifecycleProcessor;
import org.springframework.core.SpringProperties;

/**
 * A checkpoint of CRaC's at start-up: Spring takes it when all beans are made and before it starts
 * any of them, so that it has nothing to stop.
 */
@Tag("contract")
class CheckpointTest {

  /** Sees what a checkpoint would. */
  static final class AtRefresh extends DefaultLifecycleProcessor {
    private final List<PoolSnapshot> seen = new ArrayList<>();
    private final boolean fails;
    private @Nullable BeanFactory beans;

    AtRefresh(boolean fails) {
      this.fails = fails;
    }

    @Override
    public void setBeanFactory(BeanFactory factory) {
      super.setBeanFactory(factory);
      beans = factory;
    }

    @Override
    public void onRefresh() {
      Pool pool = requireNonNull(beans).getBean(Pool.class);
      seen.add(pool.snapshot());
      seen.addAll(pool.readerSnapshots());
      if (fails) {
        throw new IllegalStateException("no checkpoint");
      }
      super.onRefresh();
    }
  }

  /** Spring reads the property once, and then wants CRaC to be there: so it has read it before. */
  @BeforeAll
  static void springHasReadIt() {
    assertThat(new DefaultLifecycleProcessor().isRunning()).isFalse();
  }

  @AfterEach
  void forget() {
    SpringProperties.setProperty(DefaultLifecycleProcessor.CHECKPOINT_PROPERTY_NAME, null);
  }

  private static void takeAtRefresh() {
    SpringProperties.setProperty(
        DefaultLifecycleProcessor.CHECKPOINT_PROPERTY_NAME,
        DefaultLifecycleProcessor.ON_REFRESH_VALUE);
  }

  private static ApplicationContextRunner with(AtRefresh processor, String name) {
    return Boot.onH2(name)
        .withPropertyValues(
            "everpool.readers[0]=" + Boot.h2(name + "-replica"),
            "everpool.max-replica-lag=0s") // which H2 can't tell
        .withBean("lifecycleProcessor", LifecycleProcessor.class, () -> processor);
  }

  private static List<PoolSnapshot> seenAtRefresh(String name) {
    AtRefresh processor = new AtRefresh(false);
    with(processor, name)
        .run(
            context -> {
              Pool pool = context.getBean(Pool.class);
              try (Connection connection = pool.getConnection();
                  Connection ofReader = pool.reader().getConnection()) {
                assertThat(connection.isValid(1)).isTrue();
                assertThat(ofReader.isValid(1)).isTrue();
              }
              assertThat(pool.snapshot().suspended()).isFalse();
              context.stop();
              assertThat(pool.snapshot().suspended()).isTrue();
            });
    return processor.seen;
  }

  @Test
  void atStartUpNoConnectionIsOpen() {
    takeAtRefresh();

    assertThat(seenAtRefresh("checkpoint"))
        .hasSize(2)
        .allMatch(now -> now.suspended() && now.total() == 0 && now.connecting() == 0);
  }

  /** It would cost every start-up a reconnect. */
  @Test
  void whereNoneIsTakenNothingIsSuspended() {
    assertThat(seenAtRefresh("no-checkpoint")).hasSize(2).noneMatch(PoolSnapshot::suspended);
  }

  /** What is destroyed may need one, and a checkpoint may fail for somebody else's socket. */
  @Test
  void whatEndsAfterACheckpointThatFailedHasConnections() {
    takeAtRefresh();
    AtomicBoolean used = new AtomicBoolean();
    with(new AtRefresh(true), "no-checkpoint-taken")
        .withBean(
            "user",
            UserAtTheEnd.class,
            () -> new UserAtTheEnd(used),
            definition -> definition.setDependsOn("dataSource"))
        .run(context -> assertThat(context).getFailure().hasMessage("no checkpoint"));

    assertThat(used).isTrue();
  }

  /** Asks for a connection at the end. */
  static final class UserAtTheEnd implements DisposableBean {
    private final AtomicBoolean used;
    @Autowired private @Nullable Pool pool;

    UserAtTheEnd(AtomicBoolean used) {
      this.used = used;
    }

    @Override
    public void destroy() throws SQLException {
      try (Connection connection = requireNonNull(pool).getConnection()) {
        used.set(connection.isValid(1));
      }
    }
  }
}
