package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.RetryConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.WriteOutcomeUnknownException;
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
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A COMMIT whose answer got lost, of a unit that is run again, is there or not until a further run
 * has come as far: then nobody needs to know, and before that nobody does.
 */
class RepeatedCommitTest extends RunnerFixture {

  /** How it is sent, and whether its driver sees what is committed. */
  private enum How {
    BY_THE_CALL,
    BY_THE_CALL_OF_A_DRIVER_THAT_SEES,
    BY_A_TEXT,
    BY_THE_DRIVERS_OBJECT
  }

  /** One thing after the other that a run does. */
  private enum Step {
    /** A transaction whose COMMIT is answered. */
    COMMITS,
    /** One whose COMMIT isn't. */
    LOSES_A_COMMIT,
    /** A query during which the connection is lost. */
    LOSES_A_QUERY,
    /** A failure that another run may be spared, of which the connection knows nothing. */
    LOSES_A_RACE_ELSEWHERE
  }

  private enum Outcome {
    IS_TOLD,
    IS_NO_NEWS
  }

  private void run(Connection connection, How how, List<Step> steps) throws SQLException {
    for (Step step : steps) {
      switch (step) {
        case COMMITS -> transaction(connection, how, false);
        case LOSES_A_COMMIT -> transaction(connection, how, true);
        case LOSES_A_QUERY -> {
          driver.breakNext("execute");
          execute(connection, "select 1");
        }
        case LOSES_A_RACE_ELSEWHERE -> throw new SQLException("of another database", "40001");
      }
    }
  }

  private void transaction(Connection connection, How how, boolean loses) throws SQLException {
    FakePhysical seen = FakeLeaseManager.physical((PooledConnection) connection);
    boolean sees = how != How.BY_THE_CALL;
    if (sees && seen.effects == Effects.UNPROVEN) {
      seen.effects = Effects.NONE;
    }
    Runnable see =
        () -> {
          if (sees) {
            seen.seeCommit(loses ? Effects.IN_DOUBT : Effects.COMMITTED);
            seen.commitUnanswered = loses;
          }
        };
    switch (how) {
      case BY_THE_CALL, BY_THE_CALL_OF_A_DRIVER_THAT_SEES -> {
        connection.setAutoCommit(false);
        execute(connection, "insert a");
        send("commit", see, loses);
        connection.commit();
        connection.setAutoCommit(true);
      }
      case BY_A_TEXT -> {
        execute(connection, "begin");
        execute(connection, "insert a");
        send("execute", see, loses);
        execute(connection, "commit");
      }
      case BY_THE_DRIVERS_OBJECT -> {
        connection.unwrap(FakeDriver.Vendor.class);
        see.run();
        if (loses) {
          seen.breakOff();
          throw lost();
        }
      }
    }
  }

  private void send(String method, Runnable see, boolean loses) {
    driver.during(method, see);
    if (loses) {
      driver.breakNext(method);
    }
  }

  private @Nullable Throwable thrown(WorkOptions options, How how, List<List<Step>> steps)
      throws SQLException {
    WorkOptions named = options.withLabel("transfer");
    try (PooledConnection face = leases.acquire()) {
      return catchThrowable(
          () ->
              runner.<Boolean, SQLException>run(
                  face,
                  named,
                  0,
                  UnitWatch.NONE,
                  connection -> {
                    run(connection, how, steps.get(runs++));
                    return true;
                  }));
    }
  }

  private List<String> warnings() {
    return logged.messages(Level.WARN).stream()
        .filter(line -> line.contains("nobody knows whether a COMMIT"))
        .toList();
  }

  private void isTold(@Nullable Throwable thrown) {
    assertThat(thrown)
        .isInstanceOf(CommitOutcomeUnknownException.class)
        .hasMessageContaining("COMMIT of transfer");
    assertThat(warnings()).hasSize(1);
    assertThat(events(PoolEvent.CommitResolved.class))
        .containsExactly(new PoolEvent.CommitResolved("everpool", "", CommitStatus.UNKNOWN));
  }

