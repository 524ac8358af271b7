package io.everpool.benchmarks.harness;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.contenders.Settings;
import io.everpool.benchmarks.stub.StubDatabase;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A hundred pools of five connections that have nothing to do for half a minute: this is what they
 * cost an application. {@link Contender#BARE} is a process without any pool.
 *
 * <p>Before that they are left alone for so long that nothing of their opening is still going on.
 */
final class Idle extends Regime {
  private static final int SIZE = 5;

  private final int pools;
  private final boolean asleep;

  private Idle(String key, String title, int pools, boolean asleep) {
    super(key, title);
    this.pools = pools;
    this.asleep = asleep;
  }

  static Idle awake(int pools) {
    return new Idle("idle-" + pools, pools + " pools with nothing to do", pools, false);
  }

  static Idle asleep(int pools) {
    return new Idle("asleep-" + pools, pools + " pools that sleep, where a pool can", pools, true);
  }

  @Override
  public List<Contender> contenders() {
    return List.of(Contender.EVERPOOL, Contender.HIKARI, Contender.BARE);
  }

  @Override
  @SuppressWarnings("try") // the pools only have to exist
  public Figures measure(Contender contender, Surroundings surroundings) throws Exception {
    Settings settings = Settings.of(new StubDatabase(), SIZE);
    int threadsBefore = threads().getThreadCount();
    try (Pools open = Pools.open(contender, asleep ? settings.sleeping() : settings, pools)) {
      Thread.sleep(surroundings.pace().settleMillis());
      ProcessorTime.now(); // what it takes for the first time
      threads().resetPeakThreadCount();
      long wakeUps = wakeUps();
      ProcessorTime begun = ProcessorTime.now();
      Thread.sleep(surroundings.pace().idleMillis());
      long spent = ProcessorTime.now().since(begun);
      return new Figures()
          .with(Figures.CPU_MS, (double) spent / TimeUnit.MILLISECONDS.toNanos(1))
          .with(Figures.WAKE_UPS, (double) (wakeUps() - wakeUps))
          .with(Figures.THREADS, threads().getPeakThreadCount() - threadsBefore);
    }
  }

  private static ThreadMXBean threads() {
    return ManagementFactory.getThreadMXBean();
  }

  /** How often all threads but this one have waited: each time they had been woken before. */
  private static long wakeUps() {
    long own = Thread.currentThread().getId();
    long sum = 0;
    for (ThreadInfo thread : threads().getThreadInfo(threads().getAllThreadIds())) {
      if (thread != null && thread.getThreadId() != own) {
        sum += thread.getWaitedCount();
      }
    }
    return sum;
  }
}
