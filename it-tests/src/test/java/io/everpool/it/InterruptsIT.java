package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * An interrupt is for the thread that it was sent to. It may come at any point of a request and its
 * answer; the statement goes on, as it does over a plain socket, and the next borrower of the
 * connection, whom nobody has interrupted, notices nothing.
 */
@Timeout(900)
class InterruptsIT {
  /** Ten times each of the pauses before an interrupt. */
  private static final int ROUNDS = 900;

  private static final int IDLE = 0;
  private static final int ARMED = 1;
  private static final int FIRING = 2;

  @Test
  void nobodyButTheInterruptedThreadNotices() throws Exception {
    AtomicBoolean done = new AtomicBoolean();
    Thread victim = Thread.currentThread();
    ExecutorService others = Executors.newFixedThreadPool(2);
    AtomicInteger trigger = new AtomicInteger(IDLE);
    AtomicInteger fired = new AtomicInteger();
    try (Pool pool = Everpool.open(Db.config("interrupts").minSize(1).maxSize(1).build())) {
      others.execute(
          () -> {
            for (long pause = 0; !done.get(); pause = (pause + 1_700) % 150_000) {
              while (trigger.get() != ARMED && !done.get()) {
                Thread.onSpinWait();
              }
              LockSupport.parkNanos(pause);
              if (trigger.compareAndSet(ARMED, FIRING)) {
                victim.interrupt();
                fired.incrementAndGet();
                trigger.set(IDLE);
              }
            }
          });
      int pid = 0;
      for (int i = 0; i < ROUNDS; i++) {
        try (Connection connection = pool.getConnection()) {
          trigger.set(ARMED);
          assertThat(Db.ask(connection, "select 'mine " + i + "'")).isEqualTo("mine " + i);
        }
        while (!trigger.compareAndSet(ARMED, IDLE) && trigger.get() != IDLE) {
          Thread.onSpinWait(); // it is about to interrupt
        }
        Thread.interrupted(); // whoever was interrupted has been told
        String answer =
            others
                .submit(
                    () -> {
                      try (Connection connection = pool.getConnection()) {
                        return Db.ask(connection, "select pg_backend_pid()");
                      }
                    })
                .get();
        int now = Integer.parseInt(answer);
        assertThat(now).as("the same session goes on, round %s", i).isEqualTo(pid == 0 ? now : pid);
        pid = now;
      }
      assertThat(fired).as("interrupts that came during a request").hasPositiveValue();
    } finally {
      done.set(true);
      others.shutdownNow();
      Thread.interrupted();
    }
  }
}
