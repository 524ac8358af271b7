package io.everpool.core.engine;

/** Where a slot is in the life of its connection. The ordinals are part of {@link Slot}'s word. */
public enum State {
  /** No connection and nobody at it. */
  EMPTY,
  /** An opener is at it. */
  CONNECTING,
  /** A connection is ready to be lent. */
  IDLE,
  /** A prober examines the connection. */
  PROBING,
  /** A holder has the connection. */
  LEASED,
  /** A holder has it, and it will be closed when it comes back. */
  DOOMED,
  /** A closer is at it. */
  CLOSING;

  private static final State[] BY_ORDINAL = values();

  static State of(long word) {
    return BY_ORDINAL[(int) (word & Slot.STATE_MASK)];
  }
}
