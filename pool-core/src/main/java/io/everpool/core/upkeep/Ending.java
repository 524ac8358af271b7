package io.everpool.core.upkeep;

import io.everpool.api.driver.PhysicalConnection;
import io.everpool.core.observe.PoolEvents;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.slf4j.Logger;

/**
 * The one way in which a physical connection ends, whatever its driver throws. It is closed, and
 * cut if that fails; if somebody may still be using it, it is cut, and closed if that fails. Called
 * on a worker, because both may take their time.
 */
final class Ending {
  private static final Logger log = PoolEvents.log();

  private final PhysicalConnection physical;
  private final String name;
  private final long cancelNanos;
  private final BooleanSupplier over;
  private final Consumer<Throwable> onFailure;

  /**
   * The end of one connection.
   *
   * @param name the pool's and the connection's, for the log
   * @param cancelNanos how long it may take to end what the server still does for it; 0 or less for
   *     a connection on which nothing is done, or that has had its time
   * @param over whether somebody else has ended it meanwhile
   * @param onFailure hears what a polite close has thrown
   */
  Ending(
      PhysicalConnection physical,
      String name,
      long cancelNanos,
      BooleanSupplier over,
      Consumer<Throwable> onFailure) {
    this.physical = physical;
    this.name = name;
    this.cancelNanos = cancelNanos;
    this.over = over;
    this.onFailure = onFailure;
  }

  /**
   * Ends a connection that came when nobody wanted it any more. Throws nothing: nobody else knows
   * of the connection. If memory is short it may be cut and nothing else.
   */
  static void unwanted(PhysicalConnection physical, String pool) {
    try {
      new Ending(physical, pool + ": a connection nobody wanted", 0, () -> false, e -> {})
          .run(true);
    } catch (Throwable e) {
      cut(physical);
    }
  }

  private static void cut(PhysicalConnection physical) {
    try {
      physical.abort();
    } catch (Throwable e) {
      // nothing more can be done
    }
  }

  void run(boolean cut) {
    if (cancelNanos > 0) {
      cancel();
      if (over.getAsBoolean()) {
        return;
      }
    }
    boolean ended =
        cut
            ? severed() || over.getAsBoolean() || closed()
            : closed() || over.getAsBoolean() || severed();
    if (!ended) {
      log.error("Pool {} could neither be closed nor cut", name);
    }
  }

  private void cancel() {
    try {
      physical.cancel(cancelNanos);
    } catch (Throwable e) {
      hear("freed of what runs on it", e);
    }
  }

  private boolean closed() {
    try {
      physical.close();
      return true;
    } catch (Throwable e) {
      hear("closed", e);
      return false;
    }
  }

  private boolean severed() {
    try {
      physical.abort();
      return true;
    } catch (Throwable e) {
      hear("cut", e);
      return false;
    }
  }

  private void hear(String what, Throwable e) {
    try {
      log.debug("Pool {} could not be {}", name, what, e);
      onFailure.accept(e);
    } catch (Throwable more) {
      // no memory even for that
    }
  }
}
