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

  /** What was sent again though it may have been there, as far as the client could know. */
  public final List<String> blindlyRetried = new ArrayList<>();

  /** What the client knows of a row that it has sent. */
  private enum Fate {
    /** In a transaction whose COMMIT was not sent: it ends with its connection. */
    OPEN,
    /** Sent in autocommit, or its COMMIT was, and no answer has come. */
    UNANSWERED,
    THERE,
    UNDONE
  }

  private final Map<String, Fate> fates = new HashMap<>();
  private final Map<String, List<String>> rowsOf = new HashMap<>();
  private final Map<Fake, List<String>> uncommitted = new HashMap<>();
  private final Map<Fake, String> ids = new HashMap<>();
  private final Set<String> committed = new HashSet<>();
  private int lastId;

  void execute(Fake connection, String sql, boolean auto) throws SQLException {
    String row = sql.startsWith("insert ") ? sql.substring("insert ".length()) : null;
    if (row != null) {
      Fate before = fates.put(row, auto ? Fate.UNANSWERED : Fate.OPEN);
      if (before == Fate.UNANSWERED || before == Fate.THERE) {
        blindlyRetried.add(row);
      }
      if (!auto) {
        uncommitted.computeIfAbsent(connection, c -> new ArrayList<>()).add(row);
      }
    }
    breakOffSometimes(connection);
    if (row != null && auto) {
      rows.add(row);
    }
    breakOffSometimes(connection);
    if (row != null && auto) {
      fates.put(row, Fate.THERE);
    }
  }

  void commit(Fake connection) throws SQLException {
    List<String> mine = uncommitted.getOrDefault(connection, List.of());
    String id = ids.get(connection);
    mine.forEach(row -> fates.put(row, Fate.UNANSWERED));
    if (id != null) {
      rowsOf.put(id, mine);
    }
    breakOffSometimes(connection);
    rows.addAll(mine);
    uncommitted.remove(connection);
    ids.remove(connection);
    if (id != null) {
      committed.add(id);
    }
    breakOffSometimes(connection);
    mine.forEach(row -> fates.put(row, Fate.THERE));
  }

  void rollback(Fake connection) {
    List<String> mine = uncommitted.remove(connection);
    if (mine != null) {
      mine.forEach(row -> fates.replace(row, Fate.OPEN, Fate.UNDONE));
    }
    ids.remove(connection);
  }

  /** The id of the connection's transaction; empty if it has written nothing. */
  String id(Fake connection) {
    return uncommitted.containsKey(connection)
        ? ids.computeIfAbsent(connection, c -> String.valueOf(++lastId))
        : "";
  }

  /** Tells the client, who knows it from now on. */
  boolean isCommitted(String id) {
    boolean there = committed.contains(id);
    rowsOf
        .getOrDefault(id, List.of())
        .forEach(row -> fates.replace(row, Fate.UNANSWERED, there ? Fate.THERE : Fate.UNDONE));
    return there;
  }

  private void breakOffSometimes(Fake connection) throws SQLException {
    if (breaks.getAsBoolean()) {
      rollback(connection);
      connection.breakOff();
      throw new SQLException("broken off", "08006");
    }
  }
}
