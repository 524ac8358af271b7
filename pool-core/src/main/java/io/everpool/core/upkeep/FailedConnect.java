package io.everpool.core.upkeep;

import io.everpool.api.Verdict;
import io.everpool.api.driver.Causes;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.Arrays;
import java.util.function.Function;

/**
 * A connect that has failed, and what that means.
 *
 * @param failure what to tell of it
 * @param refusedByOne whether one of several hosts has refused the login, though the failure of
 *     another counts
 */
record FailedConnect(SQLException failure, Verdict means, boolean refusedByOne) {

  /** Finds out what it means. Never throws, whatever the failure throws when it is looked at. */
  static FailedConnect of(Throwable thrown, Function<Throwable, Verdict> classifier) {
    try {
      ConnectFailures.hear(thrown);
      SQLException failure = ConnectFailures.describe(thrown);
      Verdict own = ConnectFailures.own(thrown);
      Verdict means = own != null ? own : judge(failure, classifier);
      return new FailedConnect(
          failure, means, means != Verdict.ACCESS_DENIED && isRefusedByOne(failure, classifier));
    } catch (OutOfMemoryError e) {
      return new FailedConnect(ConnectFailures.describe(e), Verdict.PROCESS_LIMIT, false);
    } catch (Throwable e) {
      return new FailedConnect(ConnectFailures.unheard(thrown), Verdict.CONNECTION_LOST, false);
    }
  }

  /**
   * SQL that is wrong for one new connection is wrong for the next one, too, and what a connector
   * can't do it never can.
   */
  static Verdict judge(SQLException failure, Function<Throwable, Verdict> classifier) {
    Verdict judged = classifier.apply(failure);
    if (failure instanceof CredentialsException) {
      return CredentialsException.verdict(judged);
    }
    boolean forGood =
        failure instanceof InitializationException
            || failure instanceof SQLFeatureNotSupportedException;
    return forGood && !judged.fatal() ? Verdict.REFUSED : judged;
  }

  /** Whether the failure has suppressed a refused login, as it does that of another host. */
  static boolean isRefusedByOne(SQLException failure, Function<Throwable, Verdict> classifier) {
    return Causes.first(
            failure,
            at ->
                Arrays.stream(at.getSuppressed())
                    .anyMatch(other -> classifier.apply(other) == Verdict.ACCESS_DENIED))
        != null;
  }
}
