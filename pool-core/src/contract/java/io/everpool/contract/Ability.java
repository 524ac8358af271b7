package io.everpool.contract;

/**
 * What a driver may be able to do, or not. What it says it can is tested; of what it says it can't
 * it must give the answer that makes nobody rely on it.
 */
public enum Ability {
  /** To open a connection with other credentials than those of the configuration. */
  CREDENTIALS,
  /** To see without a byte that the server has closed a connection. */
  LOOK,
  /** To know whether a transaction is open, however it was begun. */
  TRANSACTION_STATE,
  /** To know that an open transaction takes nothing but a rollback, where that is so. */
  FAILED_TRANSACTION,
  /** To see by the protocol what may be there for good. */
  EFFECTS,
  /** To have the server refuse writes. */
  REFUSE_WRITES,
  /** To find out what became of a COMMIT. */
  COMMIT_STATUS
}
