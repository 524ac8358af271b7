package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.RetryConfig;
import io.everpool.api.Work;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.driver.Effects;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.jdbc.FakeDriver;
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
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A COMMIT that a unit has sent otherwise than by {@code commit()}, and whose answer got lost: its
 * driver has seen that, and nobody can be asked what became of it.
 */
class CommitByOtherMeansTest extends RunnerFixture {

  /** What kind of unit sends it. */
  private enum Where {
    RUN,
    IN_TRANSACTION,
    ON_A_FRAMEWORKS_CONNECTION,
    IN_AN_INNER_ONE
  }

  /** How it is sent. */
  private enum How {
    BY_A_TEXT,
    BY_THE_DRIVERS_OBJECT
  }

  /** What the work does after the loss. */
  private enum Then {
    LETS_IT_PASS,
    ROLLS_BACK,
    THROWS_ITS_OWN,
    LOSES_A_RACE_ELSEWHERE,
    FINDS_THE_NEXT_LOST
  }

  private static Stream<Arguments> all() {
    return Stream.of(Where.values())
        .flatMap(
            where ->
                Stream.of(How.values())
                    .flatMap(
                        how ->
                            Stream.of(Then.values()).map(then -> Arguments.of(where, how, then))));
  }

  private String unit(Where where, WorkOptions options, Work<String, SQLException> work)
      throws SQLException {
    WorkOptions named = options.withLabel("transfer");
    try (PooledConnection face = leases.acquire()) {
      return switch (where) {
        case RUN -> runner.run(face, named, 0, UnitWatch.NONE, work);
        case IN_TRANSACTION -> runner.inTransaction(face, named, 0, UnitWatch.NONE, work);
        case ON_A_FRAMEWORKS_CONNECTION -> runner.rerun(face, named, work);
        case IN_AN_INNER_ONE ->
            runner.rerun(face, WorkOptions.DEFAULT, outer -> runner.rerun(outer, named, work));
      };
    }
  }

  private static FakePhysical physical(Connection connection) {
    return FakeLeaseManager.physical((PooledConnection) connection);
  }

  private String write(Connection connection, How how) throws SQLException {
    return send(connection, "insert a", how);
  }

  private String send(Connection connection, String sql, How how) throws SQLException {
    runs++;
    execute(connection, "begin");
    execute(connection, sql);
    if (runs == 1) {
      FakePhysical seen = physical(connection);
      seen.commitUnanswered = true;
      seen.effects = Effects.IN_DOUBT;
      if (how == How.BY_THE_DRIVERS_OBJECT) {
        connection.unwrap(FakeDriver.Vendor.class);
        seen.breakOff();
        throw lost();
      }
      driver.breakNext("execute");
    }
    execute(connection, "commit");
    return "done " + runs;
  }

  private Work<String, SQLException> work(How how, Then then) {
    return connection -> {
      try {
        return write(connection, how);
      } catch (SQLException e) {
        after(connection, then);
        throw e;
      }
    };
  }

  private void after(Connection connection, Then then) throws SQLException {
    switch (then) {
      case LETS_IT_PASS -> {}
      case ROLLS_BACK -> connection.rollback();
      case THROWS_ITS_OWN -> throw new IllegalStateException("a framework's");
      case LOSES_A_RACE_ELSEWHERE -> throw new SQLException("of another database", "40001");
      case FINDS_THE_NEXT_LOST -> {
        if (!physical(connection).closed()) {
          driver.breakNext("execute");
        }
        execute(connection, "select 1");
      }
    }
  }

  private List<String> warnings() {
    return logged.messages(Level.WARN).stream()
        .filter(line -> line.contains("nobody knows whether a COMMIT"))
        .toList();
  }

  private void isToldOnce() {
    assertThat(warnings())
        .singleElement()
        .asString()
        .contains("whether a COMMIT of transfer was done, on connection 1, ")
        .contains("its transaction's id is not known; look for its effect");
    assertThat(events(PoolEvent.CommitResolved.class))
        .containsExactly(new PoolEvent.CommitResolved("everpool", "", CommitStatus.UNKNOWN));
    assertThat(logged.messages(Level.INFO)).noneMatch(line -> line.contains("is not run again"));
  }

