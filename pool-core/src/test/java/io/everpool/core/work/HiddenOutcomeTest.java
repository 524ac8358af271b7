package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.RetryConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.driver.Effects;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.jdbc.FakeLeaseManager;
import io.everpool.core.jdbc.FakePhysical;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.observe.UnitWatch;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Nobody knows what became of a COMMIT, and the work throws something else in place of the
 * exception that says so, as a rollback that fails in a catch block does. The row is there.
 */
class HiddenOutcomeTest extends RunnerFixture {

  /** Why nobody knows. */
  private enum Ignorance {
    DRIVER_CANT_TELL,
    SETTING_IS_OFF,
    SERVER_CANT_TELL,
    PLAIN_DRIVER,
    ONLY_SEEN_TO_BE_UNANSWERED
  }

  /** What is done with the connection after the exception; it may throw something in its place. */
  private interface Hiding {
    void by(Connection connection, SQLException unknown) throws SQLException;
  }

  private enum Way implements Hiding {
    ROLLBACK((connection, unknown) -> connection.rollback()),
    AUTOCOMMIT((connection, unknown) -> connection.setAutoCommit(true)),
    AUTOCOMMIT_OFF((connection, unknown) -> connection.setAutoCommit(false)),
    COMMIT((connection, unknown) -> connection.commit()),
    STATEMENT((connection, unknown) -> execute(connection, "select 1")),
    OWN_FAILURE(
        (connection, unknown) -> {
          throw new IllegalStateException("a framework's");
        }),
    CONFLICT(
        (connection, unknown) -> {
          throw new SQLException("of another database", "40001");
        }),
    CAUSE(
        (connection, unknown) -> {
          throw (SQLException) unknown.getCause();
        }),
    BESIDE(
        (connection, unknown) -> {
          IllegalStateException own = new IllegalStateException("with that suppressed");
          own.addSuppressed(unknown);
          throw own;
        }),
    CLOSE(
        (connection, unknown) -> {
          connection.close();
          throw new IllegalStateException("closed");
        });

    private final Hiding hiding;

    Way(Hiding hiding) {
      this.hiding = hiding;
    }

    @Override
    public void by(Connection connection, SQLException unknown) throws SQLException {
      hiding.by(connection, unknown);
    }
  }

  /** What unit hides it. */
  private enum Where {
    OF_THE_POOL,
    ON_A_FRAMEWORKS_CONNECTION,
    IN_AN_INNER_ONE,
    AROUND_AN_INNER_ONE
  }

  private static Stream<Arguments> all() {
    return Stream.of(Ignorance.values())
        .flatMap(
            why ->
                Stream.of(Where.values())
                    .flatMap(
                        where ->
                            Stream.of(Way.values()).map(way -> Arguments.of(why, where, way))));
  }

  private PooledConnection acquire(Ignorance why) throws SQLException {
    switch (why) {
      case DRIVER_CANT_TELL, ONLY_SEEN_TO_BE_UNANSWERED -> driver.commits.told = false;
      case SETTING_IS_OFF -> retry(RetryConfig.DEFAULT.withCommitOutcome(false));
      case SERVER_CANT_TELL -> driver.commits.answers.add(CommitStatus.UNKNOWN);
      case PLAIN_DRIVER -> {
        driver.commits.told = false;
        leases = FakeLeaseManager.plain(driver);
        runner = runner(leases);
      }
    }
    PooledConnection face = leases.acquire();
    if (why == Ignorance.ONLY_SEEN_TO_BE_UNANSWERED) {
      FakePhysical seen = FakeLeaseManager.physical(face);
      seen.effects = Effects.NONE;
      driver.during("commit", () -> seen.effects = Effects.IN_DOUBT);
    }
    return face;
  }

  /** The connection breaks when the insert is committed, before the answer. */
  private void loseTheAnswer() {
    int[] moments = {0};
    driver.database.breaks = () -> ++moments[0] == 4;
  }

  private String write(Connection connection) throws SQLException {
    runs++;
    connection.setAutoCommit(false);
    execute(connection, "insert a");
    connection.commit();
    return "";
  }

  private String writeAndHide(Connection connection, Hiding way) throws SQLException {
    try {
      return write(connection);
    } catch (SQLException e) {
      way.by(connection, e);
      throw e;
    }
  }

