package io.everpool.core.jdbc;

import io.everpool.api.CloseReason;
import java.io.InputStream;
import java.sql.Array;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.SQLException;
import java.sql.Struct;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A connection whose driver asks the server by itself: for a type, for what a statement means, for
 * a large object. With autocommit off such a question begins the program's transaction, or the
 * driver asks it outside of any transaction though it belongs within one. So the session is settled
 * first.
 */
abstract class AskingConnection extends SettledConnection {
  AskingConnection(Session session, long lease) {
    super(session, lease);
  }

  AskingConnection() {}

  /** As {@link #beginning()}; also notes that the driver's question may be under way at the end. */
  final void asking() throws SQLException {
    current().marks |= Session.ASKED;
    requireNotHeldUp();
    beginning();
  }

  /**
   * The driver is about to use a large object. If pgjdbc begins a transaction for it, that
   * transaction takes writes even on a read-only connection. So the session is settled, even if
   * that was done before.
   */
  final void usingLargeObject() throws SQLException {
    Session s = current();
    if ((s.unsettled || s.readOnly()) && !s.autoCommit()) {
      settle(s, true);
    }
  }

  /**
   * A value is about to be set on a statement. A large object is sent to the server at once, and a
   * value of a class that isn't Java's own may have a type that the driver has to ask the server
   * about.
   */
  final void binding(@Nullable Object value) throws SQLException {
    Session s = current();
    if (!s.unsettled && !s.has(Session.CHANGED)) {
      return;
    }
    if (value instanceof InputStream || value instanceof Blob || value instanceof Clob) {
      usingLargeObject();
    } else if (value != null && mayHaveNamedType(value)) {
      describing();
    }
  }

  /**
   * Whether a schema was set that holds only within transactions, because the server connection
   * changes between them.
   */
  private static boolean saysSchema(Session s) {
    Settings set = s.settings;
    return s.isSharedByTransaction() && set != null && set.isChanged(Setting.SCHEMA);
  }

  private static boolean mayHaveNamedType(Object value) {
    Class<?> type = value.getClass();
    return value instanceof Map // PostgreSQL's hstore
        || value instanceof Array // an array of any driver
        || !(type.isArray() || type.getName().startsWith("java."));
  }

  /**
   * The driver is about to ask what a statement or the name of a type means, and {@link #described}
   * follows. pgjdbc does so outside of any transaction, and keeps the answer; where the schema
   * holds only within transactions, one has to begin first. In autocommit one is begun for the
   * question alone.
   */
  final void describing() throws SQLException {
    Session s = current();
    if (!saysSchema(s)) {
      return;
    }
    if (!s.autoCommit()) {
      beginning();
    } else if (!s.inTransaction()) {
      requireNotHeldUp();
      try {
        perform(Session::beginAside);
      } catch (Throwable e) {
        described(); // it sends several statements, and the first may have gone well
        throw e;
      }
    }
  }

  /**
   * The question was asked; ends the transaction that was begun for it. If that end fails, the
   * answer is good all the same: so nothing is thrown, but the session is cut, and whatever is done
   * next fails.
   */
  final void described() {
    Session s = session();
    if (s != null && s.has(Session.BEGUN_ASIDE)) {
      try {
        s.endAside();
      } catch (Throwable e) {
        s.leases.cut(s, leaseOf(s), CloseReason.FAILED);
      }
    }
  }

  /** A driver asks the server about a type that it doesn't know yet. */
  @Override
  public Array createArrayOf(String type, Object[] elements) throws SQLException {
    current().marks |= Session.ASKED;
    requireNotHeldUp();
    describing();
    try {
      return besides(() -> super.createArrayOf(type, elements));
    } finally {
      described();
    }
  }

  /** As {@link #createArrayOf}. */
  @Override
  public Struct createStruct(String type, Object[] attributes) throws SQLException {
    current().marks |= Session.ASKED;
    requireNotHeldUp();
    describing();
    try {
      return besides(() -> super.createStruct(type, attributes));
    } finally {
      described();
    }
  }

  @Override
  public int getTransactionIsolation() throws SQLException {
    return besides(super::getTransactionIsolation);
  }

  /** A question of the driver's. */
  private interface Question<T> {
    T ask() throws SQLException;
  }

  /**
   * Asks a question that the driver would otherwise ask outside of any transaction: it doesn't
   * count as use of a transaction that was begun ahead.
   */
  private <T> T besides(Question<T> question) throws SQLException {
    Session s = current();
    boolean ahead = s.isBegunAhead();
    T answer = question.ask();
    if (ahead) {
      s.keepBegunAhead();
    }
    return answer;
  }
}
