package io.everpool.api.observe;

/**
 * A listener that hears of those who had to wait for a connection, too: so often, perhaps, that no
 * event is made of it. Without one nothing is done for it.
 *
 * <p>Called on the thread of the caller, who has his connection by then and keeps it for as long as
 * this takes: must be fast, thread-safe and silent. What it throws is logged and goes no further.
 */
public interface WaitListener extends PoolListener {

  /**
   * A caller has got a connection for which he stood in line.
   *
   * @param pool the pool's name
   * @param waitedNanos from his asking on; 0 or more nanoseconds
   */
  void waited(String pool, long waitedNanos);
}
