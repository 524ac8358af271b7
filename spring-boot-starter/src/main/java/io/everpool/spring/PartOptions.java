package io.everpool.spring;

import io.everpool.api.WorkOptions;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLNonTransientException;

/**
 * The options of a unit that is a part of a Spring transaction. The transaction is as its
 * {@code @Transactional} says: a part that happens to send the first statement must not set what a
 * later part couldn't set any more. But whether the unit may be repeated, its label and its
 * deadline are its own.
 */
final class PartOptions {

  private PartOptions() {}

  /**
   * Returns the options for a part of the transaction on {@code joined}.
   *
   * @throws SQLException if the options ask for another level of isolation
   */
  static WorkOptions of(WorkOptions options, Connection joined) throws SQLException {
    refuseOtherLevel(options, joined);
    return options.readOnly() && !joined.isReadOnly() ? options.withReadOnly(false) : options;
  }

  /**
   * Refuses another level than the transaction's: a part that asks for more must not silently get
   * less.
   */
  private static void refuseOtherLevel(WorkOptions options, Connection joined) throws SQLException {
    if (options.isolation() != 0 && options.isolation() != joined.getTransactionIsolation()) {
      throw new SQLNonTransientException(
          options.label()
              + " wants another level of isolation than the Spring transaction has that it is called"
              + " in: say the level there (@Transactional(isolation = ...)), or call it in a"
              + " transaction of its own (propagation = REQUIRES_NEW)",
          "25001");
    }
  }
}
