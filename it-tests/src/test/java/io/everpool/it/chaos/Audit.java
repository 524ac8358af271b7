package io.everpool.it.chaos;

import io.everpool.api.driver.CommitStatus;
import io.everpool.api.observe.PoolEvent;
import io.everpool.it.chaos.Score.Figure;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
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
    unknown(times);
    Set<Long> strangers = new HashSet<>(times.keySet());
    strangers.removeAll(books.acknowledged);
    strangers.removeAll(books.refused.keySet());
    strangers.removeAll(books.unknown.keySet());
    strangers.forEach(id -> score.flaw(Figure.WRONG, "transfer " + id + ": nobody knows it"));
    score.add(Figure.ACKNOWLEDGED, books.acknowledged.size());
    score.add(Figure.REFUSED, books.refused.size());
    score.add(Figure.UNKNOWN, books.unknown.size());
  }

  private void unknown(Map<Long, Integer> times) throws SQLException {
    Map<Long, String> writers = writers();
    books.unknown.forEach(
        (id, unknown) -> {
          if (unknown.transaction() == null) {
            score.flaw(Figure.WRONG, "transfer " + id + ", unknown, isn't named");
          }
          if (times.containsKey(id)) {
            score.add(Figure.UNKNOWN_THERE, 1);
            if (!Objects.equals(writers.get(id), unknown.transaction())) {
              score.flaw(
                  Figure.WRONG,
                  "transfer %d, unknown, is there by transaction %s and not %s"
                      .formatted(id, writers.get(id), unknown.transaction()));
            }
          }
          if (!unknown.crashed()) {
            score.add(Figure.UNKNOWN_WITHOUT_CRASH, 1);
            score.remark("unknown without a crash: transfer " + id + ": " + unknown.message());
          }
        });
    Set<String> committed = new HashSet<>(writers.values());
    for (PoolEvent.CommitResolved lookedUp : books.lookedUp) {
      if (lookedUp.status() == CommitStatus.COMMITTED) {
        score.add(Figure.RESOLVED_COMMITTED, 1);
        if (!committed.contains(lookedUp.transactionId())) {
          score.flaw(
              Figure.WRONGLY_RESOLVED,
              "transaction " + lookedUp.transactionId() + " was found committed, and isn't there");
        }
      } else if (lookedUp.status() == CommitStatus.ABORTED) {
        score.add(Figure.RESOLVED_ABORTED, 1);
      }
    }
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

  /** The transaction that wrote a transfer; of one that is there more often, one of them. */
  private Map<Long, String> writers() throws SQLException {
    Map<Long, String> writers = new HashMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select id, xid from " + schema + ".transfer")) {
      while (rows.next()) {
        writers.put(rows.getLong(1), rows.getString(2));
      }
    }
    return writers;
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
