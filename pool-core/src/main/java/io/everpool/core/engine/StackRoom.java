package io.everpool.core.engine;

/**
 * Whether there is stack enough for what must not come to its end halfway: a walk down and up
 * again, which comes to the end of the stack first, while nothing has happened yet.
 */
public final class StackRoom {

  private StackRoom() {}

  /** Throws a StackOverflowError unless so many frames, and small ones, are left. */
  public static void demand(int frames) {
    descend(frames);
  }

  /** Adds up, so that each frame has something to come back for. */
  private static int descend(int frames) {
    return frames == 0 ? 0 : 1 + descend(frames - 1);
  }
}
