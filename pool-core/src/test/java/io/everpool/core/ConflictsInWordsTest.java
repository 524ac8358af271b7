package io.everpool.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A unit of work that loses a race in a database whose driver says so in words alone. */
class ConflictsInWordsTest extends OverH2 {
  private static final String URL = "jdbc:h2:mem:conflicts-in-words";

  ConflictsInWordsTest() {
    super(URL, "create table entry (run int)");
  }

  private static Pool open() throws SQLException {
    return Everpool.open(PoolConfig.builder(URL).name("words").minSize(1).maxSize(2).build());
  }

  /** Inserts, and loses the race the first time. */
  private static int insert(Connection connection, AtomicInteger runs, String words)
      throws SQLException {
    int run = runs.incrementAndGet();
    execute(connection, "insert into entry values (" + run + ")");
    if (run == 1) {
      throw new SQLException(words, null, words.startsWith("[SQLITE") ? 5 : 0);
    }
    return run;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[SQLITE_BUSY] The database file is locked (database is locked)",
        "TransactionContext Error: Conflict on update!"
      })
  void in_a_transaction_it_is_run_again(String words) throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = open()) {
      assertThat(pool.<Integer, SQLException>inTransaction(c -> insert(c, runs, words)))
          .isEqualTo(2);
    }
    assertThat(ask("select listagg(run) from entry")).isEqualTo("2");
  }

  /** What it wrote before is there for good, and would be doubled. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "[SQLITE_BUSY] The database file is locked (database is locked)",
        "TransactionContext Error: Conflict on update!"
      })
  void in_autocommit_it_is_not(String words) throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = open()) {
      assertThatThrownBy(() -> pool.<Integer, SQLException>run(c -> insert(c, runs, words)))
          .hasMessage(words);
    }
    assertThat(ask("select listagg(run) from entry")).isEqualTo("1");
  }
}
