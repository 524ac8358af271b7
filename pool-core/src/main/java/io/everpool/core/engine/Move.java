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
  /** The opener has the connection and puts it in; from here on upkeep can't give up the slot. */
  ARRIVED(CONNECTING, CONNECTING),
  /** The connection is in the slot and ready to be lent. */
  OPENED(CONNECTING, IDLE),
  /** The opener failed, or upkeep gave up on it. */
  ABANDON(CONNECTING, EMPTY),
  /** The acquirer takes the connection, or somebody takes it for the first waiter. */
  ACQUIRE(IDLE, LEASED),
  /** The holder gives the connection back. */
  RELEASE(LEASED, IDLE),
  /** The holder passes it on to a waiter without letting go of it. */
  HAND_OVER(LEASED, LEASED),
  /** The holder begins to clean it: from here a racing second release by the old lease is void. */
  CLAIM(LEASED, LEASED),
  /** The holder brings it to be closed. */
  RETIRE(LEASED, CLOSING),
  /** The holder has a sleeper examined before anybody uses it; his lease ends. */
  EXAMINE(LEASED, PROBING),
  /** The connection failed, is too old or fenced, or the pool closes: nobody is lent it again. */
  DOOM(LEASED, DOOMED),
  /** The holder of a doomed connection gives it back. */
  CLOSE_DOOMED(DOOMED, CLOSING),
  /** A doomed connection is cut, by its holder or past a deadline; a later release does nothing. */
  ABORT(DOOMED, CLOSING),
  /** The health pass examines it. */
  PROBE(IDLE, PROBING),
  /** The prober found it alive. */
  PASS(PROBING, IDLE),
  /** The prober found it dead. */
  FAIL(PROBING, CLOSING),
  /** Upkeep or the closing pool takes the idle connection out. */
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
