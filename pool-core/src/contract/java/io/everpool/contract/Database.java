package io.everpool.contract;

import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import java.sql.SQLException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A real database, and how its adapter's contract is tried on it. */
public interface Database {

  /** To a database with a table {@code contract (x int)} that anybody may read and write. */
  Connector connector();

  /** To the same, with a password that is refused. */
  Connector refused();

  /** To a server that takes connections and says nothing; null where a connect can't hang. */
  @Nullable Connector hanging();

  /** What {@link #refused()} says. */
  String wrongPassword();

  /** The passwords, right and wrong, that may be shown nowhere. */
  Set<String> secrets();

  Set<Ability> abilities();

  /** SQL that sets a value in the session. */
  String setting(String value);

  /** SQL that asks for that value; null, or what is so without it, in a new session. */
  String settingQuery();

  /** SQL that runs for as long as nobody ends it. */
  String endless();

  /** Whether the server is at a statement of this connection now. Asked by another connection. */
  boolean isAtWork(PhysicalConnection connection) throws SQLException;

  /** Has the server end a session that is idle; it has ended on return. */
  void endSession(PhysicalConnection connection) throws SQLException;
}