  @ParameterizedTest
  @MethodSource("all")
  void isToldAsACommitOfWhichNobodyKnows(Where where, How how, Then then) {
    assertThatThrownBy(() -> unit(where, WorkOptions.DEFAULT, work(how, then)))
        .isInstanceOfSatisfying(
            CommitOutcomeUnknownException.class, e -> assertThat(e.transactionId()).isNull())
        .hasMessageContaining("COMMIT of transfer")
        .hasMessageContaining("It may have been committed");
    assertThat(runs).isEqualTo(1);
    isToldOnce();
    assertThat(events(PoolEvent.RetryRefused.class))
        .extracting(PoolEvent.RetryRefused::label)
        .containsExactly("transfer");
  }

  /** The work has heard it, and made of it what it will. */
  @ParameterizedTest
  @MethodSource("withoutACommitOfTheUnits")
  void isToldAlthoughTheWorkGoesOn(Where where, How how) throws SQLException {
    assertThat(unit(where, WorkOptions.DEFAULT, goingOn(how))).isEqualTo("went on");
    isToldOnce();
  }

  /** It might be run again, and isn't, for it has gone well. */
  @ParameterizedTest
  @MethodSource("withoutACommitOfTheUnits")
  void isToldOfAnIdempotentUnitThatGoesOn(Where where, How how) throws SQLException {
    assertThat(unit(where, WorkOptions.IDEMPOTENT, goingOn(how))).isEqualTo("went on");
    isToldOnce();
  }

  private Work<String, SQLException> goingOn(How how) {
    return connection -> {
      assertThatThrownBy(() -> write(connection, how)).isInstanceOf(SQLException.class);
      return "went on";
    };
  }

  private static Stream<Arguments> withoutACommitOfTheUnits() {
    return Stream.of(Where.RUN, Where.ON_A_FRAMEWORKS_CONNECTION, Where.IN_AN_INNER_ONE)
        .flatMap(where -> Stream.of(How.values()).map(how -> Arguments.of(where, how)));
  }

  /** And then commits, as a transaction that has returned is. */
  @ParameterizedTest
  @EnumSource
  void isThrownWhereTheWorkOfATransactionHasKeptSilent(How how) {
    assertThatThrownBy(
            () ->
                unit(
                    Where.IN_TRANSACTION,
                    WorkOptions.DEFAULT,
                    connection -> {
                      assertThatThrownBy(() -> write(connection, how))
                          .isInstanceOf(SQLException.class);
                      return "kept silent";
                    }))
        .isInstanceOf(CommitOutcomeUnknownException.class);
    isToldOnce();
  }

  /** By a commit of its own, which the lost connection refuses. */
  @ParameterizedTest
  @EnumSource
  void isThrownWhereTheWorkGoesOnToCommit(How how) {
    assertThatThrownBy(
            () ->
                unit(
                    Where.IN_TRANSACTION,
                    WorkOptions.DEFAULT,
                    connection -> {
                      assertThatThrownBy(() -> write(connection, how))
                          .isInstanceOf(SQLException.class);
                      connection.commit();
                      return "went on";
                    }))
        .isInstanceOf(CommitOutcomeUnknownException.class);
    isToldOnce();
  }

  /** Nobody needs to know of what may be repeated, and is. */
  @ParameterizedTest
  @EnumSource
  void isNoNewsOfAUnitThatIsRunAgain(How how) throws SQLException {
    assertThat(unit(Where.RUN, WorkOptions.IDEMPOTENT, connection -> write(connection, how)))
        .isEqualTo("done 2");
    if (how == How.BY_A_TEXT) { // by the other it may have lifted the bar to writing
      runs = 0;
      WorkOptions reads = WorkOptions.READ_ONLY;
      assertThat(unit(Where.RUN, reads, connection -> send(connection, "select 1", how)))
          .isEqualTo("done 2");
    }
    assertThat(warnings()).isEmpty();
    assertThat(events(PoolEvent.CommitResolved.class)).isEmpty();
  }

  /** Whatever the work makes of the loss. */
  @ParameterizedTest
  @MethodSource("afterwards")
  void norOfOneWhoseWorkHidesIt(How how, Then then) throws SQLException {
    assertThat(unit(Where.RUN, WorkOptions.IDEMPOTENT, work(how, then))).isEqualTo("done 2");
    assertThat(warnings()).isEmpty();
  }

  private static Stream<Arguments> afterwards() {
    return Stream.of(How.values())
        .flatMap(how -> Stream.of(Then.values()).map(then -> Arguments.of(how, then)));
  }

