package io.everpool.api.observe;

/**
 * Hears of a pool's events, several at once perhaps: must be thread-safe and quick. What it throws
 * is logged and goes no further.
 *
 * <p>What a caller brings about (a wait in vain, a failure in use, a rerun) he is told of on his
 * own thread, there and then. Of what the pool does by itself (connections opened and closed,
 * failed connects, fences, leaks, sleep) one courier tells: in order, a little later, and of
 * nothing more while 10,000 such events wait for a listener that hangs. Those are counted all the
 * same.
 */
@FunctionalInterface
public interface PoolListener {

  /** An event has happened; of a kind, perhaps, that this version of the listener doesn't know. */
  void onEvent(PoolEvent event);
}
