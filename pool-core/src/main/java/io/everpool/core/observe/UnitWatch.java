package io.everpool.core.observe;

import io.everpool.api.WorkOptions;
import io.everpool.api.observe.UnitListener;
import io.everpool.api.observe.UnitListener.Kind;
import io.everpool.api.observe.UnitListener.Watch;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Those who watch one unit of work. Only the unit's thread uses it. It never throws. */
public final class UnitWatch {

  /** Nobody watches. */
  public static final UnitWatch NONE =
      new UnitWatch("", new Watch[0], List.of(), new CallbackFailures(() -> 0));

  private final String pool;

  /** Null where a listener wants to hear of nothing more than the beginning. */
  private final @Nullable Watch[] watches;

  private final List<UnitListener> listeners;
  private final CallbackFailures failures;

  private UnitWatch(
      String pool,
      @Nullable Watch[] watches,
      List<UnitListener> listeners,
      CallbackFailures failures) {
    this.pool = pool;
    this.watches = watches;
    this.listeners = listeners;
    this.failures = failures;
  }

  /**
   * A unit begins.
   *
   * @param listeners the same list for all units
   */
  static UnitWatch begin(
      String pool,
      List<UnitListener> listeners,
      CallbackFailures failures,
      Kind kind,
      WorkOptions options) {
    @Nullable Watch[] watches = new Watch[listeners.size()];
    for (int i = 0; i < watches.length; i++) {
      try {
        watches[i] = listeners.get(i).unitBegins(pool, kind, options);
      } catch (Throwable e) {
        failures.tell(pool, "telling of a unit's beginning", listeners.get(i), e);
      }
    }
    return new UnitWatch(pool, watches, listeners, failures);
  }

  /**
   * The unit is about to be run again.
   *
   * @param run the number of the run that begins
   */
  public void runsAgain(int run, Throwable failure) {
    for (int i = 0; i < watches.length; i++) {
      Watch watch = watches[i];
      if (watch != null) {
        try {
          watch.runsAgain(run, failure);
        } catch (Throwable e) {
          failures.tell(pool, "telling of a rerun", listeners.get(i), e);
        }
      }
    }
  }

  /**
   * The unit is over. The last listener is told first, because what it has opened lies within what
   * the listeners before it have opened.
   *
   * @param failure null if it went well
   */
  public void ended(@Nullable Throwable failure) {
    for (int i = watches.length - 1; i >= 0; i--) {
      Watch watch = watches[i];
      if (watch != null) {
        try {
          watch.ended(failure);
        } catch (Throwable e) {
          failures.tell(pool, "telling of a unit's end", listeners.get(i), e);
        }
      }
    }
  }
}
