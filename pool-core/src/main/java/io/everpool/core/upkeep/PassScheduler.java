package io.everpool.core.upkeep;

/** Runs the passes of upkeep: on a thread in real life, from the event queue in the simulation. */
public interface PassScheduler {

  /** A maintenance pass: does what is due, and says after how many nanoseconds more will be. */
  @FunctionalInterface
  interface Pass {
    long run(long now);
  }

  /** Runs the pass now and whenever it is due, never twice at once. Called once. */
  void start(Pass pass);

  /**
   * Has the pass run soon, because something has happened. It is cheap, and any thread may call it.
   */
  void hurry();

  /** No further pass begins. */
  void stop();
}
