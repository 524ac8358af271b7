package io.everpool.api.observe;

/**
 * Hears of a pool's events on whichever thread they happen, several at once perhaps: must be
 * thread-safe and quick. What it throws is logged and goes no further.
 */
@FunctionalInterface
public interface PoolListener {

  /** An event has happened; of a kind, perhaps, that this version of the listener doesn't know. */
  void onEvent(PoolEvent event);
}
