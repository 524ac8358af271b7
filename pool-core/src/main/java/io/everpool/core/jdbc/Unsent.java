package io.everpool.core.jdbc;

import java.io.InputStream;
import java.io.Reader;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Something that a statement was given, can send only once, and has not sent yet. It is a link in a
 * list of the session, and not a field of the statement's face, because few statements have any,
 * and the field would enlarge each face. Used by the thread that uses the connection.
 */
public final class Unsent {

  /** What was given. */
  public enum Kind {
    /** Rows of a batch; the batch is empty once it was executed. */
    ROWS,
    /** Streams as values of parameters, which are read when the statement is executed. */
    STREAM
  }

  private final OpenStatement statement;
  private final Kind kind;
  private @Nullable Unsent next;

  private Unsent(OpenStatement statement, Kind kind, @Nullable Unsent next) {
    this.statement = statement;
    this.kind = kind;
    this.next = next;
  }

  public Statement statement() {
    return statement;
  }

  public Kind kind() {
    return kind;
  }

  /** All that a session's statements have not sent yet. */
  static List<Unsent> allOf(@Nullable Session session) {
    if (session == null || session.unsent == null) {
      return List.of();
    }
    List<Unsent> all = new ArrayList<>();
    for (Unsent at = session.unsent; at != null; at = at.next) {
      all.add(at);
    }
    return all;
  }

  // ---- what the faces tell

  /**
   * A value is about to be set, which may be a stream; {@code statement} is null if it is set in a
   * row of results.
   */
  static void giving(
      PooledConnection home, @Nullable OpenStatement statement, @Nullable Object value)
      throws SQLException {
    if (!(value instanceof InputStream || value instanceof Reader)) {
      return;
    }
    UnitObserver unit = home.observer;
    if (unit != null) {
      unit.oneShots().given(value);
    }
    Session session = home.session();
    if (session != null && statement != null) {
      add(session, statement, Kind.STREAM);
    }
  }

  /** A row is about to be added to a batch; it takes the streams along that were set for it. */
  static void adding(PooledConnection home, OpenStatement statement) throws SQLException {
    using(home, statement, Kind.ROWS);
    sending(home, statement);
    Session session = home.session();
    if (session != null) {
      add(session, statement, Kind.ROWS);
    }
  }

  /** A batch is about to be executed. */
  static void sendingBatch(PooledConnection home, OpenStatement statement) throws SQLException {
    using(home, statement, Kind.ROWS);
    forget(home.session(), statement, Kind.ROWS);
  }

  /** A prepared statement is about to be executed. */
  static void sending(PooledConnection home, OpenStatement statement) throws SQLException {
    Session session = home.session();
    if (session != null && session.unsent != null && has(session, statement, Kind.STREAM)) {
      using(home, statement, Kind.STREAM);
      forget(session, statement, Kind.STREAM);
    }
  }

  private static void using(PooledConnection home, OpenStatement statement, Kind kind)
      throws SQLException {
    UnitObserver unit = home.observer;
    if (unit != null) {
      unit.oneShots().using(statement, kind);
    }
  }

  /** The program is about to have the statement forget what it was given. */
  static void dropping(PooledConnection home, OpenStatement statement, Kind kind) {
    UnitObserver unit = home.observer;
    if (unit != null) {
      unit.oneShots().dropping(statement, kind);
    }
    forget(home.session(), statement, kind);
  }

  /** The statement is closed. */
  static void forget(@Nullable Session session, OpenStatement statement) {
    if (session != null && session.unsent != null) {
      forget(session, statement, Kind.ROWS);
      forget(session, statement, Kind.STREAM);
    }
  }

  // ---- the list

  private static boolean has(Session session, OpenStatement statement, Kind kind) {
    for (Unsent at = session.unsent; at != null; at = at.next) {
      if (at.is(statement, kind)) {
        return true;
      }
    }
    return false;
  }

  private static void add(Session session, OpenStatement statement, Kind kind) {
    if (!has(session, statement, kind)) {
      session.unsent = new Unsent(statement, kind, session.unsent);
    }
  }

  private static void forget(@Nullable Session session, OpenStatement statement, Kind kind) {
    if (session == null) {
      return;
    }
    Unsent before = null;
    for (Unsent at = session.unsent; at != null; at = at.next) {
      if (at.is(statement, kind)) {
        if (before == null) {
          session.unsent = at.next;
        } else {
          before.next = at.next;
        }
        return;
      }
      before = at;
    }
  }

  private boolean is(OpenStatement other, Kind what) {
    return statement == other && kind == what;
  }
}
