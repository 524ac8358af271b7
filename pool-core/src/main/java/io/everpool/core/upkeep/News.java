package io.everpool.core.upkeep;

import io.everpool.api.driver.PhysicalConnection;

/**
 * What a connection that was just opened shows of the servers.
 *
 * @param supersedes whether connections opened before go to a server that was superseded
 * @param writes whether its own server takes writes, as far as that can be told
 * @param begun when it began to be opened: what it shows of writing may be as old as that
 */
record News(boolean supersedes, boolean writes, long begun) {

  /** Asks the connection. To be called once: it tells its news once, which must not be lost. */
  static News of(PhysicalConnection physical, long begun) {
    return new News(physical.supersedesEarlier(), !physical.beganReadOnly(), begun);
  }

  /** Whether it is a reason to give up what was opened before. */
  boolean fences(PrimarySearch search) {
    return supersedes || (writes && search.isOn() && search.isSince(begun));
  }

  /** Whether it shows that a search has found no server that writes. */
  boolean isOfNone(PrimarySearch search) {
    return !writes && search.isUnderWay() && search.isSince(begun);
  }

  /** Makes the fence fall for all that was opened before. Upkeep thread only. */
  void act(String who, Fence fence, PrimarySearch search) {
    fence.fall(
        who
            + (supersedes
                ? " shows that their server was superseded"
                : " is to a server that writes, as theirs did not any more"));
    if (supersedes) {
      fence.superseded();
    }
    search.found();
  }
}
