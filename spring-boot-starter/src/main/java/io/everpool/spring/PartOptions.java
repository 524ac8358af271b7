package io.everpool.spring;

import io.everpool.api.WorkOptions;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLNonTransientException;

/**
 * What the options of a unit are where it is a part of a Spring transaction, which is as its
 * {@code @Transactional} says: a part that happens to send the first statement must not set for all
 * that comes after it what one in the middle couldn't set any more. Whether it may be repeated, its
 * label and its deadline are its own.
 */
final class PartOptions {

  private PartOptions() {}

  /**
   * The options for a part of the transaction on {@code joined}.
   *
   * @throws SQLException if they ask for another level of isolation
   */
  static WorkOptions of(WorkOptions options, Connection joined) throws SQLException {
    refuseOtherLevel(options, joined);
    return options.readOnly() && !joined.isReadOnly() ? options.withReadOnly(false) : options;
  }

  /** A part of a transaction has its level; what wants more must not have less unnoticed. */
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
