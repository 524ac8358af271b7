package io.everpool.core.engine;

/** What the engine has others do. Both methods return at once. */
public interface Housekeeping {

  /**
   * A slot has moved to closing: have its connection closed and the slot emptied. Never throws.
   *
   * @param closing the slot's word after that move. The thread that made the move may have stood
   *     still since then, until the slot was given up. Then the slot belongs to somebody else, and
   *     nothing in it is to be closed
   */
  void close(Slot slot, long closing);

  /** Somebody waits: look whether connections are missing. */
  void grow();
}
