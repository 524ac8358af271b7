package io.everpool.core.jdbc;

import io.everpool.core.observe.PoolEvents;
import java.sql.SQLException;
import org.slf4j.Logger;

/**
 * Sets a connection read-only on behalf of the pool, for whoever has asked it for one or has
 * promised to write nothing. To JDBC that is a hint, and some drivers refuse it once a connection
 * is open (SQLite's). If such a driver doesn't even say whether a transaction is open, nobody else
 * can tell the server either: then the promise alone has to do.
 */
public final class ReadOnlyHint {
  private static final Logger log = PoolEvents.log();

  private ReadOnlyHint() {}

  /** Sets the connection read-only, or takes that back. */
  public static void set(PooledConnection face, boolean value) throws SQLException {
    Session session = face.current();
    try {
      face.setReadOnly(value);
    } catch (SQLException | UnsupportedOperationException | AbstractMethodError e) {
      if (session.broken()
          || !session.isBlind()
          || (e instanceof SQLException failure && session.verdict(failure).fatal())) {
        throw e;
      }
      log.debug("{} can't be told that it is read-only, or that it isn't any more", session, e);
      Settings settings = session.settings();
      settings.unchanged(Setting.READ_ONLY);
      settings.doubt(Setting.READ_ONLY); // nobody knows what the driver has made of it
      session.marks |= value ? Session.SAID_READ_ONLY : 0;
    }
  }
}
