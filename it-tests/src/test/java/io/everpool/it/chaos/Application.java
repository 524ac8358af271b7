package io.everpool.it.chaos;

import io.everpool.api.Work;
import io.everpool.api.observe.PoolEvent;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleConsumer;

/** A pool and the way in which an application uses it. Thread-safe. */
interface Application extends AutoCloseable {

  /** Its name in the summary. */
  String name();

  /** The schema of its tables, and how the server knows its sessions. */
  String schema();

  /** Does the work in a transaction and commits. */
  <T> T inTransaction(Work<T, SQLException> work) throws SQLException;

  /** The same through Jdbi; {@link Handle} in place of a connection. */
  void inJdbiTransaction(HandleConsumer<RuntimeException> work);

  /** Does work that changes nothing. */
  <T> T reading(Work<T, SQLException> work) throws SQLException;

  /** Does work that may be repeated. */
  <T> T idempotent(Work<T, SQLException> work) throws SQLException;

  /** A connection, as plain JDBC has it. */
  Connection connection() throws SQLException;

  /** The COMMITs that the pool has looked up since this was last called. */
  List<PoolEvent.CommitResolved> takeLookedUp();

  /** What its books say beside. */
  String remarks();

  @Override
  void close();
}
