package io.everpool.core.jdbc;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * Keeps what {@code insert <what>} inserts, by the rules of transactions. When told to, it breaks
 * connections off: before a statement or a COMMIT took effect, or after it but before the answer.
 */
public final class FakeDatabase {

  /** What is there for good. */
  public final List<String> rows = new ArrayList<>();

  /** Asked before and after each statement and COMMIT: whether the connection breaks now. */
  public BooleanSupplier breaks = () -> false;

  private final Map<Fake, List<String>> uncommitted = new HashMap<>();
  private final Map<Fake, String> ids = new HashMap<>();
  private final Set<String> committed = new HashSet<>();
  private int lastId;

  void execute(Fake connection, String sql, boolean auto) throws SQLException {
    breakOffSometimes(connection);
    if (sql.startsWith("insert ")) {
      String row = sql.substring("insert ".length());
      if (auto) {
        rows.add(row);
      } else {
        uncommitted.computeIfAbsent(connection, c -> new ArrayList<>()).add(row);
      }
    }
    breakOffSometimes(connection);
  }

  void commit(Fake connection) throws SQLException {
    breakOffSometimes(connection);
    rows.addAll(uncommitted.getOrDefault(connection, List.of()));
    uncommitted.remove(connection);
    String id = ids.remove(connection);
    if (id != null) {
      committed.add(id);
    }
    breakOffSometimes(connection);
  }

  void rollback(Fake connection) {
    uncommitted.remove(connection);
    ids.remove(connection);
  }

  /** The id of the connection's transaction; empty if it has written nothing. */
  String id(Fake connection) {
    return uncommitted.containsKey(connection)
        ? ids.computeIfAbsent(connection, c -> String.valueOf(++lastId))
        : "";
  }

  boolean isCommitted(String id) {
    return committed.contains(id);
  }

  private void breakOffSometimes(Fake connection) throws SQLException {
    if (breaks.getAsBoolean()) {
      rollback(connection);
      connection.breakOff();
      throw new SQLException("broken off", "08006");
    }
  }
}
