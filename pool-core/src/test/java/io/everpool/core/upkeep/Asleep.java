package io.everpool.core.upkeep;

/** Runs no pass: nothing happens but what a test does. */
public final class Asleep implements PassScheduler {
  @Override
  public void start(Pass pass) {}

  @Override
  public void hurry() {}

  @Override
  public void stop() {}
}