  private void isNoNews(@Nullable Throwable thrown) {
    assertThat(thrown).isNotInstanceOf(CommitOutcomeUnknownException.class);
    assertThat(warnings()).isEmpty();
    assertThat(events(PoolEvent.CommitResolved.class)).isEmpty();
  }

  private void is(Outcome expected, @Nullable Throwable thrown) {
    if (expected == Outcome.IS_TOLD) {
      isTold(thrown);
    } else {
      isNoNews(thrown);
    }
  }

  private static final List<Step> LOST = List.of(Step.LOSES_A_QUERY);
  private static final List<Step> FIRST_LOST = List.of(Step.LOSES_A_COMMIT);
  private static final List<Step> ONE = List.of(Step.COMMITS, Step.LOSES_A_QUERY);
  private static final List<Step> SECOND_LOST = List.of(Step.COMMITS, Step.LOSES_A_COMMIT);
  private static final List<Step> TWO = List.of(Step.COMMITS, Step.COMMITS, Step.LOSES_A_QUERY);
  private static final List<Step> ONE_AND_A_RACE =
      List.of(Step.COMMITS, Step.LOSES_A_RACE_ELSEWHERE);

  /** What the runs of a unit do that then has none left. */
  private static Stream<Arguments> histories() {
    return Stream.of(How.values())
        .flatMap(
            how ->
                Stream.of(
                    Arguments.of(how, List.of(FIRST_LOST, LOST), Outcome.IS_TOLD),
                    Arguments.of(how, List.of(FIRST_LOST, ONE), Outcome.IS_NO_NEWS),
                    Arguments.of(how, List.of(FIRST_LOST, ONE, LOST), Outcome.IS_NO_NEWS),
                    Arguments.of(
                        how, List.of(FIRST_LOST, ONE_AND_A_RACE, LOST, LOST), Outcome.IS_NO_NEWS),
                    Arguments.of(how, List.of(FIRST_LOST, FIRST_LOST, ONE), Outcome.IS_NO_NEWS),
                    Arguments.of(how, List.of(FIRST_LOST, SECOND_LOST, ONE), Outcome.IS_TOLD),
                    Arguments.of(how, List.of(SECOND_LOST, LOST), Outcome.IS_TOLD),
                    Arguments.of(how, List.of(SECOND_LOST, ONE), Outcome.IS_TOLD),
                    Arguments.of(how, List.of(SECOND_LOST, FIRST_LOST, ONE), Outcome.IS_TOLD)));
  }

  @ParameterizedTest
  @MethodSource("histories")
  void isToldUntilARunHasComeAsFar(How how, List<List<Step>> runsOfIt, Outcome expected)
      throws SQLException {
    retry(RetryConfig.DEFAULT.withMaxAttempts(runsLosing(runsOfIt)));
    Throwable thrown = thrown(WorkOptions.IDEMPOTENT, how, runsOfIt);
    assertThat(thrown).isInstanceOf(SQLException.class);
    assertThat(runs).isEqualTo(runsOfIt.size());
    is(expected, thrown);
  }

  /** Races don't count. */
  private static int runsLosing(List<List<Step>> runsOfIt) {
    return (int)
        runsOfIt.stream().filter(steps -> !steps.contains(Step.LOSES_A_RACE_ELSEWHERE)).count();
  }

  private static Stream<Arguments> twice() {
    return Stream.of(How.values())
        .flatMap(
            how ->
                Stream.of(
                    Arguments.of(how, List.of(SECOND_LOST, TWO)),
                    Arguments.of(how, List.of(SECOND_LOST, FIRST_LOST, TWO))));
  }

  /** Two of the driver's own object's are seen as two where something is sent between them. */
  @ParameterizedTest
  @MethodSource("twice")
  void isNoNewsOnceAllWereRepeated(How how, List<List<Step>> runsOfIt) throws SQLException {
    retry(RetryConfig.DEFAULT.withMaxAttempts(runsOfIt.size()));
    Throwable thrown = thrown(WorkOptions.IDEMPOTENT, how, runsOfIt);
    assertThat(thrown).isInstanceOf(SQLException.class);
    assertThat(runs).isEqualTo(runsOfIt.size());
    isNoNews(thrown);
  }

