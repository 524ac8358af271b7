package io.everpool.core.engine;

/** Whom the engine calls for what it doesn't do itself. Both return at once. */
public interface Housekeeping {

  /**
   * A slot has moved to closing: have its connection closed and the slot emptied. Never throws.
   *
   * @param closing the slot's word after that move. Whoever made it may have stood still since, for
   *     so long that the place was given up: then it is another's, and nothing of it to be closed
   */
  void close(Slot slot, long closing);

  /** Somebody waits: look whether connections are missing. */
  void grow();
}
