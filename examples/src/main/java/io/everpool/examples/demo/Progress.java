package io.everpool.examples.demo;

import io.everpool.api.Pool;
import io.everpool.api.PoolSnapshot;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** Prints one line a second that tells what was done since the line before. */
final class Progress {
  private final Thread ticker = new Thread(this::tick, "progress");
  private final Screen screen;
  private final Tally tally;
  private final Pool pool;
  private long transfers;
  private long reads;

  Progress(Screen screen, Tally tally, Pool pool) {
    this.screen = screen;
    this.tally = tally;
    this.pool = pool;
  }

  void start() {
    ticker.setDaemon(true);
    ticker.start();
  }

  void stop() {
    ticker.interrupt();
  }

  private void tick() {
    try {
      while (true) {
        TimeUnit.SECONDS.sleep(1);
        line();
      }
    } catch (InterruptedException closed) {
      Thread.currentThread().interrupt();
    }
  }

  private void line() {
    long transfersBefore = transfers;
    long readsBefore = reads;
    transfers = tally.transfers();
    reads = tally.reads();
    PoolSnapshot snapshot = pool.snapshot();
    screen.say(
        String.format(
            Locale.ROOT,
            "%,6d transfers/s %,6d reads/s | connections: %2d in use, %2d idle, %3d opened so"
                + " far%s | retries %d | errors %d",
            transfers - transfersBefore,
            reads - readsBefore,
            snapshot.leased(),
            snapshot.idle(),
            snapshot.opened(),
            snapshot.down() ? " (server down)" : "",
            snapshot.retries(),
            tally.errors().size()));
  }
}
