package io.everpool.core.plain;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Verdict;
import java.sql.BatchUpdateException;
import java.sql.SQLException;
import java.sql.SQLInvalidAuthorizationSpecException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTimeoutException;
import java.sql.SQLTransientConnectionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class SqlStatesTest {

  /** Frameworks link exceptions in circles; whoever follows them for ever hangs the caller. */
  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void causesThatGoInCirclesAreLeftAtSomePoint() {
    RuntimeException one = new RuntimeException("one");
    one.initCause(new RuntimeException("two", one));
    assertThat(SqlStates.verdict(one)).isEqualTo(Verdict.STATEMENT_FAILED);
    SQLException lost = new SQLException("lost", "08006");
    lost.initCause(new RuntimeException(lost));
    assertThat(SqlStates.verdict(lost)).isEqualTo(Verdict.CONNECTION_LOST);
  }

  /** PostgreSQL behind a DataSource of somebody else's: its word that it ends the session. */
  @ParameterizedTest
  @CsvSource({
    "57P01, SERVER_DOWN",
    "57P02, SERVER_DOWN",
    "57P03, SERVER_STARTING",
    "08006, CONNECTION_LOST",
    "28P01, ACCESS_DENIED",
    "40001, TRANSACTION_CONFLICT",
    "40000, TRANSACTION_CONFLICT",
    "40XL1, TRANSACTION_CONFLICT",
    "40002, STATEMENT_FAILED",
    "40003, CONNECTION_LOST",
    "40004, STATEMENT_FAILED",
    "57014, STATEMENT_FAILED",
    "23505, STATEMENT_FAILED"
  })
  void aStateHasItsVerdict(String state, Verdict verdict) {
    assertThat(SqlStates.verdict(new SQLException("x", state))).isEqualTo(verdict);
  }

  /** MariaDB's driver has that class for every class of states that it doesn't know. */
  @ParameterizedTest
  @CsvSource({
    "45000, STATEMENT_FAILED",
    "07004, STATEMENT_FAILED",
    "02000, STATEMENT_FAILED",
    "24000, STATEMENT_FAILED",
    "3D000, STATEMENT_FAILED",
    "44000, STATEMENT_FAILED",
    "HY000, STATEMENT_FAILED",
    "40001, TRANSACTION_CONFLICT",
    "08000, CONNECTION_LOST",
    ", CONNECTION_LOST",
    "'', CONNECTION_LOST"
  })
  void theClassOfALossCountsWhereTheStateSaysNothing(String state, Verdict verdict) {
    assertThat(SqlStates.verdict(new SQLTransientConnectionException("x", state)))
        .isEqualTo(verdict);
  }

  /** Which others have for losses alone: Oracle's first, H2's second. */
  @Test
  void theClassesThatAreForLossesAloneCountWhateverTheState() {
    assertThat(SqlStates.verdict(new SQLRecoverableException("x", "72000")))
        .isEqualTo(Verdict.CONNECTION_LOST);
    assertThat(SqlStates.verdict(new SQLNonTransientConnectionException("x", "90121")))
        .isEqualTo(Verdict.CONNECTION_LOST);
  }

  /** MariaDB's driver has that class for what a transaction doesn't allow as well. */
  @ParameterizedTest
  @CsvSource({
    "28000, ACCESS_DENIED",
    "72000, ACCESS_DENIED",
    ", ACCESS_DENIED",
    "25006, STATEMENT_FAILED",
    "25000, STATEMENT_FAILED"
  })
  void theClassOfARefusedLoginCountsUnlessTheStateIsOfATransaction(String state, Verdict verdict) {
    assertThat(SqlStates.verdict(new SQLInvalidAuthorizationSpecException("x", state)))
        .isEqualTo(verdict);
  }

  @ParameterizedTest
  @CsvSource({
    "S0001, 18456, ACCESS_DENIED",
    "S0002, 18486, ACCESS_DENIED",
    "S0001, 18487, ACCESS_DENIED",
    "S0001, 18488, ACCESS_DENIED",
    "08001, 18456, ACCESS_DENIED",
    "42000, 18488, ACCESS_DENIED",
    "S0001, 10928, OUT_OF_SLOTS",
    "S0001, 10929, OUT_OF_SLOTS",
    "S0001, 17809, OUT_OF_SLOTS",
    "S0001, 50000, STATEMENT_FAILED",
    "72000, 1017, ACCESS_DENIED",
    "99999, 28000, ACCESS_DENIED",
    "99999, 28001, ACCESS_DENIED",
    "08000, 1017, ACCESS_DENIED",
    "08004, 1017, ACCESS_DENIED",
    "61000, 18, OUT_OF_SLOTS",
    "61000, 20, OUT_OF_SLOTS",
    "61000, 2391, OUT_OF_SLOTS",
    "66000, 12516, OUT_OF_SLOTS",
    "66000, 12519, OUT_OF_SLOTS",
    "08006, 12520, OUT_OF_SLOTS",
    "61000, 28, CONNECTION_LOST",
    "61000, 2396, CONNECTION_LOST",
    "72000, 1012, CONNECTION_LOST",
    "99999, 3113, CONNECTION_LOST",
    "72000, 20001, STATEMENT_FAILED",
    "28000, 1045, ACCESS_DENIED",
    "08004, 1040, OUT_OF_SLOTS",
    "42000, 1203, OUT_OF_SLOTS",
    "42000, 1226, OUT_OF_SLOTS",
    "HY000, 1862, ACCESS_DENIED",
    "HY000, 3118, ACCESS_DENIED",
    "HY000, 4151, ACCESS_DENIED",
    "HY000, 1205, TRANSACTION_CONFLICT",
    "40001, 1205, TRANSACTION_CONFLICT",
    "HY000, 1020, TRANSACTION_CONFLICT",
    "42000, 1205, STATEMENT_FAILED",
    "70100, 1927, CONNECTION_LOST",
    "70100, 1317, STATEMENT_FAILED",
    "HY000, 1017, STATEMENT_FAILED",
    "42000, 1064, STATEMENT_FAILED",
    "42000, 1044, ACCESS_DENIED",
    "42000, 1049, ACCESS_DENIED",
    "08004, 40000, ACCESS_DENIED",
    "XJ004, 40000, ACCESS_DENIED",
    "90013, 90013, ACCESS_DENIED",
    "90146, 90146, ACCESS_DENIED",
    "90149, 90149, ACCESS_DENIED",
    "S1000, -465, ACCESS_DENIED",
    "S1000, -451, STATEMENT_FAILED",
    "66000, 12541, CONNECTION_LOST",
    "66000, 12514, CONNECTION_LOST",
    "66000, 12505, CONNECTION_LOST",
    "66000, 12528, CONNECTION_LOST",
    "66000, 12261, STATEMENT_FAILED",
    "22000, 17868, CONNECTION_LOST",
    "22000, 1, STATEMENT_FAILED",
    "08004, 911, CONNECTION_LOST",
    "08001, -30082, ACCESS_DENIED",
    "08001, -4499, CONNECTION_LOST",
    "53300, 0, OUT_OF_SLOTS"
  })
  void aNumberOfItsOwnSaysWhatTheStateDoesNot(String state, int code, Verdict verdict) {
    assertThat(SqlStates.verdict(new SQLException("x", state, code))).isEqualTo(verdict);
  }

  /** The drivers of SQLite and DuckDB give no state, and DuckDB's no number either. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[SQLITE_BUSY] The database file is locked (database is locked) | 5 | TRANSACTION_CONFLICT",
        "[SQLITE_BUSY_SNAPSHOT] Another database connection has already written to the database"
            + " (database is locked) | 5 | TRANSACTION_CONFLICT",
        "[SQLITE_LOCKED_SHAREDCACHE] Contention with a different database connection that shares"
            + " the cache (database table is locked) | 6 | TRANSACTION_CONFLICT",
        // by the connection itself: it would be locked the next time, too
        "[SQLITE_LOCKED] A table in the database is locked | 6 | STATEMENT_FAILED",
        "[SQLITE_CONSTRAINT_UNIQUE] A UNIQUE constraint failed ([SQLITE_BUSY])"
            + " | 19 | STATEMENT_FAILED",
        "TransactionContext Error: Conflict on update! | 0 | TRANSACTION_CONFLICT",
        "TransactionContext Error: Conflict on tuple deletion! | 0 | TRANSACTION_CONFLICT",
        "TransactionContext Error: Catalog write-write conflict on create with \"x\""
            + " | 0 | TRANSACTION_CONFLICT",
        "TransactionContext Error: Failed to commit: write-write conflict on key: \"7\""
            + " | 0 | TRANSACTION_CONFLICT",
        "TransactionContext Error: Failed to commit: PRIMARY KEY or UNIQUE constraint violation:"
            + " duplicate key \"Conflict on\" | 0 | STATEMENT_FAILED",
        "TransactionContext Error: Current transaction is aborted (please ROLLBACK)"
            + " | 0 | STATEMENT_FAILED",
        "| 0 | STATEMENT_FAILED"
      })
  void aConflictIsKnownByWordsWhereThereIsNoState(String words, int code, Verdict verdict) {
    assertThat(SqlStates.verdict(new SQLException(words, null, code))).isEqualTo(verdict);
    SQLException wrapped = new SQLException("java.sql.SQLException: " + words);
    wrapped.initCause(new SQLException(words, null, code));
    assertThat(SqlStates.verdict(wrapped)).as("as a cause").isEqualTo(verdict);
    assertThat(SqlStates.verdict(new SQLException(words, "42000", code)))
        .as("with a state of its own")
        .isEqualTo(Verdict.STATEMENT_FAILED);
  }

  /** As the class that newer drivers throw it in says less. */
  @Test
  void aNumberSaysMoreThanTheClass() {
    assertThat(SqlStates.verdict(new SQLRecoverableException("full", "66000", 12519)))
        .isEqualTo(Verdict.OUT_OF_SLOTS);
    assertThat(SqlStates.verdict(new SQLTimeoutException("killed", "70100", 1927)))
        .isEqualTo(Verdict.CONNECTION_LOST);
  }

  private static SQLException lost() {
    return new SQLException("lost", "08006");
  }

  private static <E extends SQLException> E followedBy(E first, SQLException next) {
    first.setNextException(next);
    return first;
  }

  private static SQLException caller() {
    return new SQLException("a value is too long", "22001");
  }

  static Stream<Arguments> hiddenLosses() {
    BatchUpdateException batch = new BatchUpdateException("a batch", "23505", new int[0]);
    SQLException conflict = new SQLException("lost a race", "40001");
    SQLException circle = followedBy(caller(), lost());
    circle.getNextException().setNextException(circle);
    return Stream.of(
        Arguments.of("next", followedBy(caller(), lost())),
        Arguments.of("the last of several", followedBy(followedBy(caller(), caller()), lost())),
        Arguments.of("next of a batch", followedBy(batch, lost())),
        Arguments.of("next of one that says something less", followedBy(conflict, lost())),
        Arguments.of("next of a cause", new RuntimeException(followedBy(caller(), lost()))),
        Arguments.of("the cause of a next one", followedBy(caller(), new SQLException(lost()))),
        Arguments.of("in a circle", circle));
  }

  /** A batch's own exception says that it failed; what has happened is in the next one. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("hiddenLosses")
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void aLossIsFoundWhereverItIsHidden(String where, Throwable failure) {
    assertThat(SqlStates.verdict(failure)).as(where).isEqualTo(Verdict.CONNECTION_LOST);
  }

  /** Whoever wrapped a failure knew more than the failure says. */
  @Test
  void ofCausesTheOutermostThatSaysSomethingCounts() {
    SQLException conflict = new SQLException("lost a race", "40001", lost());
    assertThat(SqlStates.verdict(conflict)).isEqualTo(Verdict.TRANSACTION_CONFLICT);
  }
}
