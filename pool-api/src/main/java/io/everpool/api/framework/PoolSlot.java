package io.everpool.api.framework;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A place for a connection, and what was in it at one moment. Immutable; carries no secret and no
 * SQL.
 *
 * <p>A later version may tell more, so read it by its accessors and leave the making to the pool.
 *
 * @param index where it stands in the pool's row of slots, from 0 on
 * @param state what was going on there
 * @param connection the connection's number, counted from 1 within the pool; 0 if there is none
 * @param unmovedFor for how long nothing has changed there, at least; to about a tenth of a second,
 *     and zero if that isn't known
 * @param holder the name of the thread that has the connection, and its id; null if nobody has it
 * @param queries statements executed on the connection until its last return
 */
public record PoolSlot(
    int index,
    State state,
    long connection,
    Duration unmovedFor,
    @Nullable String holder,
    long queries) {

  /** What can go on in a slot. */
  public enum State {
    /** There is no connection, and nobody is opening one. */
    EMPTY,
    /** A connection is being opened. */
    CONNECTING,
    /** A connection is ready to be lent. */
    IDLE,
    /** An idle connection is being examined. */
    PROBING,
    /** Somebody has the connection. */
    LEASED,
    /** Somebody has it, and it will be closed when it comes back. */
    DOOMED,
    /** A connection is being closed. */
    CLOSING
  }
}
