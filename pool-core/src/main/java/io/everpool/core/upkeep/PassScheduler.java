package io.everpool.core.upkeep;

/** What makes upkeep happen: a thread in life, the event queue in simulation. */
public interface PassScheduler {

  /** A maintenance pass: does what is due, and says after how many nanoseconds more will be. */
  @FunctionalInterface
  interface Pass {
    long run(long now);
  }

  /** Runs the pass now and whenever it is due, never twice at once. Called once. */
  void start(Pass pass);

  /** Has the pass run soon: something has happened. Cheap, from any thread. */
  void hurry();

  /** No further pass begins. */
  void stop();
}
