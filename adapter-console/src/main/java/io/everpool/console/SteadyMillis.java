package io.everpool.console;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Milliseconds since 1970. The clock is read once, at the beginning; from then on the time runs
 * steadily, whoever sets the clock.
 */
final class SteadyMillis implements LongSupplier {
  private final long began = System.currentTimeMillis();
  private final long beganNanos = System.nanoTime();

  @Override
  public long getAsLong() {
    return began + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - beganNanos);
  }
}
