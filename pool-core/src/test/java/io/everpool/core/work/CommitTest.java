package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.RetryConfig;
import io.everpool.api.Verdict;
import io.everpool.api.Work;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.driver.Effects;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.jdbc.FakeLeaseManager;
import io.everpool.core.jdbc.FakePhysical;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.observe.UnitWatch;
import io.everpool.core.upkeep.PrimarySearch.Refusal;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A COMMIT was sent and its answer was lost. */
class CommitTest extends RunnerFixture {

  private String transfer(WorkOptions options) throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      return runner.inTransaction(
          face,
          options,
          0,
          UnitWatch.NONE,
          connection -> {
            runs++;
            execute(connection, "insert a");
            return "done " + runs;
          });
    }
  }

  private String transfer() throws SQLException {
    return transfer(WorkOptions.DEFAULT.withLabel("transfer"));
  }

  @Test
  void whatIsFoundCommittedIsDone() throws SQLException {
    driver.breakNext("commit");
    driver.commits.answers.add(CommitStatus.COMMITTED);
    assertThat(transfer()).isEqualTo("done 1");
    assertThat(runs).isEqualTo(1);
    assertThat(driver.commits.asked).containsExactly(driver.commits.ticket);
    assertThat(leases.events)
        .contains(new PoolEvent.CommitResolved("everpool", "42", CommitStatus.COMMITTED));
    assertThat(logged.messages(Level.WARN)).contains(RECONNECTING);
    assertThat(leases.released).as("the connection that was asked").hasValue(1);
  }

  @Test
  void whatIsFoundAbortedIsRunAgain() throws SQLException {
    driver.breakNext("commit");
    driver.commits.answers.add(CommitStatus.ABORTED);
    assertThat(transfer()).isEqualTo("done 2");
    assertThat(leases.session.get()).as("one more connection was enough").isEqualTo(2);
  }

  /**
   * Without an id nothing was written, and nothing can be doubled. But another server's rows need
   * none: where nothing is seen of what was sent, the text must speak for it.
   */
  @ParameterizedTest
  @CsvSource({"insert a, true, true", "select a, false, true", "insert a, false, false"})
  void whatWroteNothingIsRunAgainWithoutAsking(String sql, boolean seen, boolean again)
      throws SQLException {
    driver.commits.ticket = null;
    driver.breakNext("commit");
    Work<String, SQLException> work =
        connection -> {
          runs++;
          if (seen) {
            FakeLeaseManager.physical((PooledConnection) connection).seeCommit(Effects.NONE);
          }
          execute(connection, sql);
          return "done " + runs;
        };
    try (PooledConnection face = leases.acquire()) {
      if (again) {
        assertThat(runner.inTransaction(face, WorkOptions.DEFAULT, 0, UnitWatch.NONE, work))
            .isEqualTo("done 2");
      } else {
        assertThatThrownBy(
                () -> runner.inTransaction(face, WorkOptions.DEFAULT, 0, UnitWatch.NONE, work))
            .isInstanceOf(CommitOutcomeUnknownException.class)
            .hasMessageContaining("its transaction's id is not known");
      }
    }
    assertThat(driver.commits.asked).isEmpty();
  }

  /** The old server process may still be at it: asked again, and helped to an end. */
  @Test
  void whatIsInProgressIsAskedAgainAndEnded() throws SQLException {
    driver.breakNext("commit");
    driver.commits.answers.add(CommitStatus.IN_PROGRESS);
    driver.commits.answers.add(CommitStatus.IN_PROGRESS);
    driver.commits.answers.add(CommitStatus.COMMITTED);
    List<Integer> ended = new ArrayList<>();
    driver.commits.onAsked = () -> ended.add(driver.commits.ended.size());
    assertThat(transfer()).isEqualTo("done 1");
    assertThat(ended).as("it has a pause to end by itself").containsExactly(0, 0, 1);
    assertThat(pauses).hasSize(2);
  }

  @Test
  void whatNobodyKnowsIsSaidAndNotRepeated() {
    SQLException lost = driver.breakNext("commit");
    driver.commits.answers.add(CommitStatus.UNKNOWN);
    assertThatThrownBy(this::transfer)
        .isInstanceOfSatisfying(
            CommitOutcomeUnknownException.class,
            e -> {
              assertThat(e.transactionId()).isEqualTo("42");
              assertThat(e.getSQLState()).isEqualTo("08007");
            })
        .hasMessageContaining("COMMIT of transfer")
        .hasMessageContaining("transaction 42")
        .hasCause(lost);
    assertThat(runs).isEqualTo(1);
    assertThat(leases.events)
        .contains(new PoolEvent.CommitResolved("everpool", "42", CommitStatus.UNKNOWN));
  }

  @Test
  void theAskingEndsAtTheLongestDuration() {
    retry(RetryConfig.DEFAULT.withMaxDuration(Duration.ofSeconds(3)));
    driver.breakNext("commit");
    for (int i = 0; i < 1_000; i++) {
      driver.commits.answers.add(CommitStatus.IN_PROGRESS);
    }
    assertThatThrownBy(this::transfer)
        .isInstanceOf(CommitOutcomeUnknownException.class)
        .hasMessageContaining("transaction 42 was still in progress on the server");
    assertThat(events(PoolEvent.CommitResolved.class))
        .containsExactly(new PoolEvent.CommitResolved("everpool", "42", CommitStatus.IN_PROGRESS));
    assertThat(logged.messages(Level.WARN))
        .filteredOn(line -> line.contains("nobody knows whether a COMMIT of transfer was done"))
        .singleElement()
        .asString()
        .contains("transaction 42, still in progress; look for its effect");
    assertThat(passed()).isBetween(2_900_000_000L, 3_000_000_000L);
    assertThat(pauses).as("it does not go round and round at the end").doesNotContain(0L);
    assertThat(driver.commits.asked).hasSize(pauses.size() + 1);
  }

  /** It was in progress, and the last that was asked has said nothing. */
  @Test
  void whatWasInProgressBeforeTheLastQuestionIsUnknown() {
    retry(RetryConfig.DEFAULT.withMaxDuration(Duration.ofSeconds(3)));
    driver.breakNext("commit");
    driver.commits.answers.add(CommitStatus.IN_PROGRESS);
    for (int i = 0; i < 1_000; i++) {
      driver.commits.answers.add(lost());
    }
    assertThatThrownBy(this::transfer).hasMessageContaining("could not tell what became of");
    assertThat(events(PoolEvent.CommitResolved.class))
        .containsExactly(new PoolEvent.CommitResolved("everpool", "42", CommitStatus.UNKNOWN));
  }

  /** The connection that asks may break as well. */
  @Test
  void theAskingGoesOnOverAFurtherConnection() throws SQLException {
    driver.breakNext("commit");
    driver.commits.answers.add(lost());
    driver.commits.answers.add(new SQLException("starting", "57P01"));
    driver.commits.answers.add(CommitStatus.COMMITTED);
    assertThat(transfer()).isEqualTo("done 1");
    assertThat(leases.session.get()).isEqualTo(4);
    assertThat(leases.closed).hasSize(3);
  }

  /**
   * A standby can't know: that is no answer, whether it means to the pool that a server that writes
   * is there, is looked for, or isn't; nor does it say of the unit that a write was refused.
   */
  @ParameterizedTest
  @EnumSource(Refusal.class)
  void aServerThatIsNotTheOneToAskIsNoAnswer(Refusal refusal) throws SQLException {
    leases.refusal = refusal;
    for (CommitStatus found : List.of(CommitStatus.COMMITTED, CommitStatus.ABORTED)) {
      runs = 0;
      driver.breakNext("commit");
      driver.commits.answers.add(new SQLException("a standby", "25006"));
      driver.commits.answers.add(new SQLException("a standby", "25006"));
      driver.commits.answers.add(found);
      pauses.clear();
      assertThat(transfer()).isEqualTo(found == CommitStatus.COMMITTED ? "done 1" : "done 2");
      assertThat(driver.commits.answers).isEmpty();
      assertThat(pauses).hasSizeGreaterThanOrEqualTo(2).doesNotContain(0L);
    }
    assertThat(leases.writesRefused).as("and one that writes is looked for").hasValue(4);
    assertThat(leases.patience).as("which nobody waits for").isEmpty();
  }

  @ParameterizedTest
  @EnumSource(Refusal.class)
  void whereOnlyThoseAreThereTheOutcomeIsUnknownInTheEnd(Refusal refusal) {
    retry(RetryConfig.DEFAULT.withMaxDuration(Duration.ofSeconds(3)));
    leases.refusal = refusal;
    driver.breakNext("commit");
    for (int i = 0; i < 1_000; i++) {
      driver.commits.answers.add(new SQLException("a standby", "25006"));
    }
    assertThatThrownBy(this::transfer)
        .isInstanceOf(CommitOutcomeUnknownException.class)
        .hasMessageContaining("could not tell what became of");
    assertThat(passed()).isBetween(2_900_000_000L, 3_000_000_000L);
    assertThat(runs).isEqualTo(1);
  }

  @Test
  void aServerThatRefusesToSayIsNotAskedForEver() {
    driver.breakNext("commit");
    SQLException denied = new SQLException("permission denied", "42501");
    driver.commits.answers.add(denied);
    assertThatThrownBy(this::transfer)
        .isInstanceOf(CommitOutcomeUnknownException.class)
        .cause()
        .hasSuppressedException(denied);
    assertThat(driver.commits.asked).hasSize(1);
  }

  private static Stream<Throwable> mistakes() {
    return Stream.of(
        new IllegalStateException("a mistake of the driver's"),
        new NoClassDefFoundError("a/class/of/the/driver"),
        new StackOverflowError("within the driver"));
  }

  /** It is the outcome that must not be hidden by it; else the unit would be run again. */
  @ParameterizedTest
  @MethodSource("mistakes")
  void aMistakeOfTheOneWhoIsAskedLeavesTheOutcomeUnknown(Throwable mistake) {
    SQLException lost = driver.breakNext("commit");
    driver.commits.onAsked = () -> CommitTest.<RuntimeException>sneak(mistake);
    assertThatThrownBy(this::transfer)
        .isInstanceOf(CommitOutcomeUnknownException.class)
        .hasCause(lost)
        .cause()
        .hasSuppressedException(mistake);
    assertThat(runs).isEqualTo(1);
    assertThat(leases.closed).as("both connections").hasSize(2);
  }

  /** What is found committed stays so, whatever becomes of the connection after it. */
  @Test
  void aMistakeAfterACommitThatWentWellDoublesNothing() throws SQLException {
    driver.breakNext("commit");
    driver.commits.answers.add(CommitStatus.COMMITTED);
    driver.commits.onAsked =
        () ->
            driver.during(
                "setAutoCommit",
                () -> {
                  throw new IllegalStateException("a mistake of the driver's");
                });
    assertThat(transfer()).isEqualTo("done 1");
    assertThat(runs).isEqualTo(1);
    assertThat(leases.closed).as("both connections").hasSize(2);
  }

  @SuppressWarnings({"unchecked", "DoNotCallSuggester"})
  private static <T extends Throwable> void sneak(Throwable thrown) throws T {
    throw (T) thrown;
  }

  @Test
  void whereTheDriverCannotTellTheOutcomeIsUnknown() throws SQLException {
    driver.commits.told = false;
    transfer();
    transfer();
    assertThat(driver.commits.tickets).as("asked once per connection").isEqualTo(1);
    driver.breakNext("commit");
    assertThatThrownBy(this::transfer)
        .isInstanceOfSatisfying(
            CommitOutcomeUnknownException.class, e -> assertThat(e.transactionId()).isNull());
    assertThat(runs).isEqualTo(3);
    countsAsUnknown();
  }

  /** It is a write that somebody should look after, as one that the server couldn't tell of. */
  private void countsAsUnknown() {
    assertThat(events(PoolEvent.CommitResolved.class))
        .containsExactly(new PoolEvent.CommitResolved("everpool", "", CommitStatus.UNKNOWN));
  }

  @Test
  void withoutTheSettingNothingIsAskedAndTheOutcomeIsUnknown() {
    retry(RetryConfig.DEFAULT.withCommitOutcome(false));
    driver.breakNext("commit");
    assertThatThrownBy(this::transfer).isInstanceOf(CommitOutcomeUnknownException.class);
    assertThat(driver.commits.tickets).isZero();
    countsAsUnknown();
  }

  @Test
  void whatMayBeRepeatedIsRepeatedWithoutAsking() throws SQLException {
    driver.breakNext("commit");
    assertThat(transfer(WorkOptions.IDEMPOTENT)).isEqualTo("done 2");
    driver.breakNext("commit");
    runs = 0;
    assertThat(transfer(WorkOptions.READ_ONLY)).isEqualTo("done 2");
    assertThat(driver.commits.tickets).isZero();
  }

  /** The promise is of no use there, and the caller would be told of a loss that says nothing. */
  @Test
  void whatMayBeRepeatedAndCanNotBeIsLookedUp() throws SQLException {
    retry(RetryConfig.OFF.withCommitOutcome(true));
    driver.breakNext("commit");
    driver.commits.answers.add(CommitStatus.COMMITTED);
    assertThat(transfer(WorkOptions.IDEMPOTENT)).isEqualTo("done 1");
    assertThat(driver.commits.tickets).isEqualTo(1);
    SQLException lost = driver.breakNext("commit");
    driver.commits.answers.add(CommitStatus.ABORTED);
    assertThatThrownBy(() -> transfer(WorkOptions.IDEMPOTENT)).isSameAs(lost);
    assertThat(runs).isEqualTo(2);
  }

  @Test
  void whatMayBeRepeatedAndHasRunOftenEnoughIsLookedUp() throws SQLException {
    retry(RetryConfig.DEFAULT.withMaxAttempts(2));
    driver.breakNext("commit");
    try (PooledConnection face = leases.acquire()) {
      String result =
          runner.inTransaction(
              face,
              WorkOptions.IDEMPOTENT,
              0,
              UnitWatch.NONE,
              connection -> {
                execute(connection, "insert a");
                if (++runs == 2) {
                  driver.breakNext("commit");
                  driver.commits.answers.add(CommitStatus.COMMITTED);
                }
                return "done " + runs;
              });
      assertThat(result).isEqualTo("done 2");
    }
    assertThat(driver.commits.tickets).isEqualTo(1);
  }

  /** It could be replaced by no other session. */
  @Test
  void whatMayBeRepeatedOnItsOwnSessionOnlyIsLookedUp() throws SQLException {
    driver.commits.answers.add(CommitStatus.COMMITTED);
    try (PooledConnection face = leases.acquire()) {
      execute(face, "SET search_path = x");
      driver.breakNext("commit");
      runner.inTransaction(
          face,
          WorkOptions.IDEMPOTENT,
          0,
          UnitWatch.NONE,
          connection -> {
            execute(connection, "insert a");
            return ++runs;
          });
    }
    assertThat(runs).isEqualTo(1);
    assertThat(driver.commits.asked).hasSize(1);
  }

  /** An inner unit leaves its failure to the outer one, which has no run left. */
  @Test
  void whatMayBeRepeatedByAUnitAroundItThatCanNotBeIsLookedUp() throws SQLException {
    retry(RetryConfig.OFF.withCommitOutcome(true));
    driver.breakNext("commit");
    driver.commits.answers.add(CommitStatus.COMMITTED);
    try (PooledConnection face = leases.acquire()) {
      runner.rerun(
          face,
          WorkOptions.IDEMPOTENT,
          outer ->
              runner.inTransaction(
                  face,
                  WorkOptions.IDEMPOTENT,
                  0,
                  UnitWatch.NONE,
                  connection -> {
                    execute(connection, "insert a");
                    return ++runs;
                  }));
    }
    assertThat(runs).isEqualTo(1);
    assertThat(driver.commits.asked).hasSize(1);
  }

  /** Its word holds for what is within, too, though the server takes it for a hint. */
  @Test
  void whatAReadOnlyUnitAroundItRepeatsIsNotAskedAbout() throws SQLException {
    driver.takesReadOnlyAsAHint = true;
    driver.breakNext("commit");
    try (PooledConnection face = leases.acquire()) {
      runner.rerun(
          face,
          WorkOptions.READ_ONLY,
          outer ->
              runner.inTransaction(
                  face,
                  WorkOptions.DEFAULT,
                  0,
                  UnitWatch.NONE,
                  connection -> {
                    execute(connection, "select 1");
                    return ++runs;
                  }));
    }
    assertThat(runs).isEqualTo(2);
    assertThat(driver.commits.tickets).isZero();
  }

  /** Who can't be asked is told of at least. */
  @Test
  void whatMayBeRepeatedAndNeitherCanBeNorLookedUpIsUnknown() {
    retry(RetryConfig.OFF.withCommitOutcome(false));
    SQLException lost = driver.breakNext("commit");
    assertThatThrownBy(() -> transfer(WorkOptions.IDEMPOTENT))
        .isInstanceOf(CommitOutcomeUnknownException.class)
        .hasCause(lost);
    assertThat(runs).isEqualTo(1);
    countsAsUnknown();
  }

  /** What was so before the COMMIT needn't be so after it. */
  @Test
  void whatCanNotBeRepeatedAnyMoreWhenItsAnswerIsLostIsUnknown() {
    driver.during("commit", () -> Thread.currentThread().interrupt());
    driver.breakNext("commit");
    assertThatThrownBy(() -> transfer(WorkOptions.IDEMPOTENT))
        .isInstanceOf(CommitOutcomeUnknownException.class);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(runs).isEqualTo(1);
    countsAsUnknown();
  }

  /** The server has answered, and the answer is no. */
  @Test
  void aRefusedCommitIsNoLostOne() {
    SQLException refused = new SQLException("deferred constraint", "23503");
    driver.failNext("commit", refused);
    assertThatThrownBy(this::transfer).isSameAs(refused);
    assertThat(driver.commits.asked).isEmpty();
    assertThat(runs).isEqualTo(1);
  }

  /** Before COMMIT is sent there is nothing to ask about. */
  @Test
  void aConnectionThatBreaksBeforeTheCommitIsAnOrdinaryFailure() throws SQLException {
    driver.commits.ticketFailure = lost();
    assertThat(transfer()).isEqualTo("done 2");
    assertThat(driver.commits.asked).isEmpty();
  }

  /** It commits, says JDBC. */
  @Test
  void turningAutocommitOnIsACommit() throws SQLException {
    driver.breakNext("commit");
    driver.commits.answers.add(CommitStatus.COMMITTED);
    try (PooledConnection face = leases.acquire()) {
      runner.rerun(
          face,
          WorkOptions.DEFAULT,
          connection -> {
            runs++;
            connection.setAutoCommit(false);
            execute(connection, "insert a");
            connection.setAutoCommit(true);
            assertThat(connection.getAutoCommit()).isTrue();
            return "";
          });
      assertThat(number(face)).isEqualTo(2);
    }
    assertThat(runs).isEqualTo(1);
  }

  /** The rest of the unit finds a connection like the one before. */
  @Test
  void afterACommitThatWentWellTheUnitGoesOn() throws SQLException {
    driver.breakNext("commit");
    driver.commits.answers.add(CommitStatus.COMMITTED);
    try (PooledConnection face = leases.acquire()) {
      face.setReadOnly(false);
      runner.rerun(
          face,
          WorkOptions.DEFAULT,
          connection -> {
            connection.setAutoCommit(false);
            execute(connection, "insert a");
            connection.commit();
            assertThat(connection.getAutoCommit()).isFalse();
            execute(connection, "insert b");
            connection.commit();
            return "";
          });
    }
    assertThat(driver.database.rows).containsExactly("b");
    assertThat(driver.calls).filteredOn("commit()"::equals).hasSize(2);
  }

  /** A session that SQL has changed can't be replaced in the midst of a unit. */
  @Test
  void aChangedSessionEndsWithItsCommit() throws SQLException {
    driver.breakNext("commit");
    driver.commits.answers.add(CommitStatus.COMMITTED);
    try (PooledConnection face = leases.acquire()) {
      runner.rerun(
          face,
          WorkOptions.DEFAULT,
          connection -> {
            connection.setAutoCommit(false);
            execute(connection, "SET search_path = x");
            connection.commit();
            assertThat(connection.isClosed()).isTrue();
            return "";
          });
    }
    assertThat(leases.released).hasValue(1);
  }

  /** What SQL had set is gone with the session, so no other goes on; but all of it is there. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aWorkWhoseOwnCommitWasFoundDoneIsDone(boolean byAutocommit) throws SQLException {
    driver.breakNext("commit");
    driver.commits.answers.add(CommitStatus.COMMITTED);
    try (PooledConnection face = leases.acquire()) {
      String result =
          runner.inTransaction(
              face,
              WorkOptions.DEFAULT,
              0,
              UnitWatch.NONE,
              connection -> {
                runs++;
                execute(connection, "SET search_path = x");
                if (byAutocommit) {
                  connection.setAutoCommit(true);
                } else {
                  connection.commit();
                }
                return "done";
              });
      assertThat(result).isEqualTo("done");
    }
    assertThat(runs).isEqualTo(1);
  }

  @Test
  void aCommitOutsideOfUnitsIsToldAsUnknownAndNotLookedUp() throws SQLException {
    SQLException lost = driver.breakNext("commit");
    try (PooledConnection face = leases.acquire()) {
      face.setAutoCommit(false);
      execute(face, "insert a");
      assertThatThrownBy(face::commit)
          .isInstanceOf(CommitOutcomeUnknownException.class)
          .hasCause(lost);
    }
    assertThat(driver.commits.tickets).isZero();
    countsAsUnknown();
    assertThat(Objects.requireNonNull(lost).getSuppressed()).isEmpty();
  }

  @Test
  void anInterruptWhileAskingLeavesTheOutcomeUnknown() {
    driver.breakNext("commit");
    driver.commits.answers.add(CommitStatus.IN_PROGRESS);
    driver.commits.onAsked = () -> Thread.currentThread().interrupt();
    assertThatThrownBy(this::transfer).isInstanceOf(CommitOutcomeUnknownException.class);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(driver.commits.asked).hasSize(1);
  }

  /** The lost session can't know; what counts is what was found out. */
  @Test
  void whatIsFoundAbortedIsRunAgainWhateverTheLostSessionSays() throws SQLException {
    driver.breakNext("commit");
    driver.commits.answers.add(CommitStatus.ABORTED);
    try (PooledConnection face = leases.acquire()) {
      FakePhysical lost = FakeLeaseManager.physical(face);
      driver.during("commit", () -> lost.effects = Effects.IN_DOUBT);
      String result =
          runner.inTransaction(
              face,
              WorkOptions.DEFAULT,
              0,
              UnitWatch.NONE,
              connection -> {
                execute(connection, "insert a");
                return "done " + ++runs;
              });
      assertThat(result).isEqualTo("done 2");
    }
  }

  @Test
  void itIsTheLossOfTheCommitThatIsTold() throws SQLException {
    driver.breakNext("commit");
    driver.commits.answers.add(new SQLException("starting", "57P01"));
    driver.commits.answers.add(CommitStatus.ABORTED);
    assertThat(transfer()).isEqualTo("done 2");
    assertThat(events(PoolEvent.Retried.class))
        .extracting(PoolEvent.Retried::verdict)
        .containsExactly(Verdict.CONNECTION_LOST);
  }

  /** Who catches the failure goes on on its successor, unless that lacks what SQL had set. */
  @ParameterizedTest
  @CsvSource({"SET search_path = x, true", "insert b, false"})
  void whereTheUnitEndsWithAnAbortedCommitItsSuccessorIsLeftIfItIsLikeIt(String sql, boolean closed)
      throws SQLException {
    retry(RetryConfig.OFF);
    SQLException lost = driver.breakNext("commit");
    driver.commits.answers.add(CommitStatus.ABORTED);
    try (PooledConnection face = leases.acquire()) {
      assertThatThrownBy(
              () ->
                  runner.rerun(
                      face,
                      WorkOptions.DEFAULT,
                      connection -> {
                        connection.setAutoCommit(false);
                        execute(connection, sql);
                        try {
                          connection.commit();
                        } finally {
                          connection.rollback(); // as frameworks do
                          assertThat(connection.getAutoCommit()).isFalse();
                        }
                        return "";
                      }))
          .isSameAs(lost);
      assertThat(face.isClosed()).isEqualTo(closed);
    }
  }

  /** It must not be gone on with on one that is not like the lost one. */
  @Test
  void whereItsSuccessorCanNotBeSetUpThereIsNone() throws SQLException {
    retry(RetryConfig.OFF);
    SQLException lost = driver.breakNext("commit");
    driver.commits.answers.add(CommitStatus.ABORTED);
    try (PooledConnection face = leases.acquire()) {
      face.setSchema("app");
      SQLException unlike = new SQLException("no such schema", "3F000");
      driver.failNext("setSchema", unlike);
      assertThatThrownBy(
              () ->
                  runner.rerun(
                      face,
                      WorkOptions.DEFAULT,
                      connection -> {
                        connection.setAutoCommit(false);
                        execute(connection, "insert a");
                        connection.commit();
                        return "";
                      }))
          .isSameAs(lost)
          .hasSuppressedException(unlike);
      assertThat(face.isClosed()).isTrue();
    }
  }

  /** As any that may have written. */
  @Test
  void theCommitOfAReadOnlyUnitThatHadTheServerTakeWritesAgainIsLookedUp() throws SQLException {
    driver.breakNext("commit");
    driver.commits.answers.add(CommitStatus.COMMITTED);
    try (PooledConnection face = leases.acquire()) {
      runner.inTransaction(
          face,
          WorkOptions.READ_ONLY,
          0,
          UnitWatch.NONE,
          connection -> {
            runs++;
            execute(connection, "set transaction_read_only = off");
            execute(connection, "insert a");
            return "";
          });
    }
    assertThat(runs).isEqualTo(1);
    assertThat(driver.commits.asked).hasSize(1);
  }

  /** To ask for its id costs a round trip, and is refused on some standbys. */
  @Test
  void theCommitOfAReadOnlyTransactionIsNotPreparedFor() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      face.setReadOnly(true);
      runner.inTransaction(
          face,
          WorkOptions.DEFAULT,
          0,
          UnitWatch.NONE,
          connection -> {
            execute(connection, "select 1");
            return "";
          });
    }
    assertThat(driver.commits.tickets).isZero();
    assertThat(driver.calls).contains("commit()");
  }
}
