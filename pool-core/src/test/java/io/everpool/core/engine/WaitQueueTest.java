package io.everpool.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class WaitQueueTest {

  private static final class Idler extends Waiter {
    int woken;

    Idler() {
      super(0);
    }

    @Override
    protected void wake() {
      woken++;
    }
  }

  private final WaitQueue queue = new WaitQueue();

  private Idler join() {
    Idler idler = new Idler();
    assertThat(queue.join(idler, Integer.MAX_VALUE)).isTrue();
    return idler;
  }

  private void leave(Waiter waiter) {
    assertThat(waiter.become(Waiter.Status.LEFT)).isTrue();
    queue.left();
  }

  @Test
  void who_came_first_is_served_first() {
    Idler first = join();
    Idler second = join();
    Slot slot = new Slot(0);
    assertThat(queue.hand(new Waiter.Handed(slot, 1))).isSameAs(first);
    assertThat(queue.hand(new Waiter.Handed(slot, 1))).isSameAs(second);
    assertThat(queue.hand(new Waiter.Handed(slot, 1))).isNull();
    assertThat(queue.count()).isZero();
  }

  @Test
  void who_has_left_is_passed_over() {
    Idler first = join();
    Idler second = join();
    leave(first);
    assertThat(queue.first()).isSameAs(second);
    assertThat(queue.hand(new Waiter.Handed(new Slot(0), 1))).isSameAs(second);
    assertThat(first.handed()).isNull();
  }

  @Test
  void nobody_joins_beyond_the_limit() {
    assertThat(queue.join(new Idler(), 1)).isTrue();
    assertThat(queue.join(new Idler(), 1)).isFalse();
    assertThat(queue.count()).isEqualTo(1);
  }

  /**
   * Who leaves in the middle stays as a dead entry, or a thousand simultaneous time-outs would cost
   * a thousand walks from the head. So that the dead don't pile up behind one who waits on, they
   * are swept whenever more have left than wait, and a few.
   */
  @Test
  void the_dead_never_outnumber_the_living_by_much() {
    Idler patient = join();
    for (int wave = 0; wave < 100; wave++) {
      List<Idler> many = new ArrayList<>();
      for (int i = 0; i < 500; i++) {
        many.add(join());
      }
      many.forEach(this::leave);
      assertThat(queue.entries()).isBetween(1, 149);
    }
    assertThat(queue.count()).isEqualTo(1);
    assertThat(queue.first()).isSameAs(patient);
  }

  /** The sweep is a walk through all of them. */
  @Test
  void who_leaves_in_the_middle_is_not_swept_out_at_once() {
    List<Idler> many = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      many.add(join());
    }
    for (int left = 1; left <= 82; left++) {
      leave(many.get(left));
      assertThat(queue.entries()).as("%d have left", left).isEqualTo(100);
    }
    leave(many.get(83)); // more than wait, and 64
    assertThat(queue.entries()).isEqualTo(17);
    leave(many.get(84));
    assertThat(queue.entries()).as("it begins anew").isEqualTo(17);
    assertThat(queue.count()).isEqualTo(16);
  }

  /** Who leaves is counted down once, with or without memory to take out the dead. */
  @Test
  void a_sweep_that_finds_no_memory_is_left_to_the_next() {
    AtomicInteger sweeps = new AtomicInteger();
    @SuppressWarnings("serial")
    class Queue extends ConcurrentLinkedQueue<Waiter> {
      @Override
      public Iterator<Waiter> iterator() {
        if (sweeps.getAndIncrement() == 1) { // the first is that of rejectAll
          throw new OutOfMemoryError("a test");
        }
        return super.iterator();
      }
    }
    WaitQueue poor = new WaitQueue(new Queue());
    for (int i = 0; i < 300; i++) {
      assertThat(poor.join(new Idler(), Integer.MAX_VALUE)).isTrue();
    }
    poor.rejectAll();
    for (int i = 0; i < 300; i++) {
      assertThatCode(poor::left).doesNotThrowAnyException();
    }
    assertThat(sweeps).as("and the next").hasValueGreaterThan(2);
    assertThat(poor.count()).isZero();
    assertThat(poor.entries()).isLessThan(300);
  }

  @Test
  void all_are_told_and_woken_when_nothing_will_come() {
    Idler first = join();
    Idler second = join();
    queue.rejectAll();
    assertThat(List.of(first, second))
        .allSatisfy(
            waiter -> {
              assertThat(waiter.status()).isEqualTo(Waiter.Status.REJECTED);
              assertThat(waiter.woken).isEqualTo(1);
            });
  }
}
