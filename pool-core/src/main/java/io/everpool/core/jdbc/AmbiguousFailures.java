package io.everpool.core.jdbc;

import io.everpool.api.Verdict;
import io.everpool.api.driver.Causes;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.util.function.Function;

/**
 * Tells which failures, though they mean a refused login or a lost connection, may be said of a
 * mere statement as well. With a driver that can't tell its transaction state, such a failure
 * counts as a loss only if the connection is dead by then; otherwise the connection is asked later
 * whether it lives.
 */
final class AmbiguousFailures {
  private AmbiguousFailures() {}

  /**
   * Whether a fatal verdict rests on such a failure.
   *
   * @param classifier what has given the verdict
   */
  static boolean include(SQLException e, Verdict verdict, Function<Throwable, Verdict> classifier) {
    return switch (verdict) {
      // Either would have kept the session from beginning. MySQL says the first of a missing
      // privilege (28000 for FILE) and of a USE that is mistyped, and the second of an hour's limit
      // of statements; Azure says the second of its workers.
      case ACCESS_DENIED, OUT_OF_SLOTS -> true;
      case CONNECTION_LOST -> isDoubtful(e) || isOfACauseAlone(e, classifier);
      default -> false;
    };
  }

  private static boolean isDoubtful(SQLException e) {
    String state = e.getSQLState() == null ? "" : e.getSQLState();
    return switch (state) {
      // Oracle's driver up to 12c and MySQL's 5.1 have 08003 for a statement that was closed. 08001
      // and 08004 (can't be reached, refuses) may be said of another server that this server asks,
      // and jTDS has one of them for a USE with a mistyped name.
      case "08003", "08001", "08004" -> true;
      // Oracle says it of a listener, which may be that of a database link. Its driver throws
      // another class for the connection's own loss.
      case "66000" -> !(e instanceof SQLRecoverableException);
      // H2 has this class for whatever is wrong with a database, SET MODE with an unknown mode
      // included.
      default ->
          e instanceof SQLNonTransientConnectionException
              && !state.isEmpty()
              && !state.startsWith("08");
    };
  }

  /**
   * Whether the failure isn't fatal by itself, but only by its cause, which is another failure:
   * H2's failure of a linked table has that of the other database as its cause.
   */
  private static boolean isOfACauseAlone(SQLException e, Function<Throwable, Verdict> classifier) {
    String state = e.getSQLState();
    if (state == null
        || state.isEmpty() // it says nothing itself, but only wraps another
        || e instanceof SQLRecoverableException
        || Causes.first(e, at -> at != e && at instanceof SQLException) == null) {
      return false;
    }
    SQLException alone = new SQLException(e.getMessage(), state, e.getErrorCode());
    alone.setNextException(e.getNextException());
    return !classifier.apply(alone).fatal();
  }
}
