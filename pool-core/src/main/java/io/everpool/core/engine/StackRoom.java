package io.everpool.core.engine;

/**
 * Finds out whether there is stack enough for work that must not fail halfway. It goes as many
 * frames down and comes up again. If the stack ends, it ends here, while nothing has happened yet.
 */
public final class StackRoom {

  private StackRoom() {}

  /** Throws a StackOverflowError unless this many small frames are left. */
  public static void demand(int frames) {
    descend(frames);
  }

  /** Adds up the frames, so that none is done before the ones below it have returned. */
  private static int descend(int frames) {
    return frames == 0 ? 0 : 1 + descend(frames - 1);
  }
}
