package io.everpool.core.upkeep;

import io.everpool.api.driver.Causes;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;

/** Tells an address where nothing listens from a server that is silent, busy or starting. */
final class Absence {
  private Absence() {}

  /** Whether the failure of a connect says that at this address nothing listens. */
  static boolean nobodyThere(Throwable failure) {
    return Causes.first(
            failure,
            at ->
                at instanceof ConnectException
                    || at instanceof UnknownHostException
                    || at instanceof NoRouteToHostException)
        != null;
  }
}
