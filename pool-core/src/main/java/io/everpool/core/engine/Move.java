package io.everpool.core.engine;

import static io.everpool.core.engine.State.CLOSING;
import static io.everpool.core.engine.State.CONNECTING;
import static io.everpool.core.engine.State.DOOMED;
import static io.everpool.core.engine.State.EMPTY;
import static io.everpool.core.engine.State.IDLE;
import static io.everpool.core.engine.State.LEASED;
import static io.everpool.core.engine.State.PROBING;

/** Every way from one state of a slot to another. Each has one kind of mover. */
public enum Move {
  /** The grower takes an empty slot; the permit to open a connection is this very move. */
  RESERVE(EMPTY, CONNECTING),
  /** The opener has the connection and fits it in; upkeep gives up on it no more. */
  ARRIVED(CONNECTING, CONNECTING),
  /** It is ready to be lent. */
  OPENED(CONNECTING, IDLE),
  /** The opener failed, or upkeep gave up on it. */
  ABANDON(CONNECTING, EMPTY),
  /** The acquirer takes the connection, or somebody takes it for the first waiter. */
  ACQUIRE(IDLE, LEASED),
  /** The holder gives it back. */
  RELEASE(LEASED, IDLE),
  /** The holder passes it on to a waiter without letting go of it. */
  HAND_OVER(LEASED, LEASED),
  /** The holder begins to clean it: from here a racing second release by the old lease is void. */
  CLAIM(LEASED, LEASED),
  /** The holder brings it to be closed. */
  RETIRE(LEASED, CLOSING),
  /** The holder has one examined that has slept, before anybody uses it; his lease ends. */
  EXAMINE(LEASED, PROBING),
  /** It failed, is too old, was fenced, or the pool closes: it must not be lent again. */
  DOOM(LEASED, DOOMED),
  /** The holder of a doomed one lets go. */
  CLOSE_DOOMED(DOOMED, CLOSING),
  /** A doomed one is cut, by its holder or past a deadline; a later release then does nothing. */
  ABORT(DOOMED, CLOSING),
  /** The health pass examines it. */
  PROBE(IDLE, PROBING),
  /** The prober found it alive. */
  PASS(PROBING, IDLE),
  /** The prober found it dead. */
  FAIL(PROBING, CLOSING),
  /** Upkeep or the closing pool takes it out. */
  EVICT(IDLE, CLOSING),
  /** The closer is done. */
  CLOSED(CLOSING, EMPTY);

  final State from;
  final State to;

  Move(State from, State to) {
    this.from = from;
    this.to = to;
  }
}
