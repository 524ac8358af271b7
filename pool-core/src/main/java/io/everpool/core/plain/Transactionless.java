package io.everpool.core.plain;

import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Notices that the database has no transactions, whose driver takes {@code setAutoCommit(false)}
 * all the same (Hive's only warns), and says what follows from that. Thread-safe.
 */
final class Transactionless {
  /** Its driver says that it has them, and plays them itself: a rollback undoes nothing. */
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
   * Whether it has none. Asks each connection until one can say it, and most drivers know it
   * without the server; whoever opens another meanwhile asks himself, for he may not go by less.
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
      return false; // one that can't say is taken for what most are
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
      // a log that fails costs no connection, and the note is there for who asks
    }
  }

  List<String> notes() {
    return Boolean.TRUE.equals(known) ? List.of(note) : List.of();
  }

  void whenNoted(Runnable told) {
    listener = told;
  }
}
