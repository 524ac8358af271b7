package io.everpool.benchmarks.harness;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.contenders.Settings;
import io.everpool.benchmarks.stub.StubDatabase;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Two hundred pools of five connections, opened one after the other and kept: how long that takes
 * if connects take no time, and how much heap each of them has then, its connections included. Some
 * pools were opened and closed before, so that the loading of classes isn't measured.
 */
final class Opening extends Regime {
  private static final int SIZE = 5;
  private static final int WARM_UP = 100;

  private final int pools;

  Opening(int pools) {
    super("open-" + pools, pools + " pools opened, and what they keep of the heap");
    this.pools = pools;
  }

  @Override
  public List<Contender> contenders() {
    return List.of(Contender.EVERPOOL, Contender.HIKARI);
  }

  @Override
  @SuppressWarnings("try") // the pools only have to exist
  public Figures measure(Contender contender, Surroundings surroundings) throws Exception {
    StubDatabase database = new StubDatabase();
    Settings settings = Settings.of(database, SIZE);
    Pools.open(contender, settings, WARM_UP).close();
    long heap = heapBytes();
    int before = database.opened();
    long begun = System.nanoTime();
    try (Pools open = Pools.open(contender, settings, pools)) {
      long took = System.nanoTime() - begun;
      await(database, before + pools * SIZE);
      return new Figures()
          .with(Figures.TOTAL_MS, (double) took / TimeUnit.MILLISECONDS.toNanos(1))
          .with(Figures.HEAP_KB, (heapBytes() - heap) / 1024.0 / pools);
    }
  }

  /** Waits until each pool has its minimum; a part of that comes after the pool was opened. */
  private static void await(StubDatabase database, int connections) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (database.opened() < connections) {
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException(
            "there are " + database.opened() + " of " + connections + " connections");
      }
      Thread.sleep(5);
    }
  }

  /** The bytes of heap in use, after collections that go on until they find nothing more. */
  private static long heapBytes() {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 10; i++) {
      System.gc();
      long used = Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
      if (used >= least) {
        return least;
      }
      least = used;
    }
    return least;
  }
}