  private String unit(PooledConnection face, Where where, Way way) throws SQLException {
    return switch (where) {
      case OF_THE_POOL ->
          runner.run(
              face,
              WorkOptions.DEFAULT,
              0,
              UnitWatch.NONE,
              connection -> writeAndHide(connection, way));
      case ON_A_FRAMEWORKS_CONNECTION ->
          runner.rerun(face, WorkOptions.DEFAULT, connection -> writeAndHide(connection, way));
      case IN_AN_INNER_ONE ->
          runner.rerun(
              face,
              WorkOptions.DEFAULT,
              outer ->
                  runner.rerun(
                      outer, WorkOptions.DEFAULT, connection -> writeAndHide(connection, way)));
      case AROUND_AN_INNER_ONE ->
          runner.rerun(
              face,
              WorkOptions.DEFAULT,
              outer -> {
                try {
                  return runner.rerun(outer, WorkOptions.DEFAULT, this::write);
                } catch (SQLException e) {
                  way.by(outer, e);
                  throw e;
                }
              });
    };
  }

  @ParameterizedTest
  @MethodSource("all")
  void isToldAndNothingIsDoubled(Ignorance why, Where where, Way way) throws SQLException {
    try (PooledConnection face = acquire(why)) {
      loseTheAnswer();
      assertThatThrownBy(() -> unit(face, where, way))
          .isInstanceOfSatisfying(
              CommitOutcomeUnknownException.class,
              e ->
                  assertThat(e.transactionId())
                      .isEqualTo(why == Ignorance.SERVER_CANT_TELL ? "42" : null))
          .hasMessageContaining("It may have been committed");
    }
    assertThat(runs).isEqualTo(1);
    assertThat(driver.database.rows).containsExactly("a");
    assertThat(driver.database.blindlyRetried).isEmpty();
    isLoggedOnce(why);
    assertThat(events(PoolEvent.RetryRefused.class)).as("counted once").hasSize(1);
  }

  /** Nobody else may be told: what the work has made of the exception is the program's. */
  private void isLoggedOnce(Ignorance why) {
    assertThat(logged.messages(Level.WARN))
        .filteredOn(line -> line.contains("whether a COMMIT of"))
        .singleElement()
        .asString()
        .contains("on connection 1, ")
        .contains(
            why == Ignorance.SERVER_CANT_TELL
                ? "transaction 42; look for its effect"
                : "its transaction's id is not known; look for its effect");
    assertThat(logged.messages(Level.INFO)).noneMatch(line -> line.contains("is not run again"));
  }

  /** Whoever reads it finds what was thrown in its place, and how the connection was lost. */
  @Test
  void isToldTogetherWithWhatHasHiddenIt() throws SQLException {
    IllegalStateException own = new IllegalStateException("a framework's");
    try (PooledConnection face = acquire(Ignorance.SERVER_CANT_TELL)) {
      loseTheAnswer();
      Throwable thrown =
          catchThrowable(
              () ->
                  runner.rerun(
                      face,
                      WorkOptions.DEFAULT,
                      connection ->
                          writeAndHide(
                              connection,
                              (at, unknown) -> {
                                throw own;
                              })));
      assertThat(thrown).isInstanceOf(CommitOutcomeUnknownException.class).hasCause(own);
      assertThat(thrown.getSuppressed()).hasSize(1);
      assertThat(thrown.getSuppressed()[0]).hasRootCauseMessage("broken off");
    }
  }

  /** It finds the connection closed, and the one around it is not run again. */
  @ParameterizedTest
  @CsvSource({"40001", "08006", "57P01"})
  void aUnitThatFollowsHasNoneAroundItRunAgain(String state) throws SQLException {
    try (PooledConnection face = acquire(Ignorance.DRIVER_CANT_TELL)) {
      loseTheAnswer();
      assertThatThrownBy(
              () ->
                  runner.rerun(
                      face,
                      WorkOptions.DEFAULT,
                      outer ->
                          writeAndHide(
                              outer,
                              (connection, unknown) -> {
                                runner.rerun(
                                    connection,
                                    WorkOptions.DEFAULT,
                                    inner -> {
                                      execute(inner, "select 1");
                                      return "";
                                    });
                                throw new SQLException("later", state);
                              })))
          .isInstanceOf(SQLException.class);
    }
    assertThat(runs).isEqualTo(1);
    assertThat(driver.database.rows).containsExactly("a");
  }

