package io.everpool.core.upkeep;

import io.everpool.core.runtime.FullHeap;

/** No message gets lost where there is no memory, the end of a pool least of all. */
public final class InboxInFullHeap {
  private static final int MESSAGES = 100;

  private static int done;

  private InboxInFullHeap() {}

  public static void main(String[] args) {
    Inbox inbox = new Inbox(new Asleep(), "pool");
    Runnable message = () -> done++;
    inbox.post(message);
    inbox.post(
        () -> {
          throw new IllegalStateException("by hand"); // as a pool that has run for a while
        });
    inbox.empty();
    done = 0;
    for (int i = 0; i < MESSAGES; i++) {
      inbox.post(message);
    }
    FullHeap.fill();
    try {
      inbox.empty();
    } catch (OutOfMemoryError e) {
      // then some are left, or lost
    }
    FullHeap.free();
    System.out.println(done == MESSAGES ? "went well" : done + " were done");
  }
}
