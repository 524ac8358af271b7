package io.everpool.core.jdbc;

import java.sql.ResultSet;

/**
 * Results of a statement that was executed within a unit of work, with the observer that heard it.
 * Results of other statements don't have that field, which each query would have to pay for: they
 * count as opened before each unit that reads them.
 */
public final class UnitResultSet extends PooledResultSet implements ResultSet {
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
