package io.everpool.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.WorkOptions;
import io.everpool.api.WriteOutcomeUnknownException;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.SqlStatements;
import org.jdbi.v3.core.statement.StatementException;
import org.jdbi.v3.core.statement.UnableToExecuteStatementException;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What is a unit of work of Jdbi, and in what state a handle begins the rerun of one. */
@Tag("contract")
class UnitRerunTest {
  private final LendingFakePool pool = new LendingFakePool();
  private final Jdbi jdbi = EverpoolJdbi.create(pool);

  @BeforeEach
  void createTable() {
    jdbi.useHandle(handle -> handle.execute("create table entry (id int)"));
  }

  /** Whatever a test does, its handles give their connections back. */
  @AfterEach
  void nothingIsOut() {
    assertThat(pool.leased()).isZero();
  }

  @Test
  void aTransactionIsRerunWholeWhenItsConnectionBreaksBeforeTheCommit() {
    pool.faults.breakAt("insert into entry values (2)");

    jdbi.useTransaction(UnitRerunTest::insertTwo);

    assertThat(entries()).containsExactly(1, 2);
    assertThat(pool.reruns).hasValue(1);
  }

  @Test
  void aTransactionThatLosesARaceIsRerunOnTheSameSession() {
    pool.faults.conflictAt("commit");
    int before = pool.sessions.get();

    jdbi.useTransaction(UnitRerunTest::insertTwo);

    assertThat(pool.reruns).hasValue(1);
    assertThat(pool.sessions.get()).isEqualTo(before + 1);
    assertThat(entries()).containsExactly(1, 2);
  }

  @Test
  void aTransactionOfAnOpenHandleIsAUnit() {
    pool.faults.breakAt("values (2)");
    try (Handle handle = jdbi.open()) {
      Connection connection = handle.getConnection();

      handle.useTransaction(UnitRerunTest::insertTwo);

      assertThat(handle.getConnection()).isSameAs(connection);
      assertThat(handle.isInTransaction()).isFalse();
    }
    assertThat(entries()).containsExactly(1, 2);
  }

  @Test
  void aTransactionIsRerunAtItsIsolationLevel() {
    pool.faults.breakAt("values (2)");
    List<TransactionIsolationLevel> levels = new ArrayList<>();
    try (Handle handle = jdbi.open()) {
      handle.useTransaction(
          TransactionIsolationLevel.SERIALIZABLE,
          inside -> {
            levels.add(inside.getTransactionIsolationLevel());
            insertTwo(inside);
          });
    }
    assertThat(levels)
        .containsExactly(
            TransactionIsolationLevel.SERIALIZABLE, TransactionIsolationLevel.SERIALIZABLE);
    assertThat(entries()).containsExactly(1, 2);
  }

  /**
   * A failed run leaves Jdbi's transaction handler in the belief that a transaction has begun. If
   * it were left there, the rerun's {@code begin()} would do nothing, its statements would run in
   * autocommit, and its rollback would undo nothing.
   */
  @Test
  void aTransactionBegunByHandIsBegunAgainInTheRerun() {
    pool.faults.breakAt("values (2)");

    jdbi.useHandle(
        handle -> {
          handle.begin();
          insertTwo(handle);
          assertThat(autoCommits(handle)).isFalse();
          handle.rollback();
        });

    assertThat(pool.reruns).hasValue(1);
    assertThat(entries()).isEmpty();
  }

  @Test
  void aTransactionBegunAndCommittedByHandIsRerun() {
    pool.faults.breakAt("values (2)");

    jdbi.useHandle(
        handle -> {
          handle.begin();
          insertTwo(handle);
          handle.commit();
        });

    assertThat(entries()).containsExactly(1, 2);
  }

  @Test
  void aSavepointOfTheFailedRunIsForgotten() {
    pool.faults.breakAt("values (2)");

    jdbi.useTransaction(
        handle -> {
          handle.savepoint("start");
          insertTwo(handle);
          handle.rollbackToSavepoint("start");
        });

    assertThat(pool.reruns).hasValue(1);
    assertThat(entries()).isEmpty();
  }

  /** Jdbi keeps the callbacks of a transaction whose rollback failed, as it does when it's dead. */
  @Test
  void whatWasToHappenAfterTheCommitHappensOnce() {
    pool.faults.breakAt("values (2)");
    List<String> happened = new ArrayList<>();

    jdbi.useTransaction(
        handle -> {
          handle.afterCommit(() -> happened.add("committed"));
          handle.afterRollback(() -> happened.add("rolled back"));
          insertTwo(handle);
        });

    assertThat(happened).containsExactly("rolled back", "committed");
  }

  @Test
  void whatTheFailedRunConfiguredIsUndoneInTheRerun() {
    pool.faults.breakAt("values (2)");
    List<Boolean> defined = new ArrayList<>();

    jdbi.useTransaction(
        handle -> {
          defined.add(handle.getConfig(SqlStatements.class).getAttribute("mine") != null);
          handle.define("mine", "yes");
          insertTwo(handle);
        });

    assertThat(defined).containsExactly(false, false);
  }

  @Test
  void theOutermostUnitIsTheOneThatIsRerun() {
    pool.faults.breakAt("values (2)");
    List<String> runs = new ArrayList<>();

    jdbi.useHandle(
        handle -> {
          runs.add("outer");
          jdbi.useTransaction(
              inner -> {
                runs.add("inner");
                inner.useTransaction(UnitRerunTest::insertTwo);
              });
        });

    assertThat(runs).containsExactly("outer", "inner", "outer", "inner");
    assertThat(entries()).containsExactly(1, 2);
  }

