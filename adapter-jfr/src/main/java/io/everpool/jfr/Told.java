package io.everpool.jfr;

import io.everpool.api.observe.PoolEvent;

/** An event of Flight Recorder that tells of one of the pool's own events. */
abstract class Told<E extends PoolEvent> extends OfPool {

  /** Copies what the pool's event contains; called only while a recording wants it. */
  abstract void take(E event);
}
