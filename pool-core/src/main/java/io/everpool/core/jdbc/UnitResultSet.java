package io.everpool.core.jdbc;

import java.sql.ResultSet;

/**
 * Results of a statement that was executed within a unit of work. Those of other statements have no
 * room for it, which a query would cost: they are of before each unit that reads them.
 */
final class UnitResultSet extends PooledResultSet implements ResultSet {
  private final OneShotObserver since;

  UnitResultSet(
      PooledConnection connection, OpenStatement statement, ResultSet bare, OneShotObserver since) {
    super(connection, statement, bare);
    this.since = since;
  }

  @Override
  OneShotObserver since() {
    return since;
  }
}
