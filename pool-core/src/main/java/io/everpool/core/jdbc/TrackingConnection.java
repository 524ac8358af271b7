package io.everpool.core.jdbc;

import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A connection that knows which of its statements are open, so that it can close those that the
 * program forgets. The statements themselves are the links of the list, which costs no object. Used
 * by the thread that uses the connection.
 */
abstract class TrackingConnection extends ForwardingConnection {
  private static final int FEW = 8;

  /** The listed statement that was opened last. */
  @Nullable OpenStatement open;

  /** The session of the lease; null if this is closed. */
  abstract @Nullable Session session();

  final <S extends OpenStatement> S track(S statement) {
    statement.next = open;
    open = statement;
    return statement;
  }

  /**
   * Takes a statement that the program has closed out of the list. Programs mostly close what they
   * opened last. A statement that is deeper in the list stays there, as a stray, until there are as
   * many strays as there were other statements at the last sweep. So sweeps cost each close only a
   * step or two.
   */
  final void untrack(OpenStatement statement) {
    Unsent.forget(session(), statement);
    OpenStatement at = open;
    if (at == statement) {
      open = statement.next;
      statement.next = null;
      return;
    }
    for (int i = 0; i < FEW && at != null; i++, at = at.next) {
      if (at.next == statement) {
        at.next = statement.next;
        statement.next = null;
        return;
      }
    }
    Session s = session();
    if (at != null && s != null && ++s.strays >= s.sweepAt) {
      sweep(s, statement);
    }
  }

  private void sweep(Session s, OpenStatement closing) {
    OpenStatement kept = null;
    int count = 0;
    for (OpenStatement at = open, next; at != null; at = next) {
      next = at.next;
      if (at == closing || at.isShut()) {
        at.next = null;
      } else if (kept == null) {
        kept = at;
        open = at;
        count++;
      } else {
        kept.next = at;
        kept = at;
        count++;
      }
    }
    if (kept == null) {
      open = null;
    } else {
      kept.next = null;
    }
    s.swept(count);
  }

  /** The statements that are open. */
  public final List<Statement> openStatements() {
    if (open == null) {
      return List.of();
    }
    List<Statement> found = new ArrayList<>();
    for (OpenStatement at = open; at != null; at = at.next) {
      if (!at.isShut()) {
        found.add(at);
      }
    }
    return found;
  }

  /** How many statements are listed, closed ones included. */
  final int listed() {
    int count = 0;
    for (OpenStatement at = open; at != null; at = at.next) {
      count++;
    }
    return count;
  }
}
