package io.everpool.core.upkeep;

import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;

/** Tells a place where nothing listens from a server that is silent, busy or starting. */
final class Absence {
  private static final int DEPTH = 20;

  private Absence() {}

  /** Whether the failure of a connect says that at this address nothing listens. */
  static boolean nobodyThere(Throwable failure) {
    Throwable at = failure;
    for (int depth = 0; at != null && depth < DEPTH; depth++, at = at.getCause()) {
      if (at instanceof ConnectException
          || at instanceof UnknownHostException
          || at instanceof NoRouteToHostException) {
        return true;
      }
    }
    return false;
  }
}
