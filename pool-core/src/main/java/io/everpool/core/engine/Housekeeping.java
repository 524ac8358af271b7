package io.everpool.core.engine;

/** Whom the engine calls for what it doesn't do itself. Both return at once. */
public interface Housekeeping {

  /** A slot has moved to closing: have its connection closed and the slot emptied. Never throws. */
  void close(Slot slot);

  /** Somebody waits: look whether connections are missing. */
  void grow();
}