  /** A unit within another, on the same connection. */
  private @Nullable Throwable nested(WorkOptions options, Outer outer) throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      return catchThrowable(
          () ->
              runner.<Boolean, SQLException>rerun(
                  face,
                  options.withLabel("transfer"),
                  connection -> {
                    outer.on(connection);
                    return true;
                  }));
    }
  }

  @FunctionalInterface
  private interface Outer {
    void on(Connection connection) throws SQLException;
  }

  /** By which the unit that does it can't be run again unless it is promised. */
  private void writesInAutocommit(Connection connection, How how) throws SQLException {
    FakePhysical seen = FakeLeaseManager.physical((PooledConnection) connection);
    if (how != How.BY_THE_CALL) {
      driver.during("execute", () -> seen.seeCommit(Effects.COMMITTED));
    }
    execute(connection, "insert b");
  }

  private void losesAWriteInAutocommit(Connection connection, How how) throws SQLException {
    FakePhysical seen = FakeLeaseManager.physical((PooledConnection) connection);
    connection.setAutoCommit(true);
    if (how != How.BY_THE_CALL) {
      driver.during("execute", () -> seen.seeCommit(Effects.IN_DOUBT));
    }
    driver.breakNext("execute");
    execute(connection, "insert b");
  }

  /** The unit around it has committed something, and so leaves it to the one within to be rerun. */
  private void writesAndIsToldOfALostCommitWithin(Connection outer, How how) throws SQLException {
    writesInAutocommit(outer, how);
    assertThat(
            catchThrowable(
                () ->
                    inner(
                        outer,
                        WorkOptions.IDEMPOTENT,
                        same -> run(same, how, runs++ == 0 ? FIRST_LOST : LOST))))
        .isInstanceOf(CommitOutcomeUnknownException.class);
  }

  private void inner(Connection outer, WorkOptions options, Outer work) throws SQLException {
    runner.<Boolean, SQLException>rerun(
        outer,
        options.withLabel("transfer"),
        connection -> {
          work.on(connection);
          return true;
        });
  }

  private static Stream<Arguments> repeating() {
    return Stream.of(How.values())
        .flatMap(
            how ->
                Stream.of(
                    Arguments.of(how, List.of(Step.COMMITS)),
                    Arguments.of(how, List.of()))); // it has looked, and found it done
  }

  /** The write is what nobody knows of, and not what the unit within has repeated. */
  @ParameterizedTest
  @MethodSource("repeating")
  void isNoNewsOfTheUnitAroundIt(How how, List<Step> second) throws SQLException {
    Throwable thrown =
        nested(
            WorkOptions.DEFAULT,
            outer -> {
              writesInAutocommit(outer, how);
              inner(
                  outer,
                  WorkOptions.IDEMPOTENT,
                  same -> run(same, how, runs++ == 0 ? FIRST_LOST : second));
              losesAWriteInAutocommit(outer, how);
            });
    assertThat(runs).isEqualTo(2);
    assertThat(thrown).isInstanceOf(WriteOutcomeUnknownException.class);
    isNoNews(thrown);
  }

  /**
   * Of a unit that has committed something and then loses its connection; between these, one within
   * it does the work, in each of its runs, and fails of itself, which is hidden.
   */
  private @Nullable Throwable aroundOneThatFailsOfItself(How how, Outer work) throws SQLException {
    return nested(
        WorkOptions.DEFAULT,
        outer -> {
          writesInAutocommit(outer, how);
          Throwable hidden =
              catchThrowable(
                  () ->
                      inner(
                          outer,
                          WorkOptions.IDEMPOTENT,
                          same -> {
                            work.on(same);
                            throw new SQLException("its own", "23505");
                          }));
          assertThat(hidden).hasMessage("its own");
          run(outer, how, LOST);
        });
  }

  /** And not where the one within fails after that, of itself, which the one around it hides. */
  @ParameterizedTest
  @EnumSource
  void norWhereTheUnitWithinFailsAfterIt(How how) throws SQLException {
    Throwable thrown =
        aroundOneThatFailsOfItself(
            how,
            same -> {
              if (runs++ == 0) {
                run(same, how, FIRST_LOST);
              }
              run(same, how, List.of(Step.COMMITS));
            });
    assertThat(runs).isEqualTo(2);
    assertThat(thrown).isInstanceOf(SQLException.class);
    isNoNews(thrown);
  }

  /** What the unit within commits run by run is counted once in the one around it, too. */
  private static Stream<Arguments> failingOfItself() {
    List<Step> one = List.of(Step.COMMITS);
    List<Step> two = List.of(Step.COMMITS, Step.COMMITS);
    return Stream.of(How.values())
        .flatMap(
            how ->
                Stream.of(
                    Arguments.of(how, List.of(SECOND_LOST, one), Outcome.IS_TOLD),
                    Arguments.of(how, List.of(SECOND_LOST, FIRST_LOST, one), Outcome.IS_TOLD),
                    Arguments.of(
                        how, List.of(ONE_AND_A_RACE, FIRST_LOST, List.of()), Outcome.IS_TOLD),
                    Arguments.of(how, List.of(ONE_AND_A_RACE, SECOND_LOST, one), Outcome.IS_TOLD),
                    Arguments.of(how, List.of(SECOND_LOST, two), Outcome.IS_NO_NEWS)));
  }

  @ParameterizedTest
  @MethodSource("failingOfItself")
  void isToldOfTheUnitAroundOneThatHasComeLessFar(
      How how, List<List<Step>> runsOfIt, Outcome expected) throws SQLException {
    Throwable thrown =
        aroundOneThatFailsOfItself(how, same -> run(same, how, runsOfIt.get(runs++)));
    assertThat(runs).isEqualTo(runsOfIt.size());
    assertThat(thrown).isInstanceOf(SQLException.class);
    is(expected, thrown);
  }

  /** Who has hidden it has not repeated it. */
  @ParameterizedTest
  @EnumSource
  void isToldOfTheUnitAroundOneThatHasHiddenIt(How how) throws SQLException {
    Throwable thrown =
        nested(
            WorkOptions.DEFAULT,
            outer -> {
              writesInAutocommit(outer, how);
              inner(
                  outer,
                  WorkOptions.IDEMPOTENT,
                  same ->
                      assertThat(catchThrowable(() -> run(same, how, FIRST_LOST)))
                          .isInstanceOf(SQLException.class));
              run(outer, how, LOST);
            });
    isTold(thrown);
  }

  private static Stream<Arguments> within() {
    return Stream.of(How.values())
        .flatMap(
            how ->
                Stream.of(
                    Arguments.of(how, List.of(FIRST_LOST, ONE), Outcome.IS_NO_NEWS),
                    Arguments.of(how, List.of(SECOND_LOST, ONE), Outcome.IS_TOLD),
                    Arguments.of(how, List.of(SECOND_LOST, TWO), Outcome.IS_NO_NEWS)));
  }

  /** Each transaction is a unit's of its own, within one that is run again. */
  @ParameterizedTest
  @MethodSource("within")
  void isToldUntilTheUnitAroundThemHasComeAsFar(
      How how, List<List<Step>> runsOfIt, Outcome expected) throws SQLException {
    retry(RetryConfig.DEFAULT.withMaxAttempts(2));
    Throwable thrown =
        nested(
            WorkOptions.IDEMPOTENT,
            outer -> {
              for (Step step : runsOfIt.get(runs++)) {
                inner(outer, WorkOptions.DEFAULT, same -> run(same, how, List.of(step)));
              }
            });
    assertThat(thrown).isInstanceOf(SQLException.class);
    assertThat(runs).isEqualTo(2);
    is(expected, thrown);
  }

  /** It was told when the one within gave up, and what follows is something else. */
  @ParameterizedTest
  @EnumSource
  void isToldOnceThoughTheUnitAroundItGetsAnotherConnection(How how) throws SQLException {
    retry(RetryConfig.DEFAULT.withMaxAttempts(2));
    Throwable thrown =
        nested(
            WorkOptions.DEFAULT,
            outer -> {
              writesAndIsToldOfALostCommitWithin(outer, how);
              inner(
                  outer,
                  WorkOptions.IDEMPOTENT,
                  same -> run(same, how, runs++ == 2 ? LOST : List.of(Step.COMMITS)));
              losesAWriteInAutocommit(outer, how);
            });
    assertThat(runs).isEqualTo(4);
    assertThat(thrown).isInstanceOf(WriteOutcomeUnknownException.class);
    assertThat(warnings()).hasSize(1);
  }

  /** It was told when the one within gave up. */
  @ParameterizedTest
  @EnumSource
  void isToldOnceThoughTheUnitAroundItGoesOn(How how) throws SQLException {
    retry(RetryConfig.DEFAULT.withMaxAttempts(2));
    Throwable thrown =
        nested(
            WorkOptions.DEFAULT,
            outer -> {
              writesAndIsToldOfALostCommitWithin(outer, how);
              run(outer, how, LOST);
            });
    assertThat(runs).isEqualTo(2);
    isTold(thrown);
  }

  // ---- an Error ends a unit as well

  /** It comes out as it is, and says nothing of what the run before it has left in doubt. */
  private void isTheError(@Nullable Throwable thrown, Outcome expected) {
    assertThat(thrown).isInstanceOf(AssertionError.class).hasMessage("its own").hasNoCause();
    int told = expected == Outcome.IS_TOLD ? 1 : 0;
    assertThat(warnings()).hasSize(told);
    assertThat(events(PoolEvent.CommitResolved.class)).hasSize(told);
  }

  private static Stream<Arguments> beforeAnError() {
    return Stream.of(How.values())
        .flatMap(
            how ->
                Stream.of(
                    Arguments.of(how, List.of(), Outcome.IS_TOLD),
                    Arguments.of(how, List.of(Step.COMMITS), Outcome.IS_NO_NEWS)));
  }

  private void runsAndEndsInAnError(Connection connection, How how, List<Step> second)
      throws SQLException {
    if (runs++ == 0) {
      run(connection, how, FIRST_LOST);
    }
    run(connection, how, second);
    throw new AssertionError("its own");
  }

  @ParameterizedTest
  @MethodSource("beforeAnError")
  void isToldOfAUnitThatEndsInAnError(How how, List<Step> second, Outcome expected)
      throws SQLException {
    isTheError(
        nested(WorkOptions.IDEMPOTENT, same -> runsAndEndsInAnError(same, how, second)), expected);
    assertThat(runs).isEqualTo(2);
  }

  @ParameterizedTest
  @MethodSource("beforeAnError")
  void isToldOnceThoughTheErrorPassesTheUnitAroundIt(How how, List<Step> second, Outcome expected)
      throws SQLException {
    Throwable thrown =
        nested(
            WorkOptions.DEFAULT,
            outer -> {
              writesInAutocommit(outer, how);
              inner(outer, WorkOptions.IDEMPOTENT, same -> runsAndEndsInAnError(same, how, second));
            });
    isTheError(thrown, expected);
    assertThat(runs).isEqualTo(2);
  }

  /** An interceptor may throw it, say. */
  @ParameterizedTest
  @EnumSource
  void isToldWhereAnErrorKeepsTheUnitFromAnotherConnection(How how) throws SQLException {
    runner =
        new UnitRunner(
            leases,
            () -> now,
            () -> 0.5,
            nanos -> {},
            (face, options, timeout) -> {
              throw new AssertionError("its own");
            });
    isTheError(thrown(WorkOptions.IDEMPOTENT, how, List.of(FIRST_LOST)), Outcome.IS_TOLD);
  }

  // ---- a unit around it that goes on with something else

  /** What a unit does on the same connection after one within it has left a COMMIT in doubt. */
  private enum Then {
    IT_WRITES,
    A_UNIT_WITHIN_COMMITS,
    A_UNIT_WITHIN_COMMITS_AND_FAILS_OF_ITSELF,
    /** One whose first COMMIT is lost, too, and repeated. */
    A_UNIT_WITHIN_REPEATS_ITS_OWN
  }

  private void does(Then then, Connection outer, How how) throws SQLException {
    if (then == Then.IT_WRITES) {
      writesInAutocommit(outer, how);
      return;
    }
    boolean[] lost = new boolean[1];
    Throwable thrown =
        catchThrowable(
            () ->
                inner(
                    outer,
                    WorkOptions.IDEMPOTENT,
                    same -> {
                      execute(same, "select 1"); // fails if the connection is lost already
                      if (then == Then.A_UNIT_WITHIN_REPEATS_ITS_OWN && !lost[0]) {
                        lost[0] = true;
                        run(same, how, SECOND_LOST);
                      }
                      run(same, how, List.of(Step.COMMITS, Step.COMMITS));
                      if (then == Then.A_UNIT_WITHIN_COMMITS_AND_FAILS_OF_ITSELF) {
                        throw new SQLException("its own", "23505");
                      }
                    }));
    if (then == Then.A_UNIT_WITHIN_COMMITS_AND_FAILS_OF_ITSELF) {
      assertThat(thrown).hasMessage("its own");
    } else {
      assertThat(thrown).isNull();
    }
  }

  private void isToldThoughAllEndsWell(@Nullable Throwable thrown) {
    assertThat(thrown).isNull();
    assertThat(warnings()).hasSize(1);
    assertThat(events(PoolEvent.CommitResolved.class))
        .containsExactly(new PoolEvent.CommitResolved("everpool", "", CommitStatus.UNKNOWN));
  }

  private static Stream<Arguments> goingOn() {
    return Stream.of(How.values())
        .flatMap(how -> Stream.of(Then.values()).map(then -> Arguments.of(how, then)));
  }

  /** The unit within has failed of itself before it has repeated anything. */
  @ParameterizedTest
  @MethodSource("goingOn")
  void isToldThoughTheUnitAroundItCommitsSomethingElse(How how, Then then) throws SQLException {
    Throwable thrown =
        nested(
            WorkOptions.DEFAULT,
            outer -> {
              writesInAutocommit(outer, how);
              Throwable hidden =
                  catchThrowable(
                      () ->
                          inner(
                              outer,
                              WorkOptions.IDEMPOTENT,
                              same -> {
                                if (runs++ == 0) {
                                  run(same, how, FIRST_LOST);
                                }
                                throw new SQLException("its own", "23505");
                              }));
              assertThat(hidden).hasMessage("its own");
              does(then, outer, how);
            });
    assertThat(runs).isEqualTo(2);
    isToldThoughAllEndsWell(thrown);
  }

  /** The unit within has hidden it, and it is the next one that gets another connection. */
  @ParameterizedTest
  @MethodSource("followed")
  void isToldThoughTheNextUnitWithinCommits(How how, Then then) throws SQLException {
    Throwable thrown =
        nested(
            WorkOptions.DEFAULT,
            outer -> {
              writesInAutocommit(outer, how);
              inner(
                  outer,
                  WorkOptions.IDEMPOTENT,
                  same ->
                      assertThat(catchThrowable(() -> run(same, how, FIRST_LOST)))
                          .isInstanceOf(SQLException.class));
              does(then, outer, how);
            });
    isToldThoughAllEndsWell(thrown);
  }

  /** (Of the driver's own object the next unit hears, and tells the caller what it has heard.) */
  private static Stream<Arguments> followed() {
    return goingOn()
        .filter(given -> given.get()[0] != How.BY_THE_DRIVERS_OBJECT)
        .filter(given -> given.get()[1] != Then.IT_WRITES)
        .filter(given -> given.get()[1] != Then.A_UNIT_WITHIN_REPEATS_ITS_OWN);
  }
}
