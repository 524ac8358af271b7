package io.everpool.core.engine;

/** Tells time. Readings compare only with each other, by difference. */
@FunctionalInterface
public interface TimeSource {

  /** Nanoseconds since some moment; never goes back. */
  long nanoTime();
}
