package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.RetryConfig;
import io.everpool.api.Verdict;
import io.everpool.api.Work;
import io.everpool.api.WorkOptions;
import io.everpool.api.WriteOutcomeUnknownException;
import io.everpool.api.driver.Effects;
import io.everpool.api.driver.TransactionState;
import io.everpool.api.framework.NotRepeatableException;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.jdbc.FakeCommits;
import io.everpool.core.jdbc.FakeConnector;
import io.everpool.core.jdbc.FakeDriver;
import io.everpool.core.jdbc.FakeLeaseManager;
import io.everpool.core.jdbc.FakePhysical;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.observe.UnitWatch;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransactionRollbackException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which units are run again, and how. */
class RerunTest extends RunnerFixture {

  private static final WorkOptions READ_ONLY = WorkOptions.READ_ONLY.withLabel("the report");

  /** Work that notes its runs and then executes one statement. */
  private Work<String, SQLException> executing(String sql) {
    return connection -> {
      runs++;
      execute(connection, sql);
      return "done " + runs;
    };
  }

  private <T, X extends Exception> T run(WorkOptions options, Work<T, X> work)
      throws X, SQLException {
    try (PooledConnection face = leases.acquire()) {
      return runner.run(face, options, runner.deadline(options), UnitWatch.NONE, work);
    }
  }

  private <T, X extends Exception> T inTransaction(Work<T, X> work) throws X, SQLException {
    try (PooledConnection face = leases.acquire()) {
      return runner.inTransaction(face, WorkOptions.DEFAULT, 0, UnitWatch.NONE, work);
    }
  }

  /** As an interceptor's mistake where the session that comes next is set up. */
  @Test
  void whatIsThrownUncheckedWhereAnotherSessionIsTakenHidesNoLoss() throws SQLException {
    IllegalStateException mine = new IllegalStateException("mine");
    Renewal failing =
        (face, options, timeout) -> {
          leases.renew(face, timeout);
          throw mine;
        };
    runner = new UnitRunner(leases, () -> now, () -> 0.5, nanos -> now += nanos, failing);
    try (PooledConnection face = leases.acquire()) {
      assertThatThrownBy(() -> runner.rerun(face, WorkOptions.IDEMPOTENT, this::readAndBreak))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08006"))
          .hasSuppressedException(mine);
      assertThat(face.isClosed()).isTrue();
    }
    assertThat(runs).isOne();
    assertThat(events(PoolEvent.RetryRefused.class))
        .singleElement()
        .satisfies(
            refused ->
                assertThat(refused.why())
                    .isEqualTo(
                        "another connection was there and could not be set up:"
                            + " java.lang.IllegalStateException"));
  }

  static Stream<Arguments> obstacles() {
    SQLException entry =
        new BatchUpdateException(
            "Batch entry 0 insert into secrets values ('4711') was aborted", "23505", new int[0]);
    entry.setNextException(
        new SQLException(
            "ERROR: duplicate key value\n  Detail: Key (number)=(4711) already exists.", "23505"));
    SQLException none =
        new SQLTransientConnectionException(
            "No connection within 30 s. Two threads hold all of them\nmain holds one\nb the other",
            "08001");
    String setUp = "another connection was there and could not be set up: ";
    return Stream.of(
        Arguments.of(entry, setUp + "ERROR: duplicate key value"),
        Arguments.of(new IllegalStateException("4711"), setUp + "java.lang.IllegalStateException"),
        Arguments.of(
            none,
            "there was no other connection: No connection within 30 s. Two threads hold all of"
                + " them"),
        Arguments.of(lost(), "there was no other connection: gone"));
  }

  /** Others read logs and events than whoever has written that SQL. */
  @ParameterizedTest
  @MethodSource("obstacles")
  void whyThereIsNoOtherSessionIsToldInALineWithoutWhatWasSent(Exception obstacle, String why)
      throws SQLException {
    Renewal failing =
        (face, options, timeout) -> {
          if (obstacle instanceof SQLException e) {
            throw e;
          }
          throw (RuntimeException) obstacle;
        };
    runner = new UnitRunner(leases, () -> now, () -> 0.5, nanos -> now += nanos, failing);
    try (PooledConnection face = leases.acquire()) {
      assertThatThrownBy(() -> runner.rerun(face, WorkOptions.IDEMPOTENT, this::readAndBreak))
          .hasSuppressedException(obstacle);
    }
    assertThat(events(PoolEvent.RetryRefused.class))
        .extracting(PoolEvent.RetryRefused::why)
        .containsExactly(why);
    assertThat(logged.messages(Level.INFO))
        .filteredOn(line -> line.contains("is not run again"))
        .singleElement()
        .asString()
        .endsWith("is not run again: " + why);
  }

  /** What the work has thrown is what its caller has to know. */
  @Test
  void whatIsThrownUncheckedByARollbackHidesNothing() {
    IllegalStateException mine = new IllegalStateException("mine");
    SQLException own = new SQLException("own", "22012");
    assertThatThrownBy(
            () ->
                inTransaction(
                    connection -> {
                      execute(connection, "insert");
                      driver.failNext("rollback", mine);
                      throw own;
                    }))
        .isSameAs(own)
        .hasSuppressedException(mine);
    assertThat(leases.released).hasValue(0);
  }

