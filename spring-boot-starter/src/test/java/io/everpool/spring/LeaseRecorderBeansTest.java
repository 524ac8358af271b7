package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolListener;
import java.sql.Connection;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** Beans that measure leases, whatever else they are. */
class LeaseRecorderBeansTest {

  /** What is told of leases, in order. */
  private static class Counting implements LeaseRecorder {
    final List<String> heard = new CopyOnWriteArrayList<>();

    @Override
    public void acquired(long waitedNanos) {
      heard.add("acquired");
    }

    @Override
    public void released(long heldNanos) {
      heard.add("released");
    }
  }

  /** The same, and hears the pool's events as well. */
  private static final class Both extends Counting implements PoolListener {
    @Override
    public void onEvent(PoolEvent event) {
      if (event instanceof PoolEvent.PoolOpened) {
        heard.add("opened");
      }
    }
  }

  /** Whatever the bean is declared as, and however often it is found or added: each hears once. */
  @Test
  void beansThatMeasureLeasesAreTold() {
    Both declared = new Both();
    Both asListener = new Both();
    Both asRecorder = new Both();
    Both added = new Both();
    Counting alone = new Counting();
    Boot.onH2("measured")
        .withBean("declared", Both.class, () -> declared)
        .withBean("asListener", PoolListener.class, () -> asListener)
        .withBean("asRecorder", LeaseRecorder.class, () -> asRecorder)
        .withBean("added", Both.class, () -> added)
        .withBean("alone", LeaseRecorder.class, () -> alone)
        .withBean(EverpoolCustomizer.class, () -> (config, builder) -> builder.recorder(added))
        .run(
            context -> {
              try (Connection connection = context.getBean(Pool.class).getConnection()) {
                assertThat(connection.isValid(1)).isTrue();
              }
            });

    assertThat(alone.heard).containsSubsequence("acquired", "released");
    int times = alone.heard.size();
    assertThat(List.of(declared, asListener, added))
        .allSatisfy(both -> assertThat(both.heard).contains("opened").hasSize(times + 1));
    assertThat(asRecorder.heard).as("of a recorder's leases").contains("acquired", "released");
    assertThat(Collections.frequency(asRecorder.heard, "acquired"))
        .isEqualTo(Collections.frequency(alone.heard, "acquired"));
  }
}
