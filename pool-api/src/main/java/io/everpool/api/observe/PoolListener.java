package io.everpool.api.observe;

/**
 * Hears of a pool's events, perhaps of several at once: it must be thread-safe and quick. What it
 * throws is logged and goes no further.
 *
 * <p>Events that a caller brings about (a wait in vain, a failure in use, a rerun) are told on the
 * caller's own thread, at once. Events of what the pool does by itself (connections opened and
 * closed, failed connects, fences, leaks, sleep) are told by one courier thread, in order and a
 * little later. While 10,000 such events wait for a listener that hangs, further ones aren't told,
 * but are counted all the same.
 */
@FunctionalInterface
public interface PoolListener {

  /** An event has happened; of a kind, perhaps, that this version of the listener doesn't know. */
  void onEvent(PoolEvent event);
}