  /** Nor does one by what is set back after a unit take away its result. */
  @Test
  void whatIsThrownUncheckedWhereOptionsAreTakenBackIsNoFailureOfTheUnit() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      String done =
          runner.rerun(
              face,
              WorkOptions.READ_ONLY,
              connection -> {
                execute(connection, "select 1");
                driver.failNext("setReadOnly", new IllegalStateException("mine"));
                return "done";
              });
      assertThat(done).isEqualTo("done");
    }
    assertThat(leases.closed).as("nobody knows what state it is in").hasSize(1);
  }

  /** As where no reader is close enough behind: it has been tried on one, and that one stays. */
  @Test
  void whereNoSessionSuitsTheConnectionIsClosed() throws SQLException {
    Renewal unfit =
        (face, options, timeout) -> {
          leases.renew(face, timeout);
          throw new SQLException("not this one", "08001");
        };
    runner = new UnitRunner(leases, () -> now, () -> 0.5, nanos -> now += nanos, unfit);
    try (PooledConnection face = leases.acquire()) {
      face.setAutoCommit(false);
      assertThatThrownBy(() -> runner.rerun(face, WorkOptions.READ_ONLY, this::readAndBreak))
          .hasSuppressedException(new SQLException("not this one", "08001"));
      assertThat(face.isClosed()).as("on it nothing is set as on the one before").isTrue();
    }
    assertThat(leases.closed).hasSize(2);
  }

  /** What a further run begins with could not be set. */
  @Test
  void whereTheNextSessionCanNotBeSetUpTheConnectionIsClosed() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      face.setSchema("app");
      driver.failNext("setSchema", new SQLException("no such schema", "3F000"));
      assertThatThrownBy(() -> runner.rerun(face, WorkOptions.READ_ONLY, this::readAndBreak))
          .hasMessageContaining("no such schema");
      assertThat(face.isClosed()).isTrue();
    }
  }

  @Test
  void workThatGoesWellRunsOnceAndReadsNoClockButOne() throws SQLException {
    assertThat(run(WorkOptions.DEFAULT, executing("insert a"))).isEqualTo("done 1");
    assertThat(driver.database.rows).containsExactly("a");
    assertThat(pauses).isEmpty();
    assertThat(leases.released).hasValue(1);
  }

  @Test
  void readOnlyWorkIsRunAgainOnAnotherConnectionUnderTheSameFace() throws SQLException {
    driver.breakNext("execute");
    List<Connection> faces = new ArrayList<>();
    List<Long> numbers = new ArrayList<>();
    try (PooledConnection face = leases.acquire()) {
      String result =
          runner.run(
              face,
              READ_ONLY,
              0,
              UnitWatch.NONE,
              connection -> {
                faces.add(connection);
                numbers.add(number(connection));
                assertThat(connection.isReadOnly()).isTrue();
                execute(connection, "select 1");
                return "result";
              });
      assertThat(result).isEqualTo("result");
      assertThat(faces).containsExactly(face, face);
    }
    assertThat(numbers).containsExactly(1L, 2L);
    assertThat(logged.messages(Level.WARN)).containsExactly(RECONNECTING);
    assertThat(logged.messages(Level.INFO))
        .contains(
            "Pool everpool: the report met a connection error (CONNECTION_LOST) and is run again"
                + " (2 of 5): broken off at execute");
    assertThat(leases.events)
        .contains(
            new PoolEvent.Retried(
                "everpool", "the report", 2, Verdict.CONNECTION_LOST, "broken off at execute"));
    assertThat(leases.released).as("the second went back, clean").hasValue(1);
    assertThat(leases.closed).as("the first was closed").hasSize(1);
  }

  /** The server takes its write then, which must not be done twice. */
  @Test
  void workThatHasUnsetReadOnlyIsNotRunAgain() {
    assertThatThrownBy(
            () ->
                run(
                    READ_ONLY,
                    connection -> {
                      runs++;
                      connection.setReadOnly(false);
                      driver.breakNext("execute");
                      execute(connection, "insert a");
                      return "";
                    }))
        .isInstanceOf(WriteOutcomeUnknownException.class);
    assertThat(runs).isEqualTo(1);
  }

  /** Frameworks set it back afterwards, and then the work reads on. */
  @Test
  void norIfItHasSetItAgain() {
    assertThatThrownBy(
            () ->
                run(
                    READ_ONLY,
                    connection -> {
                      connection.setReadOnly(false);
                      execute(connection, "insert a");
                      connection.setReadOnly(true);
                      return readAndBreak(connection);
                    }))
        .isInstanceOf(SQLException.class);
    assertThat(runs).isEqualTo(1);
    assertThat(driver.database.rows).containsExactly("a");
  }

  /** Work that writes on a connection that it has set read-only, whose first run is lost there. */
  private Work<String, SQLException> insertingReadOnly(String lostAt) {
    return connection -> {
      if (runs == 0) {
        driver.breakNext(lostAt);
      }
      connection.setReadOnly(true);
      return executing("insert a").run(connection);
    };
  }

  /** Where the server was told to refuse what writes, and where the driver takes it as a hint. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatReadOnlyProvesDependsOnWhoRefuses(boolean server) throws SQLException {
    driver.canRefuseWrites = server;
    Work<String, SQLException> work = insertingReadOnly("execute");
    if (server) {
      run(WorkOptions.DEFAULT, work);
    } else {
      assertThatThrownBy(() -> run(WorkOptions.DEFAULT, work))
          .isInstanceOf(WriteOutcomeUnknownException.class);
    }
    assertThat(runs).isEqualTo(server ? 2 : 1);
  }

  /** The same for a COMMIT without an answer. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatATransactionThatIsReadOnlyProvesDependsOnWhoRefuses(boolean hint) throws SQLException {
    driver.takesReadOnlyAsAHint = hint;
    Work<String, SQLException> work = insertingReadOnly("commit");
    if (hint) {
      assertThatThrownBy(() -> inTransaction(work))
          .isInstanceOf(CommitOutcomeUnknownException.class);
    } else {
      inTransaction(work);
    }
    assertThat(runs).isEqualTo(hint ? 1 : 2);
  }

  @Test
  void idempotentWorkIsRunAgainEvenIfItWrote() throws SQLException {
    driver.breakNext("execute");
    assertThat(run(WorkOptions.IDEMPOTENT, executing("insert a"))).isEqualTo("done 2");
  }

  /** Nobody knows whether it happened: it is said, and not done again. */
  @Test
  void aWriteInAutocommitWithoutAnAnswerIsNotReplayed() throws SQLException {
    SQLException lost = driver.breakNext("execute");
    assertThatThrownBy(() -> run(WorkOptions.DEFAULT.withLabel("payment"), executing("insert a")))
        .isInstanceOfSatisfying(
            WriteOutcomeUnknownException.class, e -> assertThat(e.getSQLState()).isEqualTo("08007"))
        .hasMessageContaining("while payment wrote in autocommit")
        .hasMessageContaining("Look for its effect before you repeat it")
        .hasCause(lost);
    assertThat(runs).isEqualTo(1);
    assertThat(events(PoolEvent.RetryRefused.class)).hasSize(1);
    assertThat(logged.messages(Level.WARN)).doesNotContain(RECONNECTING);
  }

  /** The connection was dead before anything was sent on it. */
  @Test
  void whereNothingWasSentNothingCanBeDoubled() throws SQLException {
    driver.breakNext("createStatement");
    assertThat(run(WorkOptions.DEFAULT, executing("insert a"))).isEqualTo("done 2");
    assertThat(driver.database.rows).containsExactly("a");
  }

  @Test
  void aTransactionOfTheWorksOwnIsRunAgainFromTheStateBefore() throws SQLException {
    driver.failNext("execute", new SQLException("no", "42601"));
    driver.breakNext("execute");
    List<Boolean> autocommit = new ArrayList<>();
    run(
        WorkOptions.DEFAULT,
        connection -> {
          runs++;
          autocommit.add(connection.getAutoCommit());
          connection.setAutoCommit(false);
          try {
            execute(connection, "mistake");
          } catch (SQLException caught) {
            connection.rollback();
          }
          execute(connection, "insert a");
          connection.commit();
          return "";
        });
    assertThat(runs).isEqualTo(2);
    assertThat(autocommit).containsExactly(true, true);
    assertThat(driver.database.rows).containsExactly("a");
  }

  /** What is committed stays; a rerun would commit it again. */
  @Test
  void aUnitThatHasCommittedIsNotRunAgain() throws SQLException {
    driver.commits.ticket = new FakeCommits.Ticket("1");
    SQLException lost = lost();
    Throwable thrown =
        catchThrowable(
            () ->
                run(
                    WorkOptions.DEFAULT,
                    connection -> {
                      runs++;
                      connection.setAutoCommit(false);
                      execute(connection, "insert a");
                      connection.commit();
                      driver.failNext("execute", lost);
                      execute(connection, "insert b");
                      return "";
                    }));
    assertThat(thrown).as("and all is known: a is there and b is not").isSameAs(lost);
    assertThat(runs).isEqualTo(1);
    assertThat(events(PoolEvent.RetryRefused.class))
        .extracting(PoolEvent.RetryRefused::why)
        .containsExactly("a part of it was committed already");
  }

  /** JDBC doesn't see such a commit, but the pool sees the text. */
  @Test
  void aCommitInSqlIsNotReplayed() throws SQLException {
    driver.breakNext("execute");
    assertThatThrownBy(
            () ->
                run(
                    WorkOptions.DEFAULT,
                    connection -> {
                      connection.setAutoCommit(false);
                      return executing("insert a; commit").run(connection);
                    }))
        .isInstanceOf(WriteOutcomeUnknownException.class);
    assertThat(runs).isEqualTo(1);
  }

  @Test
  void aTransactionIsRunAgainAsAWhole() throws SQLException {
    String result =
        inTransaction(
            connection -> {
              runs++;
              execute(connection, "insert a");
              if (runs == 1) {
                driver.breakNext("execute");
              }
              execute(connection, "insert b");
              return "done " + runs;
            });
    assertThat(result).isEqualTo("done 2");
    assertThat(driver.database.rows).containsExactly("a", "b");
  }

  @Test
  void aLostRaceIsRunAgainOnTheSameConnection() throws SQLException {
    List<Long> numbers = new ArrayList<>();
    inTransaction(
        connection -> {
          numbers.add(number(connection));
          execute(connection, "select 1");
          if (numbers.size() == 1) {
            driver.failNext("execute", new SQLException("could not serialize", "40001"));
          }
          return executing("insert a").run(connection);
        });
    assertThat(numbers).containsExactly(1L, 1L);
    assertThat(driver.calls).containsSubsequence("rollback()", "execute(insert a)", "commit()");
    assertThat(driver.database.rows).containsExactly("a");
    assertThat(logged.messages(Level.WARN)).as("somebody else got through: no alarm").isEmpty();
    assertThat(logged.messages(Level.INFO)).singleElement().asString().contains("(run 2)");
    assertThat(driver.plansForgotten).as("they are good").isZero();
    assertThat(events(PoolEvent.Retried.class))
        .extracting(PoolEvent.Retried::verdict)
        .containsExactly(Verdict.TRANSACTION_CONFLICT);
  }

  @Test
  void aRaceLostAtTheCommitIsRunAgainToo() throws SQLException {
    driver.failNext("commit", new SQLException("could not serialize", "40001"));
    inTransaction(executing("insert a"));
    assertThat(runs).isEqualTo(2);
  }

  /** Work that swallows the failure runs into the transaction's state at its end. */
  @Test
  void aLostRaceIsSeenThoughTheWorkHidIt() throws SQLException {
    driver.failNext("execute", new SQLException("deadlock", "40P01"));
    inTransaction(
        connection -> {
          runs++;
          try {
            execute(connection, "insert a");
          } catch (SQLException hidden) {
            FakeLeaseManager.physical((PooledConnection) connection)
                .transaction(TransactionState.FAILED);
          }
          return "";
        });
    assertThat(runs).isEqualTo(2);
  }

  /** The driver would say nothing: its COMMIT of a failed transaction is a rollback. */
  @Test
  void committingAFailedTransactionIsAnError() throws SQLException {
    assertThatThrownBy(
            () ->
                inTransaction(
                    connection -> {
                      execute(connection, "insert a");
                      FakeLeaseManager.physical((PooledConnection) connection)
                          .transaction(TransactionState.FAILED);
                      return "";
                    }))
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("25P02"))
        .hasMessageContaining("can't be committed");
    assertThat(driver.calls).contains("rollback()").doesNotContain("commit()");
  }

  @Test
  void whatTheWorkThrowsRollsBackAndComesOutAsItIs() throws SQLException {
    IOException own = new IOException("mine");
    Throwable thrown =
        catchThrowable(
            () ->
                inTransaction(
                    connection -> {
                      runs++;
                      execute(connection, "insert a");
                      throw own;
                    }));
    assertThat(thrown).isSameAs(own).hasNoSuppressedExceptions();
    assertThat(runs).isEqualTo(1);
    assertThat(driver.database.rows).isEmpty();
    assertThat(driver.calls).contains("rollback()");
    assertThat(leases.released).hasValue(1);
    assertThat(events(PoolEvent.TransactionLeftOpen.class)).isEmpty();
  }

  @Test
  void anErrorIsNotRunAgain() {
    AssertionError error = new AssertionError("a test's");
    assertThat(
            catchThrowable(
                () ->
                    inTransaction(
                        connection -> {
                          runs++;
                          driver.breakNext("execute");
                          try {
                            execute(connection, "insert a");
                          } catch (SQLException e) {
                            throw error;
                          }
                          return "";
                        })))
        .isSameAs(error);
    assertThat(runs).isEqualTo(1);
  }

  /** Frameworks wrap what the driver throws, and some lose it. */
  @Test
  void aWrappedOrForgottenFailureIsRecognised() throws SQLException {
    for (boolean keepsCause : new boolean[] {true, false}) {
      runs = 0;
      driver.breakNext("execute");
      inTransaction(
          connection -> {
            try {
              return executing("insert a").run(connection);
            } catch (SQLException e) {
              throw keepsCause
                  ? new IllegalStateException("statement failed", e)
                  : new IllegalStateException("statement failed");
            }
          });
      assertThat(runs).isEqualTo(2);
    }
  }

  /** Another database's trouble, or a nested acquire's, isn't this connection's. */
  @Test
  void theFailureOfAnotherConnectionIsNotOurs() throws SQLException {
    SQLException foreign = lost();
    Throwable thrown =
        catchThrowable(
            () ->
                inTransaction(
                    connection -> {
                      runs++;
                      throw foreign;
                    }));
    assertThat(thrown).isSameAs(foreign);
    assertThat(runs).isEqualTo(1);
    assertThat(leases.doomed).isEmpty();
  }

  /** Breaks off in the first run, past the face. */
  private String breakingPastTheFace(Connection connection, Effects proof) throws SQLException {
    runs++;
    connection.unwrap(FakeDriver.Vendor.class);
    FakePhysical physical = FakeLeaseManager.physical((PooledConnection) connection);
    physical.effects = proof;
    if (runs == 1) {
      physical.breakOff();
      throw lost();
    }
    return "";
  }

  /** A copy or a large object is used past the face, and so is its failure. */
  @Test
  void aFailureOfTheDriversOwnObjectIsFoundOut() throws SQLException {
    inTransaction(connection -> breakingPastTheFace(connection, Effects.NONE));
    assertThat(runs).as("the driver knows that nothing was committed").isEqualTo(2);
    assertThat(leases.doomed).hasSize(1);
  }

  /** It may have been used to commit. */
  @Test
  void withoutProofAUnitThatTookTheDriversOwnObjectIsNotRunAgain() {
    assertThatThrownBy(
            () -> inTransaction(connection -> breakingPastTheFace(connection, Effects.UNPROVEN)))
        .isInstanceOf(WriteOutcomeUnknownException.class)
        .hasMessageContaining("the driver's own object was handed out, and");
    assertThat(runs).isEqualTo(1);
  }

  /** As by a commit of the driver's own object. */
  @Test
  void aCommitThatOnlyTheDriverSawIsNotReplayed() {
    Throwable thrown =
        catchThrowable(
            () -> inTransaction(connection -> breakingPastTheFace(connection, Effects.COMMITTED)));
    assertThat(thrown).isInstanceOf(SQLException.class);
    assertThat(thrown.getSuppressed()[0])
        .hasMessageContaining("work was not run again: a part of it was committed already");
    assertThat(runs).isEqualTo(1);
  }

  /** The driver's word counts before what the texts look like: "; end" may be in a literal. */
  @Test
  void whatTheDriverKnowsToBeUndoneIsRunAgainWhateverTheTextsSay() throws SQLException {
    run(
        WorkOptions.DEFAULT,
        connection -> {
          runs++;
          FakePhysical physical = FakeLeaseManager.physical((PooledConnection) connection);
          physical.effects = Effects.NONE;
          execute(connection, "do $$ begin null; end $$");
          if (runs == 1) {
            driver.breakNext("execute");
          }
          execute(connection, "insert a");
          return "";
        });
    assertThat(runs).isEqualTo(2);
  }

  @Test
  void ownDeadlinesEndAUnitAtOnce() {
    driver.failNext("execute", new SQLException("transaction timeout", FakeConnector.DEADLINE));
    assertThatThrownBy(() -> inTransaction(executing("insert a")))
        .hasMessageContaining("transaction timeout");
    assertThat(runs).isEqualTo(1);
    assertThat(leases.doomed).containsExactly(Verdict.DEADLINE);
  }

  @Test
  void aStalePlanIsForgottenAndTheUnitRunAgainOnTheSameConnection() throws SQLException {
    List<Long> numbers = new ArrayList<>();
    List<Integer> forgotten = new ArrayList<>();
    driver.failNext("execute", new SQLException("cached plan", FakeConnector.STALE_PLAN));
    inTransaction(
        connection -> {
          numbers.add(number(connection));
          forgotten.add(driver.plansForgotten);
          return executing("insert a").run(connection);
        });
    assertThat(numbers).containsExactly(1L, 1L);
    assertThat(forgotten).as("before the second run").containsExactly(0, 1);
    assertThat(pauses).containsOnly(0L);
    assertThat(logged.messages(Level.WARN)).isEmpty();
  }

  @Test
  void aStalePlanOfAPlainLeaseIsForgottenBeforeTheNext() throws SQLException {
    driver.failNext("execute", new SQLException("cached plan", FakeConnector.STALE_PLAN));
    try (PooledConnection face = leases.acquire()) {
      assertThatThrownBy(() -> execute(face, "select 1")).hasMessageContaining("cached plan");
    }
    assertThat(driver.plansForgotten).isEqualTo(1);
    assertThat(leases.released).hasValue(1);
  }

  /** Each conflict proves that somebody else got through: attempts aren't what bounds them. */
  @Test
  void conflictsAreRunAgainUntilTheLongestDuration() {
    retry(RetryConfig.DEFAULT.withMaxAttempts(2).withMaxDuration(Duration.ofSeconds(2)));
    for (int i = 0; i < 500; i++) {
      driver.failNext("execute", new SQLException("could not serialize", "40001"));
    }
    Throwable thrown = catchThrowable(() -> inTransaction(executing("insert a")));
    assertThat(runs).isBetween(150, 180);
    assertThat(passed()).isBetween(1_980_000_000L, 2_000_000_000L);
    assertThat(thrown)
        .isInstanceOf(SQLTransactionRollbackException.class)
        .hasMessageContaining("could not serialize")
        .hasMessageContaining("it has run " + runs + " times in " + passed() / 1_000_000 + " ms")
        .hasMessageContaining("and lost " + runs + " races with other transactions")
        .hasMessageContaining("retry.max-duration is over");
    assertThat(((SQLException) thrown).getSQLState()).isEqualTo("40001");
    assertThat(thrown.getSuppressed()).as("some of the earlier ones").hasSizeBetween(1, 10);
  }

  @Test
  void withRetriesOffAConflictIsNotRunAgain() {
    retry(RetryConfig.OFF);
    SQLException lost = new SQLException("could not serialize", "40001");
    driver.failNext("execute", lost);
    assertThatThrownBy(() -> inTransaction(executing("insert a"))).isSameAs(lost);
    assertThat(runs).isEqualTo(1);
  }

  /** What it is used for goes unseen. */
  @Test
  void theDriversOwnObjectInAutocommitCountsAsAWrite() throws SQLException {
    assertThatThrownBy(
            () ->
                run(
                    WorkOptions.DEFAULT,
                    connection -> {
                      runs++;
                      connection.unwrap(FakeDriver.Vendor.class);
                      FakeLeaseManager.physical((PooledConnection) connection).breakOff();
                      throw lost();
                    }))
        .isInstanceOf(WriteOutcomeUnknownException.class);
    assertThat(runs).isEqualTo(1);
  }

  @Test
  void theLastFailureIsThrownAsItWasAndKnowsTheEarlierOnes() throws SQLException {
    retry(RetryConfig.DEFAULT.withMaxAttempts(3));
    SQLException first = driver.breakNext("execute");
    SQLException second = driver.breakNext("execute");
    SQLException third = driver.breakNext("execute");
    Throwable thrown = catchThrowable(() -> inTransaction(executing("insert a")));
    assertThat(thrown).isSameAs(third);
    assertThat(thrown.getSuppressed()).hasSize(3).startsWith(first, second);
    assertThat(thrown.getSuppressed()[2])
        .hasMessageContaining("work was not run again")
        .hasMessageContaining("retry.max-attempts")
        .hasMessageContaining("it has run 3 times")
        .hasMessageNotContaining("races");
    assertThat(runs).isEqualTo(3);
    assertThat(logged.messages(Level.INFO))
        .anySatisfy(line -> assertThat(line).endsWith("it has run 3 times in 30 ms"));
    assertThat(events(PoolEvent.RetryRefused.class))
        .extracting(PoolEvent.RetryRefused::attempts)
        .containsExactly(3);
  }

  @Test
  void withRetriesOffWorkRunsOnce() throws SQLException {
    retry(RetryConfig.OFF);
    driver.breakNext("execute");
    assertThatThrownBy(() -> run(READ_ONLY, executing("select 1"))).hasMessageContaining("broken");
    assertThat(runs).isEqualTo(1);
  }

  @Test
  void noRunBeginsAfterTheLongestDuration() throws SQLException {
    retry(
        RetryConfig.DEFAULT
            .withMaxAttempts(100)
            .withInitialBackoff(Duration.ofSeconds(4))
            .withMaxBackoff(Duration.ofSeconds(4))
            .withMaxDuration(Duration.ofSeconds(5)));
    for (int i = 0; i < 10; i++) {
      driver.breakNext("execute");
    }
    assertThatThrownBy(() -> run(READ_ONLY, executing("select 1"))).hasMessageContaining("broken");
    assertThat(runs).as("at 0, 2 and 4 s").isEqualTo(3);
  }

  /** Half of 20, 40, 80, 160 ms, as the dice say one half. */
  @Test
  void pausesGrowAndAreDrawn() throws SQLException {
    for (int i = 0; i < 4; i++) {
      driver.breakNext("execute");
    }
    run(READ_ONLY, executing("select 1"));
    assertThat(pauses).containsExactly(10_000_000L, 20_000_000L, 40_000_000L, 80_000_000L);
  }

  /** The dead connection's place is free while the unit waits for another. */
  @Test
  void nothingIsHeldDuringAPause() throws SQLException {
    driver.breakNext("execute");
    List<Integer> closedAtPause = new ArrayList<>();
    UnitRunner watching =
        new UnitRunner(
            leases, () -> now, () -> 0.5, nanos -> closedAtPause.add(leases.closed.size()));
    try (PooledConnection face = leases.acquire()) {
      watching.run(face, READ_ONLY, 0, UnitWatch.NONE, executing("select 1"));
    }
    assertThat(closedAtPause).containsExactly(1);
  }

  @Test
  void anInterruptEndsTheRetrying() throws SQLException {
    driver.breakNext("execute");
    Throwable thrown =
        catchThrowable(
            () ->
                run(
                    READ_ONLY,
                    connection -> {
                      Thread.currentThread().interrupt();
                      return executing("select 1").run(connection);
                    }));
    assertThat(Thread.interrupted()).as("the flag is kept").isTrue();
    assertThat(thrown).hasMessageContaining("broken off");
    assertThat(runs).isEqualTo(1);
  }

  /** A framework knows that its work reads a stream, say, of which no connection knows. */
  @Test
  void whatTheFrameworkAboveCannotRepeatIsRunOnce() throws SQLException {
    List<Throwable> lost = new ArrayList<>();
    try (PooledConnection face = leases.acquire()) {
      Throwable thrown =
          catchThrowable(
              () ->
                  runner.<Boolean, SQLException>rerun(
                      face,
                      READ_ONLY.withLabel("import"),
                      connection -> {
                        try {
                          return readAndBreak(connection);
                        } catch (SQLException e) {
                          lost.add(e);
                          throw new NotRepeatableException(e, "it reads a stream");
                        }
                      }));
      assertThat(thrown).isSameAs(lost.get(0)).hasSuppressedException(thrown.getSuppressed()[0]);
      assertThat(thrown.getSuppressed()[0])
          .hasMessage("import was not run again: it reads a stream");
    }
    assertThat(runs).isEqualTo(1);
    assertThat(events(PoolEvent.RetryRefused.class))
        .extracting(PoolEvent.RetryRefused::why)
        .containsExactly("it reads a stream");
    assertThat(events(PoolEvent.Retried.class)).isEmpty();
  }

  /** Its own failure is told as any other's, and that of nobody's unit comes out, too. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatItFailedOfComesOut(boolean owned) throws SQLException {
    SQLException failure = new SQLException("duplicate", "23505");
    Connection anothers =
        (Connection)
            Proxy.newProxyInstance(
                Connection.class.getClassLoader(),
                new Class<?>[] {Connection.class},
                (proxy, method, arguments) ->
                    method.getReturnType() == boolean.class ? false : null);
    try (PooledConnection face = leases.acquire()) {
      assertThatThrownBy(
              () ->
                  runner.<Boolean, SQLException>rerun(
                      owned ? face : anothers,
                      READ_ONLY,
                      same -> {
                        throw new NotRepeatableException(failure, "it reads a stream");
                      }))
          .isSameAs(failure);
    }
    assertThat(failure.getSuppressed()).isEmpty();
    assertThat(events(PoolEvent.RetryRefused.class)).isEmpty();
  }

  /** By which the unit hears of no loss: its connection is closed, and that was wanted. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aWriteWithoutAnAnswerIsToldThoughAnotherThreadHasAborted(boolean transaction)
      throws SQLException {
    SQLException lost = driver.breakNext("execute");
    Work<String, SQLException> work =
        connection -> {
          runs++;
          FakePhysical physical = FakeLeaseManager.physical((PooledConnection) connection);
          driver.during(
              "execute",
              () -> {
                try {
                  physical.inStep = false;
                  connection.abort(Runnable::run);
                  physical.breakOff();
                } catch (SQLException e) {
                  throw new AssertionError(e);
                }
              });
          execute(connection, "insert a");
          return "";
        };
    Throwable thrown =
        catchThrowable(
            () -> (transaction ? inTransaction(work) : run(WorkOptions.DEFAULT, work)).isEmpty());
    if (transaction) {
      assertThat(thrown).as("it is undone with the connection").isSameAs(lost);
    } else {
      assertThat(thrown).isInstanceOf(WriteOutcomeUnknownException.class).hasCause(lost);
    }
    assertThat(runs).isEqualTo(1);
  }

  private static Stream<Exception> interruptions() {
    InterruptedException cause = new InterruptedException();
    return Stream.of(
        cause,
        new IllegalStateException(cause),
        new SQLException("the work has waited", "57014", cause));
  }

  /** The work has met the loss, waits a moment of itself, and is interrupted in that. */
  @ParameterizedTest
  @MethodSource("interruptions")
  void anInterruptThatTheWorkWasToldOfEndsTheRetrying(Exception interrupted) throws SQLException {
    driver.breakNext("execute");
    Throwable thrown =
        catchThrowable(
            () ->
                this.<String, Exception>run(
                    READ_ONLY,
                    connection -> {
                      assertThatThrownBy(() -> executing("select 1").run(connection))
                          .isInstanceOf(SQLException.class);
                      throw interrupted; // which has taken the flag off
                    }));
    assertThat(thrown).isSameAs(interrupted);
    assertThat(Thread.interrupted()).as("who is told by the exception needs no flag").isFalse();
    assertThat(runs).isEqualTo(1);
    assertThat(events(PoolEvent.RetryRefused.class))
        .extracting(PoolEvent.RetryRefused::why)
        .singleElement()
        .asString()
        .contains("interrupted");
  }

  @Test
  void anInterruptDuringAPauseEndsTheRetrying() throws SQLException {
    driver.breakNext("execute");
    UnitRunner interrupted =
        new UnitRunner(
            leases,
            () -> now,
            () -> 0.5,
            nanos -> {
              throw new InterruptedException();
            });
    try (PooledConnection face = leases.acquire()) {
      assertThatThrownBy(
              () -> interrupted.run(face, READ_ONLY, 0, UnitWatch.NONE, executing("select 1")))
          .hasMessageContaining("broken off")
          .satisfies(
              e ->
                  assertThat(e.getSuppressed()[0])
                      .hasMessageContaining("not run again: its thread was interrupted"));
    }
    assertThat(Thread.interrupted()).isTrue();
    assertThat(runs).isEqualTo(1);
  }

  /** What was looked for is the work's failure; why there was no other connection comes with it. */
  @Test
  void withoutAnotherConnectionTheFailureOfTheWorkIsThrown() throws SQLException {
    SQLException lost = driver.breakNext("execute");
    SQLException down = new SQLException("no connection within 30 s", "08001");
    try (PooledConnection face = leases.acquire()) {
      leases.openFailure = down;
      assertThatThrownBy(
              () -> runner.run(face, READ_ONLY, 0, UnitWatch.NONE, executing("select 1")))
          .isSameAs(lost);
      assertThat(face.isClosed()).isTrue();
    }
    assertThat(lost.getSuppressed()).hasSize(2).startsWith(down);
    assertThat(lost.getSuppressed()[1])
        .hasMessageContaining("the report was not run again: there was no other connection");
    assertThat(events(PoolEvent.RetryRefused.class))
        .extracting(PoolEvent.RetryRefused::why)
        .singleElement()
        .asString()
        .contains("no connection within 30 s");
  }

  /** A new session that breaks at once is one more failure, not the end. */
  @Test
  void aRenewedConnectionMayBreakAsWell() throws SQLException {
    driver.breakNext("execute");
    try (PooledConnection face = leases.acquire()) {
      runner.rerun(
          face,
          WorkOptions.IDEMPOTENT,
          connection -> {
            if (runs == 1) {
              driver.breakNext("createStatement");
            }
            return executing("insert a").run(connection);
          });
    }
    assertThat(runs).isEqualTo(3);
  }

  @Test
  void optionsHoldForTheUnitOnly() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      runner.rerun(
          face,
          READ_ONLY.withIsolation(Connection.TRANSACTION_SERIALIZABLE),
          connection -> {
            assertThat(connection.isReadOnly()).isTrue();
            assertThat(connection.getTransactionIsolation())
                .isEqualTo(Connection.TRANSACTION_SERIALIZABLE);
            return "";
          });
      assertThat(face.isReadOnly()).isFalse();
      assertThat(face.getTransactionIsolation())
          .as("what it was")
          .isEqualTo(Connection.TRANSACTION_NONE);
      assertThat(face.observer()).isNull();
    }
  }

  /** Whoever took the connection had set it up; the next session must not differ. */
  @Test
  void whatWasSetBeforeTheUnitIsCarriedOver() throws SQLException {
    driver.breakNext("execute");
    try (PooledConnection face = leases.acquire()) {
      face.setAutoCommit(false);
      face.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      runner.rerun(
          face,
          WorkOptions.DEFAULT,
          connection -> {
            assertThat(connection.getAutoCommit()).isFalse();
            assertThat(FakeLeaseManager.physical(face).jdbc().getTransactionIsolation())
                .isEqualTo(Connection.TRANSACTION_REPEATABLE_READ);
            return executing("insert a").run(connection);
          });
      assertThat(number(face)).isEqualTo(2);
      face.commit();
    }
    assertThat(driver.database.rows).containsExactly("a");
  }

  /** What SQL has set (a schema, a role, a temporary table) can't be carried over. */
  @Test
  void aUnitOnASessionThatSqlHasChangedIsNotRunAgain() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      execute(face, "SET search_path = x");
      SQLException lost = driver.breakNext("execute");
      assertThatThrownBy(() -> runner.rerun(face, READ_ONLY, executing("select 1"))).isSameAs(lost);
    }
    assertThat(runs).isEqualTo(1);
  }

  @Test
  void aUnitBesideAnOpenStatementIsNotRunAgain() throws SQLException {
    try (PooledConnection face = leases.acquire();
        Statement open = face.createStatement()) {
      SQLException lost = driver.breakNext("execute");
      assertThatThrownBy(() -> runner.rerun(face, READ_ONLY, executing("select 1"))).isSameAs(lost);
      assertThat(open.getConnection()).isSameAs(face);
    }
    assertThat(runs).isEqualTo(1);
  }

  /** Statements that the failed run itself has left are no obstacle. */
  @Test
  void whatTheFailedRunForgotIsClosed() throws SQLException {
    List<Statement> forgotten = new ArrayList<>();
    inTransaction(
        connection -> {
          runs++;
          Statement statement = connection.createStatement();
          forgotten.add(statement);
          if (runs == 1) {
            driver.breakNext("execute");
          }
          statement.execute("insert a");
          return "";
        });
    assertThat(forgotten).hasSize(2);
    assertThat(forgotten.get(0).isClosed()).isTrue();
  }

  @Test
  void aConnectionThatTheWorkClosedIsNotRenewed() throws SQLException {
    assertThatThrownBy(
            () ->
                run(
                    READ_ONLY,
                    connection -> {
                      runs++;
                      connection.close();
                      throw lost();
                    }))
        .hasMessage("gone");
    assertThat(runs).isEqualTo(1);
    assertThat(leases.released).hasValue(1);
  }

  /** The second run has failed of itself, whatever the first has failed of. */
  @Test
  void aMistakeAfterALostRaceIsTheWorksOwn() {
    SQLException mistake = new SQLException("duplicate key", "23505");
    driver.failNext("execute", new SQLException("could not serialize", "40001"));
    driver.failNext("execute", mistake);
    Throwable thrown =
        catchThrowable(
            () ->
                inTransaction(
                    connection -> {
                      try {
                        return executing("insert a").run(connection);
                      } catch (SQLException e) {
                        FakeLeaseManager.physical((PooledConnection) connection)
                            .transaction(TransactionState.FAILED);
                        throw e;
                      }
                    }));
    assertThat(thrown).isSameAs(mistake);
    assertThat(runs).isEqualTo(2);
  }

  /** Frameworks leave that to whoever catches the failure, and that is the pool now. */
  @Test
  void aTransactionThatAFailedRunLeftOpenIsRolledBackBeforeTheNext() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      runner.rerun(
          face,
          WorkOptions.DEFAULT,
          connection -> {
            runs++;
            connection.setAutoCommit(false);
            execute(connection, "insert by run " + runs);
            if (runs == 1) {
              driver.failNext("execute", new SQLException("could not serialize", "40001"));
            }
            execute(connection, "select 1");
            connection.commit();
            return "";
          });
      assertThat(number(face)).isEqualTo(1);
    }
    assertThat(driver.database.rows).containsExactly("by run 2");
  }

  @Test
  void aTransactionThatFailedWorkHasBegunItselfIsRolledBackByItsUnit() throws SQLException {
    IOException own = new IOException("mine");
    Throwable thrown =
        catchThrowable(
            () ->
                run(
                    WorkOptions.DEFAULT,
                    connection -> {
                      connection.setAutoCommit(false);
                      execute(connection, "insert a");
                      throw own;
                    }));
    assertThat(thrown).isSameAs(own);
    assertThat(driver.database.rows).isEmpty();
    assertThat(events(PoolEvent.TransactionLeftOpen.class)).isEmpty();
  }

  @Test
  void aRollbackThatFailsIsToldWithWhatTheWorkThrew() throws SQLException {
    SQLException mistake = new SQLException("duplicate key", "23505");
    SQLException more = new SQLException("nothing to roll back", "25P01");
    driver.failNext("execute", mistake);
    driver.failNext("rollback", more);
    Throwable thrown =
        catchThrowable(
            () ->
                inTransaction(
                    connection -> {
                      FakeLeaseManager.physical((PooledConnection) connection)
                          .transaction(TransactionState.OPEN);
                      return executing("insert a").run(connection);
                    }));
    assertThat(thrown).isSameAs(mistake).hasSuppressedException(more);
  }

  /** It is read-only no more, whatever its caller has said. */
  @Test
  void aReadOnlyUnitThatHadTheServerTakeWritesAgainIsNotReplayed() {
    assertThatThrownBy(
            () ->
                run(
                    READ_ONLY,
                    connection -> {
                      execute(connection, "set transaction_read_only = off");
                      driver.breakNext("execute");
                      return executing("insert a").run(connection);
                    }))
        .isInstanceOf(WriteOutcomeUnknownException.class);
    assertThat(runs).isEqualTo(1);
  }

  @Test
  void norOneThatTookTheDriversOwnObject() {
    assertThatThrownBy(
            () -> run(READ_ONLY, connection -> breakingPastTheFace(connection, Effects.UNPROVEN)))
        .isInstanceOf(WriteOutcomeUnknownException.class);
    assertThat(runs).isEqualTo(1);
  }

  /** What the driver calls committed are reads: the second run has kept the promise. */
  @Test
  void aRunThatKeepsThePromiseIsJudgedByItThoughOneBeforeHasNot() throws SQLException {
    run(
        READ_ONLY,
        connection -> {
          FakePhysical physical = FakeLeaseManager.physical((PooledConnection) connection);
          if (runs == 0) {
            physical.effects = Effects.NONE;
            execute(connection, "set transaction_read_only = off");
          } else {
            physical.effects = Effects.COMMITTED;
          }
          if (runs < 2) {
            driver.breakNext("execute");
          }
          return executing("select 1").run(connection);
        });
    assertThat(runs).isEqualTo(3);
  }

  /** A transaction that has written nothing ends with a COMMIT as any other. */
  @Test
  void aCommitOfNothingDoesNotStandInTheWayOfARerun() throws SQLException {
    driver.commits.ticket = null;
    run(
        WorkOptions.DEFAULT,
        connection -> {
          FakePhysical physical = FakeLeaseManager.physical((PooledConnection) connection);
          connection.setAutoCommit(false);
          execute(connection, "select 1");
          driver.during("commit", () -> physical.seeCommit(Effects.COMMITTED));
          connection.commit();
          if (runs == 0) {
            driver.breakNext("execute");
          }
          return executing("select 2").run(connection);
        });
    assertThat(runs).isEqualTo(2);
  }

  /** Its transaction went with its connection: a COMMIT would be of nothing, or on a dead one. */
  @Test
  void aLossThatTheWorkHidIsNotCommittedOver() throws SQLException {
    inTransaction(
        connection -> {
          execute(connection, "select 1");
          if (runs == 0) {
            driver.breakNext("execute");
          }
          try {
            return executing("insert a").run(connection);
          } catch (SQLException hidden) {
            return "";
          }
        });
    assertThat(runs).isEqualTo(2);
  }

  /** Each kind of failure is counted by itself, and has its own pauses. */
  @Test
  void lostRacesDoNotCountAsLostConnections() throws SQLException {
    retry(RetryConfig.DEFAULT.withMaxAttempts(3));
    driver.failNext("execute", new SQLException("could not serialize", "40001"));
    driver.failNext("execute", new SQLException("could not serialize", "40001"));
    driver.breakNext("execute");
    driver.breakNext("execute");
    assertThat(inTransaction(executing("insert a"))).isEqualTo("done 5");
    assertThat(pauses).containsExactly(500_000L, 1_000_000L, 10_000_000L, 20_000_000L);
  }

  @Test
  void eachOptionIsTakenBackThoughItIsTheOnlyOne() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      runner.rerun(face, READ_ONLY, Connection::isReadOnly);
      assertThat(face.isReadOnly()).isFalse();
      runner.rerun(
          face,
          WorkOptions.DEFAULT.withIsolation(Connection.TRANSACTION_SERIALIZABLE),
          Connection::getTransactionIsolation);
      assertThat(face.getTransactionIsolation()).isEqualTo(Connection.TRANSACTION_NONE);
    }
  }

  /** What its present server session has says nothing of the one that it is about to have. */
  @Test
  void theLevelIsSaidThoughASharedSessionHasItAlready() throws SQLException {
    driver.shared = true;
    try (PooledConnection face = leases.acquire()) {
      FakeLeaseManager.physical(face)
          .jdbc()
          .setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
      runner.inTransaction(
          face,
          WorkOptions.DEFAULT.withIsolation(Connection.TRANSACTION_READ_COMMITTED),
          0,
          UnitWatch.NONE,
          connection -> executing("select 1").run(connection));
    }
    assertThat(driver.begun).containsExactly("2");
  }

  /** The driver refuses to change them within it. */
  @Test
  void optionsStayAsLongAsATransactionIsOpen() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      face.setAutoCommit(false);
      runner.rerun(face, READ_ONLY, executing("select 1"));
      assertThat(face.isReadOnly()).isTrue();
      face.commit();
    }
    assertThat(leases.released).hasValue(1);
  }
}
