package io.everpool.it.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.observe.PoolEvent;
import io.everpool.it.chaos.Score.Figure;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Whatever is wrong in the ledger or the books is found: a chaos without flaws has none. */
class AuditIT {
  private static Arena arena;

  private final Ledger ledger = new Ledger("audited");
  private final Books books = new Books();
  private Connection connection;

  @BeforeAll
  static void start() throws SQLException {
    arena = new Arena(new Crashes());
    try (Connection owner = arena.connect()) {
      new Ledger("audited").create(owner);
    }
  }

  @AfterAll
  static void stop() {
    arena.close();
  }

  @BeforeEach
  void connect() throws SQLException {
    connection = arena.connect();
    ledger.clear(connection);
  }

  @AfterEach
  void disconnect() throws SQLException {
    connection.close();
  }

  private void transferred(long... ids) throws SQLException {
    for (long id : ids) {
      ledger.transfer(connection, new Transfer(id, 1, 2, 10));
    }
  }

  private Map<Figure, Long> flaws() throws SQLException {
    Score score = new Score("audited");
    new Audit(connection, "audited", books, score).run();
    Map<Figure, Long> flaws = new EnumMap<>(Figure.class);
    for (Figure figure : Figure.values()) {
      if (figure.flaw() && score.get(figure) > 0) {
        flaws.put(figure, score.get(figure));
      }
    }
    return flaws;
  }

  private String transactionOf(long id) throws SQLException {
    try (Statement statement = connection.createStatement();
        var rows = statement.executeQuery("select xid from audited.transfer where id = " + id)) {
      rows.next();
      return rows.getString(1);
    }
  }

  private void unknown(long id, String transaction) {
    books.failed(id, new CommitOutcomeUnknownException("who knows", transaction, null), true);
  }

  @Test
  void nothingIsFoundWhereAllIsWell() throws SQLException {
    transferred(1, 2, 3);
    books.acknowledged.add(1L);
    books.acknowledged.add(2L);
    books.failed(4, new SQLException("refused", "08006"), false);
    unknown(3, transactionOf(3));
    unknown(5, "5");
    ledger.note(connection, 6);
    books.noted.add(6L);
    books.noteFailed.add(7L);
    ledger.see(connection, 8);
    ledger.see(connection, 8);
    books.seen.add(8L);
    books.lookedUp.add(
        new PoolEvent.CommitResolved("audited", transactionOf(1), CommitStatus.COMMITTED));
    assertThat(flaws()).isEmpty();
  }

  @Test
  void whatWasAcknowledgedAndIsNotThereIsLost() throws SQLException {
    books.acknowledged.add(1L);
    books.noted.add(2L);
    books.seen.add(3L);
    assertThat(flaws()).containsOnly(Map.entry(Figure.LOST, 3L));
  }

  @Test
  void whatIsThereTwiceIsDoubled() throws SQLException {
    transferred(1, 1);
    books.acknowledged.add(1L);
    ledger.note(connection, 2);
    ledger.note(connection, 2);
    books.noteFailed.add(2L);
    assertThat(flaws()).containsOnly(Map.entry(Figure.DOUBLED, 2L));
  }

  @Test
  void whatWasRefusedAndIsThereWasWronglyResolved() throws SQLException {
    transferred(1);
    books.failed(1, new SQLException("refused", "08006"), false);
    assertThat(flaws()).containsOnly(Map.entry(Figure.WRONGLY_RESOLVED, 1L));
  }

  @Test
  void whatWasFoundCommittedAndIsNotThereWasWronglyResolved() throws SQLException {
    books.lookedUp.add(new PoolEvent.CommitResolved("audited", "3", CommitStatus.COMMITTED));
    books.lookedUp.add(new PoolEvent.CommitResolved("audited", "4", CommitStatus.ABORTED));
    assertThat(flaws()).containsOnly(Map.entry(Figure.WRONGLY_RESOLVED, 1L));
  }

  @Test
  void whatIsUnknownUnderAWrongNameOrNoneIsWrong() throws SQLException {
    transferred(1);
    unknown(1, transactionOf(1) + "0");
    books.failed(2, new CommitOutcomeUnknownException("who knows", null, null), true);
    assertThat(flaws()).containsOnly(Map.entry(Figure.WRONG, 2L));
  }

  @Test
  void whatNobodyKnowsIsWrong() throws SQLException {
    transferred(1);
    assertThat(flaws()).containsOnly(Map.entry(Figure.WRONG, 1L));
  }

  @Test
  void moneyThatAppearsIsWrong() throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("update audited.account set balance = balance + 1 where id = 1");
    }
    assertThat(flaws()).as("the sum, and the account").containsOnly(Map.entry(Figure.WRONG, 2L));
  }

  @Test
  void readsThatSawOtherMoneyAreWrong() throws SQLException {
    books.wrongReads.increment();
    assertThat(flaws()).containsOnly(Map.entry(Figure.WRONG, 1L));
  }
}
