package io.everpool.core.engine;

/** Lets tests of other packages see what the engine keeps to itself. */
public final class EngineSight {

  private EngineSight() {}

  /** Whether somebody waits whom nobody has told to look, beside a connection that lies idle. */
  public static boolean forgottenWaiter(Engine engine) {
    Waiter first = engine.queue().first();
    if (first == null || first.signalled) {
      return false;
    }
    for (Slot slot : engine.slots()) {
      if (slot.state() == State.IDLE) {
        return true;
      }
    }
    return false;
  }

  public static boolean waits(Waiter waiter) {
    return waiter.waits();
  }
}
