package io.everpool.core.plain;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Asks connections for a sign of life. If a driver has no way to be asked, its connections aren't
 * dead: that is noted the first time, and from then on it only counts whether the driver says that
 * a connection is closed. Thread-safe.
 */
final class LifeSigns {
  private static final String OWN = LifeSigns.class.getPackageName() + ".";
  private static final String METHOD = "isValid";

  private final String note;
  private final AtomicBoolean mute = new AtomicBoolean();
  private volatile Runnable listener = () -> {};

  /**
   * @param origin what opens the connections, in words; without secrets
   */
  LifeSigns(String origin) {
    note =
        "isValid doesn't work with "
            + origin
            + ", so it can't be asked whether a connection is alive: one that was lost is found"
            + " when it is used, which then fails, and neither before it is lent nor at"
            + " health-check-interval. A newer version of the driver may have it";
  }

  /** Whether the connection is alive; if that can't be asked, whether it isn't closed. */
  boolean has(Connection connection, int seconds) throws SQLException {
    if (!mute.get()) {
      try {
        return connection.isValid(seconds);
      } catch (SQLFeatureNotSupportedException | UnsupportedOperationException e) {
        tell();
      } catch (AbstractMethodError e) {
        if (!isMissing(e)) {
          throw e;
        }
        tell();
      }
    }
    return !connection.isClosed();
  }

  /**
   * Whether isValid itself is missing, and not a method that it calls: the driver is older than it,
   * or has a stub that throws this error (jTDS). Something may be wrapped around the driver.
   */
  private static boolean isMissing(AbstractMethodError e) {
    StackTraceElement[] trace = e.getStackTrace();
    return trace.length > 0
        && (trace[0].getClassName().startsWith(OWN) || trace[0].getMethodName().equals(METHOD));
  }

  private void tell() {
    if (mute.compareAndSet(false, true)) {
      try {
        listener.run();
      } catch (Throwable e) {
        // a log that fails costs no connection, and the note can still be asked for
      }
    }
  }

  List<String> notes() {
    return mute.get() ? List.of(note) : List.of();
  }

  void whenNoted(Runnable told) {
    listener = told;
  }
}
