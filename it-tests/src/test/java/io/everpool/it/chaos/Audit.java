package io.everpool.it.chaos;

import io.everpool.it.chaos.Score.Figure;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Compares, when all is quiet, what is in the database with what the application was told. */
final class Audit {
  private final Connection connection;
  private final String schema;
  private final Books books;
  private final Score score;

  Audit(Connection connection, String schema, Books books, Score score) {
    this.connection = connection;
    this.schema = schema;
    this.books = books;
    this.score = score;
  }

  void run() throws SQLException {
    transfers();
    notes();
    Map<Long, Integer> seen = count("seen");
    books.seen.stream()
        .filter(id -> !seen.containsKey(id))
        .forEach(id -> score.flaw(Figure.LOST, "repeatable write " + id));
    money();
    score.add(Figure.REPEATABLE, books.seen.size());
    score.add(Figure.READS, books.reads.sum());
    if (books.wrongReads.sum() > 0) {
      score.flaw(Figure.WRONG, books.wrongReads.sum() + " reads saw money appear or vanish");
    }
    score.errors(books.errorCounts());
  }

  private void transfers() throws SQLException {
    Map<Long, Integer> times = count("transfer");
    for (long id : books.acknowledged) {
      if (!times.containsKey(id)) {
        score.flaw(Figure.LOST, "transfer " + id);
      }
    }
    times.forEach(
        (id, count) -> {
          if (count > 1) {
            score.flaw(Figure.DOUBLED, "transfer " + id + ", " + count + " times");
          }
        });
    books.refused.forEach(
        (id, why) -> {
          if (times.containsKey(id)) {
            score.flaw(Figure.WRONGLY_RESOLVED, "transfer " + id + ": " + why);
          }
        });
    books.unknown.forEach(
        (id, unknown) -> {
          score.add(Figure.UNKNOWN_THERE, times.containsKey(id) ? 1 : 0);
          if (!unknown.crashed()) {
            score.add(Figure.UNKNOWN_WITHOUT_CRASH, 1);
            score.remark("unknown without a crash: transfer " + id + ": " + unknown.message());
          }
        });
    Set<Long> strangers = new HashSet<>(times.keySet());
    strangers.removeAll(books.acknowledged);
    strangers.removeAll(books.refused.keySet());
    strangers.removeAll(books.unknown.keySet());
    strangers.forEach(id -> score.flaw(Figure.WRONG, "transfer " + id + ": nobody knows it"));
    score.add(Figure.ACKNOWLEDGED, books.acknowledged.size());
    score.add(Figure.REFUSED, books.refused.size());
    score.add(Figure.UNKNOWN, books.unknown.size());
  }

  private void notes() throws SQLException {
    Map<Long, Integer> times = count("note");
    for (long id : books.noted) {
      if (!times.containsKey(id)) {
        score.flaw(Figure.LOST, "plain write " + id);
      }
    }
    times.forEach(
        (id, count) -> {
          if (count > 1) {
            score.flaw(Figure.DOUBLED, "plain write " + id + ", " + count + " times");
          }
        });
    score.add(Figure.NOTES, books.noted.size());
    score.add(Figure.NOTES_FAILED, books.noteFailed.size());
    score.add(
        Figure.NOTES_FAILED_THERE, books.noteFailed.stream().filter(times::containsKey).count());
  }

  private void money() throws SQLException {
    String sql =
        """
        select (select sum(balance) from %1$s.account),
          (select count(*) from %1$s.account a where balance <> %2$d
            + (select coalesce(sum(amount), 0) from %1$s.transfer where payee = a.id)
            - (select coalesce(sum(amount), 0) from %1$s.transfer where payer = a.id))"""
            .formatted(schema, Ledger.INITIAL_BALANCE);
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      long expected = Ledger.ACCOUNTS * Ledger.INITIAL_BALANCE;
      if (rows.getLong(1) != expected) {
        score.flaw(Figure.WRONG, "money: " + rows.getLong(1) + " and not " + expected);
      }
      if (rows.getLong(2) != 0) {
        score.flaw(Figure.WRONG, rows.getLong(2) + " accounts don't match their transfers");
      }
    }
  }

  private Map<Long, Integer> count(String table) throws SQLException {
    String sql = "select id, count(*) from " + schema + "." + table + " group by id";
    Map<Long, Integer> times = new HashMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      while (rows.next()) {
        times.put(rows.getLong(1), rows.getInt(2));
      }
    }
    return times;
  }
}
