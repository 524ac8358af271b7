package io.everpool.core.jdbc;

import io.everpool.api.CloseReason;
import java.io.InputStream;
import java.sql.Array;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.SQLException;
import java.sql.Struct;
import org.jspecify.annotations.Nullable;

/**
 * What the server has to know before the driver sends it something: whether writes are refused and,
 * where sessions are shared, the schema and the level of a transaction. Statements say it
 * themselves; here is when else a driver sends, and begins the transaction by that.
 */
abstract class SettledConnection extends JudgedConnection {

  SettledConnection(Session session, long lease) {
    super(session, lease);
  }

  SettledConnection() {}

  /** What is sent next may not pass here. */
  final void settleIfExposed() throws SQLException {
    Session s = current();
    if (s.isExposed() && s.unsettled) {
      settle(s);
    }
  }

  /**
   * A transaction has ended. Where the driver's own object is out the next may be begun by that,
   * which says nothing of schema and level; so it is begun ahead. Of what has ended a failure of
   * that says nothing: it isn't thrown, and nothing is sent any more. A unit that ends, or begins
   * again, has no use for one.
   */
  final void beginAhead(Session s) {
    if (observer != null || !s.isSharedByTransaction() || s.autoCommit()) {
      return;
    }
    try {
      settleIfExposed();
    } catch (Throwable e) {
      s.leases.cut(s, leaseOf(s), CloseReason.FAILED);
    }
  }

  /** One that is empty is in nobody's way. */
  final void endBegunAhead() throws SQLException {
    if (current().isBegunAhead()) {
      super.rollback();
    }
  }

  /** Tells the server what it has to know before the next statement. */
  final void settle(Session s) throws SQLException {
    settle(s, false);
  }

  private void settle(Session s, boolean largeObject) throws SQLException {
    try {
      s.settle(largeObject);
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  /**
   * The driver may ask the server something, which is no statement of the program's; with
   * autocommit off that begins the transaction, as the server was told before.
   */
  final void beginning() throws SQLException {
    Session s = current();
    if (s.unsettled && !s.autoCommit()) {
      settle(s);
    }
  }

  /** As {@link #beginning()}, for what whoever ends the lease must not find under way. */
  final void asking() throws SQLException {
    current().marks |= Session.ASKED;
    beginning();
  }

  /**
   * The driver is about to use a large object. The transaction that pgjdbc begins for that is none
   * that refuses writes, though the connection be read-only and whatever was settled before.
   */
  final void usingLargeObject() throws SQLException {
    Session s = current();
    if ((s.unsettled || s.readOnly()) && !s.autoCommit()) {
      settle(s, true);
    }
  }

  /** A value is about to be set; a large object is written to the server at once. */
  final void binding(@Nullable Object value) throws SQLException {
    Session s = current();
    if ((s.unsettled || s.has(Session.CHANGED))
        && (value instanceof InputStream || value instanceof Blob || value instanceof Clob)) {
      usingLargeObject();
    }
  }

  /** Of a type that is new to it, a driver asks the server. */
  @Override
  public Array createArrayOf(String type, Object[] elements) throws SQLException {
    current().marks |= Session.ASKED;
    return super.createArrayOf(type, elements);
  }

  /** As {@link #createArrayOf}. */
  @Override
  public Struct createStruct(String type, Object[] attributes) throws SQLException {
    current().marks |= Session.ASKED;
    return super.createStruct(type, attributes);
  }
}
