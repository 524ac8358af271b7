package io.everpool.it.reruns;

import java.sql.Connection;

/**
 * One step of a unit of work.
 *
 * @param name for the table
 * @param effect what it does to the unit's transaction
 * @param request what the request contains that has this effect; empty for the first that it sends
 * @param action does it
 */
record Step(String name, Effect effect, String request, Action action) {

  Step(String name, Effect effect, Action action) {
    this(name, effect, effect == Effect.COMMIT_LOOKED_UP ? "COMMIT" : "", action);
  }

  /** What a step does to the transaction, by PostgreSQL's rules and not by what the pool thinks. */
  enum Effect {
    /** Nothing that outlives the connection: a savepoint, for example. */
    NOTHING,
    /** Begins a transaction. */
    BEGIN,
    /** Sends nothing; from now on each statement begins one where none is open. */
    AUTOCOMMIT_OFF,
    /** The other way, where no transaction is open; sends nothing. */
    AUTOCOMMIT_ON,
    /** Writes, or may: there for good with its transaction, or at once where none is open. */
    WRITE,
    /** Commits by a way that the pool can't look up. */
    COMMIT,
    /**
     * Commits by JDBC on the pool's own face: the pool asks the server where the answer is lost.
     */
    COMMIT_LOOKED_UP,
    /** Rolls all back. */
    ROLLBACK,
    /** Writes for good, whether a transaction is open or not. */
    ALONE
  }

  /** What is done on the unit's connection; {@code key} is the unit's own. */
  @FunctionalInterface
  interface Action {
    void on(Connection connection, String key) throws Exception;
  }

  /** Whether it sends something whatever came before. */
  boolean sends() {
    return effect != Effect.AUTOCOMMIT_OFF && effect != Effect.AUTOCOMMIT_ON;
  }
}
