package io.everpool.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who hangs gives way; who doesn't is left alone. */
@Timeout(60)
class VisitsTest {
  private static final Duration LONG = Duration.ofHours(1);

  private final CountDownLatch never = new CountDownLatch(1);
  private Visits visits = new Visits(LONG);

  @AfterEach
  void close() {
    assertThat(visits.close()).isTrue();
  }

  /** One that hangs until it is cut. */
  private final class Hanger implements Runnable {
    final boolean stays;
    final CountDownLatch hangs = new CountDownLatch(1);
    final CompletableFuture<Boolean> cut = new CompletableFuture<>();

    Hanger(boolean stays) {
      this.stays = stays;
    }

    @Override
    public void run() {
      if (stays) {
        visits.stays();
        Thread.interrupted(); // what came before
      }
      hangs.countDown();
      try {
        never.await();
      } catch (InterruptedException e) {
        cut.complete(true);
      }
    }

    Hanger hang() throws InterruptedException {
      visits.execute(this);
      hangs.await();
      return this;
    }
  }

  @Test
  void the_oldest_gives_way_to_the_next() throws Exception {
    List<Hanger> hangers = new ArrayList<>();
    for (int i = 0; i < Visits.MOST; i++) {
      hangers.add(new Hanger(false).hang());
    }
    assertThat(hangers).noneMatch(each -> each.cut.isDone());
    CompletableFuture<String> served = new CompletableFuture<>();
    visits.execute(() -> served.complete("served"));
    assertThat(served.get()).isEqualTo("served");
    assertThat(hangers.get(0).cut.get()).isTrue();
    assertThat(hangers.subList(1, hangers.size())).noneMatch(each -> each.cut.isDone());
    // a place is free now, and the one after it costs the second oldest its own
    new Hanger(false).hang();
    visits.execute(() -> {});
    assertThat(hangers.get(1).cut.get()).isTrue();
  }

  @Test
  void one_that_stays_gives_way_to_nobody_and_has_no_deadline() throws Exception {
    visits.close();
    visits = new Visits(Duration.ofMillis(1));
    Hanger page = new Hanger(true).hang();
    for (int i = 0; i < Visits.MOST + 5; i++) {
      assertThat(new Hanger(false).hang().cut.get()).as("by its deadline").isTrue();
    }
    assertThat(page.cut.isDone()).isFalse();
  }

  @Test
  void what_cuts_one_does_not_reach_the_next_of_its_thread() throws Exception {
    for (int i = 0; i < Visits.MOST; i++) {
      new Hanger(false).hang();
    }
    for (int i = 0; i < 50; i++) {
      CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
      visits.execute(() -> interrupted.complete(Thread.currentThread().isInterrupted()));
      assertThat(interrupted.get()).isFalse();
      new Hanger(false).hang();
    }
  }

  @Test
  void none_is_taken_when_it_is_closed() {
    visits.close();
    assertThatThrownBy(() -> visits.execute(() -> {}))
        .isInstanceOf(RejectedExecutionException.class);
  }
}
