package io.everpool.core.plain;

import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Notices that the database has no transactions, though its driver accepts {@code
 * setAutoCommit(false)} (Hive's only warns), and says what follows from that. Thread-safe.
 */
final class Transactionless {
  /**
   * The driver of this database says that it has transactions, but only pretends to: a rollback
   * undoes nothing.
   */
  private static final String PLAYED = "ClickHouse";

  private final String note;
  private volatile @Nullable Boolean known;
  private volatile Runnable listener = () -> {};

  /**
   * @param origin what opens the connections, in words; without secrets
   */
  Transactionless(String origin) {
    note =
        "The database behind "
            + origin
            + " has no transactions: what is sent is there at once, whatever setAutoCommit and"
            + " rollback say, inTransaction is no transaction, and a unit of work that has sent"
            + " something is run again only if it is idempotent or read-only";
  }

  /**
   * Whether the database has none. Asks each connection until one can say it; most drivers know it
   * without the server. A thread that opens another connection meanwhile asks that one, for it
   * needs to be sure as well.
   */
  boolean meet(Connection connection) {
    Boolean said = known;
    if (said != null) {
      return said;
    }
    boolean none;
    try {
      DatabaseMetaData data = connection.getMetaData();
      none = !data.supportsTransactions() || PLAYED.equals(data.getDatabaseProductName());
    } catch (Throwable e) {
      return false; // a driver that can't say counts as one with transactions
    }
    known = none;
    if (none) {
      tell();
    }
    return none;
  }

  private void tell() {
    try {
      listener.run();
    } catch (Throwable e) {
      // a log that fails costs no connection, and the note can still be asked for
    }
  }

  List<String> notes() {
    return Boolean.TRUE.equals(known) ? List.of(note) : List.of();
  }

  void whenNoted(Runnable told) {
    listener = told;
  }
}