  /** Its first part would be missing in the rerun, and be reported as done. */
  @Test
  void aPartOfATransactionIsNotAUnit() {
    try (Handle handle = jdbi.open()) {
      handle.begin();
      handle.execute("insert into entry values (1)");
      pool.faults.breakAt("values (2)");

      assertThatThrownBy(
              () -> handle.useTransaction(in -> in.execute("insert into entry values (2)")))
          .isInstanceOf(UnableToExecuteStatementException.class);
      assertThat(pool.reruns).hasValue(0);
      assertThatThrownBy(handle::rollback).hasRootCauseInstanceOf(SQLException.class);
    }
    assertThat(entries()).isEmpty();
  }

  @Test
  void aHandleThatOnlyReadsIsRerun() {
    jdbi.useTransaction(UnitRerunTest::insertTwo);
    pool.faults.breakAt("select");

    List<Integer> found =
        EverpoolJdbi.readOnly(jdbi)
            .labelled("reading")
            .withHandle(
                handle -> handle.createQuery("select id from entry").mapTo(Integer.class).list());

    assertThat(found).containsExactly(1, 2);
    assertThat(pool.units).contains(WorkOptions.READ_ONLY.withLabel("reading"));
  }

  /** What one knows of a unit adds to what was said of all. */
  @Test
  void aMarkedHandleKeepsWhatWasConfigured() {
    Duration deadline = Duration.ofSeconds(7);
    jdbi.configure(
        UnitOptions.class,
        options -> options.setDeadline(deadline).setLabel("all").setIdempotent(true));
    pool.units.clear();

    EverpoolJdbi.readOnly(jdbi).after("7").useHandle(handle -> {});
    EverpoolJdbi.readOnly(jdbi).labelled("one").useHandle(handle -> {});

    WorkOptions known = WorkOptions.READ_ONLY.withIdempotent(true).withDeadline(deadline);
    assertThat(pool.units).contains(known.withLabel("all").after("7"), known.withLabel("one"));
  }

  @Test
  void anIdempotentHandleIsRerunThoughItWrote() {
    pool.faults.breakAt("values (3)");

    EverpoolJdbi.idempotent(jdbi)
        .useHandle(
            handle -> {
              handle.execute("delete from entry");
              handle.execute("insert into entry values (3)");
            });

    assertThat(entries()).containsExactly(3);
  }

  @Test
  void anUnmarkedHandleIsRerunIfItsJdbiIsConfiguredReadOnly() {
    jdbi.configure(UnitOptions.class, options -> options.setReadOnly(true));
    pool.faults.breakAt("select");

    assertThat(entries()).isEmpty();
    assertThat(pool.reruns).hasValue(1);
  }

  @Test
  void aWriteInAutocommitIsNotRerunAndTheExceptionSaysWhatToDo() {
    pool.faults.breakAt("values (2)");

    assertThatThrownBy(() -> jdbi.useHandle(UnitRerunTest::insertTwo))
        .isInstanceOfSatisfying(
            UnitFailedException.class,
            e -> assertThat(e).hasCauseInstanceOf(WriteOutcomeUnknownException.class))
        .hasMessageContaining("use a transaction");

    assertThat(entries()).containsExactly(1);
  }

  @Test
  void whatACallbackThrowsComesOutAsItWas() {
    IOException checked = new IOException("disk");
    SQLException sql = new SQLException("mine", "22000");
    AssertionError error = new AssertionError("bug");

    assertThatThrownBy(() -> jdbi.useHandle(handle -> sneak(checked))).isSameAs(checked);
    assertThatThrownBy(() -> jdbi.useTransaction(handle -> sneak(checked))).isSameAs(checked);
    assertThatThrownBy(() -> jdbi.useTransaction(handle -> sneak(sql))).isSameAs(sql);
    assertThatThrownBy(() -> jdbi.useTransaction(handle -> sneak(error))).isSameAs(error);
    assertThatThrownBy(() -> jdbi.useTransaction(handle -> handle.execute("nonsense")))
        .isInstanceOf(StatementException.class);
    assertThat(pool.reruns).hasValue(0);
  }

  @Test
  void whenTheAttemptsAreSpentTheLastFailureComesOutAsItWas() {
    for (int i = 0; i < LendingFakePool.MAX_ATTEMPTS; i++) {
      pool.faults.breakAt("values (2)");
    }

    assertThatThrownBy(() -> jdbi.useTransaction(UnitRerunTest::insertTwo))
        .isInstanceOf(UnableToExecuteStatementException.class)
        .hasMessageContaining("values (2)");
    assertThat(entries()).isEmpty();
  }

  private static void insertTwo(Handle handle) {
    handle.execute("insert into entry values (1)");
    handle.execute("insert into entry values (2)");
  }

  private static boolean autoCommits(Handle handle) {
    try {
      return handle.getConnection().getAutoCommit();
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  private List<Integer> entries() {
    return jdbi.withHandle(
        handle ->
            handle.createQuery("select id from entry order by id").mapTo(Integer.class).list());
  }

  @SuppressWarnings("unchecked") // a callback may throw what it likes
  private static <X extends Throwable> void sneak(Throwable failure) throws X {
    throw (X) failure;
  }
}
