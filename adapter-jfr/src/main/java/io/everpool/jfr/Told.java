package io.everpool.jfr;

import io.everpool.api.observe.PoolEvent;

/** One that tells of one of the pool's own events. */
abstract class Told<E extends PoolEvent> extends OfPool {

  /** Takes over what the pool's event has; called only while a recording wants it. */
  abstract void take(E event);
}
