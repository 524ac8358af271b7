package io.everpool.core.observe;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.jdbc.Logged;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What becomes of events that nobody takes. */
class PoolEventsTest {
  private static final int MANY = 25_000;

  /** Instead of threads: a courier that is on its way until the test has it arrive. */
  private final Queue<Runnable> couriers = new ArrayDeque<>();

  private final AtomicInteger heard = new AtomicInteger();
  private final PoolEvents events = new PoolEvents("orders", List.of(e -> heard.incrementAndGet()));

  private void post() {
    for (int i = 0; i < MANY; i++) {
      events.post(new PoolEvent.Recovered("orders", 1));
    }
  }

  /** It may hang for days, with thousands of events. */
  @Test
  void thatTheyAreNotToldIsSaidOnceForAListenerThatHangs() throws Exception {
    events.couriers(couriers::add);
    try (Logged logged = new Logged()) {
      post();
      assertThat(logged.messages(Level.WARN)).singleElement().asString().contains("hangs");

      couriers.remove().run();
      assertThat(heard.get()).isBetween(1, MANY - 1);
      post();
      assertThat(logged.messages(Level.WARN)).as("once more").hasSize(2);
    }
  }
}
