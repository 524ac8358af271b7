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
 * a large object. With autocommit off such a question begins the program's transaction, or is asked
 * outside of one where it has to be asked within; so it is settled first.
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
   * The driver is about to use a large object. If pgjdbc begins a transaction for that, it takes
   * writes, even on a connection that is read-only; so it is settled, even if that was done before.
   */
  final void usingLargeObject() throws SQLException {
    Session s = current();
    if ((s.unsettled || s.readOnly()) && !s.autoCommit()) {
      settle(s, true);
    }
  }

  /**
   * A value is about to be set on a statement; a large object is sent to the server at once, and
   * what isn't Java's own may be of a type that the driver has to ask for.
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

  /** Whether the schema that was set goes with the transaction: nothing is in it outside. */
  private static boolean saysSchema(Session s) {
    Settings set = s.settings;
    return s.isSharedByTransaction() && set != null && set.isChanged(Setting.SCHEMA);
  }

  private static boolean mayHaveNamedType(Object value) {
    Class<?> type = value.getClass();
    return value instanceof Map // PostgreSQL's hstore
        || value instanceof Array // whosesoever
        || !(type.isArray() || type.getName().startsWith("java."));
  }

  /**
   * The driver is about to ask what a statement or the name of a type means, and {@link #described}
   * follows. pgjdbc does so outside of any transaction, and keeps the answer; where the schema goes
   * with the transaction, that has to begin first, and in autocommit one for the question alone.
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
        described(); // its text has several statements, and the first may have gone well
        throw e;
      }
    }
  }

  /**
   * The question was asked. What fails of its transaction's end says nothing of the answer: the
   * session is cut, and whatever is done next fails.
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

  /** What the driver would ask outside of any transaction is no use of one that was begun ahead. */
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
