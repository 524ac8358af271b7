package io.everpool.core.engine;

/** Where a slot is in the life of its connection; {@code bits} spell it in {@link Slot}'s word. */
public enum State {
  /** There is no connection, and nobody works on the slot. */
  EMPTY(0),
  /** An opener opens a connection for it. */
  CONNECTING(1),
  /** A connection is ready to be lent. */
  IDLE(2),
  /** A prober examines the connection. */
  PROBING(3),
  /** A holder has the connection. */
  LEASED(4),
  /** A holder has it, and it will be closed when it comes back. */
  DOOMED(5),
  /** A closer ends the connection. */
  CLOSING(6);

  private static final State[] BY_BITS = values();

  final int bits;

  State(int bits) {
    this.bits = bits;
  }

  static State of(long word) {
    return BY_BITS[(int) (word & Slot.STATE_MASK)];
  }
}
