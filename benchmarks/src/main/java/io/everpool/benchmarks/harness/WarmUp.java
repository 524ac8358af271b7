package io.everpool.benchmarks.harness;

import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Runs something until the JVM has compiled it. Where a server has half of the processors' time the
 * compilers need longer than a fixed warm-up of a second or two: with eight threads on two
 * processors a query over Everpool took 15.8 us of processor time after one second, and 10.9 after
 * ten. Whoever has more code then pays for it in each query, which he doesn't for the rest of a
 * service's life.
 */
final class WarmUp {

  /** What is run again and again. */
  @FunctionalInterface
  interface Slice {
    void run() throws Exception;
  }

  /** The compilers rest while they are at work for less than this part of the time. */
  private static final double AT_REST = 0.03;

  /** A long compilation counts when it ends, so one slice may look calm. */
  private static final int CALM_SLICES = 2;

  private final LongSupplier compilingMillis;
  private final LongSupplier nanoTime;

  /**
   * Counts by clocks that are given.
   *
   * @param compilingMillis for how long the compilers have been at work altogether
   * @param nanoTime a clock
   */
  WarmUp(LongSupplier compilingMillis, LongSupplier nanoTime) {
    this.compilingMillis = compilingMillis;
    this.nanoTime = nanoTime;
  }

  /** One that asks this JVM; without a compiler it is through after a slice or two. */
  static WarmUp ofThisJvm() {
    CompilationMXBean compilers = ManagementFactory.getCompilationMXBean();
    boolean tells = compilers != null && compilers.isCompilationTimeMonitoringSupported();
    return new WarmUp(tells ? compilers::getTotalCompilationTime : () -> 0, System::nanoTime);
  }

  /** Runs slices until the compilers rest, but no more of them than {@code atMost}. */
  void run(int atMost, Slice slice) throws Exception {
    int calm = 0;
    for (int i = 0; i < atMost && calm < CALM_SLICES; i++) {
      long began = nanoTime.getAsLong();
      long compiled = compilingMillis.getAsLong();
      slice.run();
      long compiling = TimeUnit.MILLISECONDS.toNanos(compilingMillis.getAsLong() - compiled);
      calm = compiling < AT_REST * (nanoTime.getAsLong() - began) ? calm + 1 : 0;
    }
  }
}
