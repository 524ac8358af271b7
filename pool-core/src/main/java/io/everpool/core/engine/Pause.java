package io.everpool.core.engine;

/** Lets time pass on the calling thread. */
@FunctionalInterface
public interface Pause {

  /** Returns after about so many nanoseconds. */
  void pause(long nanos) throws InterruptedException;
}
