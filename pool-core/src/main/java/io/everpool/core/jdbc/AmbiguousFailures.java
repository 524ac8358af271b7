package io.everpool.core.jdbc;

import io.everpool.api.Verdict;
import io.everpool.api.driver.Causes;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.util.function.Function;

/**
 * Which words of a driver say of a statement, too, what they say of a login or a lost connection;
 * whoever says them has to have closed it, or is asked whether it lives.
 */
final class AmbiguousFailures {
  private AmbiguousFailures() {}

  /**
   * Whether a fatal verdict rests on such words.
   *
   * @param classifier by which it was given
   */
  static boolean include(SQLException e, Verdict verdict, Function<Throwable, Verdict> classifier) {
    return switch (verdict) {
      // Either would have kept the session from beginning. MySQL says the first of a privilege
      // (28000 for FILE) or an hour's limit of statements, Azure the second of its workers.
      case ACCESS_DENIED, OUT_OF_SLOTS -> true;
      case CONNECTION_LOST -> isDoubtful(e) || isOfACauseAlone(e, classifier);
      default -> false;
    };
  }

  private static boolean isDoubtful(SQLException e) {
    String state = e.getSQLState() == null ? "" : e.getSQLState();
    return switch (state) {
      // Oracle's driver up to 12c and MySQL's 5.1 have 08003 for a statement that was closed. 08001
      // and 08004 (can't be reached, refuses) may be said of a further server that this one asks,
      // and jTDS has one of them for a USE with a mistyped name.
      case "08003", "08001", "08004" -> true;
      // H2 has this class for whatever is wrong with a database, SET MODE with an unknown mode
      // included.
      default ->
          e instanceof SQLNonTransientConnectionException
              && !state.isEmpty()
              && !state.startsWith("08");
    };
  }

  /**
   * Whether the driver's own failure says something else, and has another's as its cause: H2's of a
   * linked table that of the other database.
   */
  private static boolean isOfACauseAlone(SQLException e, Function<Throwable, Verdict> classifier) {
    String state = e.getSQLState();
    if (state == null
        || state.isEmpty() // it says nothing, and only wraps
        || e instanceof SQLRecoverableException
        || Causes.first(e, at -> at != e && at instanceof SQLException) == null) {
      return false;
    }
    SQLException alone = new SQLException(e.getMessage(), state, e.getErrorCode());
    alone.setNextException(e.getNextException());
    return !classifier.apply(alone).fatal();
  }
}