  /** By a layer below, which works on a connection of its own. */
  @Test
  void onAnotherConnectionItHasNoUnitAroundItRunAgain() throws SQLException {
    try (PooledConnection face = acquire(Ignorance.PLAIN_DRIVER)) {
      assertThatThrownBy(
              () ->
                  runner.rerun(
                      face,
                      WorkOptions.DEFAULT,
                      outer -> {
                        try (PooledConnection own = leases.acquire()) {
                          loseTheAnswer();
                          return runner.run(
                              own, WorkOptions.DEFAULT, 0, UnitWatch.NONE, this::write);
                        } catch (SQLException e) {
                          throw new SQLException("a lost race", "40001");
                        }
                      }))
          .hasMessageContaining("a lost race");
    }
    assertThat(runs).isEqualTo(1);
    assertThat(driver.database.rows).containsExactly("a");
  }

  private String writeAndRollBackAfterFailure(Connection connection) throws SQLException {
    try {
      return write(connection);
    } catch (SQLException | IllegalStateException e) {
      connection.rollback();
      throw e;
    }
  }

  /** Of a face that another thread has closed by then a rollback tells but that it is closed. */
  @Test
  void whoClosesItDuringTheCommitHidesNothing() throws SQLException {
    try (PooledConnection face = acquire(Ignorance.DRIVER_CANT_TELL)) {
      driver.during("commit", face::close);
      driver.breakNext("commit");
      assertThatThrownBy(
              () -> runner.rerun(face, WorkOptions.DEFAULT, this::writeAndRollBackAfterFailure))
          .isInstanceOf(CommitOutcomeUnknownException.class);
    }
    assertThat(runs).isEqualTo(1);
  }

  /** It may have sent the COMMIT before, and the loss that is seen next proves nothing of it. */
  @Test
  void aMistakeOfTheDriversInACommitIsNotTakenForALossBeforeIt() throws SQLException {
    driver.failNext("commit", new IllegalStateException("a mistake of the driver's"));
    driver.breakNext("rollback");
    try (PooledConnection face = acquire(Ignorance.DRIVER_CANT_TELL)) {
      assertThatThrownBy(
              () -> runner.rerun(face, WorkOptions.DEFAULT, this::writeAndRollBackAfterFailure))
          .isInstanceOf(CommitOutcomeUnknownException.class)
          .hasMessageContaining("The driver has failed in the COMMIT");
    }
    assertThat(runs).isEqualTo(1);
  }

  /** What became of it is looked up, as after any COMMIT without an answer. */
  @ParameterizedTest
  @MethodSource("answers")
  void aMistakeOfTheDriversInACommitIsNoAnswer(CommitStatus answer, boolean done, int times)
      throws SQLException {
    driver.commits.answers.add(answer);
    IllegalStateException mistake = new IllegalStateException("a mistake of the driver's");
    driver.failNext("commit", mistake);
    try (PooledConnection face = leases.acquire()) {
      Throwable thrown = catchThrowable(() -> runner.rerun(face, WorkOptions.DEFAULT, this::write));
      if (done) {
        assertThat(thrown).isNull();
      } else {
        assertThat(thrown).isInstanceOf(CommitOutcomeUnknownException.class).hasCause(mistake);
      }
    }
    assertThat(runs).isEqualTo(times);
    assertThat(leases.closed).as("it is not lent again").isNotEmpty();
  }

  /** Whoever runs out of memory is told just that, and nothing is run again. */
  @Test
  void anErrorInACommitPassesAsItIs() throws SQLException {
    OutOfMemoryError error = new OutOfMemoryError("in the driver");
    driver.failNext("commit", error);
    try (PooledConnection face = leases.acquire()) {
      assertThatThrownBy(() -> runner.rerun(face, WorkOptions.DEFAULT, this::write))
          .isSameAs(error);
    }
    assertThat(runs).isEqualTo(1);
    isToldOnce();
  }

  @Test
  void anErrorInACommitPassesAlsoWhereTellingOfItFails() throws SQLException {
    OutOfMemoryError error = new OutOfMemoryError("in the driver");
    driver.failNext("commit", error);
    try (PooledConnection face = leases.acquire()) {
      leases.tellingFails = new OutOfMemoryError("of the event");
      assertThatThrownBy(() -> runner.rerun(face, WorkOptions.DEFAULT, this::write))
          .isSameAs(error);
    }
    assertThat(logged.messages(Level.WARN))
        .filteredOn(line -> line.contains("nobody knows whether a COMMIT of work was done"))
        .hasSize(1);
  }

