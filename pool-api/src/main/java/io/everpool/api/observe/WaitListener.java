package io.everpool.api.observe;

/**
 * A listener that also hears of callers who had to wait for a connection. That may happen so often
 * that no event is made of it; without such a listener nothing is done for it.
 *
 * <p>Called on the thread of the caller, who has his connection by then and keeps it for as long as
 * this takes: it must be fast, thread-safe and silent. What it throws is logged and goes no
 * further.
 */
public interface WaitListener extends PoolListener {

  /**
   * A caller has got a connection for which he stood in line.
   *
   * @param pool the pool's name
   * @param waitedNanos how long he has waited since he asked; 0 or more nanoseconds
   */
  void waited(String pool, long waitedNanos);
}