  /** As one that has sent it by {@code commit()} leaves it to the unit around it. */
  @ParameterizedTest
  @EnumSource
  void isNoNewsWithinAUnitThatIsRunAgain(How how) throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      assertThat(
              runner.<String, SQLException>rerun(
                  face,
                  WorkOptions.IDEMPOTENT,
                  outer -> runner.rerun(outer, WorkOptions.DEFAULT, work(how, Then.LETS_IT_PASS))))
          .isEqualTo("done 2");
    }
    assertThat(warnings()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void isToldOfAnIdempotentUnitThatHasNoRunLeft(How how) {
    retry(RetryConfig.DEFAULT.withMaxAttempts(1));
    assertThatThrownBy(() -> unit(Where.RUN, WorkOptions.IDEMPOTENT, work(how, Then.LETS_IT_PASS)))
        .isInstanceOf(CommitOutcomeUnknownException.class);
    isToldOnce();
  }

  /** How a COMMIT is sent of which a unit that is repeated has no need to ask. */
  private enum Repeated {
    BY_A_TEXT,
    BY_THE_DRIVERS_OBJECT,
    BY_THE_CALL
  }

  private String writeToRepeat(Connection connection, Repeated how) throws SQLException {
    return switch (how) {
      case BY_A_TEXT -> write(connection, How.BY_A_TEXT);
      case BY_THE_DRIVERS_OBJECT -> write(connection, How.BY_THE_DRIVERS_OBJECT);
      case BY_THE_CALL -> {
        runs++;
        connection.setAutoCommit(false);
        execute(connection, "insert a");
        if (runs == 1) {
          physical(connection).effects = Effects.IN_DOUBT;
          driver.breakNext("commit");
        }
        connection.commit();
        yield "done " + runs;
      }
    };
  }

  /** What keeps a unit that may be repeated from that, and what it is told in its note. */
  private enum Obstacle {
    NO_CONNECTION("no other connection"),
    NO_RUN_LEFT_AFTER_THE_NEXT("as often as retry.max-attempts allows"),
    AN_INTERRUPT("interrupted");

    private final String why;

    Obstacle(String why) {
      this.why = why;
    }
  }

  private static Stream<Arguments> obstacles() {
    return Stream.of(Repeated.values())
        .flatMap(how -> Stream.of(Obstacle.values()).map(what -> Arguments.of(how, what)));
  }

  private String meetsAnObstacle(Connection connection, Repeated how, Obstacle what)
      throws SQLException {
    if (runs == 1) {
      runs++;
      driver.breakNext("execute");
      execute(connection, "select 1");
    }
    try {
      return writeToRepeat(connection, how);
    } catch (SQLException e) {
      switch (what) {
        case NO_CONNECTION -> leases.openFailure = new SQLException("not now", "08001");
        case NO_RUN_LEFT_AFTER_THE_NEXT -> {}
        case AN_INTERRUPT -> Thread.currentThread().interrupt();
      }
      throw e;
    }
  }

  /** It may be there or not, and that nobody repeats it now makes a difference. */
  @ParameterizedTest
  @MethodSource("obstacles")
  void isToldOfAnIdempotentUnitThatIsNotRunAgain(Repeated how, Obstacle what) {
    retry(RetryConfig.DEFAULT.withMaxAttempts(2));
    assertThatThrownBy(
            () ->
                unit(
                    Where.RUN,
                    WorkOptions.IDEMPOTENT,
                    connection -> meetsAnObstacle(connection, how, what)))
        .isInstanceOf(CommitOutcomeUnknownException.class)
        .hasMessageContaining("COMMIT of transfer");
    assertThat(Thread.interrupted()).isEqualTo(what == Obstacle.AN_INTERRUPT);
    isToldOnce();
    assertThat(events(PoolEvent.RetryRefused.class))
        .singleElement()
        .satisfies( // of what the driver's own object has lost it is heard behind the interrupt
            refused -> assertThat(refused.why()).containsAnyOf(what.why, "nobody can tell"));
  }

  /** The one around it would have repeated it. */
  @ParameterizedTest
  @EnumSource
  void isToldOfOneWithinSuchAUnit(Repeated how) throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      assertThatThrownBy(
              () ->
                  runner.<String, SQLException>rerun(
                      face,
                      WorkOptions.IDEMPOTENT,
                      outer ->
                          runner.rerun(
                              outer,
                              WorkOptions.DEFAULT.withLabel("transfer"),
                              same -> meetsAnObstacle(same, how, Obstacle.NO_CONNECTION))))
          .isInstanceOf(CommitOutcomeUnknownException.class)
          .hasMessageContaining("COMMIT of transfer");
    }
    isToldOnce();
  }

  /** What fails in the end is its own, and comes out as it is; but it knows of the run before. */
  @ParameterizedTest
  @EnumSource
  void itsOwnFailureComesOutAsItIs(Repeated how) {
    SQLException own = new SQLException("there already", "23505");
    assertThatThrownBy(
            () ->
                unit(
                    Where.RUN,
                    WorkOptions.IDEMPOTENT,
                    connection -> {
                      if (runs == 1) {
                        throw own;
                      }
                      return writeToRepeat(connection, how);
                    }))
        .isSameAs(own);
    assertThat(own.getSuppressed()).isNotEmpty();
    assertThat(warnings()).isEmpty();
  }

  /** What the next run has committed isn't in doubt any more, whatever comes then. */
  @Test
  void whatWasRepeatedIsNoNewsThoughTheUnitFailsThen() {
    retry(RetryConfig.DEFAULT.withMaxAttempts(2));
    assertThatThrownBy(
            () ->
                unit(
                    Where.RUN,
                    WorkOptions.IDEMPOTENT,
                    connection -> {
                      writeToRepeat(connection, Repeated.BY_THE_CALL);
                      driver.breakNext("execute");
                      execute(connection, "select 1");
                      return "";
                    }))
        .isInstanceOf(SQLException.class)
        .isNotInstanceOf(CommitOutcomeUnknownException.class);
    assertThat(warnings()).isEmpty();
  }

  /** Of what is read nobody needs to know whether it was committed. */
  @Test
  void ofAReadOnlyUnitThatGetsNoOtherConnectionItIsNoNews() {
    assertThatThrownBy(
            () ->
                unit(
                    Where.RUN,
                    WorkOptions.READ_ONLY,
                    connection -> {
                      leases.openFailure = new SQLException("not now", "08001");
                      return send(connection, "select 1", How.BY_A_TEXT);
                    }))
        .isInstanceOf(SQLException.class)
        .isNotInstanceOf(CommitOutcomeUnknownException.class);
    assertThat(warnings()).isEmpty();
  }

  /** Whose driver sees it, too: the server is asked, and it is told of once or not at all. */
  @ParameterizedTest
  @EnumSource(names = {"COMMITTED", "ABORTED", "UNKNOWN"})
  void oneByTheCallIsLookedUpAsEver(CommitStatus answer) throws SQLException {
    driver.breakNext("commit");
    driver.commits.answers.add(answer);
    Work<String, SQLException> work =
        connection -> {
          runs++;
          FakePhysical seen = physical(connection);
          execute(connection, "insert a");
          seen.commitUnanswered = runs == 1;
          return "done " + runs;
        };
    if (answer == CommitStatus.UNKNOWN) {
      assertThatThrownBy(() -> unit(Where.IN_TRANSACTION, WorkOptions.DEFAULT, work))
          .isInstanceOf(CommitOutcomeUnknownException.class)
          .hasMessageContaining("transaction 42");
    } else {
      assertThat(unit(Where.IN_TRANSACTION, WorkOptions.DEFAULT, work))
          .isEqualTo(answer == CommitStatus.COMMITTED ? "done 1" : "done 2");
    }
    assertThat(warnings()).hasSize(answer == CommitStatus.UNKNOWN ? 1 : 0);
    assertThat(events(PoolEvent.CommitResolved.class))
        .containsExactly(new PoolEvent.CommitResolved("everpool", "42", answer));
  }

  /** A COMMIT of nothing that was written needs no looking up, and no news. */
  @ParameterizedTest
  @EnumSource
  void oneOfNothingIsNoNews(Then then) throws SQLException {
    driver.commits.ticket = null;
    driver.breakNext("commit");
    assertThat(
            unit(
                Where.RUN,
                WorkOptions.DEFAULT,
                connection -> {
                  runs++;
                  connection.setAutoCommit(false);
                  execute(connection, "select 1");
                  FakePhysical seen = physical(connection);
                  seen.effects = Effects.NONE;
                  seen.commitUnanswered = runs == 1;
                  try {
                    connection.commit();
                  } catch (SQLException e) {
                    seen.breakOff();
                    after(connection, then);
                    throw e;
                  }
                  return "done " + runs;
                }))
        .isEqualTo("done 2");
    assertThat(warnings()).isEmpty();
    assertThat(events(PoolEvent.CommitResolved.class)).isEmpty();
  }
}