  /** The caller isn't told what it means, and somebody has to look for what was written. */
  private void isToldOnce() {
    assertThat(logged.messages(Level.WARN))
        .filteredOn(line -> line.contains("nobody knows whether a COMMIT of work was done"))
        .hasSize(1);
    assertThat(events(PoolEvent.CommitResolved.class))
        .extracting(PoolEvent.CommitResolved::status)
        .containsExactly(CommitStatus.UNKNOWN);
  }

  /** What has only read is there or not, and nobody needs to know. */
  @Test
  void anErrorInACommitOfWorkThatReadsIsNoNews() throws SQLException {
    OutOfMemoryError error = new OutOfMemoryError("in the driver");
    driver.failNext("commit", error);
    try (PooledConnection face = leases.acquire()) {
      assertThatThrownBy(() -> runner.rerun(face, WorkOptions.READ_ONLY, this::write))
          .isSameAs(error);
    }
    assertThat(events(PoolEvent.CommitResolved.class)).isEmpty();
  }

  private static List<Arguments> answers() {
    return List.of(
        Arguments.of(CommitStatus.COMMITTED, true, 1),
        Arguments.of(CommitStatus.ABORTED, true, 2),
        Arguments.of(CommitStatus.UNKNOWN, false, 1));
  }

  /** A driver that closes its connection with a failure that nobody knows has no answer either. */
  @ParameterizedTest
  @MethodSource("answers")
  void aFailureThatNobodyKnowsIsALossWhereTheDriverHasClosed(
      CommitStatus answer, boolean done, int times) throws SQLException {
    driver.commits.answers.add(answer);
    driver.failNext("commit", new SQLException("something went wrong", "S1000"));
    try (PooledConnection face = leases.acquire()) {
      driver.during("commit", FakeLeaseManager.physical(face)::breakOff);
      Throwable thrown = catchThrowable(() -> runner.rerun(face, WorkOptions.DEFAULT, this::write));
      if (done) {
        assertThat(thrown).isNull();
      } else {
        assertThat(thrown).isInstanceOf(CommitOutcomeUnknownException.class);
      }
    }
    assertThat(runs).isEqualTo(times);
  }

  /** It is closed then; what a framework had set before its unit it sets back after it. */
  @ParameterizedTest
  @EnumSource
  void settingBackAfterTheUnitDoesNotHideIt(Ignorance why) throws SQLException {
    try (PooledConnection face = acquire(why)) {
      int level = face.getTransactionIsolation();
      face.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
      face.setReadOnly(false);
      loseTheAnswer();
      assertThatThrownBy(() -> runner.rerun(face, WorkOptions.DEFAULT, this::write))
          .isInstanceOf(CommitOutcomeUnknownException.class);

      assertThat(face.isClosed()).isTrue();
      assertThatThrownBy(face::commit)
          .hasMessageContaining("closed")
          .hasRootCauseMessage("broken off");
      assertThatThrownBy(face::rollback).hasMessageContaining("closed");
      assertThat(face.getAutoCommit()).isFalse();
      face.setAutoCommit(true);
      face.setReadOnly(false);
      face.setTransactionIsolation(level);
      assertThatThrownBy(() -> face.setAutoCommit(false)).hasMessageContaining("closed");
      assertThatThrownBy(face::createStatement).hasMessageContaining("closed");
    }
    assertThat(leases.closed).as("the lost one").hasSize(1);
    assertThat(leases.released)
        .as("the one that was asked")
        .hasValue(why == Ignorance.SERVER_CANT_TELL ? 1 : 0);
  }

  /** Whoever has closed it himself is told; its session may be the next lease. */
  @Test
  void notSoOnceItIsClosedWhileTheServerIsAsked() throws SQLException {
    try (PooledConnection face = acquire(Ignorance.SERVER_CANT_TELL)) {
      driver.commits.onAsked = face::close;
      loseTheAnswer();
      assertThatThrownBy(() -> runner.rerun(face, WorkOptions.DEFAULT, this::write))
          .isInstanceOf(CommitOutcomeUnknownException.class);
      assertThatThrownBy(face::getAutoCommit).hasMessageContaining("closed");
      assertThatThrownBy(() -> face.setAutoCommit(true)).hasMessageContaining("closed");
    }
  }
}
